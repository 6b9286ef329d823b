"""Named data sets and files of one's own as train/dev/test tables: read, download, verify, split, audit.

A classification table has the columns `text` and `label`, both strings; a slot-filling table has `words`, `tags` and
`intent`. Nothing is downloaded at import, and nothing is written but into the cache folder.
"""

import codecs
import contextlib
import csv
import functools
import hashlib
import itertools
import os
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pandas as pd
import platformdirs
from sklearn.model_selection import train_test_split

from textrnn import shipped
from textrnn.checks import check_integer, check_number, check_seed, check_table, has_visible
from textrnn.options import SETS, SPLITS

ENCODINGS = ("utf-8-sig", "gb18030", "utf-16", "big5")
CERTAIN_SHARE, CERTAIN_CHARACTERS = 0.8, 8  # common characters that make an encoding certain
ARCHIVES = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "ZIP or Excel", b"\xfd7zXZ\x00": "xz", b"7z\xbc\xaf\x27\x1c": "7z"}
CHUNK_BYTES = 4 * 2**20
MAX_DOCUMENT_BYTES = 64 * 2**20
MIN_CLASS_ROWS = 10

THUCNEWS_ADDRESS = (
    "https://raw.githubusercontent.com/649453932/Chinese-Text-Classification-Pytorch/master/THUCNews/data/"
)
ATIS_ADDRESS = "https://raw.githubusercontent.com/monologg/JointBERT/master/data/atis/"
# Git blob ids: the SHA-1 that git gives to the content, which the public repository shows for each file.
THUCNEWS_BLOBS = {
    "train.txt": "ffe8979a12879da0747847aca49e9a6c1d29898f",
    "dev.txt": "cf7f8de6fc3e3c72284ab59e7ed850f49b7185c0",
    "test.txt": "9c216ace7d0cf2c89fec1b4c9d49a92dc1791d0a",
    "class.txt": "4c20bac1a8a6be2c207f0e97be4c279651d76d21",
}


class Splits(NamedTuple):
    """The tables of a data set; `test` (or `dev`) is `None` where the files at hand have no such split."""

    train: pd.DataFrame
    dev: pd.DataFrame | None
    test: pd.DataFrame | None


class SogouDocument(NamedTuple):
    """One document of the SogouCS/SogouCA news; `label` is the channel of the host it stood on."""

    url: str
    docno: str
    title: str
    content: str
    label: str


# --- files of one's own -------------------------------------------------------------------------------------------


def _open(path: Path) -> BinaryIO:
    """Returns the file opened for reading bytes."""
    try:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file")
        if path.is_dir():
            raise IsADirectoryError(f"{path}: expected a file, got a folder")
        return path.open("rb")
    except PermissionError:
        raise PermissionError(f"{path}: expected a file that may be read, got permission denied") from None


def _check_unpacked(path: Path, head: bytes):
    for start, kind in ARCHIVES.items():
        if head.startswith(start):
            raise ValueError(f"{path}: expected text, got a {kind} file; unpack it, or save its table as text, first")


def _lines(path: Path, encoding: str | None) -> Iterator[str]:
    """Yields the lines of a text file with a line feed at the end of each, in constant memory; refuses what is no text.

    Lines end with a line feed, a carriage return, or both.
    """
    with _open(path) as file:
        head = file.read(CHUNK_BYTES)
        _check_unpacked(path, head)
        encoding = _checked_encoding(encoding) if encoding else _find_encoding(path, head)
        decoder = codecs.getincrementaldecoder(encoding)()
        number, rest = 1, ""  # the line that begins with `rest`
        for data in itertools.chain([head], iter(lambda: file.read(CHUNK_BYTES), b""), [b""]):
            try:
                text = decoder.decode(data, final=not data or len(head) < CHUNK_BYTES)
            except UnicodeDecodeError as error:
                before = rest + error.object[: error.start].decode(error.encoding, errors="ignore")
                line, byte = number + _with_line_feeds(before).count("\n"), error.object[error.start]
                name = "UTF-8" if encoding == "utf-8-sig" else encoding
                advice = _advice(error.object, tried=encoding)
                raise ValueError(f"{path}: line {line}: expected {name}, got byte 0x{byte:02x}{advice}") from None
            except UnicodeError as error:
                raise ValueError(f"{path}: expected {encoding}: {error}") from None
            if data is head:
                text = text.removeprefix("\ufeff")
                if len(head) < CHUNK_BYTES and not text.strip():
                    raise ValueError(f"{path}: expected at least one row, got an empty file")
            rest += text
            held = "\r" if data and rest.endswith("\r") else ""  # its line feed may follow
            *lines, rest = _with_line_feeds(rest[: len(rest) - len(held)]).split("\n")
            for line in lines if data else [*lines, rest][: None if rest else -1]:
                if "\0" in line:
                    advice = _advice(head, tried=encoding)
                    raise ValueError(f"{path}: line {number}: got a NUL character; is it a text file?{advice}")
                yield line + "\n"
                number += 1
            rest += held


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _checked_encoding(encoding: str) -> str:
    try:
        "".encode(encoding)  # refuses codecs that are not for text
        codecs.getincrementaldecoder(encoding)
    except (LookupError, TypeError, ValueError):
        raise ValueError(f"encoding: {encoding!r} is no encoding that Python knows; try one of {ENCODINGS}") from None
    return encoding


