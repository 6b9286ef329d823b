"""The recipe of a training run: every setting but the seed, as plain data, checked; read from text, written as TOML."""

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from textrnn import architectures
from textrnn.checks import check_choice, check_flag, check_integer, check_number, check_rate
from textrnn.options import CLASS_WEIGHTS, SCORES
from textrnn.preprocessing import check_vocabulary_settings

if TYPE_CHECKING:
    import pandas as pd

# The fields that are the arguments of one function each.
ARGUMENTS = {
    "adamw": ("learning_rate", "weight_decay", "clipnorm", "warm_up"),
    "fit": ("epochs", "batch_size", "adversarial", "scoring", "patience"),
    "TextEncoder.from_texts": (
        "unit",
        "lower",
        "min_count",
        "max_tokens",
        "max_ngram",
        "min_ngram_count",
        "max_ngrams",
        "max_length",
    ),
    "build_textrnn": (
        "cell",
        "embed_dim",
        "units",
        "num_layers",
        "bidirectional",
        "pooling",
        "dropout",
        "ngram_dropout",
        "evidence",
        "embedded_ngrams",
    ),
}


MIN_STEPS = 288  # of a training: 4 epochs of 4,550 rows
MAX_CHARACTERS = 400_000  # that few rows are read for, if they are long
MAX_LENGTH = 400  # characters that a network reads at a time, if nothing else is asked for
ENOUGH_ROWS, FEW_ROWS = 2000, 300  # between them, training is hindered the more the fewer rows there are
FEW_CLASSES = 10  # with more, what counts is how many rows there are for ten of them
NONE = "none"  # how TOML and a command line say that a setting is `None`


def _check_not_negative(name: str, value: Any):
    check_number(name, value, "a number of at least 0", lambda number: 0 <= number < math.inf)


def _check_above_0(name: str, value: Any):
    check_number(name, value, "a number above 0", lambda number: 0 < number < math.inf)


def _check_share_of_length(name: str, value: Any):
    check_number(name, value, "a share of a length, 0 or more", lambda share: 0 <= share < math.inf)


def _check_patience(name: str, value: Any):
    if value is not None:
        check_integer(name, value)


def _check_class_weight(name: str, value: Any):
    if value is not None:
        check_choice(name, value, CLASS_WEIGHTS)


_CHECKS = {  # of the settings that neither the vocabulary nor the network has
    "epochs": check_integer,
    "batch_size": check_integer,
    "learning_rate": _check_above_0,
    "weight_decay": _check_not_negative,
    "clipnorm": _check_not_negative,
    "warm_up": check_rate,
    "label_smoothing": check_rate,
    "adversarial": _check_share_of_length,
    "scoring": lambda name, value: check_choice(name, value, SCORES),
    "patience": _check_patience,
    "class_weight": _check_class_weight,
    "topic_vectors": check_flag,
    "linear_cells": check_flag,
}


def check_training_settings(**settings: Any):
    """Raises `ValueError` unless settings of optimizer, loss and loop are in their ranges; those of a recipe by name.

    >>> check_training_settings(warm_up=1.0)
    Traceback (most recent call last):
    ValueError: warm_up: expected a share from 0 to below 1, got 1.0
    """
    for name, value in settings.items():
        _CHECKS[name](name, value)


