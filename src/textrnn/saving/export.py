"""The saved model: a SavedModel folder that needs TensorFlow alone, and beside it the same network as data.

`models/NAME/` answers `serve(text: string[batch])` with `label`, `score` and `probabilities`, also as the signature
`serving_default`; of a text that is too long for the network it reads all, in windows, and `head` its first tokens
alone. In `assets.extra/` stand the card, the labels, the settings of the network, the vocabulary and the weights
(`saving.data`), which is all that this kit reads.
"""

import contextlib
import json
import os
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

import textrnn
from textrnn import cards, networks, tracing
from textrnn.cards import CARD, EXTRA
from textrnn.checks import check_choice, check_texts
from textrnn.options import KINDS, TABLES
from textrnn.preprocessing import WINDOWS_AT_A_TIME
from textrnn.saving import folders
from textrnn.saving.conversion import network_data, with_small_tables
from textrnn.saving.data import NetworkData, write_files
from textrnn.saving.verification import check_agreement

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
    model: keras.Model,
    folder: str | os.PathLike,
    *,
    card: dict[str, Any] | None = None,
    tables: str = "float32",
    texts: Sequence[str] = (),
) -> Path:
    """Writes `model` into `folder` by the saved-model contract and returns the folder.

    The model is written beside the folder and moved into place when it is whole: a save that fails or is killed leaves
    an earlier model in `folder` as it was, and whoever loads it meanwhile gets the old or the new one whole. Of two
    saves into one folder at once, the one that ends last stays. Before it is moved, both forms are read back from the
    disk, and have to give the same answers (`saving.verify`).

    Args:
        model: string to probabilities, from `networks.build_textrnn` or `build_textcnn`, or of the same layers.
        folder: its name becomes the model's name.
        card: what a user should know: `trained_on` (name, rows and SHA-256 of each file), `seed`, `settings`,
            `metrics` (by split, with an interval), `training_seconds`, `licence`, `limits`; JSON values. The names,
            versions, labels, vocabulary and hashes of the model's files are added here. Without a card, it says that
            nothing was said.
        tables: how the embeddings are written: `"float32"`, or `"int8"` in about a quarter of the space; the
            probabilities then change a little (`benchmarks/RESULTS.md` has by how much).
        texts: on which both forms are compared, beside drawn ones; some of those that it was scored on, say.

    Raises:
        ValueError: `tables` is neither, the card lacks a field or has an unknown one, the model has a layer that the
            kit's networks have not, or graph and data give different answers.
        FileExistsError: `folder` holds something that is no saved model.
        OSError: the disk is full, say; the message says what is in `folder` now.
    """
    folder = cards.resolved(Path(folder))
    check_choice("tables", tables, TABLES)
    data = network_data(model)  # refuses what cannot be kept
    card = cards.blank_card(data.settings) if card is None else card
    cards.check_card(card)
    texts = check_texts(texts)
    folders.recover(folder)
    is_model = cards.is_replaceable_model(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folders.beside(folder) as new:
            if tables == "int8":
                model = with_small_tables(model)
                data = network_data(model)
            _write_graph(new, model)
            _write_extra(new, data, card, name=folder.name)
            check_agreement(new, texts)
            folders.flush(new)
            like = folder if folder.exists() else new / EXTRA  # what was private stays so
            new.chmod(stat.S_IMODE(like.stat().st_mode))
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


def _write_extra(folder: Path, data: NetworkData, card: dict[str, Any], *, name: str):
    """Writes what stands beside the graph: the network as data, and the card last."""
    (folder / EXTRA).mkdir()
    for path, content in write_files(data).items():
        (folder / path).write_bytes(content)
    whole_card = {
        "name": name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "textrnn": textrnn.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "labels": data.label_names,
        "vocabulary": {"size": list(data.encoder.num_ids), "sha256": data.encoder.sha256},
        "max_length": data.encoder.max_length,
        "tables": data.tables,
        **card,
        "files": folders.hashes(folder),
    }
    text = json.dumps(whole_card, ensure_ascii=False, indent=2) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")


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
