"""Tables of labelled texts from files of any kind, whole or in pieces; texts alone."""

import itertools
import os
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn.checks import CONTROL, check_choice, check_integer, excerpt, has_visible, warn
from textrnn.datasets.columns import MAY_BE_MISSING, MISSING, as_text, short, whole_number
from textrnn.datasets.folders import ClassNames, find_class_names, find_splits
from textrnn.datasets.reader import TableReader, open_table
from textrnn.datasets.splits import Splits, check_splits
from textrnn.options import ON_EMPTY

if TYPE_CHECKING:
    import pandas as pd


def read_table(
    path: "str | os.PathLike | pd.DataFrame",
    *,
    encoding: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    on_empty: str = "skip",
    may_guess: bool = True,
) -> "pd.DataFrame":
    """Returns the table of labelled texts that a file holds: columns `text` and `label`, both strings.

    Read are TSV, CSV (commas, semicolons or tabs; quoted as Excel, pandas and R do), JSON and JSON lines, fastText's
    `__label__x text`, Parquet and `.xlsx` (with `pip install 'textrnn[tables]'`), a folder with a folder of texts for
    each class, and a pandas table; files may be packed with gzip. What a file is shows in its first bytes; its name
    decides where they leave it open.

    Which column is what is told by the header (`text`, `title`, `content`, `标题`, …; `label`, `class`, `类别`, …) in
    any order, else by what the columns hold, which a warning then says. Without a header a row is `label<TAB>text`,
    unless its cells are clearly the other way round. Labels that are numbers get the names in `class.txt` beside the
    file, if there is one: one name a line, counted from 0 or, where the last number shows it, from 1. White space at
    the ends of texts and labels is left out, and so are rows without a text or a label, which a warning counts.

    Args:
        path: the file, the folder, or a table.
        encoding: as Python names it. Unless given: UTF-16 if the file starts with its byte order mark, else UTF-8, or
            what else makes Chinese text of the first 4 MiB beyond doubt.
        text_column: the name of the column of texts, or its number, from 1.
        label_column: the same for the labels.
        on_empty: of a row without a text or a label: `"skip"` leaves it out, `"error"` refuses the file.
        may_guess: whether a file without a header may be read in another order than `label<TAB>text`.

    Raises:
        ValueError: the file is empty, damaged or not text, a row has the wrong number of cells, two columns are equally
            likely to be the texts or the labels, or two labels differ by case, width or inner white space alone; the
            message names file and line.
        FileNotFoundError: there is no such file.
        MissingLibraryError: the library that reads such a file is not installed.

    Warns:
        UserWarning: the encoding or the columns were found and not told, rows were left out, a label stands with
            different white space around it, or the first row looks like a header.
    """
    table, labels, names = read_labelled(
        path,
        encoding=encoding,
        text_column=text_column,
        label_column=label_column,
        on_empty=on_empty,
        may_guess=may_guess,
    )
    return names.renamed([(table, labels)])[0] if names else table


def read_chunks(path: str | os.PathLike, *, num_rows: int = 100_000, **settings) -> "Iterator[pd.DataFrame]":
    """Yields `read_table` in pieces of `num_rows` rows, so that a file of any size can be read.

    The rows are numbered on: the index of the second table starts where that of the first one ends. Takes (`encoding`,
    `text_column`, `label_column`, `on_empty`) and raises what `read_table` does, an error when its line is reached.
    Numbers of classes are taken to count from 0 unless the first piece shows that they count from 1.
    """
    check_integer("num_rows", num_rows)
    rows = _Labelled(path, **settings)
    pairs = iter(rows)
    for number in itertools.count():
        chunk = list(itertools.islice(pairs, num_rows))
        if not chunk:
            return
        labels, texts = map(list, zip(*chunk, strict=True))
        table = table_of(rows.reader.name, texts, labels)
        if rows.names:
            (table,) = rows.names.renamed([(table, rows.labels)])
        yield table.set_index(table.index + number * num_rows)


