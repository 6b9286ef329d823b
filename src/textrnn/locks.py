"""Locks of folders: of several processes, one at a time writes into it; and files that are replaced as a whole."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: there, processes do not wait for each other
    fcntl = None

FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


@contextlib.contextmanager
def locked(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Holds the lock of `folder`, which the system frees when the process ends, however it ends.

    Yields whether there is such a lock: Windows and some network file systems have none.

    Raises:
        BlockingIOError: another one holds it, and `wait` is false.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY) if fcntl else None
    except OSError:
        descriptor = None
    if descriptor is None:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def replacing(path: Path, *, beside: Path | None = None) -> Iterator[Path]:
    """Yields a hidden path to write to, whose file takes the place of `path` if all went well, and goes if not.

    At every moment `path` is the old file or the new one, also after a power cut. `beside` is another path to write to,
    in the same folder.

    Raises:
        OSError: there is no room for it; the message names `path`.
    """
    beside = beside or path.with_name(f".{path.name}.part")
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        if error.errno in FULL and not error.filename:
            raise OSError(f"{path}: cannot be written: {os.strerror(error.errno)}") from None
        raise
    finally:
        beside.unlink(missing_ok=True)
