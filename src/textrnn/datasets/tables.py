"""Tables of labelled texts from TSV and CSV files, whole or in pieces; texts alone; folders of splits."""

import csv
import itertools
import os
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.checks import check_integer, has_visible
from textrnn.datasets.files import read_lines
from textrnn.datasets.splits import Splits, check_splits

if TYPE_CHECKING:
    import pandas as pd


def read_table(
    path: str | os.PathLike,
    *,
    encoding: str | None = None,
    text_column: str = "text",
    label_column: str = "label",
) -> "pd.DataFrame":
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
        ValueError: the file is empty or not text, cannot be decoded, or a row has the wrong number of fields, no text
            or no label, or two labels differ by case, width or inner white space alone; the message names file and
            line.
        FileNotFoundError: there is no such file.

    Warns:
        UserWarning: the encoding was found and is not UTF-8 or UTF-16, a label stands with different white space around
            it, or the first row looks like a header.
    """
    path, labels, texts = Path(path), [], []
    for label, text in _labelled_rows(path, encoding, text_column=text_column, label_column=label_column):
        labels.append(label)
        texts.append(text)
    return table_of(path, texts, labels)


def read_chunks(
    path: str | os.PathLike,
    *,
    num_rows: int = 100_000,
    encoding: str | None = None,
    text_column: str = "text",
    label_column: str = "label",
) -> "Iterator[pd.DataFrame]":
    """Yields `read_table` in pieces of `num_rows` rows, so that a file of any size can be read.

    The rows are numbered on: the index of the second table starts where that of the first one ends. Takes and raises
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
        table = table_of(path, texts, labels)
        yield table.set_index(table.index + number * num_rows)


def read_texts(path: str | os.PathLike, *, encoding: str | None = None, text_column: str = "text") -> Iterator[str]:
    """Yields the texts of a file to be labelled, one by one, white space at their ends left out.

    A file whose name ends in `.tsv` or `.csv` is a table as for `read_table`, but needs no labels, and any there are
    may be wrong: if the first row holds `text_column`, it is the header; without a header a row is `label<TAB>text`, or
    a text alone. Of any other file each line is a text.

    Args:
        path: the file.
        encoding: as for `read_table`.
        text_column: the header's name for the text.

    Raises:
        ValueError: the file is empty or not text, cannot be decoded, there is no such column, or a row has no text or
            another number of fields than the first one; the message names file and line.
        FileNotFoundError: there is no such file.
    """
    path = Path(path)
    lines = read_lines(path, encoding)
    is_table = path.suffix.lower() in (".tsv", ".csv")
    rows = read_rows(path, lines) if is_table else ((number, [line]) for number, line in enumerate(lines, 1))
    first = next(rows)
    header = [name.strip() for name in first[1]]
    index = len(header) - 1
    if is_table and text_column in header:
        index = header.index(text_column)
        first = next(rows, None)
    elif is_table and (len(header) > 2 or text_column != "text" or "label" in map(str.casefold, header)):
        raise ValueError(f"{path}: line 1: expected a column {text_column!r}, got {header}")
    if first is None:
        raise ValueError(f"{path}: expected at least one row after the header, got none")
    for number, fields in itertools.chain([first], rows):
        if len(fields) != len(header):
            raise ValueError(f"{path}: line {number}: expected {len(header)} column(s), got {len(fields)}")
        text = fields[index].strip()
        if not has_visible(text):
            raise ValueError(f"{path}: line {number}: expected a text, got none")
        yield text


def read_splits(folder: str | os.PathLike, *, encoding: str | None = None) -> Splits:
    """Returns the tables of a folder with `train.tsv` and, if there are any, `dev.tsv` and `test.tsv` (or `.csv`).

    Raises:
        FileNotFoundError: there is no train file.
        ValueError: a file cannot be read (see `read_table`), or dev or test has a label that train lacks.
    """
    folder = Path(folder)
    paths = {split: _first_existing(folder / f"{split}.tsv", folder / f"{split}.csv") for split in Splits._fields}
    if paths["train"] is None:
        raise FileNotFoundError(f"{folder}: expected train.tsv or train.csv in it, found neither")
    tables = {split: read_table(path, encoding=encoding) if path else None for split, path in paths.items()}
    return check_splits(Splits(**tables), names={split: str(path) for split, path in paths.items()})


def _first_existing(*paths: Path) -> Path | None:
    return next((path for path in paths if path.is_file()), None)


# --- rows and labels, for every reader of this folder -----------------------------------------------------------------


def table_of(path: Path, texts: list[str], labels: list[str]) -> "pd.DataFrame":
    """Returns a table of `text` and `label` that knows its file: `attrs["path"]`."""
    import pandas as pd

    table = pd.DataFrame({"text": texts, "label": labels})
    table.attrs["path"] = str(path)
    return table


def read_rows(path: Path, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yields the number of the line at which a row starts, and its fields.

    Args:
        path: the file: a CSV if its name ends so, else a TSV.
        lines: its lines, each with a line feed at its end.

    Raises:
        ValueError: a quote of a CSV is left open, or its fields are malformed otherwise.
    """
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


class Labels(dict):
    """From each spelling of a label in a file to the label, without white space at its ends; refuses near twins."""

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
    rows = read_rows(path, read_lines(path, encoding))
    first = next(rows)
    header = [name.strip() for name in first[1]]
    has_header = _has_header(path, header, text_column=text_column, label_column=label_column)
    width = len(header) if has_header else 2
    label_index, text_index = (header.index(label_column), header.index(text_column)) if has_header else (0, 1)
    separator = "," if path.suffix.lower() == ".csv" else "<TAB>"
    labels, counts = Labels(path), Counter()
    for labels.line, fields in rows if has_header else itertools.chain([first], rows):
        if len(fields) != width:
            expected = f"{width} columns" if has_header else f"`label{separator}text`"
            got = f"{len(fields)} column{'s' * (len(fields) != 1)}" if any(fields) else "an empty line"
            raise ValueError(f"{path}: line {labels.line}: expected {expected}, got {got}")
        text = fields[text_index].strip()
        if not has_visible(text):
            raise ValueError(f"{path}: line {labels.line}: expected a text, got none")
        label = labels[fields[label_index]]
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


def _has_header(path: Path, fields: list[str], *, text_column: str, label_column: str) -> bool:
    """Returns whether the `fields` of the first row are a header; refuses one without both columns."""
    if text_column in fields and label_column in fields:
        return True
    is_half = {name.casefold() for name in fields} & {"text", "label"}
    if is_half or (text_column, label_column) != ("text", "label"):
        raise ValueError(f"{path}: line 1: expected columns {label_column!r} and {text_column!r}, got {fields}")
    return False
