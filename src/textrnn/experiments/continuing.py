"""Training on: a saved network that learns new rows, new words and new classes, and keeps what it has learnt."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn import architectures
from textrnn.checks import warn
from textrnn.evidence import MAX_COLUMNS, columns_of, num_columns
from textrnn.experiments.config import Given
from textrnn.preprocessing import FIRST_ID, UNKNOWN_ID, TextEncoder

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from textrnn.saving import NetworkData

KNOWN = 0.5  # if more of the rows than this look as if they had been counted before, they are counted afresh


def continue_training(
    model: str | os.PathLike,
    train: "pd.DataFrame",
    dev: "pd.DataFrame | None",
    *,
    given: Given | None = None,
    seed: int = 0,
    **options: Any,
) -> "tuple[keras.Model, pd.DataFrame]":
    """Returns a saved network trained on, with the words and the classes of `train` beside its own, and the history.

    `train` needs rows of every class, of the old ones as well: of a class that it no longer sees, a network forgets
    what it knew. The class evidence of new rows is counted beside that of the old ones; if most rows are old ones that
    `train` repeats, all are counted afresh. Linear cells are not trained on: if most rows are old ones they are fitted
    anew, else they are left out, with a warning.

    Args:
        model: the folder of a saved model, or the name of a shipped one; it is not changed.
        train: columns `text` and `label`.
        dev: the same; the best epoch is chosen by its score.
        given: settings of the training; those of network and vocabulary are the model's.
        seed: decides dropout and the order of the batches.
        **options: `resume`, `progress` and `log_dir` of `training.fit`.

    Raises:
        ValueError: a class of the model has no row in `train`, or a setting of the network is to change.
        FileNotFoundError: there is no model of this kit.
    """
    from textrnn import saving, training

    saved = saving.load_network(model)
    alone, _ = training.without_linear_cells(saved, saving.network_data(saved).settings)
    old = saving.network_data(alone)
    settings = settings_to_continue(saving.network_data(saved), given or Given()).recipe_for(train)
    check_classes(old, train)
    network = saving.keras_network(grow(old, list(train["text"]), sorted(set(train["label"]))))
    training.compile_by(settings, network, num_rows=len(train))
    settings, weights = training.balanced(settings, train)
    holds_old_rows = share_counted(old, train) > KNOWN
    run = {"sample_weight": weights, "seed": seed, "recount": True if holds_old_rows else "add"}
    history = training.fit(network, train, dev, **run, **settings.arguments("fit"), **options)
    if settings.linear_cells and holds_old_rows:
        more = {"settings": settings, "sample_weight": weights, "built": old.settings}
        network = training.add_linear_cells(network, train, dev, history, **more)
    elif settings.linear_cells:
        warn("linear_cells: left out, since most rows of train are new; give the old ones too to have them fitted anew")
    return network, history


def check_classes(data: "NetworkData", train: "pd.DataFrame"):
    """Raises `ValueError` unless every class of a network has a row in `train`."""
    if lacking := sorted(set(data.label_names) - set(train["label"])):
        what = f"the class(es) {lacking} of the model have no row"
        raise ValueError(f"train: {what}; add some of the old rows, or the network forgets them")


def settings_to_continue(data: "NetworkData", given: Given) -> Given:
    """Returns the settings for training a network on: network and vocabulary as they are, the rest as given.

    Raises:
        ValueError: `given` has another value for a setting of network or vocabulary.
    """
    encoder = data.encoder
    if data.network != "textrnn":
        raise ValueError(f"model: expected a TextRNN to train on, got a {data.network}")
    kept = {**data.settings, "unit": encoder.unit, "lower": encoder.lower, "max_length": encoder.max_length}
    kept["max_ngram"] = len(encoder.num_ids)
    kept["pooling"] = architectures.poolings(kept["pooling"])
    cells = architectures.num_linear_cells(data.settings, data.arrays["recurrent_1.forward.bias"])
    kept |= {name: kept[name] - cells for name in ("embed_dim", "units")}
    kept["linear_cells"] = cells > 0
    for name, value in given.settings.items():
        same = architectures.poolings(value) == kept["pooling"] if name == "pooling" else value == kept.get(name, value)
        if not same:
            raise ValueError(f"{name}: the model that is trained on has {kept[name]!r}, which stays; got {value!r}")
    return Given({**given.settings, **kept}, given.seed)


def grow(data: "NetworkData", texts: Sequence[str], labels: Sequence[str]) -> "NetworkData":
    """Returns a network that knows the words of `texts` and the classes `labels` too, all its weights kept.

    New words start with the vector of the unknown one, so that the network reads them at first as it did; new classes
    start with weights of 0. Both come behind the old ones.

    Args:
        data: the network.
        texts: in which to look for words and n-grams; an n-gram needs to be there twice.
        labels: classes, of which those that the network lacks are added.
    """
    encoder = grown_encoder(data.encoder, texts)
    label_names = [*data.label_names, *sorted(set(labels) - set(data.label_names))]
    if data.settings.get("evidence") and len(data.label_names) <= MAX_COLUMNS < len(label_names):
        raise ValueError(
            f"train: expected at most {MAX_COLUMNS} classes with those of the model, got {len(label_names)}: more "
            "share the columns of the class evidence, so train a new model, or one without (--set evidence=false)"
        )
    shapes = architectures.arrays(data.network, data.settings, encoder, len(label_names))
    arrays = {}
    for name, array in data.arrays.items():
        new = np.zeros(shapes[name], dtype=array.dtype)
        if name.startswith("embedding_"):
            new[:] = array[UNKNOWN_ID]
            new[: len(array)] = array
        elif name in ("recurrent_1.forward.kernel", "recurrent_1.backward.kernel"):
            new[_old_features(data, len(label_names))] = array
        else:  # more rows of counts, more classes at the end, or no change
            new[tuple(slice(size) for size in array.shape)] = array
        arrays[name] = new
    if len(label_names) > len(data.label_names):
        arrays["output.bias"][len(data.label_names) :] = data.arrays["output.bias"].mean()
    return replace(data, encoder=encoder, label_names=label_names, arrays=arrays)


def grown_encoder(encoder: TextEncoder, texts: Sequence[str]) -> TextEncoder:
    """Returns a vocabulary that has the tokens and n-grams of `texts` too, behind its own, whose ids stay."""
    sizes = {"max_length": encoder.max_length, "max_ngram": len(encoder.num_ids), "max_ngrams": None}
    found = TextEncoder.from_texts(texts, unit=encoder.unit, lower=encoder.lower, **sizes)
    tokens = tuple(dict.fromkeys((*encoder.tokens, *found.tokens)))
    ngrams = tuple(tuple(dict.fromkeys((*old, *new))) for old, new in zip(encoder.ngrams, found.ngrams, strict=True))
    return replace(encoder, tokens=tokens, ngrams=ngrams)


def _old_features(data: "NetworkData", num_classes: int) -> list[int]:
    """Returns where, among the numbers that the grown network sees at each step, those of the old one are."""
    orders, before, after = len(data.encoder.num_ids), num_columns(len(data.label_names)), num_columns(num_classes)
    wide = data.settings["embed_dim"] * orders
    columns = list(range(wide))
    for order in range(orders if data.settings.get("evidence") else 0):
        first = wide + order * (after + 1)
        columns += [*range(first, first + before), first + after]  # the number of texts comes last
    return columns


def share_counted(data: "NetworkData", train: "pd.DataFrame") -> float:
    """Returns the share of rows whose known n-grams were all counted with their class: of rows learnt before, all.

    A row of which nothing is known was not learnt.
    """
    if not data.settings.get("evidence") or not len(train):
        return 1.0
    index = {label: number for number, label in enumerate(data.label_names)}
    ids = data.encoder.encode(list(train["text"]))
    ids = ids if ids.ndim == 3 else ids[..., None]
    classes = np.array([index.get(label, -1) for label in train["label"]])
    counted, own = (classes >= 0) & (ids >= FIRST_ID).any(axis=(1, 2)), columns_of(len(index))
    places = np.argsort(-own, axis=1, kind="stable")[:, : int(own[0].sum())]  # (classes, columns of each)
    for order in range(ids.shape[2]):
        column = ids[..., order]
        for place in places[np.maximum(classes, 0)].T:
            seen = data.arrays[f"evidence_{order + 1}"][column, place[:, None]] > 0
            counted &= (seen | (column < FIRST_ID)).all(axis=1)
    return float(counted.mean())
