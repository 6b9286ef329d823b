"""The saved model: a SavedModel folder that needs TensorFlow alone, with its labels and its card; write, check, read.

`models/NAME/` answers `serve(text: string[batch])` with `label`, `score` and `probabilities`, also as the signature
`serving_default`. Beside the graph stand `assets.extra/labels.txt`, `assets.extra/card.json` and
`assets.extra/network.json` (the Keras network without its weights, to train on).
"""

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

import textrnn
from textrnn import networks, training
from textrnn.layers import ClassEvidence
from textrnn.preprocessing import FIRST_ID, TextToIds
from textrnn.runtime import NumpyNetwork

EXTRA = "assets.extra"
RUNTIMES = ("tensorflow", "numpy")
TABLES = ("float32", "int8")
CARD_FIELDS = ("trained_on", "seed", "settings", "metrics", "training_seconds", "licence", "limits")
MAX_CARD_BYTES = 2**20


class _Servable(tf.Module):
    """What is saved: the weights, the lookup tables and the functions that use them."""

    def __init__(self, model: keras.Model):
        super().__init__()
        text_to_ids = next(layer for layer in model.layers if isinstance(layer, TextToIds))
        self.network_weights = [weight.value for weight in model.weights]
        self.tables = text_to_ids.tables
        labels = tf.constant(networks.label_names(model))
        about = {
            "label_names": labels,
            "vocabulary_sha256": tf.constant(text_to_ids.encoder.sha256),
            "max_length": tf.constant(text_to_ids.encoder.max_length),
        }

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
        def serve(text):
            probs = model(text, training=False)  # (batch, classes)
            return {
                "label": tf.gather(labels, tf.argmax(probs, axis=1)),
                "score": tf.reduce_max(probs, axis=1),
                "probabilities": probs,
            }

        @tf.function(input_signature=[])
        def describe():
            return {name: tf.identity(value) for name, value in about.items()}

        ngram_tables = self.tables[2:]  # the first two normalise and number single tokens

        @tf.function(input_signature=[])
        def list_ngrams():
            return [table.export() for table in ngram_tables]

        self.serve, self.describe, self.list_ngrams = serve, describe, list_ngrams


