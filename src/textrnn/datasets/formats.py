"""Rows of cells from a file of any kind: TSV, CSV, JSON, JSON lines, fastText, Parquet, Excel, plain lines."""

import contextlib
import itertools
import json
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from textrnn.checks import excerpt, warn
from textrnn.datasets.columns import TEXT_NAMES, bare, short
from textrnn.datasets.files import PARQUET, ZIP, Source, read_lines
from textrnn.datasets.header import names_columns
from textrnn.datasets.separated import MOST, find_quoting, find_separator, split_rows
from textrnn.extras import require

SAMPLE_LINES = 200  # from which the form of a text file is told
FASTTEXT = re.compile(r"(?:(?<=\s)|^)__label__(\S+)")
HTML = (b"<!doctype html", b"<html", b"<table", b"<meta")
TOUTIAO = "_!_"  # what separates the cells of the headlines of Toutiao (TNEWS)
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class Rows(NamedTuple):
    """The rows of a file, before anything is known of their columns."""

    form: str  # "tsv", "csv", "jsonl", "json", "fasttext", "parquet", "xlsx", "lines"
    rows: "Iterator[tuple[int, list]]"  # with the number of the line at which each starts
    header: list[str] | None = None  # if the form itself names its columns
    separator: str = "\t"
    unit: str = "line"
    schema: Any = None  # of a Parquet file


class Peekable:
    """Items of which the first can be seen before they are taken.

    An error that comes while one looks ahead is raised when its place is reached.
    """

    def __init__(self, items: Iterable):
        self._items, self._seen = iter(items), []

    def peek(self, number: int, *, size: int = 4 * 2**20) -> list:
        """Returns the first items, up to a number, and to a size in characters; they are not taken."""
        total = sum(map(_size, self._seen))
        try:
            while len(self._seen) < number and total < size:
                self._seen.append(next(self._items))
                total += _size(self._seen[-1])
        except StopIteration:
            pass
        except (ValueError, OSError) as error:
            self._items = _raising(error)
        return self._seen[:number]

    def rest(self) -> Iterator:
        """Returns all items; nothing can be looked at afterwards."""
        return itertools.chain(self._seen, self._items)


def _raising(error: Exception) -> Iterator:
    raise error
    yield


def _size(item: Any) -> int:
    return len(item) if isinstance(item, str) else sum(len(cell) if isinstance(cell, str) else 8 for cell in item[1])


def open_rows(source: Source, encoding: str | None, *, has_cells: bool = False) -> Rows:
    """Returns the rows of a file, whose form shows in its name and its first lines.

    Args:
        source: its bytes.
        encoding: found if `None`.
        has_cells: whether its lines are known to have cells, whatever it is called.

    Raises:
        ValueError: the file is damaged, or of a form that is not read; the message says what to do.
        MissingLibraryError: a library for this form is not installed.
    """
    if source.head.startswith(PARQUET):
        return _parquet(source)
    if source.head.startswith(ZIP) and b"xl/" in source.head:
        return _workbook(source)
    if source.head.startswith(OLD_EXCEL):
        raise ValueError(
            f"{source.name}: expected a table, got a workbook of old Excel or with a password; save it as .xlsx"
        )
    if source.head[:500].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(HTML):
        raise ValueError(f"{source.name}: expected a table, got a web page (HTML); open it in Excel, save it as .xlsx")
    lines = Peekable(read_lines(source, encoding))
    sample = lines.peek(1 if source.is_pipe else SAMPLE_LINES)
    if sum(TOUTIAO in line for line in sample) > MOST * len(sample):
        lines = Peekable(line.replace(TOUTIAO, "\x01") for line in lines.rest())
        sample = lines.peek(1 if source.is_pipe else SAMPLE_LINES)
    first = next((line.strip() for line in sample if line.strip()), "")
    if _are_fasttext(sample):
        return Rows("fasttext", _fasttext(source.name, lines.rest()), ["label", "text"])
    if first.startswith(("{", "[")) and (found := _json(source, lines, first)):
        return found
    if source.is_pipe and "\t" in first:
        sample = lines.peek(SAMPLE_LINES)
    told = re.fullmatch(r'"?sep=(.)"?', first)  # as Excel does
    separator = told[1] if told else find_separator(sample, ".csv" if has_cells else source.suffix)
    if separator is None:
        return Rows("lines", ((number, [line]) for number, line in enumerate(lines.rest(), 1)))
    quoting = find_quoting(sample, separator)
    rows = split_rows(source.name, lines.rest(), separator, quoting)
    rows = itertools.islice(rows, 1, None) if told else rows
    return Rows("tsv" if separator == "\t" else "csv", rows, separator=separator)


