"""Which columns of a table hold the texts and the labels: by name, else by what they hold."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from textrnn.checks import excerpt

# The kit's own names come before all others.
OWN_TEXT, OWN_LABEL = {"text", "文本"}, {"label", "标签"}
TEXTS = """
    texts sentence sentences title titles content contents headline headlines body message msg comment
    comments review reviews question query utterance tweet post document description summary abstract article
    subject input review_body review_text text_a text_b sms 标题 内容 正文 句子 新闻 新闻标题 新闻内容 评论
    评论内容 文章 摘要 问题 描述 标题内容 原文 语句 文本内容 內容 標題 文本內容 本文 テキスト タイトル 見出し
    텍스트 제목 내용 본문 текст заголовок texto título titulo contenido texte titre contenu titel überschrift
    النص العنوان
"""
LABELS = """
    labels class classes category categories cat target y tag topic intent type sentiment polarity
    class_label class_name label_name class_id label_id class_index channel genre 类别 类 分类 类型 主题 意图
    情感 频道 栏目 类目 情感倾向 類別 標籤 分類 ラベル カテゴリ カテゴリー 라벨 레이블 분류 카테고리
    категория метка класс рубрика etiqueta categoría categoria clase catégorie classe kategorie klasse rubrik
    التصنيف الفئة
"""
TEXT_NAMES, LABEL_NAMES = OWN_TEXT | set(TEXTS.split()), OWN_LABEL | set(LABELS.split())
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?%?")
INTEGER = re.compile(r"[+-]?\d{1,6}(?:\.0)?")
BESIDE_NAME = re.compile(r"(?<=\w)\s*[(（\[【].*[)）\]】]\W*$|[\"'*:：\ufeff]")  # as in `*标题` and `Text (English)`
DATE = re.compile(r"\d{4}[-/.年]\d{1,2}(?:[-/.月]\d{1,2}.*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*")
NAME = re.compile(r"[^\W\d][\w（）()]{0,11}")  # in any script
IDENTIFIER = re.compile(
    r"(?=[^\W\d])(?:(?![\u3040-\u30ff\u3400-\u9fff])[\w\u0900-\u0e7f.:-][ ]?){1,40}"
)  # words between spaces
SPACE = re.compile(r"\s")
CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af]")
SHORT, FEW = 40, 0.5  # a label has at most so many characters on average, and stands for at least two rows on average
LONG = 8  # what is shorter on average may be a label
# What MySQL and Hive, pandas and Excel write where nothing is.
MISSING = {"\\N", "<NA>", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"}
WHOLE = re.compile(r"(-?)\+?0*(\d+)(?:\.0+)?")  # a whole number, in any spelling
MAY_BE_MISSING = {"NA", "N/A", "nan", "NaN", "NULL", "null", "None"}  # or words
MANY_ROWS = 10  # from which on a column of nothing but different values is no column of labels


class Roles(NamedTuple):
    """Which columns are what; `said` tells how that was found, unless the names say it."""

    text: int
    label: int | None
    said: str = ""


class Facts(NamedTuple):
    """What the values of a column look like."""

    count: int  # of those that are not empty
    distinct: int
    length: float  # on average, in characters, a Chinese one counted as two
    kind: str  # "integer", "number", "date", "code", "words" or "" for none

    @property
    def may_be_text(self) -> bool:
        """Whether these may be texts: words, and hardly any twice."""
        return self.kind == "words" and self.distinct > FEW * self.count

    @property
    def may_be_label(self) -> bool:
        """Whether these may be labels: few short values, again and again."""
        fits = self.kind in ("integer", "words", "code") and self.length <= SHORT
        return fits and 2 <= self.distinct <= max(FEW * self.count, 2)


def as_text(value: Any) -> str:
    """Returns a cell as text: white space at its ends left out, nothing for a missing value, 3 for 3.0."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        text = value.strip()
        return "" if text in MISSING else text
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def whole_number(label: str) -> str | None:
    """Returns a whole number as it is usually written, 3 for 3.0 and 03; `None` for what is none."""
    return "".join(found.groups("")) if (found := WHOLE.fullmatch(label)) else None