def _find_encoding(path: Path, head: bytes) -> str:
    """Returns the encoding of a file that starts with `head`: UTF-8 unless something else is certain."""
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    with contextlib.suppress(UnicodeDecodeError):
        if "\0" not in codecs.getincrementaldecoder("utf-8")().decode(head):
            return "utf-8-sig"
    encoding, share, num_chars = _guess_encoding(head, tried="utf-8")
    if share < CERTAIN_SHARE or num_chars < CERTAIN_CHARACTERS:
        return "utf-8-sig"
    warnings.warn(
        f'{path}: read as {encoding}, for it is no UTF-8; pass encoding="{encoding}" if that is right, else its own',
        stacklevel=2,
    )
    return encoding


def _advice(data: bytes, *, tried: str) -> str:
    """Returns a hint that names the encoding which reads `data` as text with common Chinese characters, if one does."""
    encoding, share, _ = _guess_encoding(data, tried=tried)
    return f'; try encoding="{encoding}"' if share > 0.5 else ""


def _guess_encoding(data: bytes, *, tried: str) -> tuple[str, float, int]:
    """Returns the encoding that gives the largest share of common characters, that share, and of how many characters.

    Nearly any bytes decode as GB18030, those of Big5 too, but to rare characters.
    """
    names = [name for name in ("utf-8", "gb18030", "big5", "utf-16-le", "utf-16-be") if not tried.startswith(name)]
    found = [(name, *_common_share(data, name)) for name in names]
    return max(found, key=lambda one: one[1])


def _common_share(data: bytes, encoding: str) -> tuple[float, int]:
    """Returns the share of common characters among the first that are not ASCII, and how many those are.

    A file in UTF-16 may be all ASCII, so there every character counts. The share is 0 if `data` decodes to no table.
    """
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data)  # the last character may be cut
    except UnicodeDecodeError:
        return 0.0, 0
    if not any(separator in text for separator in "\t,\n"):
        return 0.0, 0
    is_wide = encoding.startswith("utf-16")
    chars = [char for char in text[:10_000] if is_wide or char > "\x7f"]
    num_common = sum(char in _common_characters() or "\t" <= char <= "~" for char in chars)
    return num_common / max(1, len(chars)), len(chars)


@functools.cache
def _common_characters() -> frozenset[str]:
    """Returns punctuation and the first level of GB 2312 and of Big5: what nearly all Chinese text is made of."""
    big5_lows = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    gb = [bytes((high, low)) for high in (0xA1, 0xA3, *range(0xB0, 0xD8)) for low in range(0xA1, 0xFF)]
    big5 = [bytes((high, low)) for high in (0xA1, *range(0xA4, 0xC7)) for low in big5_lows]
    chars = [code.decode("gb2312", errors="ignore") for code in gb]
    return frozenset(chars + [code.decode("big5", errors="ignore") for code in big5])


