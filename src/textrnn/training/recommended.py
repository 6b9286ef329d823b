"""The recommended network, trained by a recipe from two tables."""

import math
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import pandas as pd
from sklearn.utils.class_weight import compute_sample_weight

from textrnn import datasets, networks
from textrnn.checks import check_label_names, check_table, warn
from textrnn.metrics import label_ids
from textrnn.preprocessing import TextEncoder
from textrnn.recipes import MAX_LENGTH, Recipe, recipe, recipe_for
from textrnn.training import linear_cells
from textrnn.training.batches import num_steps, probabilities, rows_that_count
from textrnn.training.first_vectors import set_embeddings, topic_vectors
from textrnn.training.loop import fit, scores_on_dev
from textrnn.training.optimizers import adamw
from textrnn.training.parallel import Workers


def train_textrnn(
    train: pd.DataFrame,
    dev: pd.DataFrame | None,
    *,
    settings: Recipe | None = None,
    label_names: Sequence[str] | None = None,
    sample_weight: Sequence[float] | None = None,
    seed: int = 0,
    resume: str | os.PathLike | None = None,
    progress: bool = True,
    log_dir: str | os.PathLike | None = None,
    workers: Workers | None = None,
    **changes: Any,
) -> tuple[keras.Model, pd.DataFrame]:
    """Returns the recommended TextRNN trained on two tables, and its history.

    Characters, 2-grams and 3-grams, each with a vector that starts from the texts alone (`topic_vectors`) and with the
    classes of the texts that hold it (`layers.ClassEvidence`); one bidirectional LSTM, max and mean pooling; label
    smoothing, adversarial training, and AdamW with warm-up and cosine decay. Below 20,000 rows, a linear model of the
    n-grams then goes into cells of its own (`training/linear_cells.py`); what the whole scores on dev stands in `attrs`
    of the history as `dev`, its rows are of the network without these cells.

    Args:
        train: columns `text` and `label`; the vocabulary and the classes come from here.
        dev: the same; the best epoch is chosen by its score. Without one (`None`) the last epoch stays.
        settings: the recipe; `recipe_for` train if `None`.
        label_names: the labels of train in the order of the network's outputs; sorted if `None`.
        sample_weight: how much each row of train counts, see `fit`; to leave out those of weight 0 from table and
            weights gives the same network, as they have no part in vocabulary, classes and steps either.
        seed: decides first weights, dropout and the order of the batches.
        resume: a folder for checkpoints, see `fit`.
        progress: whether a bar runs.
        log_dir: where TensorBoard's logs go, if anywhere.
        workers: the processes that train together, see `fit`; each makes vocabulary and first vectors of all rows.
        **changes: settings of the recipe that are to have other values, as in `units=64`.

    Raises:
        ValueError: as `fit`, `train` has one class alone, `label_names` are not its labels, or `changes` names no
            setting.
    """
    if sample_weight is not None:
        check_table("train", train)
        rows, sample_weight = rows_that_count(sample_weight, num_rows=len(train))
        train = train.iloc[rows]
    datasets.check_splits(datasets.Splits(train, dev, None))
    settings = (settings or recipe_for(train)).changed(**changes)
    settings, sample_weight = balanced(settings, train, sample_weight)
    model = recommended_textrnn(train, settings=settings, label_names=label_names, seed=seed)
    run = {"sample_weight": sample_weight, "seed": seed, "resume": resume, "progress": progress}
    run |= {"log_dir": log_dir, "workers": workers}
    history = fit(model, train, dev, **run, **settings.arguments("fit"))
    if settings.linear_cells:
        model = add_linear_cells(model, train, dev, history, settings=settings, sample_weight=sample_weight)
    return model, history


