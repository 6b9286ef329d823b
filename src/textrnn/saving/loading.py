"""Saved models read back: as a classifier, or as a Keras network to look into and to train on.

What is read is data, what runs is this kit: the graph in the folder is for other programs and is not opened here.
"""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn import cards, shipped
from textrnn.checks import check_choice
from textrnn.extras import require
from textrnn.options import RUNTIMES
from textrnn.saving import folders
from textrnn.saving.classifier import Classifier
from textrnn.saving.data import FILES, NetworkData, read_files
from textrnn.saving.numpy_network import NumpyNetwork

if TYPE_CHECKING:
    import keras

LIBRARIES = {"numpy": (), "onnx": ("onnx", "onnxruntime"), "tensorflow": ("tensorflow", "keras")}  # of each runtime
CHANGED = "these files are not the ones that the card describes: {}"


def load_classifier(folder: str | os.PathLike, *, runtime: str = RUNTIMES[0], sha256: str | None = None) -> Classifier:
    """Returns the classifier saved in `folder`, after checking its files against its card and each other.

    Only data is read: settings, vocabulary, labels and weights, each of which is checked. So a stranger's model can
    give wrong answers, and do nothing else.

    Args:
        folder: the saved model: its path, or the name of a shipped one (`shipped.MODELS`).
        runtime: what computes the answers, which are the same: `"numpy"`, which every installation has; `"onnx"`, ONNX
            Runtime, which takes a quarter of the time for one text and a half for a few at a time; or
            `"tensorflow"`, the Keras network of `load_network`.
        sha256: what `cards.fingerprint` said of the model that is meant; any other is refused.

    Raises:
        FileNotFoundError: there is no model of this kit.
        ValueError: a file was changed, leads out of the folder or does not fit the others; the model is not the one
            that `sha256` names (the message names what is wrong); or `runtime` is none of them.
        ImportError: the library of `runtime` is not installed.
    """
    check_choice("runtime", runtime, RUNTIMES)
    folder = cards.resolved(shipped.model_folder(folder))
    card, data = _load(folder, sha256=sha256)
    require(f'runtime="{runtime}"', *LIBRARIES[runtime])
    if runtime == "numpy":
        network = NumpyNetwork(data)
    elif runtime == "onnx":
        from textrnn.saving.onnx_predictor import OnnxPredictor

        network = OnnxPredictor(data)
    else:
        from textrnn.saving.keras_predictor import KerasPredictor  # the one door from answering to TensorFlow

        network = KerasPredictor(data)
    return Classifier(folder, card, network)


def load_network(folder: str | os.PathLike, *, sha256: str | None = None) -> "keras.Model":
    """Returns the saved model as an uncompiled Keras model with its weights, to look into or to train on.

    Args:
        folder: the saved model: its path, or the name of a shipped one (`shipped.MODELS`).
        sha256: as in `load_classifier`.

    Raises:
        FileNotFoundError: there is no model of this kit.
        ValueError: the folder fails the checks of `load_classifier`.
        ImportError: TensorFlow is not installed.
    """
    require("load_network", "tensorflow", "keras")
    from textrnn.saving.conversion import keras_network

    return keras_network(_load(cards.resolved(shipped.model_folder(folder)), sha256=sha256)[1])


def _load(folder: Path, *, sha256: str | None) -> tuple[dict[str, Any], NetworkData]:
    """Returns the card and the network of a model folder; a save that replaces the folder meanwhile is waited for."""
    return folders.undisturbed(folder, lambda: read_model(folder, sha256=sha256))


def read_model(folder: Path, *, sha256: str | None = None) -> tuple[dict[str, Any], NetworkData]:
    """Returns the card and the network of a resolved model folder whose files are those of the card.

    Each file is read once: what is hashed, checked and used are the same bytes, whatever becomes of the file.

    Raises:
        FileNotFoundError, ValueError: as `load_classifier`.
    """
    content, path = cards.read_card_bytes(folder)
    card = cards.parse_card(content, path)
    if sha256 is not None and (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise ValueError(f"{folder}: expected the model whose card has the SHA-256 {sha256}, got another one: {found}")
    folders.check_links(folder)
    if missing := [name for name in FILES if not (folder / name).is_file()]:
        raise FileNotFoundError(
            f"{folder}: expected {', '.join(missing)}, found none: a model of an older version, which wrote no data "
            f"beside the graph? Load it with that version and save it with this one"
        )
    listed = card.get("files")
    listed = listed if isinstance(listed, dict) else {}
    found = folders.hashes(folder, names=set(listed) - set(FILES))  # a file that is not listed is never opened

    def read(name: str, most: int) -> bytes:
        content = cards.read_bytes(folder / name, max_bytes=most)
        found[name] = hashlib.sha256(content).hexdigest()
        if found[name] != listed.get(name):
            raise ValueError(CHANGED.format(name))
        return content

    try:
        data = read_files(read)
        if wrong := sorted(name for name in listed if found.get(name) != listed[name]):
            raise ValueError(CHANGED.format(", ".join(name if name.isprintable() else repr(name) for name in wrong)))
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from None
    _check_card(folder, card, data)
    return card, data


def _check_card(folder: Path, card: dict[str, Any], data: NetworkData):
    vocabulary = card.get("vocabulary")
    vocabulary = vocabulary.get("sha256") if isinstance(vocabulary, dict) else vocabulary
    for what, in_card, in_data in (
        ("labels", card.get("labels"), data.label_names),
        ("vocabulary hash", vocabulary, data.encoder.sha256),
        ("maximum length", card.get("max_length"), data.encoder.max_length),
        ("tables", card.get("tables"), data.tables),
    ):
        if in_card != in_data:
            raise ValueError(f"{folder}: {what}: the card says {in_card!r}, the data {in_data!r}")
