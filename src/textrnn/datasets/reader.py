"""The rows of a table of any kind, one by one, and which of its columns hold the texts and the labels."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from textrnn.checks import excerpt, is_table, warn
from textrnn.datasets.columns import (
    LABEL_NAMES,
    TEXT_NAMES,
    as_text,
    bare,
    facts_of,
    find_roles,
    short,
)
from textrnn.datasets.files import Source
from textrnn.datasets.folders import read_folder
from textrnn.datasets.formats import Peekable, Rows, open_rows
from textrnn.datasets.header import is_header, is_numbering, names_columns
from textrnn.datasets.separated import seems_separated

SAMPLE_ROWS = 1000  # by which it is decided what a column holds
TITLE_ROWS = 10  # among which the header is looked for
WITHOUT_HEADER = ("tsv", "csv", "xlsx", "lines")  # forms that may come without one


class TableReader:
    """The rows of a table of any kind, to be gone through once; memory does not grow with them.

    Args:
        rows: of the file.
        name: of the file, for messages.
        source: its bytes.
        text_column: the name of the column that holds the texts, or its number, from 1.
        label_column: the same for the labels.
        needs_label: whether a table without labels is refused.
        may_guess: whether a table without a header may be read in another order than `label, text`.
        is_sure: whether what the columns hold is known from elsewhere, so that nothing is said of it.

    Attributes:
        name: of the file, for messages.
        form: `"tsv"`, `"csv"`, `"jsonl"`, `"json"`, `"fasttext"`, `"parquet"`, `"xlsx"`, `"lines"`, `"folder"` or
            `"frame"`.
        separator: between the cells of a line.
        unit: what messages count: `"line"`, `"row"` or `"record"`.
        schema: of a Parquet file, the types of its columns.
        columns: the names of the columns; of a table without a header `text`, `label` and `column 3`.
        has_header: whether the table itself names its columns.
        text: the place of the texts among the columns.
        label: the place of the labels, `None` where none were found or asked for.
        source: the bytes; `None` of a table in memory and of a folder.
    """

    def __init__(
        self,
        rows: Rows,
        name: str,
        *,
        source: Source | None = None,
        text_column: str | None = None,
        label_column: str | None = None,
        needs_label: bool = False,
        may_guess: bool = True,
        is_sure: bool = False,
    ):
        self.name, self.source = name, source
        self.form, self.separator, self.unit, self.schema = rows.form, rows.separator, rows.unit, rows.schema
        self._rows, asked = Peekable(rows.rows), {"text_column": text_column, "label_column": label_column}
        sample = self._below_title(self._sampled(rows, list(asked.values())))
        cells, first = [row for _, row in sample], sample[0][0] if sample else 0
        header, self._header_line = rows.header, first - 1
        where = f"{name}: {self.unit} {first}" if header is None else name
        if header is None and self._may_have_header and is_numbering(cells[0], cells[1:]):
            self._header_line, cells = first, cells[1:]
            warn(f"{where}: taken for the numbers of columns that pandas writes; columns count from 1 here")
        elif header is None and self._may_have_header and is_header(cells[0], cells[1:], *asked.values()):
            self._header_line, header, cells = first, list(map(as_text, cells[0])), cells[1:]
        if header and cells and all(len(row) == len(header) + 1 for row in cells) and _are_numbers(cells):
            header = ["", *header]  # R gives the names of rows no name
        self.has_header, self._header = header is not None, header
        self.width = len(header) if header else _usual_width(cells)
        cells = [row for row in cells if len(row) == self.width]
        roles = find_roles(where, header, cells, width=self.width, needs_label=needs_label, **asked)
        self.text, self.label = roles.text, roles.label
        self.columns = self._named_columns()
        is_plain = (self.form, self.unit) == ("lines", "line")
        tab = next((place for place, row in enumerate(cells, first) if is_plain and "\t" in row[0]), None)
        if tab is not None:
            warn(f"{name}: line {tab}: a tab is read as part of the text; is it a table? (.tsv)")
        elif is_plain and (mark := seems_separated([row[0] for row in cells])):
            warn(f"{name}: {mark!r} is read as part of the text; if it stands between cells, call the file .csv")
        if roles.said and not is_sure:
            if header is None and not may_guess:
                raise ValueError(self._unsure())
            warn(f"{name}: {roles.said}")

    @property
    def _is_pipe(self) -> bool:
        return self.source is not None and self.source.is_pipe

    @property
    def _may_have_header(self) -> bool:
        """Whether the first row may be a header; a line of a pipe is a text, whatever it says."""
        return self.form in WITHOUT_HEADER and not (self._is_pipe and self.form == "lines")

    def _below_title(self, sample: list[tuple[int, list]]) -> list[tuple[int, list]]:
        """Returns the first rows without what stands above the header: a title, a date, who made the table."""
        widths = [sum(map(bool, map(as_text, row))) for _, row in sample[:TITLE_ROWS]]
        for place in range(1, len(widths) if self._may_have_header and self.form != "lines" else 0):
            number, row = sample[place]
            if max(widths[:place]) < widths[place] and names_columns(row):
                title = excerpt(next(filter(None, sample[0][1])))
                warn(f"{self.name}: {self.unit} {number} is the header; what stands above is left out: {title}")
                return sample[place:]
        return sample

    def _sampled(self, rows: Rows, asked: list[str | None]) -> list[tuple[int, list]]:
        """Returns the number and the cells of the first rows, by which everything is decided.

        Of a pipe it is the first row alone, if that tells enough: nobody should have to write on for an answer.
        """

        def look(number: int) -> list[tuple[int, list]]:
            return [row for row in self._rows.peek(number) if self.form == "lines" or any(row[1])]

        sample = look(1 if self._is_pipe else SAMPLE_ROWS)
        if self._is_pipe and self.form in ("tsv", "csv") and not (sample and is_header(sample[0][1], [], *asked)):
            sample = look(SAMPLE_ROWS)
        if not sample and not rows.header:
            next(self._rows.rest(), None)  # raises what is wrong with the file, if anything is
            what = "a text on each line, got none" if self._is_pipe else "at least one row, got an empty file"
            raise ValueError(f"{self.name}: expected {what}")
        return sample

    def __iter__(self) -> Iterator[tuple[int, list]]:
        """Yields the number of each row's line, and its cells, one for each of the `columns`.

        Empty lines at both ends, and headers that stand again where files were joined, are left out.
        """
        width, text, held, count, again = self.width, self.text, [], 0, []
        has_lines, names = self.form in WITHOUT_HEADER, set(map(bare, self._header or TEXT_NAMES))
        longest = max(map(len, self._header or TEXT_NAMES)) + 2
        may_be_blank = self.form == "xlsx" or (width == 1 and self.form in ("tsv", "csv"))
        for number, cells in self._rows.rest():
            if number <= self._header_line:
                continue
            is_blank = (may_be_blank or len(cells) < 2) and self.form != "lines" and has_lines and not any(cells)
            if len(cells) != width and (cells := self._fitted(number, cells)) is None:
                continue
            if is_blank:
                held += [(number, cells)] * bool(count)
                continue
            may_be_name = has_lines and isinstance(cells[text], str) and len(cells[text]) <= longest
            if may_be_name and bare(cells[text]) in names and self._is_header_again(number, cells):
                again.append(number)
                continue
            if held:
                yield from held
                held = []
            count += 1
            yield number, cells
        if again:
            where = f"{self.name}: {self.unit} {short(list(map(str, again)))}"
            warn(f"{where}: a header stands again, as where files were joined; left out")
        if not count:
            after = " after the header" if self.has_header else ""
            raise ValueError(f"{self.name}: expected at least one row{after}, got none")

    def _fitted(self, number: int, cells: list) -> list | None:
        """Returns the cells of a row of another width, if what is too much, or all of it, is empty; else refuses it."""
        if not any(cells):
            return [""] * self.width
        if len(cells) > self.width and not any(cells[self.width :]):
            return cells[: self.width]
        expected = f"{self.width} column{'s' * (self.width != 1)}"
        if not self.has_header and (self.text, self.label, self.width) == (1, 0, 2):
            expected = f"`label{'<TAB>' if self.separator == chr(9) else self.separator}text`"
        got = f"{len(cells)} column{'s' * (len(cells) != 1)}"
        shown = f"{got}, {excerpt(self.separator.join(map(as_text, cells)))}"
        words = f"{self.name}: {self.unit} {number}: expected {expected}, got {shown}"
        if len(cells) > self.width and self.form in ("tsv", "csv"):
            is_tab = self.separator == "\t"
            words += "; is a tab in a text?" if is_tab else f"; a cell that holds {self.separator!r} needs quotes"
        if self.source is None:
            raise ValueError(words)
        self.source.refuse(number, words)
        return None

    def _is_header_again(self, number: int, cells: list) -> bool:
        if self._header:
            cells, header = list(map(bare, cells)), list(map(bare, self._header))
            if sorted(cells) == sorted(header) and cells != header:
                raise ValueError(
                    f"{self.name}: {self.unit} {number}: a second header, with its columns in another order; split the "
                    "file there"
                )
            return cells == header and self.form != "lines"
        return self.width > 1 and self.label is not None and bare(cells[self.label]) in LABEL_NAMES

    def _unsure(self) -> str:
        return (
            f"{self.name}: expected `label<TAB>text`, or a header; column {self.text + 1} looks like the text and "
            f"column {self.label + 1} like the label: if so, add --text-column {self.text + 1} --label-column "
            f"{self.label + 1}"
        )

    def _named_columns(self) -> list[str]:
        roles = {self.label: "label", self.text: "text"}
        names = self._header or [roles.get(place, f"column {place + 1}") for place in range(self.width)]
        seen = Counter()
        return [unique_name(name, seen) for name in names]


def unique_name(name: str, seen: Counter) -> str:
    """Returns `name`, with a number behind it if it was seen before, and counts it."""
    seen[name] += 1
    return name if seen[name] == 1 else unique_name(f"{name}_{seen[name]}", seen)


def free_names(names: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Returns names for what is added to the columns of a table: one that is taken gets `predicted_` before it.

    >>> free_names(["label", "score"], ["text", "label"])
    ['predicted_label', 'score']
    """
    seen = Counter(columns)
    return [unique_name(f"predicted_{name}" if name in columns else name, seen) for name in names]


