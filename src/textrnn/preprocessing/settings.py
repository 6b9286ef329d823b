"""The ranges of the settings from which a vocabulary is made, checked before any text is read."""

from typing import Any

from textrnn.checks import check_choice, check_flag, check_integer
from textrnn.options import UNITS

MAX_NGRAM = 3
MAY_BE_NONE = ("max_tokens", "max_ngrams", "max_length")  # no limit, or one that is taken from the texts


def check_vocabulary_settings(*, unit: Any, lower: Any, max_ngram: Any, **sizes: Any):
    """Raises `ValueError` unless settings of `TextEncoder.from_texts` are in their ranges.

    Args:
        unit: as there.
        lower: as there.
        max_ngram: as there.
        **sizes: its other settings, numbers of at least 1; `MAY_BE_NONE` names those that may be `None`.

    >>> check_vocabulary_settings(unit="char", lower=True, max_ngram=4)
    Traceback (most recent call last):
    ValueError: max_ngram: expected 1 to 3, got 4
    """
    check_choice("unit", unit, UNITS)
    check_flag("lower", lower)
    if isinstance(max_ngram, bool) or max_ngram not in range(1, MAX_NGRAM + 1):
        raise ValueError(f"max_ngram: expected 1 to {MAX_NGRAM}, got {max_ngram!r}")
    for name, value in sizes.items():
        if value is not None or name not in MAY_BE_NONE:
            check_integer(name, value)
