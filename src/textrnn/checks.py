"""Checks of arguments and tables before any work: a wrong one is a `ValueError` with what was expected and came."""

import math
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

MAX_SEED = 2**32 - 1  # the largest that scikit-learn takes
VISIBLE = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\u200b\ufeff]")  # what `preprocessing.normalise` leaves something of

ADDRESS = re.compile(r"[A-Za-z0-9._-]+:([0-9]{1,5})")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # would break a line, or speak to a terminal


def warn(message: str):
    """Warns with `message`, as of the line outside the kit that led here: the only one its reader can change."""
    frame, level = sys._getframe(1), 2
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "textrnn":
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)


def has_visible(text: str) -> bool:
    r"""Returns whether anything of `text` is left after normalising: more than white space and control characters.

    >>> has_visible(" \t"), has_visible("股")
    (False, True)
    """
    return VISIBLE.search(text) is not None


def excerpt(value: Any, *, most: int = 40) -> str:
    """Returns the beginning of a value as a message shows it.

    >>> excerpt("a long text", most=6), excerpt([1])
    ("'a long…'", '[1]')
    """
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= most else f"{text[:most]}…"
    return repr(text) if isinstance(value, str) else text


def is_table(value: Any) -> bool:
    """Returns whether `value` is a pandas `DataFrame`; without importing pandas, which takes half a second."""
    return isinstance(value, getattr(sys.modules.get("pandas"), "DataFrame", ()))


def check_integer(name: str, value: Any, *, least: int = 1, most: int | None = None):
    """Raises `ValueError` unless `value` is an integer from `least` to `most`; `True` and `2.0` are none.

    >>> check_integer("batch_size", 0)
    Traceback (most recent call last):
    ValueError: batch_size: expected at least 1, got 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError(f"{name}: expected an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name}: expected at least {least}, got {value}")
    if most is not None and value > most:
        raise ValueError(f"{name}: expected at most {most}, got {value}")


def check_number(name: str, value: Any, expected: str, fits: Callable[[float], bool]):
    """Raises `ValueError` unless `value` is a number that `fits`; `expected` says which do.

    >>> check_number("dropout", 1.0, "a share from 0 to below 1", lambda share: 0 <= share < 1)
    Traceback (most recent call last):
    ValueError: dropout: expected a share from 0 to below 1, got 1.0
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not fits(value):
        raise ValueError(f"{name}: expected {expected}, got {value!r}")


def check_rate(name: str, value: Any):
    """Raises `ValueError` unless `value` is a share from 0 to below 1."""
    check_number(name, value, "a share from 0 to below 1", lambda share: 0 <= share < 1)


def check_flag(name: str, value: Any):
    """Raises `ValueError` unless `value` is `True` or `False`."""
    if not isinstance(value, bool):
        raise ValueError(f"{name}: expected True or False, got {value!r}")


def check_temperature(value: Any):
    """Raises `ValueError` unless scores can be divided by `value` before the softmax."""
    check_number("temperature", value, "a number from 0.01 to 100", lambda number: 0.01 <= number <= 100)


def check_label_names(label_names: Any):
    """Raises `ValueError` unless these are names of classes: two or more different strings that can be shown.

    A line break would end a line of `labels.txt`; a control character would speak to the terminal of whoever prints a
    label.
    """
    check_list("label_names", label_names)
    names = list(label_names)
    if len(names) < 2 or len(set(names)) != len(names) or not all(isinstance(n, str) and n.strip() for n in names):
        raise ValueError(f"label_names: expected two or more different, non-empty strings, got {names}")
    if any(CONTROL.search(name) for name in names):
        raise ValueError(f"label_names: expected names without line breaks, NUL and other controls, got {names}")
    if any(0xD800 <= ord(char) <= 0xDFFF for name in names for char in name):
        raise ValueError(f"label_names: expected names that UTF-8 can write, got {names}")


def check_choice(name: str, value: Any, choices: tuple[str, ...]):
    """Raises `ValueError` unless `value` is one of `choices`, which are lists of `textrnn.options`.

    >>> check_choice("runtime", "torch", ("tensorflow", "numpy"))
    Traceback (most recent call last):
    ValueError: runtime: expected one of ('tensorflow', 'numpy'), got 'torch'
    """
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: expected one of {choices}, got {value!r}")


def check_workers(index: Any, addresses: Any):
    """Raises `ValueError` unless `addresses` are different ones, `host:port`, and there is one of the number `index`.

    >>> check_workers(2, ["127.0.0.1:5000", "127.0.0.1:5001"])
    Traceback (most recent call last):
    ValueError: worker: expected 0 to 1, the places in workers, got 2
    """
    check_list("workers", addresses)
    for address in addresses:
        found = ADDRESS.fullmatch(address) if isinstance(address, str) else None
        if not found or not 0 < int(found[1]) < 2**16:
            raise ValueError(f"workers: expected host:port for each, as in 127.0.0.1:5000, got {address!r}")
    if twice := sorted({address for address in addresses if list(addresses).count(address) > 1}):
        raise ValueError(f"workers: expected another address for each, got {', '.join(twice)} more than once")
    check_integer("worker", index, least=0)
    if index >= len(addresses):
        raise ValueError(f"worker: expected 0 to {len(addresses) - 1}, the places in workers, got {index}")