def read_splits(folder: str | os.PathLike, **settings) -> Splits:
    """Returns the tables of a folder with a train file and, if there are any, dev and test files.

    `train.tsv`, `validation.csv`, `test.jsonl.gz` and `news.dev.txt` are recognised, in any form that `read_table`
    reads; so are folders `train`, `dev` and `test` that hold a folder of texts for each class. A folder with nothing
    but a folder for each class is one table, and split 70/15/15. A test without labels, as of a contest, is left out.

    Args:
        folder: where they are.
        **settings: `encoding`, `text_column`, `label_column` and `on_empty` as for `read_table`.

    Raises:
        FileNotFoundError: there is no train file.
        ValueError: a file cannot be read (see `read_table`), two files may be the same split, or dev or test has a
            label that train lacks.
    """
    folder = Path(folder)
    paths = find_splits(folder)
    if paths["train"] is None:
        raise FileNotFoundError(
            f"{folder}: expected train.tsv or train.csv in it (.jsonl, .parquet, .xlsx and others too), or a folder of "
            "texts for each class; found neither"
        )
    if paths["test"] is not None and (lacking := _lacking_labels(paths["train"], paths["test"], **settings)):
        warn(f"{paths['test']}: left out, for it has no column {lacking!r} of labels, as {paths['train'].name} has")
        paths["test"] = None
    return read_files(**paths, **settings)


def _lacking_labels(train: Path, test: Path, **settings: Any) -> str | None:
    """Returns what train calls its labels if test has no column of that name nor another of labels, as in contests."""
    if train.is_dir() or test.is_dir():
        return None
    settings.pop("on_empty", None)
    with warnings.catch_warnings(action="ignore"):  # both files are read again
        known = open_table(train, needs_label=True, **settings)
        name = known.columns[known.label]
        found = open_table(test, **{**settings, "label_column": None})
    lacks = known.has_header and found.has_header and found.label is None and name not in found.columns
    return name if lacks else None


def read_files(train: Any, dev: Any = None, test: Any = None, **settings) -> Splits:
    """Returns the tables of files (paths, or tables), checked against each other; numbers of classes get one meaning.

    Takes and raises what `read_table` does, and what `check_splits` raises.
    """
    paths = {"train": train, "dev": dev, "test": test}
    found = {split: None if path is None else read_labelled(path, **settings) for split, path in paths.items()}
    names = found["train"][2]
    pairs = [one and one[:2] for one in found.values()]
    tables = names.renamed(pairs) if names else [pair and pair[0] for pair in pairs]
    return check_splits(Splits(*tables), names={split: str(path) for split, path in paths.items() if path is not None})


def read_texts(
    path: str | os.PathLike, *, encoding: str | None = None, text_column: str | None = None
) -> Iterator[str]:
    """Yields the texts of a file to be labelled, one by one, white space at their ends left out.

    The file is read as by `read_table`, but needs no labels, and any there are may be wrong. Of a file that is no table
    each line is a text.

    Args:
        path: the file.
        encoding: as for `read_table`.
        text_column: the name of the column of texts, or its number, from 1.

    Raises:
        ValueError: as for `read_table`; or a row has no text.
        FileNotFoundError: there is no such file.
    """
    reader = open_table(path, encoding=encoding, text_column=text_column)
    for number, cells in reader:
        text = text_in(reader, number, cells)
        if not text:
            raise ValueError(f"{reader.name}: {reader.unit} {number}: expected a text, got none")
        yield text


# --- rows and labels --------------------------------------------------------------------------------------------------


def table_of(path: str | os.PathLike, texts: list[str], labels: list[str]) -> "pd.DataFrame":
    """Returns a table of `text` and `label` that knows its file: `attrs["path"]`."""
    import pandas as pd

    table = pd.DataFrame({"text": texts, "label": labels})
    table.attrs["path"] = str(path)
    return table


def text_in(reader: TableReader, number: int, cells: list) -> str:
    """Returns the text of a row without white space at its ends, nothing if there is none that can be seen.

    Raises:
        ValueError: a list or an object stands where the text should be.
    """
    value = cells[reader.text]
    text = value.strip() if isinstance(value, str) else _plain(reader, number, value, "a text")
    return text if has_visible(text) and text not in MISSING else ""


def _plain(reader: TableReader, number: int, value: Any, expected: str) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode().strip()
        except UnicodeDecodeError:
            expected += " in UTF-8"
    elif not isinstance(value, list | dict | tuple | set):
        return as_text(value)
    raise ValueError(f"{reader.name}: {reader.unit} {number}: expected {expected}, got {excerpt(value)}")


def read_labelled(path: Any, **settings) -> "tuple[pd.DataFrame, Labels, ClassNames | None]":
    """Returns the table of a file, its labels, and the names that a file beside it has for them, not yet given."""
    rows = _Labelled(path, **settings)
    labels, texts = [], []
    for label, text in rows:
        labels.append(label)
        texts.append(text)
    table = table_of(rows.reader.name, texts, labels)
    if rows.reader.form == "frame":
        table.attrs = dict(getattr(path, "attrs", {}))
    elif rows.reader.source:
        table.attrs["sha256"] = rows.reader.source.sha256
    return table, rows.labels, rows.names


