"""Checkpoints of a training run: each written whole beside the others, the newest readable one found again."""

import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

KEPT = 2  # the newest, and the one before it should the newest turn out to be damaged
_NAME = re.compile(r"step-(\d{10})\.npz")


class Checkpoints:
    """A folder of checkpoints of one run.

    A checkpoint is one `.npz` file (no pickle). It is written under another name, flushed to the disk and then renamed,
    so that a killed process or a full disk leaves the earlier ones as they were.

    Args:
        folder: made if it is not there; nothing else is written.
        identity: what must be the same for a run to go on, as JSON values.

    Raises:
        ValueError: the folder holds checkpoints of another run; the message names what differs.
        NotADirectoryError: `folder` is a file.
    """

    def __init__(self, folder: str | os.PathLike, *, identity: dict[str, Any]):
        self.folder, self.identity = Path(folder), json.loads(json.dumps(identity))
        if self.folder.exists() and not self.folder.is_dir():
            raise NotADirectoryError(f"resume: expected a folder, got the file {self.folder}")
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob("step-*.part"):  # by a process that was killed while it wrote
            left.unlink()

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
        beside = path.with_suffix(".part")
        about = json.dumps({"identity": self.identity, "state": state}, allow_nan=False)
        try:
            with beside.open("wb") as file:
                np.savez(file, about=np.array(about), **arrays)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        for old in self._paths()[KEPT:]:
            old.unlink()

    def newest(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Returns arrays and state of the newest checkpoint that can be read whole; `None` if there is none.

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
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                damaged.append(f"{path.name} ({error})")
                continue
            self._check_identity(identity)
            return arrays, state
        if damaged:
            raise ValueError(
                f"resume: {self.folder}: no checkpoint can be read: {', '.join(damaged)}; remove the folder to start "
                f"anew"
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
