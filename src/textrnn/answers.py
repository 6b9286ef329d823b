"""Answers in a format: beside the user's own columns as a table, TSV, CSV, JSON, JSON lines, Parquet or Excel."""

import codecs
import contextlib
import csv
import functools
import gzip
import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from textrnn.extras import require
from textrnn.lines import flat, in_json

# By the name of the file to write.
FORMATS = {".txt": "table", ".tsv": "tsv", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}
FORMATS |= {".parquet": "parquet", ".xlsx": "xlsx"}
BINARY = ("parquet", "xlsx")
STYLES = tuple(dict.fromkeys(FORMATS.values()))
ILLEGAL_IN_EXCEL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
EXCEL_CHARACTERS = 32_767  # of a cell at most
EXCEL_NUMBER = 10**15  # of larger ones it keeps the first digits


# What holds every character, by the encoding that a table came in.
WHOLE = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "utf-16": "utf-16"}


class Score(float):
    """A probability among the cells of a row."""


class Layout(NamedTuple):
    """The columns of an answer: those of the user's table, and what is added."""

    columns: list[str]  # of the table
    text: int  # which of them holds the texts
    answers: list[str]  # label, score, label_2, score_2, …
    classes: list[str]  # whose probabilities are added, if they are
    answers_first: bool  # before a text alone
    separator: str = ","
    encoding: str = "utf-8"  # of a CSV
    schema: Any = None  # of a Parquet file
    label_width: int = 0
    probabilities: Sequence[str] = ()  # the names of those, where each has a column


def layout_of(reader: Any, label_names: list[str], *, top: int, probabilities: bool, is_whole: bool) -> Layout:
    """Returns the columns of the answers to the rows of a reader; a name that is taken gets `predicted_` before it.

    Args:
        reader: of the table.
        label_names: the classes of the model.
        top: how many of the best classes.
        probabilities: whether those of all classes are added.
        is_whole: whether all columns of the table stay, or the texts alone.
    """
    from wcwidth import width

    from textrnn.datasets import free_names

    names = [f"{kind}_{rank}" if rank > 1 else kind for rank in range(1, top + 1) for kind in ("label", "score")]
    columns = reader.columns if is_whole else ["text"]
    classes = label_names if probabilities else []
    added = free_names([*names, *(f"p({name})" for name in classes)], columns)
    return Layout(
        columns,
        reader.text if is_whole else 0,
        added[: len(names)],
        classes,
        answers_first=len(columns) == 1,
        separator=reader.separator if reader.separator in ",;|" else ",",
        encoding=_encoding_for(reader.source),
        schema=reader.schema,
        label_width=max(map(width, (*map(flat, label_names), "unknown"))),
        probabilities=added[len(names) :],
    )


def _encoding_for(source: Any) -> str:
    """Returns the encoding that a table came in, or another that holds every character and that Excel reads as well."""
    if source is None or not source.encoding:
        return "utf-8"
    if source.encoding in ("utf-8", "utf-8-sig"):
        return "utf-8-sig" if source.head.startswith(codecs.BOM_UTF8) else "utf-8"
    return WHOLE.get(source.encoding.lower(), "utf-8-sig")


def style_of(out: str | None) -> str | None:
    """Returns the format that the name of a file asks for, `None` if none."""
    return FORMATS.get(Path(out.lower().removesuffix(".gz")).suffix) if out else None


def open_writer(stack: contextlib.ExitStack, path: Path, style: str, layout: Layout) -> Callable[[list], Any]:
    """Returns what writes rows to a file, a list of pairs at a time: the cells of the table, and what is added.

    Args:
        stack: when it is left the file is whole.
        path: of the file; what ends in `.gz` is compressed.
        style: one of `STYLES`.
        layout: the columns.
    """
    if style in BINARY:
        require(f"writing {style}", {"parquet": "pyarrow", "xlsx": "openpyxl"}[style])
        return {"parquet": _parquet, "xlsx": _workbook}[style](stack, path, layout)
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    encoding = layout.encoding if style == "csv" else "utf-8"
    return WRITERS[style](stack, stack.enter_context(opened(path, "wt", encoding=encoding, newline="\n")).write, layout)


def _flat_names(layout: Layout) -> list[str]:
    return _arranged(layout, layout.columns, [*layout.answers, *layout.probabilities])


def _arranged(layout: Layout, cells: Sequence, added: Sequence) -> list:
    """Returns one row: the user's cells, then what is added; before a text alone."""
    return [*added, *cells] if layout.answers_first else [*cells, *added]


def _columns(layout: Layout, rows: list[tuple[Sequence, Sequence]]) -> list[tuple]:
    """Returns the columns of rows, each a pair of the user's cells and what is added."""
    return _arranged(layout, *(zip(*half, strict=True) for half in zip(*rows, strict=True)))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return _in_json(value) if isinstance(value, list | dict) else value


def _aligned(_stack: contextlib.ExitStack, write: Callable, layout: Layout, columns: int | None = None) -> Callable:
    """Writes label, score and text in columns, cut to those of the terminal."""
    from wcwidth import clip, ljust, width

    heads = [f"{name:{layout.label_width}}" if place % 2 == 0 else name for place, name in enumerate(layout.answers)]
    heads += map(flat, layout.probabilities)
    first = ["  ".join([*heads, "text"]) + "\n"]

    def line(cells: list, added: list) -> str:
        shown = []
        for place, value in enumerate(added):
            is_label = place < len(layout.answers) and place % 2 == 0
            room = layout.label_width if is_label else width(heads[place])
            shown.append(ljust(flat(value) if is_label else "" if value is None else f"{value:.3f}", room))
        row = "  ".join([*shown, flat(str(cells[layout.text] if cells[layout.text] is not None else ""))])
        return row if columns is None or width(row) <= columns else clip(row, 0, columns - 1).rstrip() + "…"

    return lambda rows: write((first.pop() if first else "") + "".join(line(*row) + "\n" for row in rows))