def _are_numbers(rows: Sequence[Sequence[Any]]) -> bool:
    """Returns whether the first cells of rows are different numbers, as R gives them."""
    facts = facts_of([row[0] for row in rows])
    return facts.kind in ("integer", "code") and facts.distinct == len(rows)


def _usual_width(rows: Sequence[Sequence[Any]]) -> int:
    widths = Counter(map(len, rows))
    return max(widths, key=lambda width: widths[width])  # the first of those that are as frequent


def open_table(data: Any, *, encoding: str | None = None, **settings: Any) -> TableReader:
    """Returns the reader of a file, a folder of texts for each class, a pipe, or a pandas table.

    Args:
        data: a path, a `Source`, or a table of pandas, pyarrow or polars.
        encoding: as for `read_table`.
        **settings: `text_column`, `label_column`, `needs_label`, `may_guess` and `is_sure` of `TableReader`.

    Raises:
        ValueError: it cannot be read, has no such columns, or two columns are equally likely; the message names them.
        OSError: there is no such file, or it may not be read.

    Warns:
        UserWarning: the columns were found by what they hold.
    """
    data = data.to_pandas() if hasattr(data, "to_pandas") else data
    if is_table(data):
        columns = (column.astype(object).where(column.notna(), None) for _, column in data.items())
        rows = enumerate(([*map(_plain, row)] for row in zip(*columns, strict=True)), 1)
        return TableReader(Rows("frame", rows, list(map(str, data.columns)), unit="row"), "table", **settings)
    if not isinstance(data, str | os.PathLike | Source):
        raise ValueError(f"path: expected a file, a folder or a pandas table, got {type(data).__name__}")
    if isinstance(data, str | os.PathLike) and Path(data).is_dir():
        return TableReader(read_folder(Path(data), encoding), str(data), **settings)
    source = data if isinstance(data, Source) else Source(data)
    has_cells = any(settings.get(name) not in (None, "1", 1) for name in ("text_column", "label_column"))
    return TableReader(open_rows(source, encoding, has_cells=has_cells), source.name, source=source, **settings)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value  # a list, as which NumPy and pandas keep it


def open_texts(texts: Sequence[str]) -> TableReader:
    """Returns the reader of a table that has a text in each row and nothing else."""
    return TableReader(Rows("lines", enumerate(([text] for text in texts), 1), ["text"], unit="text"), "texts")
