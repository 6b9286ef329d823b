"""The recommended network and how it is trained: what `benchmarks/RESULTS.md` found best."""

import math
import os
from typing import Any, NamedTuple

import keras
import pandas as pd

from textrnn import datasets, networks
from textrnn.checks import check_integer
from textrnn.preprocessing import TextEncoder
from textrnn.training.batches import num_steps
from textrnn.training.first_vectors import set_embeddings, topic_vectors
from textrnn.training.loop import fit
from textrnn.training.optimizers import adamw

ADVERSARIAL = 0.05  # of the length of a text's vectors
MAX_NGRAMS = 250_000  # of each order, with evidence
EMBEDDED_NGRAMS = 20_000  # of each order, with a vector: the saved model then stays below 10 MB
SETTINGS = {  # of the recommended network, for the card of a model
    "max_ngram": 3,
    "max_ngrams": MAX_NGRAMS,
    "embedded_ngrams": EMBEDDED_NGRAMS,
    "evidence": True,
    "topic_vectors": True,
    "adversarial": ADVERSARIAL,
    "label_smoothing": 0.1,
}


class Recipe(NamedTuple):
    """How long and how fast to train."""

    epochs: int
    batch_size: int
    learning_rate: float  # the highest one, after the warm-up


def recipe(num_rows: int) -> Recipe:
    """Returns the recommended recipe for a training set of `num_rows` headlines.

    Few rows want small batches, so that there are enough steps; many rows want large ones, which are faster. What was
    tried stands in `benchmarks/RESULTS.md`.

    >>> recipe(4550)
    Recipe(epochs=4, batch_size=64, learning_rate=0.004)
    """
    check_integer("num_rows", num_rows)
    return Recipe(4, 64, 4e-3) if num_rows < 20_000 else Recipe(4, 128, 2e-3)


def train_textrnn(
    train: pd.DataFrame,
    dev: pd.DataFrame,
    *,
    settings: Recipe | None = None,
    seed: int = 0,
    resume: str | os.PathLike | None = None,
    progress: bool = True,
    **network: Any,
) -> tuple[keras.Model, pd.DataFrame]:
    """Returns the recommended TextRNN trained on two tables, and its history.

    Characters, 2-grams and 3-grams, each with a vector that starts from the texts alone (`topic_vectors`) and with the
    classes of the texts that hold it (`layers.ClassEvidence`); one bidirectional LSTM, max and mean pooling; label
    smoothing 0.1, adversarial training, and AdamW with warm-up and cosine decay.

    Args:
        train: columns `text` and `label`; the vocabulary and the classes come from here.
        dev: the same; the best epoch is chosen by its accuracy.
        settings: epochs, batch size and learning rate; by the number of rows if `None`.
        seed: decides first weights, dropout and the order of the batches.
        resume: a folder for checkpoints, see `fit`.
        progress: whether a bar runs.
        **network: what of `networks.build_textrnn` is to differ from what is recommended, as in `units=64`.

    Raises:
        ValueError: as `fit`, or `train` has one class alone.
    """
    datasets.check_splits(datasets.Splits(train, dev, None))
    settings = settings or recipe(len(train))
    model = recommended_textrnn(train, settings=settings, seed=seed, **network)
    history = fit(
        model,
        train,
        dev,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        seed=seed,
        adversarial=ADVERSARIAL,
        resume=resume,
        progress=progress,
    )
    return model, history


def recommended_textrnn(
    train: pd.DataFrame, *, settings: Recipe | None = None, seed: int = 0, **network: Any
) -> keras.Model:
    """Returns the recommended TextRNN for `train`, compiled, its first vectors in place; see `train_textrnn`."""
    epochs, batch_size, learning_rate = settings or recipe(len(train))
    encoder = recommended_encoder(train["text"])
    network = {"evidence": True, "embedded_ngrams": EMBEDDED_NGRAMS} | network
    model = networks.build_textrnn(encoder, sorted(set(train["label"])), seed=seed, **network)
    sizes = [layer.embeddings.shape for layer in networks.embeddings(model)]
    vectors = topic_vectors(encoder, train["text"], num_ids=[num for num, _ in sizes], embed_dim=sizes[0][1], seed=seed)
    set_embeddings(model, vectors)
    steps = num_steps(len(train), batch_size=batch_size, epochs=epochs)
    model.compile(optimizer=adamw(learning_rate, steps), loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1))
    return model


def recommended_encoder(texts: pd.Series) -> TextEncoder:
    """Returns the recommended vocabulary of training texts: characters, and 2-grams and 3-grams seen at least twice."""
    return TextEncoder.from_texts(texts, max_length=length_to_keep(texts), max_ngram=3, max_ngrams=MAX_NGRAMS)


def length_to_keep(texts: pd.Series) -> int:
    """Returns how many characters a network should see: all of 999 texts in 1,000, from 16 to 400.

    Raises:
        ValueError: there is no text.
    """
    if not len(texts):
        raise ValueError("texts: expected at least one, got none")
    return int(min(400, max(16, math.ceil(texts.str.len().quantile(0.999)))))