def add_linear_cells(
    model: keras.Model,
    train: pd.DataFrame,
    dev: pd.DataFrame | None,
    history: pd.DataFrame,
    *,
    settings: Recipe,
    sample_weight: Sequence[float] | None = None,
    built: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Returns `model` with cells for a linear model, compiled; its scores on dev go into `attrs["dev"]` of `history`.

    `attrs["linear_cells"]` says that it has them. `built` are the settings with which `model` was built, where they are
    not those of the recipe.
    """
    start, names = time.perf_counter(), networks.label_names(model)
    arguments = settings.arguments("build_textrnn") if built is None else built
    if not linear_cells.can_hold(arguments):
        warn("linear_cells: none, since they want one layer of LSTM in both directions and the mean of its states")
        return model
    encoder, num_ids = networks.text_encoder(model), [layer.input_dim for layer in networks.embeddings(model)]
    found = linear_cells.fit_linear_model(encoder, train, names, num_ids=num_ids, sample_weight=sample_weight)
    model = linear_cells.with_linear_cells(model, found, arguments)
    history.attrs["linear_cells"] = True
    compile_by(settings, model, num_rows=len(train))
    if dev is not None:
        windows = encoder.encode_windows(dev["text"])
        probs = probabilities(networks.ids_model(model), windows)
        history.attrs["dev"] = scores_on_dev(probs, label_ids(dev["label"], names, name="dev"))
    history.attrs["seconds"] += time.perf_counter() - start
    return model


def balanced(
    settings: Recipe, train: pd.DataFrame, sample_weight: Sequence[float] | None = None
) -> tuple[Recipe, Sequence[float] | None]:
    """Returns a recipe and the weights of rows, with what `class_weight` of the recipe asks for worked into both."""
    if settings.class_weight is None:
        return settings, sample_weight
    by_class = compute_sample_weight(settings.class_weight, train["label"])
    weights = by_class if sample_weight is None else by_class * sample_weight
    return settings.changed(scoring="macro_f1"), weights


def recommended_textrnn(
    train: pd.DataFrame,
    *,
    settings: Recipe | None = None,
    label_names: Sequence[str] | None = None,
    seed: int = 0,
    **changes: Any,
) -> keras.Model:
    """Returns the recommended TextRNN for `train`, compiled, its first vectors set; see `train_textrnn`."""
    settings = (settings or recipe_for(train)).changed(**changes)
    names = sorted(set(train["label"]))
    if label_names is not None:
        check_label_names(label_names)
        if sorted(label_names) != names:
            raise ValueError(f"label_names: expected the labels of train {names} in some order, got {[*label_names]}")
        names = list(label_names)
    encoder = recommended_encoder(train["text"], settings=settings)
    model = networks.build_textrnn(encoder, names, seed=seed, **settings.arguments("build_textrnn"))
    if settings.topic_vectors:
        sizes = [layer.embeddings.shape for layer in networks.embeddings(model)]
        num_ids, embed_dim = [num for num, _ in sizes], sizes[0][1]
        vectors = topic_vectors(encoder, train["text"], num_ids=num_ids, embed_dim=embed_dim, seed=seed)
        set_embeddings(model, vectors)
    compile_by(settings, model, num_rows=len(train))
    return model


def recommended_encoder(texts: pd.Series, *, settings: Recipe | None = None) -> TextEncoder:
    """Returns the vocabulary of training texts by a recipe, the recommended one if `None`."""
    arguments = (settings or recipe(len(texts))).arguments("TextEncoder.from_texts")
    if arguments["max_length"] is None:
        arguments["max_length"] = length_to_keep(texts)
    if arguments["unit"] == "word":
        arguments["max_ngram"] = 1
    return TextEncoder.from_texts(texts, **arguments)


def compile_by(settings: Recipe, model: keras.Model, *, num_rows: int):
    """Gives `model` the optimizer and the loss of a recipe, for training on `num_rows` rows."""
    steps = num_steps(num_rows, batch_size=settings.batch_size, epochs=settings.epochs)
    with networks.in_float32():
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing)
        model.compile(optimizer=adamw(steps=steps, **settings.arguments("adamw")), loss=loss)


def length_to_keep(texts: pd.Series) -> int:
    """Returns how many characters a network should see: all of 999 texts in 1,000, from 16 to 400.

    Raises:
        ValueError: there is no text.
    """
    if not len(texts):
        raise ValueError("texts: expected at least one, got none")
    return int(min(MAX_LENGTH, max(16, math.ceil(texts.str.len().quantile(0.999)))))
