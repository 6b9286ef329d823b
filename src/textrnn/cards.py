"""The card of a saved model: what the model was trained on, how it scores, what it is for. Needs no TensorFlow."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from textrnn import shipped

EXTRA = "assets.extra"
GRAPH = "saved_model.pb"  # what makes a folder a SavedModel
CARD_FIELDS = ("trained_on", "seed", "settings", "metrics", "training_seconds", "licence", "limits")
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
    path = shipped.model_folder(folder) / EXTRA / "card.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder}: expected a model folder with {EXTRA}/card.json, found none")
    return read_json(path, max_bytes=MAX_CARD_BYTES)


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
    read_card(folder)
    return hashlib.sha256((shipped.model_folder(folder) / EXTRA / "card.json").read_bytes()).hexdigest()


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
    """Returns what a card says of the data: `name`, `rows` of each split, and the SHA-256 of each of its `files`.

    Args:
        name: what `datasets.load` was given; of a path, the last part is kept.
        splits: the `datasets.Splits` that it returned.
    """
    tables = {split: table for split, table in splits._asdict().items() if table is not None}
    paths = {Path(table.attrs["path"]) for table in tables.values() if "path" in table.attrs}
    return {
        "name": Path(name).name,
        "rows": {split: len(table) for split, table in tables.items()},
        "files": {path.name: sha256_of_file(path) for path in sorted(paths)},
    }


def sha256_of_file(path: str | os.PathLike) -> str:
    """Returns the SHA-256 of the content of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def encoder_config(network: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings of the `TextEncoder` within those of a network (`network.json`)."""
    layers = network["config"]["layers"]
    return next(layer for layer in layers if layer["class_name"] == "TextToIds")["config"]["encoder"]


def read_json(path: Path, *, max_bytes: int) -> dict[str, Any]:
    """Returns the JSON object in a file that anyone may have written.

    Raises:
        ValueError: the file is larger than `max_bytes`, is not a JSON object, or is nested deeper than `MAX_DEPTH`.
    """
    if path.stat().st_size > max_bytes:
        raise ValueError(f"{path}: expected at most {max_bytes} bytes, got {path.stat().st_size}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected a JSON object: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(found).__name__}")
    if depth_of(found) > MAX_DEPTH:
        raise ValueError(f"{path}: expected a JSON object of at most {MAX_DEPTH} levels, got more")
    return found


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