@dataclass(frozen=True)
class Recipe:
    """Every setting of a training run but its seed; what is not given is as below; `recipe` recommends by size.

    What a setting means is said where it is used, in `fit`, `adamw`, `networks.build_textrnn` and
    `TextEncoder.from_texts`.

    Attributes:
        learning_rate: the highest one, after the warm-up.
        warm_up: the share of the steps in which the learning rate rises.
        max_length: how many tokens the network reads at a time; `length_to_keep` of the training texts if `None`.
        class_weight: `"balanced"`: the rows of each class count as much together as those of any other, and the best
            epoch is the one of the best macro F1, whatever `scoring` says; `None`: all rows count alike.
        max_ngram: of characters; words have no n-grams.
        topic_vectors: whether embeddings start from the texts alone (`topic_vectors`), not at random.
        linear_cells: whether, after the training, a linear model of the n-grams is put into cells of the LSTM that do
            nothing but add up (`training/linear_cells.py`); fitted to all rows at once, so `recipe` has it for few.

    Raises:
        ValueError: a value is out of its range; the message begins with the name of the setting.

    >>> Recipe(1, 16, 4e-3).changed(units=64).units
    64
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.01
    clipnorm: float = 1.0
    warm_up: float = 0.1
    label_smoothing: float = 0.1
    adversarial: float = 0.05
    class_weight: str | None = None
    scoring: str = "accuracy"
    patience: int | None = None
    # the vocabulary
    unit: str = "char"
    lower: bool = True
    min_count: int = 1
    max_tokens: int | None = None
    max_ngram: int = 3
    min_ngram_count: int = 2
    max_ngrams: int | None = 250_000
    max_length: int | None = None
    # the network
    cell: str = "lstm"
    embed_dim: int = 64
    units: int = 128
    num_layers: int = 1
    bidirectional: bool = True
    pooling: str | tuple[str, ...] = ("max", "mean")
    dropout: float = 0.4
    ngram_dropout: float = 0.5
    evidence: bool = True
    embedded_ngrams: int | None = 20_000  # more would make the saved model large; their evidence is kept for all
    topic_vectors: bool = True
    linear_cells: bool = False

    def __post_init__(self):
        check_training_settings(**{name: getattr(self, name) for name in _CHECKS})
        check_vocabulary_settings(**self.arguments("TextEncoder.from_texts"))
        architectures.check_settings("textrnn", self.arguments("build_textrnn"))

    @classmethod
    def from_config(cls, config: Mapping[str, Any], *, num_rows: int | None = None) -> "Recipe":
        """Returns the recipe that `to_config` or `to_toml` described, or one with some settings of one's own.

        Args:
            config: values by the names of settings, of JSON or TOML; `"none"` is `None`, and a string is read as
                `setting_from_text` reads it.
            num_rows: of the training set, if settings are lacking: these are then as recommended for it.

        Raises:
            ValueError: there is no such setting (the message lists those that there are), a value is out of range, or
                settings are lacking and nothing says how many rows there are.

        >>> Recipe.from_config({"units": 256, "patience": "none"}, num_rows=4550).units
        256
        """
        changes = {name: setting_from(name, value) for name, value in config.items()}
        if num_rows is not None:
            return recipe(num_rows).changed(**changes)
        lacking = [name for name in ("epochs", "batch_size", "learning_rate") if name not in changes]
        if lacking:
            raise ValueError(f"settings: expected {', '.join(lacking)} too, or num_rows= to recommend them by")
        check_names(changes)
        return cls(**changes)

    def changed(self, **changes: Any) -> "Recipe":
        """Returns the recipe with other values for some of its settings.

        Raises:
            ValueError: there is no such setting; the message lists those that there are.
        """
        check_names(changes)
        return replace(self, **changes)

    def arguments(self, function: str) -> dict[str, Any]:
        """Returns the settings that are arguments of a function; `ARGUMENTS` names the functions."""
        return {name: getattr(self, name) for name in ARGUMENTS[function]}

    def to_config(self) -> dict[str, Any]:
        """Returns the settings as JSON values, for the card of a model."""
        config = asdict(self)
        return {**config, "pooling": self.pooling if isinstance(self.pooling, str) else list(self.pooling)}

    def to_toml(self, *, but: Sequence[str] = ()) -> str:
        """Returns the settings as lines of TOML, without those named in `but`; what is `None` is `"none"` there.

        >>> print(Recipe(4, 64, 4e-3).to_toml().splitlines()[2])
        learning_rate = 0.004
        """
        values = {name: value for name, value in self.to_config().items() if name not in but}
        return "".join(f"{name} = {json.dumps(NONE if value is None else value)}\n" for name, value in values.items())


def check_names(settings: Mapping[str, Any]):
    """Raises `ValueError` unless all `settings` are fields of `Recipe`; the message lists these."""
    names = [field.name for field in fields(Recipe)]
    if unknown := [name for name in settings if name not in names]:
        meant = difflib.get_close_matches(unknown[0].casefold(), names, 1)
        meant = f"; is {meant[0]} meant?" if meant else ""
        raise ValueError(f"settings: expected some of {', '.join(names)}; got {', '.join(unknown)}{meant}")


def check_setting(name: str, value: Any):
    """Raises `ValueError` unless there is a setting `name` and `value` is in its range, whatever the others are.

    >>> check_setting("units", 0)
    Traceback (most recent call last):
    ValueError: units: expected at least 1, got 0
    """
    check_names({name: value})
    if name in ARGUMENTS["TextEncoder.from_texts"]:
        check_vocabulary_settings(**{**Recipe(1, 1, 1.0).arguments("TextEncoder.from_texts"), name: value})
    else:
        (_CHECKS.get(name) or architectures.CHECKS["textrnn"][name])(name, value)


def setting_from(name: str, value: Any) -> Any:
    """Returns the value of a setting that was written as text, or as a value of JSON or TOML; unchecked.

    Raises:
        ValueError: there is no such setting.

    >>> [setting_from(*pair) for pair in (("units", "256"), ("lower", "false"), ("pooling", "max,mean"))]
    [256, False, ('max', 'mean')]
    """
    check_names({name: value})
    hint = get_type_hints(Recipe)[name]
    kinds = get_args(hint) or (hint,)
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, str):
        return float(value) if float in kinds and isinstance(value, int) and not isinstance(value, bool) else value
    text = value.strip()
    if NoneType in kinds and text.lower() == NONE:
        return None
    if bool in kinds:
        return {"true": True, "false": False}.get(text.lower(), value)
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                return value
    parts = tuple(part.strip() for part in text.split(","))
    return parts if len(parts) > 1 else text


def settings_by_size() -> list[str]:
    """Returns the names of the settings that `recipe` recommends by the number of rows and classes."""
    sizes = (recipe(10**power, num_classes=num).to_config() for power in range(1, 7) for num in (2, 100))
    first, *others = sizes
    return [name for name, value in first.items() if any(other[name] != value for other in others)]


def recipe_for(train: "pd.DataFrame") -> Recipe:
    """Returns the recommended recipe for a training set, a table with the columns `text` and `label`."""
    return recipe(len(train), num_classes=train["label"].nunique(), mean_length=train["text"].str.len().mean())


def recipe(num_rows: int, *, num_classes: int = 2, mean_length: float = 20.0) -> Recipe:
    """Returns the recommended recipe for a training set of so many rows and classes, by rows of so many characters.

    What training needs is steps, one for each class and, below 2,000 rows, about 300: few rows want small batches and
    more epochs. Long texts say more in a step, so that no more than 400,000 characters are read for the sake of these
    300 steps. Few rows are then read so often that a network learns them by heart, unless it is hindered: from 2,000
    rows down to 300, by equal steps of the logarithm, adversarial training becomes stronger, and more n-grams are
    dropped. N-grams that occur once have ids too: in 300 texts nearly all do. Where there are more than ten classes,
    what is few is counted for ten of them, and vectors that are few are twice as wide, to tell so many classes apart.
    Below 20,000 rows a linear model of the n-grams helps, in cells of its own; more rows teach the network as much, and
    want large batches, which are faster, and less dropout, with which half the units are as good and twice as fast.

    >>> found = recipe(4550)
    >>> found.epochs, found.batch_size, found.learning_rate
    (4, 64, 0.004)
    >>> found = recipe(300)
    >>> found.epochs, found.batch_size, found.adversarial, found.ngram_dropout
    (16, 16, 0.15, 0.6)
    """
    check_integer("num_rows", num_rows)
    check_integer("num_classes", num_classes)
    batch_size = 128 if num_rows >= 20_000 else 64 if num_rows >= ENOUGH_ROWS else max(16, num_rows // 71)
    check_number("mean_length", mean_length, "a number of at least 0", lambda number: 0 <= number < math.inf)
    batches = math.ceil(num_rows / batch_size)
    by_steps = math.ceil(MIN_STEPS / batches) if num_rows < ENOUGH_ROWS else 0
    by_characters = MAX_CHARACTERS / (num_rows * max(1, min(mean_length, MAX_LENGTH)))
    epochs = min(64, max(4, math.ceil(min(by_steps, by_characters)), math.ceil(num_classes / batches)))
    if num_rows >= 20_000:
        return Recipe(epochs, batch_size, 2e-3, units=64, dropout=0.15, ngram_dropout=0.3)
    of_ten = num_rows * min(1.0, FEW_CLASSES / num_classes)
    few = min(1.0, max(0.0, math.log(ENOUGH_ROWS / of_ten) / math.log(ENOUGH_ROWS / FEW_ROWS)))
    wide = {"embed_dim": 2 * Recipe.embed_dim, "embedded_ngrams": Recipe.embedded_ngrams // 2}  # of the same size
    return Recipe(
        epochs,
        batch_size,
        4e-3,
        adversarial=round(Recipe.adversarial * 3**few, 3),
        ngram_dropout=round(Recipe.ngram_dropout + 0.1 * few, 3),
        linear_cells=True,
        min_ngram_count=1 if of_ten < ENOUGH_ROWS else Recipe.min_ngram_count,
        **(wide if few and num_classes > FEW_CLASSES else {}),
    )
