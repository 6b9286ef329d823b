"""Settings that somebody gave: in a TOML file, by the card of a model, one by one; checked as they are read."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn import cards
from textrnn.checks import check_seed
from textrnn.recipes import Recipe, check_setting, recipe, recipe_for, setting_from, settings_by_size

if TYPE_CHECKING:
    import pandas as pd

MAX_BYTES = 2**20


@dataclass(frozen=True)
class Given:
    """Settings that were given; all others are as recommended for the rows at hand.

    Attributes:
        settings: values by the names of `recipes.Recipe`, checked.
        seed: of the run; `None` if none was given.

    Raises:
        ValueError: there is no such setting, or a value is out of its range; nothing has been read then.

    >>> Given({"units": "256"}).recipe(4550).units
    256
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None

    def __post_init__(self):
        found = {name: setting_from(name, value) for name, value in self.settings.items()}
        for name, value in found.items():
            check_setting(name, value)
        if self.seed is not None:
            check_seed(self.seed)
        object.__setattr__(self, "settings", found)

    def over(self, other: "Given") -> "Given":
        """Returns what both gave; where both did, what this one gave."""
        return Given({**other.settings, **self.settings}, other.seed if self.seed is None else self.seed)

    def recipe(self, num_rows: int) -> Recipe:
        """Returns the recipe for a training set of `num_rows` headlines in two classes."""
        return recipe(num_rows).changed(**self.settings)

    def recipe_for(self, train: "pd.DataFrame") -> Recipe:
        """Returns the recipe for a training set, a table with the columns `text` and `label`."""
        return recipe_for(train).changed(**self.settings)

    def to_toml(self, whole: Recipe | None = None) -> str:
        """Returns a file for `read_config`: seed and recipe; without one, what the rows decide is lacking."""
        lines = [] if self.seed is None else [f"seed = {self.seed}\n"]
        if whole is not None:
            return "".join([*lines, whole.to_toml()])
        open_ones = [name for name in settings_by_size() if name not in self.settings]
        lines += [f"# as recommended for the rows: {', '.join(open_ones)}\n"] if open_ones else []
        return "".join([*lines, self.recipe(1).to_toml(but=open_ones)])


def read_config(path: str | os.PathLike) -> Given:
    """Returns the settings in a TOML file, `name = value` on each line, `seed` among them.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no TOML, names no setting, or a value is out of its range; the message begins with the path.
    """
    path = Path(path)
    try:
        content = cards.read_bytes(path, max_bytes=MAX_BYTES)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    try:
        return _given(tomllib.loads(content.decode("utf-8-sig")))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: expected TOML, as in units = 256: {error}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def settings_of_model(folder: str | os.PathLike) -> Given:
    """Returns the settings and the seed with which a saved model was trained, as its card says.

    Raises:
        FileNotFoundError: there is no model of this kit.
        ValueError: the card says nothing of the kind.
    """
    card = cards.read_card(folder)
    if not isinstance(card.get("settings"), dict) or not isinstance(card.get("seed"), int):
        raise ValueError(f"{folder}: expected a card with settings and seed of a training, got one without")
    values = {name: "none" if value is None else value for name, value in card["settings"].items()}
    values.setdefault("linear_cells", False)  # a card that does not name them is older than they are
    try:
        return _given({**values, "seed": card["seed"]})
    except ValueError as error:
        raise ValueError(f"{folder}: its card: {error}") from None


def _given(config: dict[str, Any]) -> Given:
    seed = config.pop("seed", None)
    return Given(config, seed)