def check_seed(seed: Any):
    """Raises `ValueError` unless `seed` is an integer that every generator takes."""
    check_integer("seed", seed, least=0, most=MAX_SEED)


def seed_of(random_state: "int | np.random.RandomState | None") -> int:
    """Returns the seed that a `random_state` stands for: itself, or one drawn from it, or from NumPy's if `None`."""
    if not isinstance(random_state, np.random.RandomState | None):
        check_integer("random_state", random_state, least=0, most=MAX_SEED)
        return int(random_state)
    draw = np.random.randint if random_state is None else random_state.randint
    return int(draw(MAX_SEED, dtype="uint32"))


def check_list(name: str, values: Any):
    """Raises `ValueError` unless `values` is a list of some kind, to be gone through one by one.

    A string is none: it would be a list of characters. Nor is a table or a dictionary, a list of names.
    """
    if hasattr(type(values), "columns"):  # of pandas, polars or pyarrow
        raise ValueError(f"{name}: expected a list, a column or an array of strings, got a table; pass its column")
    if isinstance(values, str | bytes | Mapping) or not np.iterable(values):
        kind = type(values).__name__
        raise ValueError(f"{name}: expected a list, a column or an array of strings, got {kind}")


def check_texts(texts: "Sequence[str] | pd.Series | np.ndarray | str", *, first: int = 0) -> list[str]:
    """Returns `texts` as a list of strings after looking at each.

    Args:
        texts: one string; a list, a column of pandas or pyarrow, or an array of strings; or a table, or an array
            `(rows, 1)`, of one column.
        first: the number that messages give to the first of them.

    Raises:
        ValueError: `texts` is something else, or an entry is not a string, has no visible character, or holds half of a
            surrogate pair; the message names its number.
    """
    if not isinstance(texts, str):
        texts = column_of(texts)
        check_list("texts", texts)
    items = [texts] if isinstance(texts, str) else list(texts)
    for number, text in enumerate(items, start=first):
        if not isinstance(text, str):
            raise ValueError(f"texts: item {number}: expected a string, got {excerpt(text)} ({type(text).__name__})")
        if not has_visible(text):
            raise ValueError(f"texts: item {number}: expected a text, got an empty one")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError(
                f"texts: item {number}: character {error.start} is half of a surrogate pair ({text[error.start]!r}): "
                f"the text was decoded wrongly"
            ) from None
    return [str(text) for text in items]


def check_sample_weight(sample_weight: Any, *, num_rows: int) -> np.ndarray:
    """Returns how much each row is to count, after looking at each number: `float64 (rows,)`.

    Args:
        sample_weight: a list, a column or an array of numbers of at least 0, some above 0.
        num_rows: of the table that they are for.

    Raises:
        ValueError: it is something else; the message names the row.

    >>> check_sample_weight([1, -2], num_rows=2)
    Traceback (most recent call last):
    ValueError: sample_weight: row 2: expected a finite number of at least 0, got -2
    """
    expected = f"sample_weight: expected a number for each of the {num_rows} row(s) of train"
    if not np.iterable(sample_weight) or isinstance(sample_weight, str | bytes | Mapping) or is_table(sample_weight):
        raise ValueError(f"{expected}, got {type(sample_weight).__name__}")
    weights = np.asarray(sample_weight, dtype=None if hasattr(sample_weight, "dtype") else object)
    if weights.shape != (num_rows,):
        raise ValueError(f"{expected}, got the shape {weights.shape}")
    for row, weight in enumerate(weights.tolist(), start=1):
        expected = "a finite number of at least 0"
        check_number(f"sample_weight: row {row}", weight, expected, lambda number: 0 <= number < math.inf)
    weights = weights.astype("float64")
    if not weights.any():
        raise ValueError("sample_weight: expected a number above 0, got none")
    return weights


def column_of(values: Any) -> Any:
    """Returns the column of a table, or of an array `(rows, 1)`, that has one; a list for pyarrow; else `values`."""
    if is_table(values) and values.shape[1] == 1:
        return values.iloc[:, 0]
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    return values.to_pylist() if hasattr(values, "to_pylist") and not hasattr(values, "columns") else values


def check_table(name: str, table: Any):
    """Raises `ValueError` unless `table` has rows, each with a text and a label, both strings and visible.

    Args:
        name: what messages call the table.
        table: a `DataFrame` with the columns `text` and `label`.
    """
    if not is_table(table):
        raise ValueError(f"{name}: expected a table with the columns text and label, got {type(table).__name__}")
    if not {"text", "label"} <= set(table.columns):
        raise ValueError(f"{name}: expected the columns text and label, got {list(table.columns)}")
    if table.empty:
        raise ValueError(f"{name}: expected at least one row, got none")
    for column in ("label", "text"):
        for row, value in enumerate(table[column], start=1):
            if not isinstance(value, str):
                kind = type(value).__name__
                advice = "; table.astype(str) makes strings of them" * isinstance(value, int)
                raise ValueError(f"{name}: row {row}: expected a string as {column}, got {value!r} ({kind}){advice}")
            if not has_visible(value):
                raise ValueError(f"{name}: row {row}: expected a {column}, got {value!r}")
            if column == "label" and "\0" in value:  # NumPy and C would end the name there
                raise ValueError(f"{name}: row {row}: expected a label without NUL, got {value!r}")
