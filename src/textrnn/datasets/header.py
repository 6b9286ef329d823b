"""Which row of a table is its header: names above what is none."""

import re
from collections.abc import Sequence
from typing import Any

from textrnn.datasets.columns import (
    CJK,
    IDENTIFIER,
    LABEL_NAMES,
    NAME,
    NUMBER,
    SHORT,
    SPACE,
    TEXT_NAMES,
    as_text,
    bare,
    ends_like,
    facts_of,
)

NAMED = re.compile(r"[^\W\d][\w（）()/ ]{0,15}")


def names_columns(row: Sequence[Any]) -> bool:
    """Returns whether a row can be nothing but a header: it has a name for texts and one for labels, all are short."""
    names = set(map(bare, row))
    return bool(names & TEXT_NAMES and names & LABEL_NAMES) and all(len(name) <= SHORT for name in names)


def is_header(first: Sequence[Any], rows: Sequence[Sequence[Any]], *asked: str | None) -> bool:
    """Returns whether `first` names the columns of the `rows` that follow; `asked` are names that the user gave."""
    names = [bare(name) for name in first]
    if any(name is not None and not str(name).isdecimal() and bare(name) in names for name in asked):  # 1 is a place
        return True
    filled = [name for name in names if name]
    if not filled or any(map(NUMBER.fullmatch, filled)):
        return False
    columns = [[as_text(row[place]) for row in rows if place < len(row)] for place in range(len(names))]
    recurs = any(name and name in map(bare, column) for name, column in zip(names, columns, strict=True))
    texts, labels = TEXT_NAMES.intersection(names), LABEL_NAMES.intersection(names)
    if len(names) == 1:
        return bool(texts and rows) and not re.search(r"[^\w\s\"'\ufeff-]", as_text(first[0]))  # 新闻（图） is a text
    if texts and labels:
        return True
    if texts or labels:
        return not recurs
    if not recurs and _ends_as_names(first, columns):
        return True
    return not recurs and len(rows) > 1 and len(set(filled)) == len(filled) and _differs(first, columns)


def _differs(first: Sequence[Any], columns: Sequence[Sequence[str]]) -> bool:
    """Returns whether names stand above what is none: numbers, codes, dates, Chinese, several words."""
    cells = list(map(as_text, first))
    kinds = [facts_of(column).kind for column in columns]
    above = any(
        kind in ("integer", "number", "date", "code") and facts_of([cell]).kind == "words"
        for kind, cell in zip(kinds, cells, strict=True)
    )
    if above and all(NAME.fullmatch(cell) for cell in cells):
        return True
    filled = cells[: max(place for place, cell in enumerate(cells, 1) if cell)]  # the last may have no name
    if not all(IDENTIFIER.fullmatch(cell) or (not cell and place == 0) for place, cell in enumerate(filled)):
        return False
    return above or (
        len(columns[0]) > 2
        and any(
            sum(bool(mark.search(value)) for value in column) >= 0.9 * len(column) and not mark.search(cell)
            for mark in (CJK, SPACE)
            for cell, column in zip(cells, columns, strict=True)
        )
    )


def _ends_as_names(first: Sequence[Any], columns: Sequence[Sequence[str]]) -> bool:
    """Returns whether short names, one of which ends as those of labels do (问题分类), stand above longer texts."""
    cells, lengths = list(map(as_text, first)), [facts_of(column).length for column in columns]
    names, longest = list(map(bare, cells)), max(range(len(cells)), key=lambda place: lengths[place])
    if len(set(names)) < len(names) or not all(map(NAMED.fullmatch, cells)):
        return False
    has_label = any(ends_like(name, LABEL_NAMES) for place, name in enumerate(names) if place != longest)
    return has_label and 1.5 * facts_of([cells[longest]]).length < lengths[longest]


def is_numbering(first: Sequence[Any], rows: Sequence[Sequence[Any]]) -> bool:
    """Returns whether `first` is 0, 1, …, as pandas writes for columns without names, above what is no such number."""
    cells = list(map(as_text, first))
    numbers = cells[1:] if cells[0] == "" else cells
    columns = [[row[place] for row in rows if place < len(row)] for place in range(len(cells))]
    counted = len(numbers) > 1 and numbers == [str(number) for number in range(len(numbers))]
    return counted and any(facts_of(column).kind == "words" for column in columns)
