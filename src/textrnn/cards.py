"""The card of a saved model: what the model was trained on, how it scores, what it is for. Needs no TensorFlow."""

import errno
import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from textrnn import shipped

EXTRA = "assets.extra"
CARD = f"{EXTRA}/card.json"
GRAPH = "saved_model.pb"  # what makes a folder a SavedModel
CARD_FIELDS = ("trained_on", "seed", "settings", "metrics", "training_seconds", "licence", "limits")
LICENCE = "see the licence of the training data"  # of whom nobody says more
LIMITS = "short texts like those it was trained on"
MAX_CARD_BYTES = 2**20
MAX_DEPTH = 64


def read_card(folder: str | os.PathLike) -> dict[str, Any]:
    """Returns the card of a saved model.

    Args:
        folder: the saved model: its path, or the name of a shipped one (`shipped.MODELS`).

    Raises:
        FileNotFoundError: `folder` is not a saved model of this kit.
        ValueError: the card is above 1 MiB, nested too deeply, or not a JSON object.
    """
    return parse_card(*read_card_bytes(folder))


def read_card_bytes(folder: str | os.PathLike) -> tuple[bytes, Path]:
    """Returns the card of a saved model as it stands in its file, and the path of that.

    Takes and raises what `read_card` does.
    """
    path = shipped.model_folder(folder) / CARD
    if not path.is_file():
        raise FileNotFoundError(f"{folder}: expected a model folder with {CARD}, found none")
    return read_bytes(path, max_bytes=MAX_CARD_BYTES), path


def parse_card(content: bytes, path: Path) -> dict[str, Any]:
    """Returns the card that stands in `content`; raises what `read_card` does, with `path` in the message."""
    return parse_json(content, path, max_bytes=MAX_CARD_BYTES)


def is_replaceable_model(folder: Path) -> bool:
    """Returns whether `folder` holds a saved model, which another may replace; `False` if it is free.

    Raises:
        FileExistsError: `folder` is a file, or holds other files.
    """
    is_model = (folder / GRAPH).is_file()
    if folder.exists() and not is_model and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder}: expected no folder or a saved model to replace, found other files in it")
    return is_model


def fingerprint(folder: str | os.PathLike) -> str:
    """Returns the SHA-256 of a saved model's card, which holds that of every other file: it stands for the model.

    Raises:
        FileNotFoundError: `folder` is not a saved model of this kit.
        ValueError: the card cannot be read.
    """
    content, path = read_card_bytes(folder)
    parse_card(content, path)
    return hashlib.sha256(content).hexdigest()


def blank_card(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns what a card says where nobody said anything: `settings`, those of the network, and that."""
    return dict.fromkeys(CARD_FIELDS, "not said") | {"settings": settings, "metrics": {}}


def check_card(card: Any):
    """Raises `ValueError` unless `card` is a dictionary with exactly the `CARD_FIELDS` whose values JSON can hold."""
    if not isinstance(card, dict):
        raise ValueError(f"card: expected a dictionary with the fields {list(CARD_FIELDS)}, got {type(card).__name__}")
    missing, unknown = sorted(set(CARD_FIELDS) - set(card)), sorted(set(card) - set(CARD_FIELDS))
    if missing or unknown:
        raise ValueError(f"card: expected the fields {list(CARD_FIELDS)}; missing {missing}, unknown {unknown}")
    try:
        json.dumps(card, allow_nan=False, ensure_ascii=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"card: expected plain numbers, strings, lists and dictionaries: {error}") from None
    if depth_of(card) > MAX_DEPTH:
        raise ValueError(f"card: expected at most {MAX_DEPTH} levels, got more")


def describe(name: str | os.PathLike, splits: NamedTuple) -> dict[str, Any]:
    r"""Returns what a card says of the data: `name`, `rows` of each split, and the SHA-256 of each of its `files`.

    The hash is that of the bytes that were read, where the reader kept it (`attrs["sha256"]` of the table); else that
    of the file as it is now, and none if it is gone. Of a name that is not UTF-8, other bytes stand as `\xca`.

    Args:
        name: what `datasets.load` was given; of a path, the last part is kept.
        splits: the `datasets.Splits` that it returned.
    """
    tables = {split: table for split, table in splits._asdict().items() if table is not None}
    hashes = {
        Path(table.attrs["path"]): table.attrs.get("sha256") for table in tables.values() if "path" in table.attrs
    }
    return {
        "name": in_utf8(Path(name).name),
        "rows": {split: len(table) for split, table in tables.items()},
        "files": {in_utf8(path.name): known or _sha256_now(path) for path, known in sorted(hashes.items())},
    }


def in_utf8(name: str) -> str:
    r"""Returns a name, of a file say, as UTF-8 can write it.

    >>> in_utf8(os.fsdecode(b"\xca.tsv"))
    '\\xca.tsv'
    """
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return name.encode("utf-8", "backslashreplace").decode()


def resolved(path: Path) -> Path:
    """Returns the path without links.

    Raises:
        OSError: a link leads to itself.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(f"{path}: expected a file or a folder, got a link that leads to itself") from None
    return path.resolve()


def _sha256_now(path: Path) -> str | None:
    try:
        return sha256_of_file(path)
    except (OSError, ValueError):  # gone, or a pipe: a card without it is better than none
        return None


def sha256_of_file(path: str | os.PathLike) -> str:
    """Returns the SHA-256 of the content of a file."""
    with open_plain(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_bytes(path: Path, *, max_bytes: int) -> bytes:
    """Returns the content of a file that anyone may have put there.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is no plain file, or has more than `max_bytes`.
    """
    with open_plain(path) as file:
        if (size := os.fstat(file.fileno()).st_size) > max_bytes:
            raise ValueError(f"{path}: expected at most {max_bytes} bytes, got {size}")
        return file.read(size)


def open_plain(path: str | os.PathLike) -> BinaryIO:
    """Returns a plain file opened for reading; of a pipe, it does not wait for whoever might write to it.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is a pipe, a folder, or anything else that is no plain file.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"{path}: expected a plain file")
    return os.fdopen(descriptor, "rb")


def parse_json(content: bytes, name: str | Path, *, max_bytes: int) -> dict[str, Any]:
    """Returns the JSON object in the content of a file that anyone may have written.

    Raises:
        ValueError: the content is longer than `max_bytes`, is not a JSON object, has a name twice or a number that is
            none, or is nested deeper than `MAX_DEPTH`; the message begins with `name`.
    """
    if len(content) > max_bytes:
        raise ValueError(f"{name}: expected at most {max_bytes} bytes, got {len(content)}")
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name}: expected a JSON object: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{name}: expected a JSON object, got {type(found).__name__}")
    if depth_of(found) > MAX_DEPTH:
        raise ValueError(f"{name}: expected a JSON object of at most {MAX_DEPTH} levels, got more")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name!r} stands twice")
        found[name] = value
    return found


def _refuse_constant(name: str):
    raise ValueError(f"{name} is no number of JSON")


def depth_of(value: Any) -> int:
    """Returns how many dictionaries and lists stand within each other in a JSON value; counts to `MAX_DEPTH` + 1.

    >>> depth_of({"a": [1, {}]})
    3
    """
    level, depth = [value], 0
    while depth <= MAX_DEPTH and (level := [part for part in level if isinstance(part, (dict, list))]):
        level = [inner for part in level for inner in (part.values() if isinstance(part, dict) else part)]
        depth += 1
    return depth