class _Labelled:
    """The label and the text of each row that has both."""

    def __init__(self, path: Any, *, on_empty: str = "skip", **settings):
        check_choice("on_empty", on_empty, ON_EMPTY)
        self.names = find_class_names(path)
        self.reader = open_table(path, needs_label=True, is_sure=self.names is not None, **settings)
        self.labels, self._refuses = Labels(self.reader), on_empty == "error"

    def __iter__(self) -> Iterator[tuple[str, str]]:
        reader, labels, counts, empty, doubtful, first = self.reader, self.labels, Counter(), [], [], None
        text_place, label_place = reader.text, reader.label
        for number, cells in reader:
            text, value = cells[text_place], cells[label_place]
            text = text.strip() if isinstance(text, str) else _plain(reader, number, text, "a text")
            labels.line = number
            try:
                label = labels[_plain(reader, number, value, "a label") if isinstance(value, bytes) else value]
            except TypeError:  # a list cannot be looked up; one of one label is that label
                alone = isinstance(value, list) and len(value) < 2
                label = _plain(reader, number, "".join(map(as_text, value)) if alone else value, "one label")
            if text in MAY_BE_MISSING or label in MAY_BE_MISSING:
                doubtful.append(f"{number} ({text if text in MAY_BE_MISSING else label})")
            if not label or not has_visible(text) or text in MISSING:
                if self._refuses:
                    what = "a text" if label else "a label"
                    raise ValueError(f"{reader.name}: {reader.unit} {number}: expected {what}, got none")
                empty.append(number)
                continue
            first = first or label
            counts[label] += 1
            yield label, text
        num_rows = counts.total() + len(empty)
        if empty:
            where = f"{reader.unit} {short(list(map(str, empty)), most=3)}"
            where += "; are there formulas in it that Excel has not computed?" * (reader.form == "xlsx" and not counts)
            warn(f"{reader.name}: {len(empty):,} of {num_rows:,} rows left out, without a text or a label: {where}")
        if doubtful:
            where = f"{reader.unit} {short(doubtful, most=3)}"
            warn(f"{reader.name}: {where}: read as it stands, though it may mean that nothing is there")
        if not counts:
            raise ValueError(f"{reader.name}: expected at least one row with a text and a label, got none")
        alone = [label for label, count in counts.items() if count == 1]
        if not reader.has_header and len(counts) > 2 and alone == [first]:
            what = f"{reader.unit} 1: label {excerpt(first)} stands in no other row; if the line is a header"
            warn(f"{reader.name}: {what}, pass its names as text_column and label_column")


class Labels(dict):
    """From each spelling of a label in a file to the label, without white space at its ends; refuses near twins.

    What is empty has the label "".
    """

    def __init__(self, path: Path | TableReader):
        super().__init__()
        self.path, self.unit = (path.name, path.unit) if isinstance(path, TableReader) else (path, "line")
        self.line = 0  # the line to name, kept up to date by the reader
        self.first = {}  # bare form -> label, line, spelling

    def __missing__(self, spelling: Any) -> str:
        label = as_text(spelling)
        if not has_visible(label):
            return ""
        if CONTROL.search(label):
            got = f"got {excerpt(label)}"
            raise ValueError(
                f"{self.path}: {self.unit} {self.line}: expected a label in one line, without controls, {got}"
            )
        bare = "".join(
            char
            for char in unicodedata.normalize("NFKC", label).casefold()
            if not char.isspace() and unicodedata.category(char) not in ("Cc", "Cf")
        )
        number = whole_number(bare)  # 1.0 and 01 are 1, as where files of pandas were joined
        other, line, other_spelling = self.first.setdefault(number or bare, (label, self.line, spelling))
        if other != label and not number:
            raise ValueError(
                f"{self.path}: {self.unit} {self.line}: label {excerpt(label)} differs by case, width or white space "
                f"alone from {excerpt(other)} in {self.unit} {line}"
            )
        if isinstance(spelling, str) and other_spelling != spelling:
            taken = f"label {excerpt(spelling)} is taken for {excerpt(other_spelling)} in {self.unit} {line}"
            warn(f"{self.path}: {self.unit} {self.line}: {taken}")
        self[spelling] = other
        return other