@contextlib.contextmanager
def _quiet():
    """Keeps TensorFlow from announcing the temporary folder that it writes into."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("WARNING")
    try:
        yield
    finally:
        logger.setLevel(level)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hashes(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of every file of a model folder but the card, which holds them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "card.json")
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


def _check_card(card: dict[str, Any]):
    missing, unknown = sorted(set(CARD_FIELDS) - set(card)), sorted(set(card) - set(CARD_FIELDS))
    if missing or unknown:
        raise ValueError(f"card: expected the fields {list(CARD_FIELDS)}; missing {missing}, unknown {unknown}")
    try:
        json.dumps(card, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"card: expected plain numbers, strings, lists and dictionaries: {error}") from None


def _with_small_tables(model: keras.Model) -> keras.Model:
    """Returns a copy of `model` with embeddings of 8-bit integers, a scale for each row, and compressed counts."""

    def copied(layer):
        if isinstance(layer, ClassEvidence):
            return layer.compressed()
        return type(layer).from_config(layer.get_config())

    small = keras.models.clone_model(model, clone_function=copied)
    for layer in model.layers:
        if not isinstance(layer, ClassEvidence):
            small.get_layer(layer.name).set_weights(layer.get_weights())
    for layer in networks.embeddings(small):
        layer.quantize("int8")
    return small


def save_classifier(
    model: keras.Model, folder: str | os.PathLike, *, card: dict[str, Any], tables: str = "float32"
) -> Path:
    """Writes `model` into `folder` by the saved-model contract and returns the folder.

    The model is written beside the folder and moved into place when it is whole: a save that fails or is killed leaves
    an earlier model in `folder` as it was.

    Args:
        model: string to probabilities, with a `TextToIds` and a `LabelProbabilities` layer.
        folder: its name becomes the model's name.
        card: what a user should know: `trained_on` (name, rows and SHA-256 of each file), `seed`, `settings`,
            `metrics` (by split, with an interval), `training_seconds`, `licence`, `limits`; JSON values. The names,
            versions, labels, vocabulary and hashes of the model's files are added here.
        tables: how the embeddings are written: `"float32"`, or `"int8"` in about a quarter of the space; the
            probabilities then change a little (`benchmarks/RESULTS.md` has by how much).

    Raises:
        ValueError: `tables` is neither, the card lacks a field or has an unknown one, or the model has no text or label
            layer.
        FileExistsError: `folder` holds something that is no saved model.
    """
    folder = Path(folder).resolve()
    if tables not in TABLES:
        raise ValueError(f"tables: expected one of {TABLES}, got {tables!r}")
    _check_card(card)
    encoder, label_names = networks.text_encoder(model), networks.label_names(model)
    _recover(folder)
    if folder.exists() and not (folder / "saved_model.pb").is_file() and any(folder.iterdir()):
        raise FileExistsError(f"{folder}: expected no folder or a saved model to replace, found other files in it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.saving-", dir=folder.parent))
    try:
        servable = _Servable(model if tables == "float32" else _with_small_tables(model))
        with _quiet():
            tf.saved_model.save(servable, str(beside), signatures={"serving_default": servable.serve})
        extra = beside / EXTRA
        extra.mkdir()
        (extra / "labels.txt").write_text("".join(f"{name}\n" for name in label_names), encoding="utf-8")
        network = {name: value for name, value in json.loads(model.to_json()).items() if name != "compile_config"}
        _encoder_of(network)["ngrams"] = None  # they stand in the tables of the graph
        (extra / "network.json").write_text(json.dumps(network, ensure_ascii=False), encoding="utf-8")
        whole_card = {
            "name": folder.name,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "textrnn": textrnn.__version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "labels": label_names,
            "vocabulary": {"size": list(encoder.num_ids), "sha256": encoder.sha256},
            "max_length": encoder.max_length,
            "tables": tables,
            **card,
            "files": _hashes(beside),
        }
        (extra / "card.json").write_text(json.dumps(whole_card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        beside.chmod(0o755)
        _replace(folder, beside)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def _set_aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.replaced")


def _replace(folder: Path, new: Path):
    """Puts `new` in the place of `folder`; at every moment the old or the new one can be found whole."""
    old = _set_aside(folder)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        _recover(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _recover(folder: Path):
    """Puts a model back that a killed save had set aside without putting the new one in its place."""
    old = _set_aside(folder)
    if old.is_dir() and not folder.exists():
        old.rename(folder)


def read_card(folder: str | os.PathLike) -> dict[str, Any]:
    """Returns the card of a saved model.

    Raises:
        FileNotFoundError: `folder` is no saved model of this kit.
        ValueError: the card is above 1 MiB or no JSON object.
    """
    path = Path(folder) / EXTRA / "card.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder}: expected a model folder with {EXTRA}/card.json, found none")
    if path.stat().st_size > MAX_CARD_BYTES:
        raise ValueError(f"{path}: expected at most {MAX_CARD_BYTES} bytes, got {path.stat().st_size}")
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected a JSON object: {error}") from None
    if not isinstance(card, dict):
        raise ValueError(f"{path}: expected a JSON object, got {type(card).__name__}")
    return card


class Classifier:
    """A saved model at work.

    Attributes:
        folder: where it was loaded from.
        card: what `assets.extra/card.json` says.
        label_names: the classes, in the order of the probabilities.
    """

    def __init__(self, folder: Path, card: dict[str, Any], loaded: Any):
        self.folder, self.card = folder, card
        self._loaded = loaded  # kept alive: its functions use its tables
        self._network: NumpyNetwork | None = None  # answers in TensorFlow's place, if there
        self.label_names = [name.decode("utf-8") for name in loaded.describe()["label_names"].numpy()]

    def predict_probs(self, texts: Sequence[str], *, batch_size: int = 256) -> np.ndarray:
        """Returns the probabilities of `texts`, in their order: `float32 (rows, classes)`; rows sum to 1.

        Args:
            texts: one string, a list, a pandas column or a NumPy array of strings.
            batch_size: texts worked on at a time; texts of like length go together.

        Raises:
            ValueError: a text is no string, is empty, or cannot be written in UTF-8; the message names its place.
        """
        texts = training.check_texts(texts)
        if self._network:
            return self._network.predict_probs(texts, batch_size=batch_size)
        order = np.argsort([len(text) for text in texts], kind="stable")
        probs = np.zeros((len(texts), len(self.label_names)), dtype="float32")
        for start in range(0, len(texts), batch_size):
            rows = order[start : start + batch_size]
            probs[rows] = self._loaded.serve(tf.constant([texts[row] for row in rows]))["probabilities"]
        return probs

    def predict(self, texts: Sequence[str], *, batch_size: int = 256) -> pd.DataFrame:
        """Returns a table with a row for each text: `text`, `label`, `score` (the label's probability, 0 to 1).

        Takes and raises what `predict_probs` does.
        """
        probs = self.predict_probs(texts, batch_size=batch_size)
        labels = [self.label_names[place] for place in probs.argmax(axis=1)]
        texts = [texts] if isinstance(texts, str) else list(texts)
        return pd.DataFrame({"text": texts, "label": labels, "score": probs.max(axis=1, initial=0)})

    def predict_stream(self, texts: Iterable[str], *, chunk_size: int = 8192) -> Iterator[pd.DataFrame]:
        """Yields the tables of `predict` for `chunk_size` texts at a time, so that a file of any length can be read.

        Args:
            texts: strings, asked for one by one.
            chunk_size: texts of a table; the last one may be shorter.

        Raises:
            ValueError: a text is no string or empty; the message names its place counted from the first text of all.
        """
        texts = iter(texts)
        for number in itertools.count():
            chunk = list(itertools.islice(texts, chunk_size))
            if not chunk:
                return
            training.check_texts(chunk, first=number * chunk_size)
            yield self.predict(chunk)


def load_classifier(folder: str | os.PathLike, *, runtime: str = "tensorflow") -> Classifier:
    """Returns the classifier saved in `folder`, after checking its card, label list and graph against each other.

    Args:
        folder: the saved model.
        runtime: who computes the answers: `"tensorflow"`, the saved graph itself, or `"numpy"`, `textrnn.runtime` with
            the same weights: the same labels, and faster (see `benchmarks/RESULTS.md`), for the networks of
            `build_textrnn(cell="lstm")`.

    Raises:
        FileNotFoundError: there is no model of this kit.
        ValueError: a file was changed, or card, label list and graph disagree (the message names what does), or
            `runtime` is neither or cannot compute this network.
    """
    if runtime not in RUNTIMES:
        raise ValueError(f"runtime: expected one of {RUNTIMES}, got {runtime!r}")
    folder = Path(folder).resolve()
    _recover(folder)
    card = read_card(folder)
    if not (folder / "saved_model.pb").is_file():
        raise FileNotFoundError(f"{folder}: expected saved_model.pb in it, found none")
    found, expected = _hashes(folder), card.get("files")
    if found != expected:
        expected = expected if isinstance(expected, dict) else {}
        names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        raise ValueError(f"{folder}: these files are not the ones that the card describes: {', '.join(names)}")
    classifier = Classifier(folder, card, tf.saved_model.load(str(folder)))
    listed = (folder / EXTRA / "labels.txt").read_text(encoding="utf-8").splitlines()
    about = {name: value.numpy() for name, value in classifier._loaded.describe().items()}
    vocabulary = card.get("vocabulary")
    for what, in_card, in_graph in (
        ("labels", card.get("labels"), classifier.label_names),
        ("labels.txt", listed, classifier.label_names),
        (
            "vocabulary hash",
            vocabulary.get("sha256") if isinstance(vocabulary, dict) else vocabulary,
            about["vocabulary_sha256"].decode(),
        ),
        ("maximum length", card.get("max_length"), int(about["max_length"])),
        ("number of classes", len(listed), classifier._loaded.serve(tf.constant(["?"]))["probabilities"].shape[1]),
    ):
        if in_card != in_graph:
            raise ValueError(f"{folder}: {what}: the card says {in_card}, the graph {in_graph}")
    if runtime == "numpy":
        classifier._network = NumpyNetwork(_network_of(classifier))
    return classifier


def load_network(folder: str | os.PathLike) -> keras.Model:
    """Returns the saved model as an uncompiled Keras model with its weights, to look into or to train on.

    Raises:
        FileNotFoundError: there is no model of this kit.
        ValueError: the folder fails the checks of `load_classifier`.
    """
    return _network_of(load_classifier(folder))


def _network_of(classifier: Classifier) -> keras.Model:
    network = json.loads((classifier.folder / EXTRA / "network.json").read_text(encoding="utf-8"))
    encoder = _encoder_of(network)
    try:
        encoder["ngrams"] = ["".join(ngrams) for ngrams in _ngrams_of(classifier._loaded.list_ngrams(), encoder)]
        model = keras.models.model_from_json(json.dumps(network))
    except (IndexError, ValueError) as error:  # the keys of n-grams are made of the numbers of tokens
        raise ValueError(
            f"{classifier.folder}: vocabulary hash: network.json says other tokens than the graph ({error})"
        ) from error
    weights = _float_weights([weight.numpy() for weight in classifier._loaded.network_weights])
    for what, in_network, in_graph in (
        ("labels", networks.label_names(model), classifier.label_names),
        ("vocabulary hash", networks.text_encoder(model).sha256, classifier.card["vocabulary"]["sha256"]),
        ("shapes of weights", [tuple(weight.shape) for weight in model.weights], [weight.shape for weight in weights]),
    ):
        if in_network != in_graph:
            raise ValueError(f"{classifier.folder}: {what}: network.json says {in_network}, the graph {in_graph}")
    model.set_weights(weights)
    return model


def _encoder_of(network: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings of the encoder within those of a network."""
    layers = network["config"]["layers"]
    return next(layer for layer in layers if layer["class_name"] == "TextToIds")["config"]["encoder"]


def _ngrams_of(tables: Sequence[tuple[tf.Tensor, tf.Tensor]], encoder: dict[str, Any]) -> list[list[str]]:
    """Returns the n-grams of each order from the keys and ids of the lookup tables of a loaded graph."""
    orders, shorter = [], encoder["tokens"]
    for table in tables:
        keys, ids = (values.numpy() for values in table)
        keys = keys[np.argsort(ids)]
        prefixes, lasts = np.divmod(keys[keys >= 0], len(encoder["tokens"]) + FIRST_ID)
        shorter = [
            shorter[prefix - FIRST_ID] + encoder["tokens"][last - FIRST_ID]
            for prefix, last in zip(prefixes, lasts, strict=True)
        ]
        orders.append(shorter)
    return orders


def _float_weights(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Returns `weights` with what `_with_small_tables` made small as floats again."""
    floats, rest = [], iter(weights)
    for array in rest:
        if array.dtype == np.int8:
            array = array / next(rest)[:, None]  # the scales of the rows follow their table
        floats.append(array)
    places = [array for array in floats if array.dtype in (np.uint16, np.uint32)]
    patterns = [array for array in floats if array.dtype == np.uint8]
    whole = iter([ClassEvidence.expanded(*pair) for pair in zip(patterns, places, strict=True)])
    floats = [array for array in floats if array.dtype not in (np.uint16, np.uint32)]
    return [next(whole) if array.dtype == np.uint8 else array for array in floats]