def _rows(path: Path, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yields the number of the line at which a row starts, and its fields; each line ends with a line feed."""
    if path.suffix.lower() != ".csv":
        # In a TSV a quote is a quote: a reader that pairs them swallows every line up to the next one.
        yield from ((number, line.rstrip("\n").split("\t")) for number, line in enumerate(lines, 1))
        return
    reader, start = csv.reader(lines, strict=True), 1
    try:
        for fields in reader:
            yield start, fields
            start = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}: line {start}: {error}; is a quote left open?") from None


class _Labels(dict):
    """From each spelling of a label in a file to the label, white space at its ends left out; refuses near twins."""

    def __init__(self, path: Path):
        super().__init__()
        self.path, self.line = path, 0  # the line to name, kept up to date by the reader
        self.first = {}  # bare form -> label, line, spelling

    def __missing__(self, spelling: str) -> str:
        label = spelling.strip()
        if not has_visible(label):
            raise ValueError(f"{self.path}: line {self.line}: expected a label, got none")
        bare = "".join(
            char
            for char in unicodedata.normalize("NFKC", label).casefold()
            if not char.isspace() and unicodedata.category(char) not in ("Cc", "Cf")
        )
        other, line, other_spelling = self.first.setdefault(bare, (label, self.line, spelling))
        if other != label:
            raise ValueError(
                f"{self.path}: line {self.line}: label {label!r} differs by case, width or white space alone from "
                f"{other!r} in line {line}"
            )
        if other_spelling != spelling:
            warnings.warn(
                f"{self.path}: line {self.line}: label {spelling!r} is taken for {other_spelling!r} in line {line}",
                stacklevel=2,
            )
        self[spelling] = other
        return other


def _labelled_rows(
    path: Path, encoding: str | None, *, text_column: str, label_column: str
) -> Iterator[tuple[str, str]]:
    """Yields the label and the text of each row of a file, after checking it and the header."""
    rows = _rows(path, _lines(path, encoding))
    first = next(rows)
    header = [name.strip() for name in first[1]]
    has_header = text_column in header and label_column in header
    half_header = {name.casefold() for name in header} & {"text", "label"}
    if not has_header and (half_header or (text_column, label_column) != ("text", "label")):
        raise ValueError(f"{path}: line 1: expected columns {label_column!r} and {text_column!r}, got {header}")
    width = len(header) if has_header else 2
    label_place, text_place = (header.index(label_column), header.index(text_column)) if has_header else (0, 1)
    separator = "," if path.suffix.lower() == ".csv" else "<TAB>"
    labels, counts = _Labels(path), Counter()
    for labels.line, fields in rows if has_header else itertools.chain([first], rows):
        if len(fields) != width:
            expected = f"{width} columns" if has_header else f"`label{separator}text`"
            got = f"{len(fields)} column{'s' * (len(fields) != 1)}" if any(fields) else "an empty line"
            raise ValueError(f"{path}: line {labels.line}: expected {expected}, got {got}")
        text = fields[text_place].strip()
        if not has_visible(text):
            raise ValueError(f"{path}: line {labels.line}: expected a text, got none")
        label = labels[fields[label_place]]
        counts[label] += 1
        yield label, text
    if not counts:
        raise ValueError(f"{path}: expected at least one row after the header, got none")
    alone = [label for label, count in counts.items() if count == 1]
    if not has_header and len(counts) > 2 and alone == [labels[first[1][0]]]:
        warnings.warn(
            f"{path}: line 1: label {alone[0]!r} stands in no other row; if the line is a header, pass its names as "
            "text_column and label_column",
            stacklevel=2,
        )


def read_table(
    path: str | os.PathLike,
    *,
    encoding: str | None = None,
    text_column: str = "text",
    label_column: str = "label",
) -> pd.DataFrame:
    """Returns the table of one file of labelled texts: columns `text` and `label`, a row for each row of the file.

    A file whose name ends in `.csv` is read as CSV (commas, quotes may enclose commas and line breaks, a field has at
    most 131,072 characters); any other is read as TSV (one line a row, tabs between fields, quotes are characters like
    any other). If the first row holds both column names, it is the header, columns stand in any order and others are
    ignored; without a header a row is `label<TAB>text` (in a CSV, `label,text`). White space at the ends of a field is
    left out.

    Args:
        path: the file.
        encoding: as Python names it. Unless given: UTF-16 if the file starts with its byte order mark, else UTF-8, or
            what else makes Chinese text of the first 4 MiB beyond doubt.
        text_column: the header's name for the text.
        label_column: the header's name for the label.

    Raises:
        ValueError: the file is empty or no text, cannot be decoded, or a row has the wrong number of fields, no text or
            no label, or two labels differ by case, width or inner white space alone; the message names file and line.
        FileNotFoundError: there is no such file.

    Warns:
        UserWarning: the encoding was found and is not UTF-8 or UTF-16, a label stands with different white space around
            it, or the first row looks like a header.
    """
    path, labels, texts = Path(path), [], []
    for label, text in _labelled_rows(path, encoding, text_column=text_column, label_column=label_column):
        labels.append(label)
        texts.append(text)
    return _table(path, texts, labels)


def read_chunks(
    path: str | os.PathLike,
    *,
    num_rows: int = 100_000,
    encoding: str | None = None,
    text_column: str = "text",
    label_column: str = "label",
) -> Iterator[pd.DataFrame]:
    """Yields `read_table` in pieces of `num_rows` rows, so that a file of any size can be read.

    The tables are numbered on: the index of the second one starts where that of the first one ends. Takes and raises
    what `read_table` does, an error when its line is reached.
    """
    check_integer("num_rows", num_rows)
    path = Path(path)
    rows = _labelled_rows(path, encoding, text_column=text_column, label_column=label_column)
    for number in itertools.count():
        chunk = list(itertools.islice(rows, num_rows))
        if not chunk:
            return
        labels, texts = map(list, zip(*chunk, strict=True))
        table = _table(path, texts, labels)
        yield table.set_index(table.index + number * num_rows)


def read_texts(path: str | os.PathLike, *, encoding: str | None = None, text_column: str = "text") -> Iterator[str]:
    """Yields the texts of a file to be labelled, one by one, white space at their ends left out.

    A file whose name ends in `.tsv` or `.csv` is a table as for `read_table`, but needs no labels, and looks at none:
    if the first row holds `text_column`, it is the header; without a header a row is `label<TAB>text`, or a text alone.
    Of any other file each line is a text.

    Args:
        path: the file.
        encoding: as for `read_table`.
        text_column: the header's name for the text.

    Raises:
        ValueError: the file is empty or no text, cannot be decoded, there is no such column, or a row has no text or
            another number of fields than the first one; the message names file and line.
        FileNotFoundError: there is no such file.
    """
    path = Path(path)
    lines = _lines(path, encoding)
    is_table = path.suffix.lower() in (".tsv", ".csv")
    rows = _rows(path, lines) if is_table else ((number, [line]) for number, line in enumerate(lines, 1))
    first = next(rows)
    header = [name.strip() for name in first[1]]
    place = len(header) - 1
    if is_table and text_column in header:
        place = header.index(text_column)
        first = next(rows, None)
    elif is_table and (len(header) > 2 or text_column != "text" or "label" in map(str.casefold, header)):
        raise ValueError(f"{path}: line 1: expected a column {text_column!r}, got {header}")
    if first is None:
        raise ValueError(f"{path}: expected at least one row after the header, got none")
    for number, fields in itertools.chain([first], rows):
        if len(fields) != len(header):
            raise ValueError(f"{path}: line {number}: expected {len(header)} column(s), got {len(fields)}")
        text = fields[place].strip()
        if not has_visible(text):
            raise ValueError(f"{path}: line {number}: expected a text, got none")
        yield text


def _table(path: Path, texts: list[str], labels: list[str]) -> pd.DataFrame:
    table = pd.DataFrame({"text": texts, "label": labels})
    table.attrs["path"] = str(path)
    return table


def read_splits(folder: str | os.PathLike, *, encoding: str | None = None) -> Splits:
    """Returns the tables of a folder with `train.tsv` and, if there are any, `dev.tsv` and `test.tsv` (or `.csv`).

    Raises:
        FileNotFoundError: there is no train file.
        ValueError: a file cannot be read (see `read_table`), or dev or test has a label that train lacks.
    """
    folder = Path(folder)
    paths = {split: _first_existing(folder / f"{split}.tsv", folder / f"{split}.csv") for split in SPLITS}
    if paths["train"] is None:
        raise FileNotFoundError(f"{folder}: expected train.tsv or train.csv in it, found neither")
    tables = {split: read_table(path, encoding=encoding) if path else None for split, path in paths.items()}
    return check_splits(Splits(**tables), names={split: str(path) for split, path in paths.items()})


def _first_existing(*paths: Path) -> Path | None:
    return next((path for path in paths if path.is_file()), None)


def check_splits(splits: Splits, *, names: dict[str, str] | None = None) -> Splits:
    """Returns `splits` unchanged if every label of dev and test has a row in train and train has two classes or more.

    Every row needs a text and a label, both strings.

    Args:
        splits: the tables.
        names: what to call each split in a message, such as its file.

    Raises:
        ValueError: otherwise; the message names the split, the row and the label.
    """
    names = {split: split for split in SPLITS} | (names or {})
    for split, table in splits._asdict().items():
        if split == "train" or table is not None:
            check_table(names[split], table)
    known = set(splits.train["label"])
    if len(known) < 2:
        raise ValueError(f"{names['train']}: expected at least two classes, got {sorted(known)}")
    for split in ("dev", "test"):
        table = getattr(splits, split)
        for row, label in enumerate(() if table is None else table["label"], start=1):
            if label not in known:
                raise ValueError(
                    f"{names[split]}: row {row}: label {label!r} has no row in train, which has {sorted(known)}"
                )
    return splits


def split_table(table: pd.DataFrame, *, dev: float = 0.15, test: float = 0.15, seed: int = 0) -> Splits:
    """Returns train, dev and test tables drawn from one table, each class in the same proportion.

    Args:
        table: columns `text` and `label`.
        dev: the share of dev, above 0 and below 1.
        test: the share of test, 0 for none.
        seed: decides the draw.

    Raises:
        ValueError: a row lacks a text or a label, the shares leave no train, there is one class alone, or a class has
            too few rows to stand in every split.
    """
    name = table.attrs.get("path", "table") if isinstance(table, pd.DataFrame) else "table"
    check_table(name, table)
    check_number("dev", dev, "a share above 0 and below 1", lambda share: 0 < share < 1)
    check_number("test", test, "a share from 0 to below 1", lambda share: 0 <= share < 1)
    check_seed(seed)
    if dev + test >= 1:
        raise ValueError(f"dev, test: expected shares that leave some for train, got {dev} and {test}")
    num_splits = 3 if test else 2
    counts = table["label"].value_counts()
    if len(counts) < 2:
        raise ValueError(f"{name}: expected at least two classes, got {list(counts.index)}")
    if counts.min() < num_splits:
        raise ValueError(
            f"{name}: label {counts.idxmin()!r} has {counts.min()} row(s); {num_splits} are needed to stand in every "
            "split"
        )
    # A class that its shares would leave without a row in some split is drawn apart, one row at least for each.
    is_small = table["label"].map(counts) * min(dev, test or dev) < 2
    pieces = [_draw_shares(rows, dev, test, seed) for _, rows in table[is_small].groupby("label")]
    if not is_small.all():
        large = table[~is_small]
        train, held = train_test_split(
            large, test_size=round(len(large) * (dev + test)), random_state=seed, stratify=large["label"]
        )
        parts = [held]
        if test:
            parts = train_test_split(held, test_size=test / (dev + test), random_state=seed, stratify=held["label"])
        pieces.append([train, *parts])
    parts = [pd.concat(parts) for parts in zip(*pieces, strict=True)]
    if is_small.any():
        parts = [part.sample(frac=1, random_state=seed) for part in parts]
    parts = [part.reset_index(drop=True) for part in parts]
    for part in parts:
        part.attrs = dict(table.attrs)
    return Splits(*parts, *[None] * (3 - num_splits))


def _draw_shares(rows: pd.DataFrame, dev: float, test: float, seed: int) -> list[pd.DataFrame]:
    """Returns the rows of one class for train, dev and, unless its share is 0, test: one row at least for each."""
    rows = rows.sample(frac=1, random_state=seed)
    num_test = min(max(1, round(len(rows) * test)), len(rows) - 2) if test else 0
    num_dev = min(max(1, round(len(rows) * dev)), len(rows) - num_test - 1)
    parts = [rows[num_dev + num_test :], rows[:num_dev], rows[num_dev : num_dev + num_test]]
    return parts if test else parts[:2]


# --- Sogou news ---------------------------------------------------------------------------------------------------


def _sogou_encoding(start: bytes) -> str:
    # UTF-8 with a few broken bytes is still UTF-8; GB18030 read as UTF-8 breaks at every other character.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(start)  # holds back a character cut at the end
    num_broken, num_others = text.count("\ufffd"), sum(char > "\x7f" for char in text)
    return "utf-8" if num_broken <= num_others / 4 else "gb18030"


def _between(block: bytes, opening: bytes, closing: bytes) -> bytes | None:
    start = block.find(opening)
    end = block.rfind(closing) if start >= 0 else -1
    return block[start + len(opening) : end] if end >= start + len(opening) else None


def sogou_label(url: str) -> str:
    """Returns the channel of a news address, the part of the host before the site's name; empty if it has none.

    >>> sogou_label("http://sports.sohu.com/20120706/n1.shtml"), sogou_label("http://try.women.sohu.com/1.html")
    ('sports', 'women')
    """
    host = re.match(r"\s*(?:\w+:)?//([^/?#:\s]*)", url)  # urlsplit refuses the broken addresses that the files hold
    parts = host[1].lower().split(".") if host else []
    while parts and parts[-1] in ("com", "cn", "net"):
        parts.pop()
    return parts[-2] if len(parts) > 1 and re.fullmatch(r"[a-z0-9_-]+", parts[-2]) else ""


def read_sogou(path: str | os.PathLike, *, encoding: str | None = None) -> Iterator[SogouDocument]:
    """Yields the documents of a SogouCS/SogouCA file, one at a time, in constant memory.

    The markup looks like XML and is none: `&` stands bare and bytes may be broken, so tags are searched, not parsed.
    The original files are GB18030, converted copies UTF-8; broken bytes become U+FFFD.

    Args:
        path: a file of `<doc><url>…</url><docno>…</docno><contenttitle>…</contenttitle><content>…</content></doc>`.
        encoding: found from the first megabyte unless given.

    Yields:
        `SogouDocument(url, docno, title, content, label)`: strings with NFKC digits and letters as in the file; a
        title may be empty.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is an archive, holds no document, or one above 64 MiB (the markup is broken there).

    Warns:
        UserWarning: a document lacks a tag; it is left out, and the warning names its place.
    """
    path = Path(path)
    with _open(path) as file:
        start = file.read(2**20)
    _check_unpacked(path, start)
    encoding = _checked_encoding(encoding) if encoding else _sogou_encoding(start)
    count = 0
    for offset, block in _sogou_blocks(path):
        unclosed, _, block = block.rpartition(b"<doc>")
        if b"<doc>" in unclosed:
            warnings.warn(f"{path}: byte {offset}: document without </doc> left out", stacklevel=2)
        fields = [_between(block, b"<%b>" % tag, b"</%b>" % tag) for tag in _SOGOU_TAGS]
        if None in fields:
            missing = _SOGOU_TAGS[fields.index(None)].decode()
            warnings.warn(f"{path}: byte {offset}: document without <{missing}> left out", stacklevel=2)
            continue
        url, docno, title, content = (field.decode(encoding, errors="replace").strip() for field in fields)
        count += 1
        yield SogouDocument(url, docno, title, content, sogou_label(url))
    if not count:
        raise ValueError(f"{path}: expected <doc>…</doc> markup of SogouCS or SogouCA, got no document")


_SOGOU_TAGS = (b"url", b"docno", b"contenttitle", b"content")


def _sogou_blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields each `<doc>…` without its closing tag, and the byte at which it starts."""
    with _open(path) as file:
        rest, offset = b"", 0
        while chunk := file.read(CHUNK_BYTES):
            *blocks, tail = (rest + chunk).split(b"</doc>")
            for block in blocks:
                yield offset, block
                offset += len(block) + len(b"</doc>")
            rest = tail
            if len(rest) > MAX_DOCUMENT_BYTES:
                raise ValueError(f"{path}: byte {offset}: no </doc> within 64 MiB; is it a SogouCS or SogouCA file?")
        if b"<doc>" in rest:
            warnings.warn(f"{path}: byte {offset}: the last document is cut off and left out", stacklevel=3)


def read_sogou_table(
    path: str | os.PathLike, *, encoding: str | None = None, min_class_rows: int = MIN_CLASS_ROWS
) -> pd.DataFrame:
    """Returns the titles of a Sogou file and their channels as a table of `text` and `label`.

    Documents without a title or channel, titles that occurred before, and channels with fewer than `min_class_rows`
    titles are left out.

    Args:
        path: the file.
        encoding: as for `read_sogou`.
        min_class_rows: titles that a channel needs.

    Raises:
        ValueError: fewer than two channels remain.

    Warns:
        UserWarning: something was left out; the warning counts it.
    """
    check_integer("min_class_rows", min_class_rows)
    titles, num_documents = {}, 0
    for document in read_sogou(path, encoding=encoding):
        num_documents += 1
        if has_visible(document.title) and document.label:
            titles.setdefault(document.title, document.label)
    counts = Counter(titles.values())
    kept = [(title, label) for title, label in titles.items() if counts[label] >= min_class_rows]
    if len(kept) < num_documents:
        small = sorted(label for label, count in counts.items() if count < min_class_rows)
        warnings.warn(
            f"{path}: {num_documents - len(kept)} of {num_documents} documents left out: no title or channel, a title "
            f"seen before, or a channel with fewer than {min_class_rows} titles ({', '.join(small) or 'none'})",
            stacklevel=2,
        )
    if len({label for _, label in kept}) < 2:
        raise ValueError(
            f"{path}: expected at least two channels with {min_class_rows} titles each, got {dict(counts)}"
        )
    return _table(Path(path), *map(list, zip(*kept, strict=True)))


# --- ATIS ---------------------------------------------------------------------------------------------------------


def read_tagged(folder: str | os.PathLike) -> pd.DataFrame:
    """Returns one split of a slot-filling set: words, their BIO tags, and what the sentence asks for.

    The folder holds three files with one line per sentence: `seq.in` (words, separated by spaces), `seq.out` (one tag
    per word: `O`, `B-slot` or `I-slot`) and `label` (the intent).

    Returns:
        A table with one row per sentence, in file order: `words` (list of str), `tags` (list of str, one per word) and
        `intent` (str). `attrs["num_stray_inside"]` counts the `I-` tags that continue no span of their slot; they are
        kept as they are.

    Raises:
        ValueError: a file is empty or no UTF-8, the files differ in their number of lines, or a line is empty, has
            more or fewer tags than words, or holds something that is no BIO tag, or two tags or intents differ by case,
            width or white space alone.
        FileNotFoundError: a file is missing.
    """
    folder = Path(folder)
    names = ("seq.in", "seq.out", "label")
    lines = {name: "".join(_lines(folder / name, None)).rstrip("\n").split("\n") for name in names}
    for name in ("seq.out", "label"):
        if len(lines[name]) != len(lines["seq.in"]):
            expected, got = len(lines["seq.in"]), len(lines[name])
            raise ValueError(f"{folder / name}: expected {expected} lines, as many as seq.in, got {got}")
    rows, num_stray_inside = [], 0
    tag_names, intents = _Labels(folder / "seq.out"), _Labels(folder / "label")
    for number, (words, tags, intent) in enumerate(zip(*lines.values(), strict=True), start=1):
        tag_names.line = intents.line = number
        words, tags, intent = words.split(), tags.split(), intents[intent]
        if not words:
            raise ValueError(f"{folder / 'seq.in'}: line {number}: got an empty line")
        if len(tags) != len(words):
            where = f"{folder / 'seq.out'}: line {number}"
            raise ValueError(f"{where}: expected {len(words)} tags, one per word, got {len(tags)}")
        previous = "O"
        for tag in tags:
            if not re.fullmatch(r"O|[BI]-.+", tag):
                where = f"{folder / 'seq.out'}: line {number}"
                raise ValueError(f"{where}: expected `O`, `B-slot` or `I-slot`, got {tag!r}")
            tag_names[tag]  # refuses near twins
            num_stray_inside += tag.startswith("I-") and previous[2:] != tag[2:]
            previous = tag
        rows.append((words, tags, intent))
    table = pd.DataFrame(rows, columns=["words", "tags", "intent"])
    table.attrs["num_stray_inside"] = int(num_stray_inside)
    return table


def read_atis(folder: str | os.PathLike) -> Splits:
    """Returns the splits of ATIS (Hemphill, Godfrey & Doddington 1990) that a folder holds.

    The public files have 4,478 train, 500 dev and 893 test sentences; each split has its folder with `seq.in`,
    `seq.out` and `label`.

    Raises:
        FileNotFoundError: there is no `train/` folder.
        ValueError: a file is malformed (see `read_tagged`).
    """
    folder = Path(folder)
    if not (folder / "train").is_dir():
        raise FileNotFoundError(f"{folder}: expected a folder with train/, dev/ and test/, got no train/ in it")
    return Splits(*(read_tagged(folder / name) if (folder / name).is_dir() else None for name in SPLITS))


# --- named sets ---------------------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Returns the folder for downloads: `TEXTRNN_CACHE` from the environment, else the user's cache folder."""
    return Path(os.environ.get("TEXTRNN_CACHE") or platformdirs.user_cache_path("textrnn"))


def git_blob_id(path: str | os.PathLike) -> str:
    """Returns the id that git gives to the content of a file: SHA-1 of `blob`, its size, a NUL and the bytes."""
    data = Path(path).read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def fetch_thucnews(
    folder: str | os.PathLike | None = None,
    *,
    address: str = THUCNEWS_ADDRESS,
    blobs: dict[str, str] | None = None,
    progressbar: bool = True,
) -> Path:
    """Returns the folder that holds the four public THUCNews title files, after downloading what is missing there.

    A file gets its name only when its content has the right git blob id: an interrupted, cut or wrong download leaves
    nothing behind, and the next call starts that file again. A file that is there but damaged is fetched again. Each
    download is tried up to three times.

    Args:
        folder: where to put them; `thucnews` in `cache_folder()` unless given.
        address: where they are, up to and with the last slash; give a mirror's if the public one is out of reach.
        blobs: the files and their git blob ids, those of the public files unless given.
        progressbar: whether each download shows one.

    Raises:
        OSError: a download failed, or what came is not the public file; the message says what to do.
    """
    # Imported here since pooch brings notebook progress bars that warn at import where there are no widgets.
    import pooch
    from pooch.core import stream_download
    from pooch.downloaders import HTTPDownloader

    folder = Path(folder) if folder else cache_folder() / "thucnews"
    blobs = THUCNEWS_BLOBS if blobs is None else blobs
    http = HTTPDownloader(progressbar=progressbar, timeout=30)
    pooch.get_logger().setLevel("INFO" if progressbar else "WARNING")

    def download_and_verify(url, output_file, _):
        http(url, output_file, None)
        got, expected = git_blob_id(output_file), blobs[url.rpartition("/")[2]]
        if got != expected:
            raise ValueError(f"{url}: expected the file with git blob id {expected}, got one with {got}")

    for name, blob in blobs.items():
        path = folder / name
        if path.is_file() and git_blob_id(path) == blob:
            continue
        try:
            # It writes beside `path` and moves the file there after `download_and_verify`. A damaged file is replaced,
            # never removed: another process may have put the right one there by now.
            stream_download(address + name, path, None, download_and_verify, retry_if_failed=2)
        except Exception as error:  # requests, urllib3 and pooch raise many kinds; one clear message serves them all
            raise OSError(
                f"{address}{name} could not be downloaded to {folder} ({error}). Try again, pass the address of a "
                f"mirror to fetch_thucnews(address=…), or put the files {', '.join(blobs)} into a folder of your own "
                f'and pass it as load("thucnews", data_dir=…)'
            ) from error
    return folder


def _read_thucnews(folder: Path) -> Splits:
    """Returns the tables of the public files (`title<TAB>class id`), the names put in from `class.txt`."""
    label_names = "".join(_lines(folder / "class.txt", None)).split()
    if len(set(label_names)) != len(label_names):
        raise ValueError(f"{folder / 'class.txt'}: expected each class once, got {label_names}")
    names_by_id = {str(class_id): label for class_id, label in enumerate(label_names)}
    tables = {}
    for split in SPLITS:
        path = folder / f"{split}.txt"
        if split != "train" and not path.exists():
            tables[split] = None
            continue
        texts, labels = [], []
        for line, fields in _rows(path, _lines(path, None)):
            if len(fields) != 2:
                raise ValueError(f"{path}: line {line}: expected `title<TAB>class id`, got {len(fields)} column(s)")
            text, class_id = fields[0].strip(), fields[1].strip()
            if not has_visible(text):
                raise ValueError(f"{path}: line {line}: expected a title, got none")
            if class_id not in names_by_id:
                raise ValueError(
                    f"{path}: line {line}: expected a class id from 0 to {len(label_names) - 1}, got {class_id!r}"
                )
            texts.append(text)
            labels.append(names_by_id[class_id])
        tables[split] = _table(path, texts, labels)
    return check_splits(Splits(**tables), names={split: str(folder / f"{split}.txt") for split in SPLITS})


def load(
    name: str | os.PathLike,
    *,
    data_dir: str | os.PathLike | None = None,
    encoding: str | None = None,
    seed: int = 0,
) -> Splits:
    """Returns the train, dev and test tables of a named set, or of a file or folder of one's own.

    - `"headlines"`: original Chinese headlines in ten classes, part of the project (CC0); needs no download.
    - `"thucnews"`: Sina News titles 2005-2011 in the same ten classes (for research use); downloaded once into
      `cache_folder()`, or read from `data_dir`: the public `train.txt`, `dev.txt`, `test.txt` and `class.txt`, or
      `train.tsv` and so on with `label<TAB>text`.
    - `"sogou"`: titles of a SogouCS/SogouCA file; `data_dir` is the file, or the folder that holds it.
    - `"atis"`: slot filling; `data_dir` is the folder with `train/`, `dev/` and `test/`.
    - the path of a TSV or CSV file (split 70/15/15), of a Sogou `.dat` file, or of a folder with `train.tsv`,
      `dev.tsv` and `test.tsv`.

    Args:
        name: one of the names above, or a path.
        data_dir: where the files of a named set are.
        encoding: of tables and Sogou files, as for `read_table`; found unless given.
        seed: decides how a single file is split.

    Raises:
        ValueError: an unknown name, or a file that is malformed (the message names file and line).
        FileNotFoundError: a file is missing.
        OSError: a download failed.
    """
    check_seed(seed)
    if not isinstance(name, str | os.PathLike):
        raise ValueError(f"name: expected one of {', '.join(SETS)}, or a path, got {name!r}")
    if data_dir is not None and not Path(data_dir).exists():
        raise FileNotFoundError(f"data_dir: {data_dir}: no such file or folder")
    if data_dir is not None and name not in SETS:
        raise ValueError(f"data_dir: goes with one of {', '.join(SETS)}, got it with {str(name)!r}")
    if name == "headlines":
        return read_splits(data_dir or shipped.headlines_folder(), encoding=encoding)
    if name == "thucnews":
        folder = Path(data_dir) if data_dir else fetch_thucnews()
        public = (folder / "train.txt").is_file() and (folder / "class.txt").is_file()
        return _read_thucnews(folder) if public else read_splits(folder, encoding=encoding)
    if name in ("sogou", "atis") and data_dir is None:
        raise ValueError(f'load("{name}"): expected data_dir=, the place of its files: they cannot be fetched for you')
    if name == "sogou":
        return split_table(read_sogou_table(_sogou_file(Path(data_dir)), encoding=encoding), seed=seed)
    if name == "atis":
        return read_atis(data_dir)
    path = Path(name)
    if not path.exists():
        raise ValueError(f"expected one of {', '.join(SETS)}, or the path of a file or folder, got {str(name)!r}")
    if path.is_dir():
        return read_splits(path, encoding=encoding)
    read = read_sogou_table if path.suffix == ".dat" else read_table
    return split_table(read(path, encoding=encoding), seed=seed)


def _sogou_file(path: Path) -> Path:
    files = sorted(path.glob("*.dat")) if path.is_dir() else [path]
    if len(files) != 1:
        raise ValueError(f"{path}: expected one .dat file in it, got {len(files)}; pass the file itself as data_dir")
    return files[0]


# --- audit --------------------------------------------------------------------------------------------------------


def _bare(text: str) -> str:
    """Returns `text` in NFKC and lower case, letters and digits alone (all of it if it has none), to find copies."""
    normal = unicodedata.normalize("NFKC", text).lower()
    return "".join(char for char in normal if char.isalnum()) or normal


def audit(tables: Splits | dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Returns what to know of a data set before training: a row for each measure, a column for each split.

    Counts: rows, classes, exact and normalised duplicates (rows whose text stood in an earlier row of the split; the
    normalised form keeps letters and digits alone, NFKC, lower case), rows whose normalised text has other labels in
    the split too, rows whose text stands in train, in dev or in test as well. Class balance: rows of the smallest and
    the largest class. Lengths in characters. Out of vocabulary: the share (0 to 1) of characters that train lacks, and
    of texts with one.

    Raises:
        ValueError: there is no table, or a row without a text or a label.
    """
    tables = tables._asdict() if isinstance(tables, Splits) else tables
    tables = {split: table for split, table in tables.items() if table is not None}
    if not tables:
        raise ValueError("tables: expected at least one, got none")
    for split, table in tables.items():
        check_table(split, table)
    exact = {split: set(table["text"]) for split, table in tables.items()}
    bare = {split: table["text"].map(_bare) for split, table in tables.items()}
    known = set().union(*next(iter(tables.values()))["text"])
    columns = {}
    for split, table in tables.items():
        lengths, classes = table["text"].str.len(), table["label"].value_counts()
        unknown = table["text"].map(lambda text: sum(char not in known for char in text))
        num_labels = table["label"].groupby(bare[split].to_numpy()).nunique()
        column = {
            "rows": len(table),
            "classes": classes.size,
            "rows of the smallest class": classes.min(),
            "rows of the largest class": classes.max(),
            "exact duplicates": table["text"].duplicated().sum(),
            "normalised duplicates": bare[split].duplicated().sum(),
            "rows with labels in conflict": bare[split].isin(num_labels.index[num_labels > 1]).sum(),
        }
        for other in tables:
            if other != split:
                column[f"also in {other}, exact"] = table["text"].isin(exact[other]).sum()
                column[f"also in {other}, normalised"] = bare[split].isin(set(bare[other])).sum()
        column |= {
            "length, shortest": lengths.min(),
            "length, mean": round(lengths.mean(), 1),
            "length, 95 % quantile": lengths.quantile(0.95),
            "length, longest": lengths.max(),
            "unknown characters, share": round(unknown.sum() / lengths.sum(), 5),
            "texts with an unknown character, share": round((unknown > 0).mean(), 4),
        }
        columns[split] = pd.Series(column, dtype=object)
    return pd.DataFrame(columns).reindex(_audit_order(columns))


def _audit_order(columns: dict[str, pd.Series]) -> list[str]:
    """Returns the measures of all splits, overlaps before lengths."""
    names = dict.fromkeys(name for column in columns.values() for name in column.index)
    return sorted(names, key=lambda name: ("unknown" in name, "length" in name, "also in" in name))


def overlaps(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of `first` whose normalised text stands in `second` too, with both labels.

    Columns: `text`, `label` (in first), `other_text`, `other_label` (in second).
    """
    second = pd.DataFrame(
        {"key": second["text"].map(_bare), "other_text": second["text"], "other_label": second["label"]}
    )
    keyed = first[["text", "label"]].assign(key=first["text"].map(_bare))
    return keyed.merge(second.drop_duplicates("key"), on="key").drop(columns="key")
