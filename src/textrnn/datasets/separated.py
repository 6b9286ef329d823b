"""Lines whose cells have separators between them: which mark that is, how cells are quoted, and the rows."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from textrnn.datasets.columns import LABEL_NAMES, TEXT_NAMES, bare
from textrnn.datasets.header import names_columns

DELIMITERS = {".csv": ",;\t|\x01", ".tsv": "\t,;|\x01"}  # in the order in which they are tried
UNQUOTED = "\t\x01"  # the second is Hive's
R_LINE = re.compile(r'"[^"]*"(?: "[^"]*")+')  # as its write.table begins
MAX_CELL = 10**7  # characters: a quote that is left open swallows as many
MOST = 0.5  # of the lines of a file are above it, if it is what they look like


def split_rows(
    name: str, lines: Iterable[str], separator: str, quoting: str = "double"
) -> Iterator[tuple[int, list[str]]]:
    """Returns the rows of lines with separators: the number of the line at which each starts, and its cells.

    Args:
        name: of the file.
        lines: its lines, without their ends.
        separator: between cells.
        quoting: `"none"`: a quote is a character like any other; `"double"`, `"escape"`: quotes enclose a cell, and
            inside are doubled, or stand after a backslash; `"spaced"`: doubled, and a space may stand before the cell.

    Raises:
        ValueError: a quote is left open, or cells are malformed otherwise.
    """
    if quoting == "none":
        return ((number, line.split(separator)) for number, line in enumerate(lines, 1))
    return _quoted_rows(name, lines, separator, quoting)


def _quoted_rows(name: str, lines: Iterable[str], separator: str, quoting: str) -> Iterator[tuple[int, list[str]]]:
    escape = {"escapechar": "\\", "doublequote": False} if quoting == "escape" else {}
    escape = {"skipinitialspace": True} if quoting == "spaced" else escape
    csv.field_size_limit(max(MAX_CELL, csv.field_size_limit()))
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator, strict=True, **escape)
    start = 1
    try:
        for cells in reader:
            yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{name}: line {start}: {error}; is a quote left open?") from None


def _sample_rows(lines: Sequence[str], separator: str, quoting: str) -> list[list[str]] | None:
    """Returns the whole rows among the first lines of a file, `None` if they are not quoted in this way."""
    found = []
    try:
        found += (cells for _, cells in split_rows("", lines, separator, quoting))
    except ValueError as error:
        return found if "unexpected end" in str(error) else None  # the last row may be cut
    return found


def find_quoting(lines: Sequence[str], separator: str) -> str:
    """Returns how the cells of a file are quoted; in a TSV not at all, unless that is certain.

    A reader that pairs quotes where they are characters swallows every line up to the next one.
    """
    if not any('"' in line for line in lines):
        return "double" if separator not in UNQUOTED else "none"
    doubled, escaped = (_sample_rows(lines, separator, quoting) for quoting in ("double", "escape"))
    is_escaped = doubled is None and escaped is not None and any('\\"' in line for line in lines)
    if separator not in UNQUOTED:
        is_spaced = all(f'{separator} "' in line for line in lines[1:] if line.strip()) and len(lines) > 1
        return "escape" if is_escaped else "spaced" if is_spaced else "double"
    filled = [cell for cell in next(filter(None, lines)).split(separator) if cell]
    if all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in filled):  # as R writes a header
        return "escape" if is_escaped else "none" if doubled is None else "double"
    if doubled:
        written = io.StringIO()
        csv.writer(written, delimiter=separator, lineterminator="\n").writerows(doubled)
        if '"' in written.getvalue() and "\n".join(lines).startswith(written.getvalue().rstrip("\n")):
            return "double"  # as pandas writes it
    return "none"


def find_separator(lines: Sequence[str], suffix: str) -> str | None:
    """Returns what stands between the cells of a file, `None` if each line is one."""
    candidates = DELIMITERS.get(suffix, "\t\x01,;|")
    filled = [line for line in lines if line.strip()]
    rows = {mark: _sample_rows(filled, mark, find_quoting(filled, mark)) or [] for mark in candidates}
    known = TEXT_NAMES | LABEL_NAMES
    if lines and lines[0].lstrip().startswith("|"):
        rows["|"] = []  # drawn lines, as in Markdown
    for mark, (first, *others) in ((mark, found) for mark, found in rows.items() if found):
        is_named = len(first) > 1 and known.intersection(map(bare, first)) and all(len(cell) <= 40 for cell in first)
        if is_named and (mark != "|" or (others and _are_even(rows[mark]))):  # many a headline begins with `评论 | `
            return mark
        if any(map(names_columns, (first, *others[:10]))):  # below a title
            return mark
    is_r = filled and R_LINE.fullmatch(filled[0])
    first, *others = (is_r and _sample_rows(filled, " ", find_quoting(filled, " "))) or [[]]
    if _are_even(others) and (len(others[0]) > len(first) or known.intersection(map(bare, first))):
        return " "
    if suffix not in DELIMITERS:
        for mark in UNQUOTED:
            widths = [len(row) for row in rows[mark]]
            usual = max(set(widths), key=widths.count, default=1)
            if usual > 1 and widths.count(usual) > MOST * len(widths):
                return mark
        return None
    for mark, found in rows.items():
        is_prose = mark != "\t" and all(row[1].startswith(" ") for row in found if len(row) > 1)
        if _are_even(found) and not is_prose:
            return mark
    return candidates[0]


def seems_separated(lines: Sequence[str]) -> str | None:
    """Returns the comma or semicolon that lines of text may have between cells, `None` if they are texts.

    So it is where a first line holds nothing but names without spaces, or where each line has as many cells as the
    others and one of the outer two is a short word that most lines share.
    """
    filled = [line for line in lines if line.strip()]
    for mark in ",;":
        if filled and re.fullmatch(rf"[A-Za-z_]\w*(?:{mark}[A-Za-z_]\w*)+", filled[0], re.ASCII):
            return mark
        rows = [line.split(mark) for line in filled]
        if len(rows) >= 10 and _are_even(rows):
            outer = [{row[place].strip() for row in rows} for place in (0, -1)]
            if any(2 <= len(cells) <= len(rows) / 3 and max(map(len, cells)) <= 20 for cells in outer):
                return mark
    return None


def _are_even(rows: Sequence[Sequence[str]] | None) -> bool:
    return bool(rows) and len(set(map(len, rows))) == 1 and len(rows[0]) > 1
