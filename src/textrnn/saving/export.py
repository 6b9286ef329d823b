"""The saved model: a SavedModel folder that needs TensorFlow alone, with its labels and its card.

`models/NAME/` answers `serve(text: string[batch])` with `label`, `score` and `probabilities`, also as the signature
`serving_default`; of a text that is too long for the network it reads all, in windows, and `head` its first tokens
alone. Beside the graph stand `assets.extra/labels.txt`, `assets.extra/card.json` and
`assets.extra/network.json` (the Keras network without its weights, to train on).
"""

import contextlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

import textrnn
from textrnn import cards, networks, tracing
from textrnn.cards import EXTRA
from textrnn.checks import check_choice
from textrnn.options import KINDS, TABLES
from textrnn.preprocessing import WINDOWS_AT_A_TIME
from textrnn.saving import folders
from textrnn.saving.conversion import with_small_tables

TEXT = [tf.TensorSpec([None], tf.string, name="text")]


class _Steps:
    """The way from texts to answers, in pieces that several functions of a graph share.

    No `tf.Module`: that would write every function among its attributes into the file under a name of its own.
    """

    def __init__(self, model: keras.Model):
        self.text_layer, network = networks.text_layer(model), networks.ids_model(model)
        self.label_names = tf.constant(networks.label_names(model))

        # Each of these is in the file once and called twice.
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
        def ids_of(text):
            return self.text_layer(text)

        @tf.function(input_signature=[tf.TensorSpec(network.input_shape, tf.int32)], autograph=False)
        def probs_of(ids):
            return network(ids, training=False)

        self.ids_of, self.probs_of = ids_of, probs_of

    def answer(self, probs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the best label of each row, its score, and all probabilities."""
        return {
            "label": tf.gather(self.label_names, tf.argmax(probs, axis=1)),
            "score": tf.reduce_max(probs, axis=1),
            "probabilities": probs,
        }


class Servable(tf.Module):
    """What is saved: the weights, the lookup tables and the functions that use them."""

    def __init__(self, model: keras.Model):
        super().__init__()
        self._steps = _Steps(model)
        self.network_weights = [weight.value for weight in model.weights]
        self.tables = self._steps.text_layer.tables

    @tf.function(input_signature=TEXT, autograph=False)
    def serve(self, text):
        """Returns the answers for whole texts, long ones in windows."""
        steps, batch = self._steps, tf.shape(text)[0]
        windows = steps.text_layer.windows(text)
        # A block at a time, so that a long text takes no more memory than many short ones; these are one block.
        size = tf.maximum(batch, WINDOWS_AT_A_TIME)

        def add_block(start, probs):
            block = slice(start, start + size)
            parts = tf.cast(steps.probs_of(windows.ids[block]), tf.float64) * windows.shares[block, None]
            return start + size, probs + tf.math.unsorted_segment_sum(parts, windows.rows[block], batch)

        _, probs = tf.while_loop(
            lambda start, _: start < tf.size(windows.rows),
            add_block,
            (0, tf.zeros([batch, steps.label_names.shape[0]], tf.float64)),
            parallel_iterations=1,
        )
        return steps.answer(tf.cast(probs, tf.float32))

    @tf.function(input_signature=TEXT, autograph=False)
    def head(self, text):
        """Returns the answers for the first tokens of texts, as many as the network reads at a time."""
        return self._steps.answer(self._steps.probs_of(self._steps.ids_of(text)))

    @tf.function(input_signature=[], autograph=False)
    def describe(self):
        """Returns what a card has to agree with."""
        encoder = self._steps.text_layer.encoder
        return {
            "label_names": tf.identity(self._steps.label_names),
            "vocabulary_sha256": tf.constant(encoder.sha256),
            "max_length": tf.constant(encoder.max_length),
        }

    @tf.function(input_signature=[], autograph=False)
    def list_ngrams(self):
        """Returns the keys and the ids of the n-grams of each order."""
        return [table.export() for table in self.tables[2:]]  # the first two normalise and number single tokens


class ServableWithTrace(Servable):
    """What is saved of a network with an LSTM, which can also show its gates."""

    def __init__(self, model: keras.Model):
        super().__init__(model)
        self._trace_ids = tracing.tracer(model, on_ids=True)

    @tf.function(input_signature=TEXT, autograph=False)
    def trace(self, text):
        """Returns what every LSTM did at each step: `mask`, `characters`, and an array by the name of LSTM and kind."""
        arrays, mask = self._trace_ids(self._steps.ids_of(text))
        kinds = {
            f"{name}/{kind}": array[:, :, index] for name, array in arrays.items() for index, kind in enumerate(KINDS)
        }
        return {"characters": self._steps.text_layer.split(text), "mask": mask, **kinds}


def save_classifier(
    model: keras.Model, folder: str | os.PathLike, *, card: dict[str, Any], tables: str = "float32"
) -> Path:
    """Writes `model` into `folder` by the saved-model contract and returns the folder.

    The model is written beside the folder and moved into place when it is whole: a save that fails or is killed leaves
    an earlier model in `folder` as it was, and whoever loads it meanwhile gets the old or the new one whole. Of two
    saves into one folder at once, the one that ends last stays.

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
    check_choice("tables", tables, TABLES)
    cards.check_card(card)
    networks.text_layer(model), networks.label_names(model)  # refuse a model without
    folders.recover(folder)
    is_model = cards.is_replaceable_model(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folders.beside(folder) as new:
            _write_graph(new, model if tables == "float32" else with_small_tables(model))
            _write_extra(new, model, {"tables": tables, **card}, name=folder.name)
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


def _write_graph(folder: Path, model: keras.Model):
    """Writes the graph of `model` with its weights."""
    servable = (ServableWithTrace if tracing.has_lstm(model) else Servable)(model)
    with _quiet():
        tf.saved_model.save(servable, str(folder), signatures={"serving_default": servable.serve})


def _write_extra(folder: Path, model: keras.Model, card: dict[str, Any], *, name: str):
    """Writes what stands beside the graph: the labels, the network without its weights, and the card last."""
    encoder, label_names = networks.text_encoder(model), networks.label_names(model)
    extra = folder / EXTRA
    extra.mkdir()
    (extra / "labels.txt").write_text("".join(f"{name}\n" for name in label_names), encoding="utf-8")
    network = {key: value for key, value in json.loads(model.to_json()).items() if key != "compile_config"}
    cards.encoder_config(network)["ngrams"] = None  # they stand in the tables of the graph
    (extra / "network.json").write_text(json.dumps(network, ensure_ascii=False), encoding="utf-8")
    whole_card = {
        "name": name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "textrnn": textrnn.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "labels": label_names,
        "vocabulary": {"size": list(encoder.num_ids), "sha256": encoder.sha256},
        "max_length": encoder.max_length,
        **card,
        "files": folders.hashes(folder),
    }
    text = json.dumps(whole_card, ensure_ascii=False, indent=2) + "\n"
    (extra / "card.json").write_text(text, encoding="utf-8")


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
