"""The saved model: a SavedModel folder that needs TensorFlow alone, with its labels and its card; write, check, read.

`models/NAME/` answers `serve(text: string[batch])` with `label`, `score` and `probabilities`, also as the signature
`serving_default`; of a text that is too long for the network it reads all, in windows, and `head` its first tokens
alone. Beside the graph stand `assets.extra/labels.txt`, `assets.extra/card.json` and
`assets.extra/network.json` (the Keras network without its weights, to train on).
"""

import contextlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

import textrnn
from textrnn import cards, networks, shipped, tracing
from textrnn.cards import EXTRA
from textrnn.checks import check_integer, check_list, check_number, check_texts
from textrnn.layers import ClassEvidence
from textrnn.options import KINDS, LONG_TEXT, RUNTIMES, TABLES
from textrnn.preprocessing import FIRST_ID, WINDOWS_AT_A_TIME, TextEncoder
from textrnn.saving import folders, safety
from textrnn.saving.numpy_network import NumpyNetwork

UNKNOWN = "unknown"  # the label of a text of which a model is not sure enough


class _Servable(tf.Module):
    """What is saved: the weights, the lookup tables and the functions that use them."""

    def __init__(self, model: keras.Model):
        super().__init__()
        text_to_ids = networks.text_layer(model)
        self.network_weights = [weight.value for weight in model.weights]
        self.tables = text_to_ids.tables
        names, network = networks.label_names(model), networks.ids_model(model)
        labels = tf.constant(names)
        about = {
            "label_names": labels,
            "vocabulary_sha256": tf.constant(text_to_ids.encoder.sha256),
            "max_length": tf.constant(text_to_ids.encoder.max_length),
        }

        @tf.function(
            input_signature=[tf.TensorSpec(network.input_shape, tf.int32)], autograph=False
        )  # in the file once, called twice
        def on_ids(ids):
            return network(ids, training=False)

        def answer(probs):
            return {
                "label": tf.gather(labels, tf.argmax(probs, axis=1)),
                "score": tf.reduce_max(probs, axis=1),
                "probabilities": probs,
            }

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
        def serve(text):
            windows, batch = text_to_ids.windows(text), tf.shape(text)[0]
            # A block at a time, so that a long text takes no more memory than many short ones; these are one block.
            size = tf.maximum(batch, WINDOWS_AT_A_TIME)

            def add_block(start, probs):
                block = slice(start, start + size)
                parts = tf.cast(on_ids(windows.ids[block]), tf.float64) * windows.shares[block, None]
                return start + size, probs + tf.math.unsorted_segment_sum(parts, windows.rows[block], batch)

            _, probs = tf.while_loop(
                lambda start, _: start < tf.size(windows.rows),
                add_block,
                (0, tf.zeros([batch, len(names)], tf.float64)),
                parallel_iterations=1,
            )
            return answer(tf.cast(probs, tf.float32))

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
        def ids_of(text):
            return text_to_ids(text)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
        def head(text):
            return answer(on_ids(ids_of(text)))

        @tf.function(input_signature=[], autograph=False)
        def describe():
            return {name: tf.identity(value) for name, value in about.items()}

        ngram_tables = self.tables[2:]  # the first two normalise and number single tokens

        @tf.function(input_signature=[], autograph=False)
        def list_ngrams():
            return [table.export() for table in ngram_tables]

        self.serve, self.head, self.describe, self.list_ngrams = serve, head, describe, list_ngrams
        if tracing.has_lstm(model):
            told = tracing.tracer(model, on_ids=True)

            @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
            def trace(text):
                arrays, mask = told(ids_of(text))
                kinds = {
                    f"{name}/{kind}": array[:, :, place]
                    for name, array in arrays.items()
                    for place, kind in enumerate(KINDS)
                }
                return {"characters": text_to_ids.split(text), "mask": mask, **kinds}

            self.trace = trace


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
    an earlier model in `folder` as it was, and who loads it meanwhile gets the old or the new one whole. Of two saves
    into one folder at once, the one that ends last stays.

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
        OSError: the disk is full, say; the message says what is in `folder` now.
    """
    folder = Path(folder).resolve()
    if tables not in TABLES:
        raise ValueError(f"tables: expected one of {TABLES}, got {tables!r}")
    cards.check_card(card)
    encoder, label_names = networks.text_encoder(model), networks.label_names(model)
    folders.recover(folder)
    is_model = (folder / safety.GRAPH).is_file()
    if folder.exists() and not is_model and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder}: expected no folder or a saved model to replace, found other files in it")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folders.beside(folder) as new:
            servable = _Servable(model if tables == "float32" else _with_small_tables(model))
            with _quiet():
                tf.saved_model.save(servable, str(new), signatures={"serving_default": servable.serve})
            extra = new / EXTRA
            extra.mkdir()
            (extra / "labels.txt").write_text("".join(f"{name}\n" for name in label_names), encoding="utf-8")
            network = {name: value for name, value in json.loads(model.to_json()).items() if name != "compile_config"}
            cards.encoder_config(network)["ngrams"] = None  # they stand in the tables of the graph
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
                "files": folders.hashes(new),
            }
            text = json.dumps(whole_card, ensure_ascii=False, indent=2) + "\n"
            (extra / "card.json").write_text(text, encoding="utf-8")
            cards.read_card(new)  # what cannot be read again is not to replace what can
            folders.flush(new)
            new.chmod(0o755)
            folders.replace(folder, new)
    except (OSError, tf.errors.OpError) as error:
        there = "the model that was there is untouched" if is_model else "nothing was written"
        code, why = getattr(error, "errno", None), getattr(error, "strerror", None) or error
        about = f"{folder}: this model could not be saved, {there}: {why}"
        raise (OSError(code, about) if code else OSError(about)) from error
    return folder


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

    def predict_probs(self, texts: Sequence[str], *, batch_size: int = 256, long_text: str = "windows") -> np.ndarray:
        """Returns the probabilities of `texts`, in their order: `float32 (rows, classes)`; rows sum to 1.

        Args:
            texts: one string, a list, a pandas column or a NumPy array of strings.
            batch_size: texts worked on at a time; texts of like length go together.
            long_text: what to read of a text that has more tokens than the network reads at a time (`max_length` of the
                card): `"windows"`: all of it, in windows as even in length as can be, whose probabilities are averaged,
                each with the weight of its tokens; `"head"`: its first tokens alone.

        Raises:
            ValueError: a text is no string, is empty, or cannot be written in UTF-8; the message names its place. Or
                `long_text` is neither, or asks for windows of a model that was saved before there were any.
        """
        check_integer("batch_size", batch_size)
        if long_text not in LONG_TEXT:
            raise ValueError(f"long_text: expected one of {LONG_TEXT}, got {long_text!r}")
        texts = check_texts(texts)
        if self._network:
            return self._network.predict_probs(texts, batch_size=batch_size, long_text=long_text)
        serve = self._loaded.serve if long_text == "windows" else getattr(self._loaded, "head", self._loaded.serve)
        if long_text == "windows" and not hasattr(self._loaded, "head"):
            self._check_lengths(texts)
        order = np.argsort([len(text) for text in texts], kind="stable")
        probs = np.zeros((len(texts), len(self.label_names)), dtype="float32")
        for start in range(0, len(texts), batch_size):
            rows = order[start : start + batch_size]
            probs[rows] = serve(tf.constant([texts[row] for row in rows]))["probabilities"]
        return probs

    def _check_lengths(self, texts: list[str]):
        """Raises `ValueError` for a text of which a graph without windows would read the head and say nothing."""
        network = cards.read_json(self.folder / EXTRA / "network.json", max_bytes=safety.MAX_NETWORK_BYTES)
        encoder = TextEncoder.from_config(cards.encoder_config(network) | {"ngrams": []})
        for place, text in enumerate(texts):
            if (length := len(encoder.split(text))) > encoder.max_length:
                raise ValueError(
                    f"texts: item {place}: {length} tokens, and {self.folder} was saved by a version that reads the "
                    f"first {encoder.max_length} alone: save it again (load_network, save_classifier), or take "
                    f'long_text="head" or runtime="numpy"'
                )

    def predict(
        self, texts: Sequence[str], *, batch_size: int = 256, long_text: str = "windows", min_score: float = 0.0
    ) -> pd.DataFrame:
        """Returns a table with a row for each text: `text`, `label`, `score` (the label's probability, 0 to 1).

        Takes and raises what `predict_probs` does, and

        Args:
            texts: as there.
            batch_size: as there.
            long_text: as there.
            min_score: a text whose best score is below it, 0 to 1, has the label `"unknown"`; the score stays.
                `metrics.coverage_curve` says what a value costs and buys.

        Raises:
            ValueError: `min_score` is out of range, or a class of the model is itself called `"unknown"`.
        """
        self._check_min_score(min_score)
        texts = check_texts(texts)  # once: they may be a generator
        probs = self.predict_probs(texts, batch_size=batch_size, long_text=long_text)
        scores = probs.max(axis=1, initial=0)
        labels = [
            self.label_names[place] if score >= float(min_score) else UNKNOWN
            for place, score in zip(probs.argmax(axis=1), scores, strict=True)
        ]
        return pd.DataFrame({"text": texts, "label": labels, "score": scores})

    def _check_min_score(self, min_score: float):
        check_number("min_score", min_score, "a probability from 0 to 1", lambda score: 0 <= score <= 1)
        if min_score and UNKNOWN in self.label_names:
            raise ValueError(
                f"min_score: a class of this model is called {UNKNOWN!r}, so the answer would not say which is meant; "
                f"take min_score=0 and look at the scores"
            )

    def predict_stream(
        self, texts: Iterable[str], *, chunk_size: int = 8192, long_text: str = "windows", min_score: float = 0.0
    ) -> Iterator[pd.DataFrame]:
        """Yields the tables of `predict` for `chunk_size` texts at a time, so that a file of any length can be read.

        Args:
            texts: strings, asked for one by one.
            chunk_size: texts of a table; the last one may be shorter.
            long_text: as in `predict_probs`.
            min_score: as in `predict`.

        Raises:
            ValueError: a text is no string or empty; the message names its place counted from the first text of all.
                Or a setting is out of range.
        """
        check_integer("chunk_size", chunk_size)
        check_list("texts", texts)
        texts = iter(texts)
        for number in itertools.count():
            chunk = list(itertools.islice(texts, chunk_size))
            if not chunk:
                return
            check_texts(chunk, first=number * chunk_size)
            yield self.predict(chunk, long_text=long_text, min_score=min_score)


def load_classifier(
    folder: str | os.PathLike, *, runtime: str = "tensorflow", trust: bool = False, sha256: str | None = None
) -> Classifier:
    """Returns the classifier saved in `folder`, after checking its card, label list and graph against each other.

    A model is a program. So the graph is looked through before it is loaded, and refused if it holds anything that no
    export of this kit needs (`saving.safety`); what its answers are worth, no check can say.

    Args:
        folder: the saved model: its path, or the name of a shipped one (`shipped.MODELS`).
        runtime: who computes the answers: `"tensorflow"`, the saved graph itself, or `"numpy"`, `NumpyNetwork` with
            the same weights: the same labels, and faster (see `benchmarks/RESULTS.md`), for the networks of
            `build_textrnn(cell="lstm")`.
        trust: whether to load whatever the graph holds: for layers of your own, or if you know who made it.
        sha256: what `cards.fingerprint` said of the model that is meant; any other is refused.

    Raises:
        FileNotFoundError: there is no model of this kit.
        ValueError: a file was changed, leads out of the folder or holds what is not needed; the model is not the one
            that `sha256` names; card, label list and graph disagree (the message names what does); or `runtime` is
            neither or cannot compute this network.
    """
    if runtime not in RUNTIMES:
        raise ValueError(f"runtime: expected one of {RUNTIMES}, got {runtime!r}")
    folder = shipped.model_folder(folder).resolve()

    def load():
        classifier = _load(folder, trust=trust, sha256=sha256)
        if runtime == "numpy":
            classifier._network = NumpyNetwork(_network_of(classifier, trust=trust))
        return classifier

    return folders.undisturbed(folder, load)


def load_network(folder: str | os.PathLike, *, trust: bool = False, sha256: str | None = None) -> keras.Model:
    """Returns the saved model as an uncompiled Keras model with its weights, to look into or to train on.

    Args:
        folder: the saved model: its path, or the name of a shipped one (`shipped.MODELS`).
        trust: as in `load_classifier`, for the graph and for the layers that the settings of the network name.
        sha256: as in `load_classifier`.

    Raises:
        FileNotFoundError: there is no model of this kit.
        ValueError: the folder fails the checks of `load_classifier`.
    """
    folder = shipped.model_folder(folder).resolve()
    return folders.undisturbed(folder, lambda: _network_of(_load(folder, trust=trust, sha256=sha256), trust=trust))


def _load(folder: Path, *, trust: bool, sha256: str | None) -> Classifier:
    card = cards.read_card(folder)
    if not (folder / safety.GRAPH).is_file():
        raise FileNotFoundError(f"{folder}: expected {safety.GRAPH} in it, found none")
    safety.check_links(folder)
    if sha256 is not None and (found := cards.fingerprint(folder)) != sha256:
        raise ValueError(f"{folder}: expected the model whose card has the SHA-256 {sha256}, got another one: {found}")
    found, expected = folders.hashes(folder), card.get("files")
    if found != expected:
        expected = expected if isinstance(expected, dict) else {}
        names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        raise ValueError(f"{folder}: these files are not the ones that the card describes: {', '.join(names)}")
    if not trust:
        safety.check_graph(folder)
    try:
        listed = (folder / EXTRA / "labels.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{folder}: {EXTRA}/labels.txt: expected one label on each line: {error}") from None
    try:
        classifier = Classifier(folder, card, tf.saved_model.load(str(folder)))
        about = {name: value.numpy() for name, value in classifier._loaded.describe().items()}
        vocabulary, max_length = about["vocabulary_sha256"].decode(), int(about["max_length"])
        num_classes = classifier._loaded.serve(tf.constant(["?"]))["probabilities"].shape[1]
    except Exception as error:  # TensorFlow has no one kind of error for a graph that is broken or somebody else's
        raise ValueError(f"{folder}: expected a model of this kit, TensorFlow gets nothing from it: {error}") from error
    described = card.get("vocabulary")
    for what, in_card, in_graph in (
        ("labels", card.get("labels"), classifier.label_names),
        ("labels.txt", listed, classifier.label_names),
        ("vocabulary hash", described.get("sha256") if isinstance(described, dict) else described, vocabulary),
        ("maximum length", card.get("max_length"), max_length),
        ("number of classes", len(listed), num_classes),
    ):
        if in_card != in_graph:
            raise ValueError(f"{folder}: {what}: the card says {in_card}, the graph {in_graph}")
    return classifier


def _network_of(classifier: Classifier, *, trust: bool) -> keras.Model:
    path = classifier.folder / EXTRA / "network.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected the settings of the network, found none")
    network = cards.read_json(path, max_bytes=safety.MAX_NETWORK_BYTES)
    if not trust:
        safety.check_network(network, path)
    try:
        encoder = cards.encoder_config(network)
        encoder["ngrams"] = ["".join(ngrams) for ngrams in _ngrams_of(classifier._loaded.list_ngrams(), encoder)]
        model = keras.models.model_from_json(json.dumps(network))
    except (IndexError, ValueError) as error:  # the keys of n-grams are made of the numbers of tokens
        raise ValueError(
            f"{classifier.folder}: vocabulary hash: network.json says other tokens than the graph ({error})"
        ) from error
    except (AttributeError, KeyError, StopIteration, TypeError) as error:
        raise ValueError(f"{path}: expected the settings of a network with a TextToIds layer: {error!r}") from error
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