def _separated(
    _stack: contextlib.ExitStack, write: Callable, layout: Layout, _width: int | None = None, *, is_tsv: bool
) -> Callable:
    """Writes TSV, where no cell holds a tab or a line break; or CSV, where quotes keep all."""
    file, digits = io.StringIO(), 4 if is_tsv else 6
    heads = [_flat_names(layout)]

    def shown(value: Any) -> str:
        return f"{value:.{digits}f}" if isinstance(value, Score) else "" if value is None else str(_plain(value))

    def as_text(column: Sequence) -> Sequence[str]:
        column = column if set(map(type, column)) == {str} else [*map(shown, column)]
        return [*map(flat, column)] if is_tsv else column

    def rows_of(rows: list) -> str:
        lines = zip(*map(as_text, _columns(layout, rows)), strict=True)
        if is_tsv:
            return "".join("\t".join(line) + "\n" for line in [*(map(flat, head) for head in heads), *lines])
        file.seek(0)
        file.truncate()
        csv.writer(file, delimiter=layout.separator, lineterminator="\n").writerows([*heads, *lines])
        return file.getvalue()

    def write_rows(rows: list) -> None:
        write(rows_of(rows))
        heads.clear()

    return write_rows


def _record(layout: Layout, cells: list, added: list) -> dict[str, Any]:
    number = len(layout.answers)
    answers = dict(zip(layout.answers, map(_rounded, added[:number]), strict=True))
    if layout.classes:
        probs = dict(zip(layout.classes, map(_rounded, added[number:]), strict=True))
        answers["probabilities" if "probabilities" not in layout.columns else "predicted_probabilities"] = probs
    return dict(zip(layout.columns, cells, strict=True)) | answers


def _rounded(value: Any) -> Any:
    return round(float(value), 6) if isinstance(value, Score) else value or None


def _in_json(record: Any) -> str:
    as_text = lambda value: str(_plain(value))  # noqa: E731 - dates of Parquet and Excel
    try:
        return in_json(record, default=as_text, allow_nan=False)
    except ValueError:  # JSON has neither NaN nor infinity
        text = json.dumps(record, default=as_text)
        return in_json(json.loads(text, parse_constant=lambda name: None if name == "NaN" else name))


def _lines(_stack: contextlib.ExitStack, write: Callable, layout: Layout, _width: int | None = None) -> Callable:
    return lambda rows: write("".join(_in_json(_record(layout, *row)) + "\n" for row in rows))


def _array(stack: contextlib.ExitStack, write: Callable, layout: Layout, _width: int | None = None) -> Callable:
    separators = iter(["[\n"])

    def write_rows(rows: list) -> None:
        for row in rows:
            write(next(separators, ",\n") + _in_json(_record(layout, *row)))

    def close() -> None:
        write(next(separators, "\n") + "]\n")

    stack.callback(close)
    return write_rows


WRITERS = {
    "table": _aligned,
    "tsv": functools.partial(_separated, is_tsv=True),
    "csv": functools.partial(_separated, is_tsv=False),
    "jsonl": _lines,
    "json": _array,
}


def _parquet(stack: contextlib.ExitStack, path: Path, layout: Layout) -> Callable:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    names, writer = _flat_names(layout), None

    def write_rows(rows: list) -> None:
        nonlocal writer
        own = {} if layout.schema is None else {field.name: field.type for field in layout.schema}
        # Of lists and objects whose types no file has said, the later ones may be others, so they are JSON as in a CSV.
        named = zip(names, _columns(layout, rows), strict=True)
        columns = [column if name in own else [*map(_plain, column)] for name, column in named]
        try:
            if writer is None:
                arrays = [_array_of(column, own.get(name)) for name, column in zip(names, columns, strict=True)]
                metadata = layout.schema.metadata if layout.schema else None
                schema = pa.schema(list(zip(names, (one.type for one in arrays), strict=True)), metadata=metadata)
                writer = stack.enter_context(ParquetWriter(path, schema))
            arrays = [pa.array(column, kind) for column, kind in zip(columns, writer.schema.types, strict=True)]
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            what = "a column holds values of several kinds, or too large"
            raise ValueError(f".parquet: {what}; write .jsonl: {error}") from None
        writer.write_table(pa.table(arrays, schema=writer.schema))

    return write_rows


def _array_of(column: list, kind: Any) -> Any:
    import pyarrow as pa

    if any(isinstance(value, Score) for value in column):
        return pa.array(column, pa.float64())
    found = pa.array(column, kind)
    return found.cast(pa.string()) if pa.types.is_null(found.type) and kind is None else found


def _workbook(stack: contextlib.ExitStack, path: Path, layout: Layout) -> Callable:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("answers")

    def cell(value: Any) -> Any:
        value = _plain(round(float(value), 6) if isinstance(value, Score) else value)
        if value != value:
            return None  # NaN
        is_large = isinstance(value, int | float) and not abs(value) < EXCEL_NUMBER
        value = str(value) if is_large or getattr(value, "tzinfo", None) else value
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, ILLEGAL_IN_EXCEL.sub(" ", value)[:EXCEL_CHARACTERS])
        made.data_type = "s"  # a text that begins with = is no formula
        return made

    sheet.append(_flat_names(layout))
    stack.callback(lambda: book.save(path))
    return lambda rows: [sheet.append([cell(value) for value in _arranged(layout, *row)]) for row in rows]
