"""The card of a saved model, read without TensorFlow: what the model was trained on, how it scores, what it is for."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from textrnn import shipped

EXTRA = "assets.extra"
MAX_CARD_BYTES = 2**20
MAX_DEPTH = 64


def read_card(folder: str | os.PathLike) -> dict[str, Any]:
    """Returns the card of a saved model.

    Args:
        folder: the saved model: its path, or the name of a shipped one (`shipped.MODELS`).

    Raises:
        FileNotFoundError: `folder` is no saved model of this kit.
        ValueError: the card is above 1 MiB, nested too deeply, or no JSON object.
    """
    path = shipped.model_folder(folder) / EXTRA / "card.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder}: expected a model folder with {EXTRA}/card.json, found none")
    return read_json(path, max_bytes=MAX_CARD_BYTES)


def fingerprint(folder: str | os.PathLike) -> str:
    """Returns the SHA-256 of a saved model's card, which holds that of every other file: it stands for the model.

    Raises:
        FileNotFoundError: `folder` is no saved model of this kit.
        ValueError: the card cannot be read.
    """
    read_card(folder)
    return hashlib.sha256((shipped.model_folder(folder) / EXTRA / "card.json").read_bytes()).hexdigest()


def read_json(path: Path, *, max_bytes: int) -> dict[str, Any]:
    """Returns the JSON object in a file from a stranger.

    Raises:
        ValueError: the file is larger than `max_bytes`, is no JSON object, or is nested deeper than `MAX_DEPTH`.
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
