"""Whether the two forms of a saved model, the graph for TensorFlow and the data for this kit, give the same answers."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from textrnn import shipped
from textrnn.checks import check_texts
from textrnn.saving.data import drawn_texts
from textrnn.saving.loading import read_model
from textrnn.saving.numpy_network import NumpyNetwork

TOLERANCE = 1e-4  # between probabilities: sums of float32 in another order are 1e-6 apart
# Scripts, widths, white space, controls, and characters that no vocabulary has.
ODD_TEXTS = (
    *("?", "客队补时绝杀 主场球迷沉默", "ＡＢＣ　１２３！", "naïve\u0301 café"),
    *("\U0001f600\u200d\u2028\x07x", "a\tb\r\nc"),
)


def verify(folder: str | os.PathLike, texts: Sequence[str] = ()) -> dict[str, float]:
    """Returns how far the answers of a saved graph are from those of the data beside it.

    This loads the graph into TensorFlow, which runs parts of it: do it with a model whose maker you know.

    Args:
        folder: the saved model: its path, or the name of a shipped one (`shipped.MODELS`).
        texts: to compare on, beside drawn ones.

    Returns:
        `texts`: on how many; `largest_difference`: between two probabilities of the same class; `other_labels`: how
        many texts get another label.

    Raises:
        FileNotFoundError: there is no model of this kit.
        ValueError: the folder fails the checks of `load_classifier`, or the graph is none of a model.
    """
    folder = shipped.model_folder(folder).resolve()
    _, data = read_model(folder)
    texts = [*check_texts(texts), *ODD_TEXTS, *drawn_texts(data.encoder)]
    probs = NumpyNetwork(data).predict_proba(texts)
    try:
        loaded = tf.saved_model.load(str(folder))  # kept: its functions use tables that go with the object
        answer = {name: value.numpy() for name, value in loaded.serve(tf.constant(texts)).items()}
        labels = [label.decode("utf-8") for label in answer["label"]]
        difference = np.abs(answer["probabilities"] - probs).max()
    except Exception as error:  # TensorFlow has no one kind of error for a graph that is broken or somebody else's
        raise ValueError(f"{folder}: expected the graph of a model of this kit: {error}") from error
    in_numpy = np.array(data.label_names, dtype=object)[probs.argmax(axis=1)]
    return {
        "texts": len(texts),
        "largest_difference": float(difference),
        "other_labels": int((np.array(labels, dtype=object) != in_numpy).sum()),
    }


def check_agreement(folder: Path, texts: Sequence[str] = ()):
    """Raises `ValueError` unless graph and data of a saved model give the same answers."""
    found = verify(folder, texts)
    if not found["largest_difference"] <= TOLERANCE:
        raise ValueError(
            f"model: written as data, it gives other answers than the Keras model: probabilities up to "
            f"{found['largest_difference']:.2g} apart on {found['texts']} texts. A network of one's own has to leave "
            f"padding out of account (mask_zero=True), as those of build_textrnn do"
        )