def facts_of(values: Sequence[Any]) -> Facts:
    """Returns what the values of a column look like."""
    values = [text for value in values if (text := as_text(value))]
    if not values:
        return Facts(0, 0, 0.0, "")

    def mostly(fits) -> bool:
        return sum(bool(fits(text)) for text in values) >= 0.9 * len(values)

    kind = "words"
    if mostly(INTEGER.fullmatch):
        kind = "integer"
    elif mostly(DATE.fullmatch):
        kind = "date"
    elif mostly(NUMBER.fullmatch):
        kind = "number"
    elif mostly(_is_code):
        kind = "code"
    length = sum(len(text) + len(text.encode("utf-8", "replace")) for text in values) / 2
    return Facts(len(values), len(set(values)), length / len(values), kind)


def _is_code(text: str) -> bool:
    """Whether this is an address, or a number with letters, such as T1024."""
    if " " in text or not text.isascii():
        return False
    return "://" in text or (len(text) <= SHORT and any(map(str.isdigit, text)))


def bare(name: Any) -> str:
    """Returns the name of a column as it is looked up: `class_index` for `Class Index`."""
    text = as_text(name)[:200]  # what is longer is no name
    name = unicodedata.normalize("NFKC", BESIDE_NAME.sub("", text).strip() or text)
    return re.sub(r"[\s_-]+", "_", name.casefold())


# --- text and label ---------------------------------------------------------------------------------------------------


def find_roles(
    name: str,
    header: list[str] | None,
    rows: Sequence[Sequence[Any]],
    *,
    width: int,
    text_column: str | None,
    label_column: str | None,
    needs_label: bool,
) -> Roles:
    """Returns which columns hold the texts and the labels.

    Args:
        name: of the table, for messages.
        header: the names of its columns, if it has any.
        rows: the first of its rows.
        width: how many columns there are.
        text_column: the name or the number, from 1, that the user gave.
        label_column: the same for the labels.
        needs_label: whether a table without labels is refused.

    Raises:
        ValueError: there is no such column, or two readings are equally likely; the message names both.
    """
    text = _asked(name, header, width, "text", text_column)
    label = _asked(name, header, width, "label", label_column)
    if text is None:
        text = _by_name(name, header, "text", TEXT_NAMES, OWN_TEXT, taken=label)
    if label is None:
        label = _by_name(name, header, "label", LABEL_NAMES, OWN_LABEL, taken=text, may_lack=not needs_label)
    if text is not None and text == label:
        raise ValueError(f"{name}: text_column and label_column both name {_title(header, text)}; give two columns")
    if text is not None and (label is not None or not needs_label):
        return Roles(text, label)
    if width == 1:
        if needs_label:
            expected = "a column of texts and one of labels" if header else "`label<TAB>text`"
            got = f"{'one' if header else '1'} column, {excerpt((header or rows[0])[0])}"
            got += "; if commas stand between cells, call it .csv" * (not header and "," in as_text(rows[0][0]))
            raise ValueError(f"{name}: expected {expected}, got {got}")
        return Roles(0, None)
    facts = [facts_of([row[place] for row in rows if place < len(row)]) for place in range(width)]
    if width == 2 and header is None:
        return _of_two(name, rows, facts, text, label)
    found = []
    if text is None:
        text = _by_content(name, header, rows, facts, "text", taken=label)
        found.append(f"{_title(header, text)} as text")
    if label is None and needs_label:
        label = _by_content(name, header, rows, facts, "label", taken=text)
        found.append(f"{_title(header, label)} as label")
    said = f"read {' and '.join(found)}, by what the columns hold"
    return Roles(text, label, f"{said}; text_column and label_column name others")


def _asked(name: str, header: list[str] | None, width: int, role: str, column: str | None) -> int | None:
    """Returns the place of the column that the user named, or gave the number of."""
    if column is None:
        return None
    column = str(column)
    names = list(map(as_text, header or ()))
    if column in names:
        return names.index(column)
    if bare(column) in (bares := list(map(bare, names))):
        return bares.index(bare(column))
    if column.isdecimal() and 1 <= int(column) <= width:
        return int(column) - 1
    got = f"the columns {short(names)}" if header else f"{width} column(s) without a header; give a number, from 1"
    raise ValueError(f"{name}: expected a column {column!r} ({role}_column), got {got}")


