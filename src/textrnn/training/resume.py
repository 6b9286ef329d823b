"""Checkpoints: what a run needs to go on, written whole beside the earlier ones, and the newest readable one found."""

import contextlib
import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from textrnn import networks
from textrnn.checks import warn
from textrnn.layers import TextToIds
from textrnn.locks import locked, replacing

VERSION = 1  # of what a checkpoint holds
KEPT = 2  # the newest, and the one before it should the newest turn out to be damaged
_NAME = re.compile(r"step-(\d{10})\.npz")


class Checkpoints:
    """A folder of checkpoints of one run.

    A checkpoint is one `.npz` file (no pickle). It is written under another name, flushed to the disk and then renamed,
    so that a killed process or a full disk leaves the earlier ones as they were.

    The folder belongs to one run at a time, until `close` or the end of its process, however that ends.

    Args:
        folder: made if it is not there; nothing else is written.
        identity: what must be the same for a run to go on, as JSON values.

    Raises:
        ValueError: another run, of this process or another, has the folder.
        NotADirectoryError: `folder` is a file.
    """

    def __init__(self, folder: str | os.PathLike, *, identity: dict[str, Any]):
        self.folder, self.identity = Path(folder), json.loads(json.dumps(identity))
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"resume: expected a folder, got the file {self.folder}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = contextlib.ExitStack()
        try:
            self._lock.enter_context(locked(self.folder, wait=False))
        except BlockingIOError:
            raise ValueError(
                f"resume: {self.folder}: a training that is running keeps its checkpoints there; wait for its end, or "
                f"give another folder"
            ) from None
        for left in self.folder.glob(".step-*.part"):  # by a process that was killed while it wrote
            left.unlink()

    def close(self):
        """Leaves the folder to the next run."""
        self._lock.close()

    def _paths(self) -> list[Path]:
        """Returns the checkpoints, newest first."""
        return sorted((path for path in self.folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)

    def save(self, step: int, arrays: dict[str, np.ndarray], state: dict[str, Any]):
        """Writes the checkpoint of `step` and removes all but the newest two.

        Args:
            step: batches trained on so far.
            arrays: numbers; no objects.
            state: JSON values.

        Raises:
            OSError: it cannot be written; the earlier checkpoints are as they were.
        """
        path = self.folder / f"step-{step:010d}.npz"
        about = {"identity": self.identity, "state": state, "arrays": sorted(arrays)}
        about = json.dumps(about, allow_nan=False)
        with replacing(path) as beside, beside.open("wb") as file:
            np.savez(file, about=np.array(about), **arrays)
        for old in self._paths()[KEPT:]:
            old.unlink()

    def newest(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Returns arrays and state of the newest checkpoint that can be read whole; `None` if there is none.

        Warns of newer ones that are damaged.

        Raises:
            ValueError: there are checkpoints and all are damaged, or they are of another run.
        """
        damaged = []
        for path in self._paths():
            try:
                with np.load(path, allow_pickle=False) as file:
                    arrays = {name: file[name] for name in file.files}  # reading checks the sums of the zip
                about = json.loads(str(arrays.pop("about")))
                identity, state = about["identity"], about["state"]
                if sorted(arrays) != about.get("arrays", sorted(arrays)):
                    raise ValueError(f"expected {len(about['arrays'])} arrays, got {len(arrays)}")
            except Exception as error:  # what zipfile, zlib and NumPy raise of damaged bytes is no closed list
                damaged.append(f"{path.name} ({error})")
                continue
            self._check_identity(identity)
            if damaged:
                warn(f"resume: passed over, damaged: {', '.join(damaged)}; on from {path.name}")
            return arrays, state
        if damaged:
            raise ValueError(
                f"resume: {self.folder}: no checkpoint can be read: {', '.join(damaged)}; remove the folder to start "
                f"again"
            )
        return None

    def _check_identity(self, found: dict[str, Any]):
        names = sorted({*found, *self.identity})
        differing = [name for name in names if found.get(name) != self.identity.get(name)]
        if differing:
            pairs = (f"{name} was {found.get(name)!r}, is {self.identity.get(name)!r}" for name in differing)
            raise ValueError(
                f"resume: {self.folder} holds another run: {'; '.join(pairs)}. Give the settings and data of that run, "
                f"or another folder"
            )


@dataclass
class Run:
    """How far a run has come; with the weights and the optimizer all that it needs to go on."""

    epoch: int = 0
    batch: int = 0  # of the epoch
    loss: float = 0.0  # sum over the rows of the epoch so far
    history: list[dict[str, float]] = field(default_factory=list)
    best_rank: tuple[float, float] | None = None
    best_epoch: int = 0
    seconds: float = 0.0


def learnt(model: keras.Model, variables: list[keras.Variable]) -> list[keras.Variable]:
    """Returns `variables` of `model` without the counts of class evidence, which training leaves alone."""
    evidence = networks.evidence_layer(model)
    counts = set() if evidence is None else {id(weight) for weight in evidence.weights}
    return [variable for variable in variables if id(variable) not in counts]


def _moving(model: keras.Model) -> list[keras.Variable]:
    """Returns all that a training step changes: weights, the state of dropout's random numbers, the optimizer's."""
    return [*learnt(model, model.variables), *model.optimizer.variables]


def arrays_of(model: keras.Model, best: list[np.ndarray] | None) -> dict[str, np.ndarray]:
    """Returns what a checkpoint holds: every variable that moves, and the weights of the best epoch so far."""
    arrays = {f"variable_{number}": variable.numpy() for number, variable in enumerate(_moving(model))}
    return arrays | {f"best_{number}": array for number, array in enumerate(best or ())}


def restore(
    model: keras.Model, arrays: dict[str, np.ndarray], state: dict[str, Any]
) -> tuple[Run, list[np.ndarray] | None]:
    """Returns how far a run had come, and its best weights; the variables of its checkpoint go into `model`."""
    for number, variable in enumerate(_moving(model)):
        variable.assign(arrays[f"variable_{number}"])
    run = Run(**state)
    run.best_rank = None if run.best_rank is None else tuple(run.best_rank)
    num_best = sum(name.startswith("best_") for name in arrays)
    return run, [arrays[f"best_{number}"] for number in range(num_best)] or None


def sha256_of_model(model: keras.Model) -> str:
    """Returns a hash of how `model` is built and compiled: vocabulary, layers, loss, optimizer; names do not count."""

    def nameless(value):
        if isinstance(value, dict):
            return {key: nameless(item) for key, item in value.items() if key != "name"}
        return [nameless(item) for item in value] if isinstance(value, list | tuple) else value

    layers = [
        [type(layer).__name__, layer.encoder.sha256 if isinstance(layer, TextToIds) else nameless(layer.get_config())]
        for layer in model.layers
    ]
    shapes = [[list(variable.shape), variable.dtype] for variable in _moving(model)]
    optimizer = nameless(keras.optimizers.serialize(model.optimizer))
    loss = nameless(keras.losses.serialize(keras.losses.get(model.loss)))
    text = json.dumps([layers, shapes, optimizer, loss], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
