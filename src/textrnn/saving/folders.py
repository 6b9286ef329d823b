"""Folders that are replaced as a whole: write beside, exchange, recover from a killed save, read undisturbed, hash.

At every moment the old or the new folder can be found whole: by a reader who uses `undisturbed`, and on Linux, which
exchanges two folders in one step, by every other program as well.
"""

import contextlib
import ctypes
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from textrnn.cards import CARD, sha256_of_file
from textrnn.locks import locked

SAVING = ".saving-"  # follows the name of a folder in that of the hidden one into which it is being written


@contextlib.contextmanager
def beside(folder: Path) -> Iterator[Path]:
    """Yields a new hidden folder beside `folder` to write into; what has its name at the end is deleted."""
    with contextlib.ExitStack() as alive:
        with locked(folder.parent):
            new = Path(tempfile.mkdtemp(prefix=f".{folder.name}{SAVING}", dir=folder.parent))
            alive.enter_context(locked(new))  # a hidden folder without a lock is that of a saver that was killed
        try:
            yield new
        finally:
            shutil.rmtree(new, ignore_errors=True)


def flush(folder: Path):
    """Waits until the disk has every file, so that a power cut cannot leave an empty one in the place of a whole one.

    Args:
        folder: all that is in it, at every depth, is waited for.
    """
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("r+b") as file:
                os.fsync(file.fileno())


def exchange(one: Path, other: Path) -> bool:
    """Returns whether two folders have changed places in one step. Linux can, on most file systems."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    here, flag = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return rename(here, os.fsencode(one), here, os.fsencode(other), flag) == 0


def _set_aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.replaced")


def replace(folder: Path, new: Path):
    """Puts `new` in the place of `folder`; at every moment the old or the new one can be found whole."""
    with locked(folder.parent):
        if exchange(new, folder):
            return
        old = _set_aside(folder)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            folder.rename(old)
        try:
            new.rename(folder)
        except BaseException:
            if old.is_dir() and not folder.exists():
                old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)


def recover(folder: Path):
    """Puts right what killed saves left: a folder that was set aside comes back, those half written are deleted."""
    old, half = _set_aside(folder), f".{folder.name}{SAVING}"
    try:
        left = [path for path in folder.parent.iterdir() if path == old or path.name.startswith(half)]
    except OSError:  # no such folder, or none of ours to look into
        return
    if not left:
        return
    with locked(folder.parent) as held:
        if old.is_dir() and not folder.exists():
            old.rename(folder)
        for path in left if held else ():
            with contextlib.suppress(BlockingIOError), locked(path, wait=False) as dead:
                if dead:
                    shutil.rmtree(path, ignore_errors=True)


def undisturbed(folder: Path, read: Callable[[], Any]) -> Any:
    """Returns what `read` makes of `folder`; it reads again as often as a save replaces the folder meanwhile."""
    while True:
        recover(folder)
        before = _identity(folder)
        try:
            found = read()
        except Exception:
            if _identity(folder) == before:
                raise
        else:
            if _identity(folder) == before:
                return found


def _identity(folder: Path) -> tuple[int, ...] | None:
    """Returns what no other folder under the same name has; `None` if there is no folder."""
    for lock in (contextlib.nullcontext(), locked(folder.parent)):
        # The second time no saver can be between two renames, as one is that cannot exchange folders.
        with lock, contextlib.suppress(OSError):
            status = folder.stat()
            return status.st_dev, status.st_ino, status.st_mtime_ns
    return None


def hashes(folder: Path, *, names: Collection[str] | None = None) -> dict[str, str]:
    """Returns the SHA-256 of files of a model folder by their paths in it; the card, which holds them, has none.

    Args:
        folder: the model.
        names: which files; all if `None`.
    """
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    wanted = set(found if names is None else names) - {CARD}
    return {name: sha256_of_file(path) for name, path in found.items() if name in wanted}


def check_links(folder: Path):
    """Looks at every entry of a resolved folder without opening it.

    Raises:
        ValueError: one is a link that leads out of the folder, or neither a plain file nor a folder.
    """
    for path in sorted(folder.rglob("*")):
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(folder):
            raise ValueError(f"{folder}: {path.relative_to(folder)}: expected a file, got a link out to {target}")
        if not (path.is_file() or path.is_dir()):
            raise ValueError(f"{folder}: {path.relative_to(folder)}: expected a plain file or a folder")