def _by_name(
    name: str,
    header: list[str] | None,
    role: str,
    known: set[str],
    own: set[str],
    *,
    taken: int | None,
    may_lack: bool = False,
) -> int | None:
    places = [place for place, one in enumerate(header or ()) if bare(one) in known and place != taken]
    places = [place for place in places if bare(header[place]) in own] or places
    if len(places) > 1 and not may_lack:
        raise ValueError(_undecided(name, header, role, places))
    return places[0] if len(places) == 1 else None


def _by_content(
    name: str, header: list[str] | None, rows: Sequence, facts: list[Facts], role: str, *, taken: int | None
) -> int:
    """Returns the one column that may hold what is wanted; among several, the one whose name ends as such names do."""
    other = LABEL_NAMES if role == "text" else TEXT_NAMES
    places = [
        place
        for place, one in enumerate(facts)
        if place != taken
        if (one.may_be_label if role == "label" else one.may_be_text and one.count > len(rows) / 2)
        if not (header and bare(header[place]) in other)
    ]
    if role == "text" and places:
        longest = max(facts[place].length for place in places)
        places = [place for place in places if facts[place].length > longest / 3]
    if len(places) > 1 and header:
        known = TEXT_NAMES if role == "text" else LABEL_NAMES
        places = [place for place in places if ends_like(bare(header[place]), known)] or places
    if len(places) > 1:
        raise ValueError(_undecided(name, header, role, places))
    if not places:
        got = short([_title(header, place) for place in range(len(facts))])
        raise ValueError(f"{name}: which column holds the {role}s? got {got}; name it with {option(role)}")
    return places[0]


def ends_like(name: str, known: set[str]) -> bool:
    """Returns whether the last word of a name is a known one, as in `issue_category` and 问题分类."""
    return any(name.endswith(one if CJK.search(one) else f"_{one}") for one in known)


def _of_two(name: str, rows: Sequence, facts: list[Facts], text: int | None, label: int | None) -> Roles:
    """Returns which of two columns without names is what: `label<TAB>text` unless the values say otherwise."""
    if text is not None or label is not None:
        return Roles(text if text is not None else 1 - label, label if label is not None else 1 - text)
    first, second = facts
    if first.may_be_label and _hardly_repeats(second):
        return Roles(1, 0)
    by_repeats = second.may_be_label and _hardly_repeats(first)
    by_number = second.kind == "integer" and first.kind == "words" and first.length > second.length
    num_speaking = sum(bool(SPACE.search(text) or CJK.search(text)) for text in (as_text(row[0]) for row in rows))
    speaks = first.length >= LONG and num_speaking > first.count / 2  # more than one word, mostly
    by_few = speaks and second.distinct < first.distinct and second.length < first.length
    by_length = speaks and 0 < second.length <= first.length / 2
    if by_repeats or by_number or by_few or by_length:
        said = "read column 1 as text and column 2 as label, by what they hold"
        return Roles(0, 1, f"{said}; text_column=2, label_column=1 if it is the other way round")
    if min(one.count for one in facts) >= MANY_ROWS:
        alike = all(one.may_be_text and one.distinct > 0.9 * one.count for one in facts)
        if alike and 1 / 3 < first.length / second.length < 3:
            raise ValueError(_undecided(name, None, "text", [0, 1]))
    return Roles(1, 0)


def _hardly_repeats(facts: Facts) -> bool:
    """Returns whether enough values, that may be texts, differ from each other."""
    return facts.kind in ("words", "code") and facts.count >= MANY_ROWS and facts.distinct > 0.9 * facts.count


def option(role: str) -> str:
    """Returns how the user names a column."""
    return f"{role}_column, --{role}-column"


def _undecided(name: str, header: list[str] | None, role: str, places: list[int]) -> str:
    titles = [_title(header, place) for place in places]
    if len(set(titles)) < len(titles):  # a name that stands twice tells nothing
        titles = [_title(None, place) for place in places]
    names = short(titles, last=" or ")
    return f"{name}: which column holds the {role}s, {names}? Name it with {option(role)}"


def _title(header: list[str] | None, place: int) -> str:
    return repr(as_text(header[place])) if header else f"column {place + 1}"


def short(names: Sequence[str], *, most: int = 6, last: str = ", ") -> str:
    """Returns the first of many names, and how many more there are.

    >>> short(["a", "b", "c"], most=2), short(["a", "b"], last=" or ")
    ('a, b and 1 more', 'a or b')
    """
    names = list(names)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return last.join(names)