# --- fastText ---------------------------------------------------------------------------------------------------------


def _are_fasttext(lines: Sequence[str]) -> bool:
    """Returns whether most lines begin or end with a label, and have a text."""
    filled = [line.strip() for line in lines if line.strip()]
    found = [(line, mark) for line in filled if (mark := FASTTEXT.search(line))]
    return sum((mark.start() == 0) != (mark.end() == len(line)) for line, mark in found) > MOST * len(filled)


def _fasttext(name: str, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yields the label and the text of each line; the label may stand before or behind it."""
    for number, line in enumerate(lines, 1):
        labels = FASTTEXT.findall(line)
        if len(labels) > 1:
            raise ValueError(f"{name}: line {number}: expected one label, got {len(labels)}: {', '.join(labels)[:80]}")
        yield number, [*(labels or [""]), FASTTEXT.sub("", line).strip().removeprefix(", ")]


# --- JSON -------------------------------------------------------------------------------------------------------------


def _json(source: Source, lines: Peekable, first: str) -> Rows | None:
    """Returns the rows of JSON or JSON lines; `None` if this is text that happens to begin with a bracket."""
    try:
        record = json.loads(first)
    except (ValueError, RecursionError):
        record = None
    is_alone = source.suffix == ".json" and sum(bool(line.strip()) for line in lines.peek(SAMPLE_LINES)) == 1
    is_table = is_alone and isinstance(record, dict) and any(isinstance(one, list | dict) for one in record.values())
    if (isinstance(record, dict) and not is_table) or source.suffix in (".jsonl", ".ndjson"):
        records = Peekable(_records(source, lines.rest()))
        sample = records.peek(1 if source.is_pipe else SAMPLE_LINES)
        header = list(dict.fromkeys(key for _, record in sample for key in record))
        return Rows("jsonl", _by_key(source.name, header, records.rest(), "line"), header)
    if source.suffix != ".json" and not re.match(r'[\[{]$|\[\s*[\[{]\s*"', first):
        return None
    try:
        data = json.loads("\n".join(lines.rest()))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{source.name}: expected JSON: {error}") from None
    return _of_json(source.name, data)


def _records(source: Source, lines: Iterable[str]) -> Iterator[tuple[int, dict]]:
    expected = "expected a JSON object, got"
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            source.refuse(number, f"{source.name}: line {number}: {expected} {line.strip()[:40]!r}: {error}")
            continue
        if isinstance(record, dict):
            yield number, record
        else:
            source.refuse(number, f"{source.name}: line {number}: {expected} {line.strip()[:40]!r}")


def _by_key(name: str, header: list[str], records: Iterable[tuple[int, dict]], unit: str) -> Iterator[tuple[int, list]]:
    """Yields records as rows under a header; a key that only later ones have is told once."""
    known, told = set(header), False
    for number, record in records:
        if not told and not known.issuperset(record):
            told = True
            new = next(key for key in record if key not in known)
            warn(f"{name}: {unit} {number}: {new!r} is left out: the first records lack it")
        yield number, [record.get(key) for key in header]


def _of_json(name: str, data: Any) -> Rows:
    """Returns the rows of one JSON value, in the ways in which pandas and others write tables."""
    if isinstance(data, dict) and isinstance(data.get("data"), list):
        columns = data.get("columns")
        data = [dict(zip(columns, row, strict=False)) for row in data["data"]] if columns else data["data"]
    elif isinstance(data, dict) and len(lists := [one for one in data.values() if _are_records(one)]) == 1:
        data = lists[0]
    elif isinstance(data, dict) and data and all(isinstance(one, dict) and names_columns(one) for one in data.values()):
        data = list(data.values())
    elif isinstance(data, dict) and data and all(isinstance(column, list | dict) for column in data.values()):
        columns = [list(column.values()) if isinstance(column, dict) else column for column in data.values()]
        if len(set(map(len, columns))) == 1:
            data = [dict(zip(data, row, strict=True)) for row in zip(*columns, strict=True)]
    if not isinstance(data, list):
        got = f"an object of {short(list(map(excerpt, data)), most=3)}" if isinstance(data, dict) else excerpt(data)
        raise ValueError(f"{name}: expected a list of records, got {got}; JSON lines are read too")
    if data and all(isinstance(record, str) for record in data):
        return Rows("json", ((number, [text]) for number, text in enumerate(data, 1)), ["text"], unit="record")
    if data and all(isinstance(record, list) for record in data):
        return Rows("json", enumerate(data, 1), unit="record")
    for number, record in enumerate(data, 1):
        if not isinstance(record, dict):
            raise ValueError(f"{name}: record {number}: expected an object with named values, got {str(record)[:40]!r}")
    header = list(dict.fromkeys(key for record in data for key in record))
    return Rows("json", _by_key(name, header, enumerate(data, 1), "record"), header, unit="record")


def _are_records(data: Any) -> bool:
    return isinstance(data, list) and bool(data) and all(isinstance(record, dict) for record in data)


# --- Parquet and Excel ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _damaged(source: Source, kind: str) -> Iterator[None]:
    """Turns what a library raises of damaged bytes, of many kinds, into one `ValueError`."""
    try:
        yield
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith(f"{source.name}: "):
            raise
        what = next(iter(str(error).splitlines()), repr(error))
        raise ValueError(f"{source.name}: damaged {kind}: {what[:200]}") from None


def _parquet(source: Source) -> Rows:
    require(f"reading {source.name}", "pyarrow")
    from pyarrow.parquet import ParquetFile

    kind = "Parquet file"

    def read() -> Iterator[tuple[int, list]]:
        number = 0
        with _damaged(source, kind):
            for batch in file.iter_batches(8192):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield number, list(row)

    with _damaged(source, kind):
        file = ParquetFile(source.whole())
        schema = file.schema_arrow
    return Rows("parquet", read(), schema.names, unit="row", schema=schema)


def _workbook(source: Source) -> Rows:
    require(f"reading {source.name}", "openpyxl")
    from openpyxl import load_workbook

    with _damaged(source, "workbook"), warnings.catch_warnings(action="ignore"):
        sheets = load_workbook(source.whole(), read_only=True, data_only=True).worksheets
        sheets = [sheet for sheet in sheets if sheet.sheet_state == "visible"] or sheets
        for sheet in sheets:
            sheet.reset_dimensions()
    filled = [sheet for sheet in sheets if next(_cells(source, sheet), None)]
    filled.sort(key=lambda sheet: _rank([row for _, row in itertools.islice(_cells(source, sheet), 10)]))
    if not filled:
        raise ValueError(f"{source.name}: expected at least one row, got an empty workbook")
    if len(filled) > 1:
        others = ", ".join(sheet.title for sheet in filled[1:])
        warn(f"{source.name}: read the sheet {filled[0].title!r}, not {others}"[:200])
    return Rows("xlsx", _cells(source, filled[0]), unit="row")


def _rank(rows: Sequence[Sequence[Any]]) -> int:
    """Returns how far behind its first rows put a sheet: names of texts and labels, names of texts, none, a list."""
    names = [set(map(bare, row)) for row in rows]
    if max(map(len, rows)) == 1:
        return 3
    return 0 if any(map(names_columns, rows)) else 1 if any(TEXT_NAMES & found for found in names) else 2


def _cells(source: Source, sheet: Any) -> Iterator[tuple[int, list]]:
    """Yields the rows of a sheet, all of the width of the first that is not empty, or wider."""
    from openpyxl.utils.escape import unescape

    width = 0
    with _damaged(source, "workbook"):
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            cells = [unescape(cell) if isinstance(cell, str) else cell for cell in row]  # _x000D_ is a line break
            while cells and cells[-1] in (None, ""):
                cells.pop()
            width = width or len(cells)
            if width:
                yield number, cells + [None] * (width - len(cells))
