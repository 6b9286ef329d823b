"""What a sweep draws from: for each setting a list of values, or a range; the default space, and one from a file."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textrnn import cards
from textrnn.checks import check_flag
from textrnn.experiments.config import MAX_BYTES
from textrnn.recipes import check_names, check_setting, setting_from

DEFAULT = """\
# A list: one of these. A range: any number in it; log = true draws small and large ones alike.
learning_rate = { low = 0.001, high = 0.01, log = true }
batch_size = [16, 32, 64, 128]
units = [64, 128, 256]
dropout = { low = 0.1, high = 0.6 }
ngram_dropout = { low = 0.2, high = 0.7 }
label_smoothing = { low = 0.0, high = 0.2 }
adversarial = { low = 0.0, high = 0.2 }
pooling = ["max,mean", "max", "attention"]
"""


@dataclass(frozen=True)
class Space:
    """The settings of a sweep: a list of values by name, or a range as `{"low": …, "high": …, "log": …}`.

    Raises:
        ValueError: there is no such setting, a value is out of its range, or a range is none.

    >>> Space({"units": [64, 128], "dropout": {"low": 0.2, "high": 0.5}}).holds("units", 128)
    True
    """

    dimensions: Mapping[str, Any]

    def __post_init__(self):
        check_names(self.dimensions)
        if not self.dimensions:
            raise ValueError("space: expected at least one setting, got none")
        for name, values in self.dimensions.items():
            if isinstance(values, dict):
                _check_range(name, values)
            elif not isinstance(values, list) or not values:
                raise ValueError(
                    f"{name}: expected a list of values, or a range {{ low = …, high = … }}, got {values!r}"
                )
            for value in _ends(values):
                check_setting(name, setting_from(name, value))

    def suggest(self, trial: Any) -> dict[str, Any]:
        """Returns values for a trial of Optuna, drawn by its sampler; `setting_from` reads them."""
        drawn = {}
        for name, values in self.dimensions.items():
            if isinstance(values, dict):
                low, high = values["low"], values["high"]
                draw = trial.suggest_int if isinstance(low, int) and isinstance(high, int) else trial.suggest_float
                drawn[name] = draw(name, low, high, log=values.get("log", False))
            else:
                drawn[name] = trial.suggest_categorical(name, [_plain(value) for value in values])
        return drawn

    def holds(self, name: str, value: Any) -> bool:
        """Returns whether the sweep could draw this value."""
        values = self.dimensions[name]
        if isinstance(values, dict):
            return value is not None and values["low"] <= value <= values["high"]
        return _plain(value) in map(_plain, values)

    def start(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Returns of `settings` those that the sweep could draw, as it would."""
        return {name: _plain(settings[name]) for name in self.dimensions if self.holds(name, settings[name])}


def _plain(value: Any) -> Any:
    """Returns a value as Optuna keeps it: a list as one text."""
    return ",".join(value) if isinstance(value, list | tuple) else value


def _ends(values: Any) -> list[Any]:
    return [values["low"], values["high"]] if isinstance(values, dict) else values


def _check_range(name: str, values: dict[str, Any]):
    if not {"low", "high"} <= set(values) <= {"low", "high", "log"}:
        raise ValueError(f"{name}: expected a range {{ low = …, high = …, log = … }}, got {sorted(values)}")
    check_flag(f"{name}: log", values.get("log", False))
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in _ends(values))
    if not numbers or not values["low"] < values["high"] or (values.get("log") and values["low"] <= 0):
        what = "low below high" + (", above 0" if values.get("log") else "")
        raise ValueError(f"{name}: expected {what}, got {values['low']!r} and {values['high']!r}")


def read_space(path: str | os.PathLike | None = None) -> Space:
    """Returns the space in a TOML file, or the default one.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no TOML or no space; the message begins with the path.
    """
    if path is None:
        return Space(tomllib.loads(DEFAULT))
    try:
        return Space(tomllib.loads(cards.read_bytes(Path(path), max_bytes=MAX_BYTES).decode("utf-8-sig")))
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
