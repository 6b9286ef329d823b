"""Tables and arguments that do not fit each other are refused with row, expected and got, before any work."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from doors import (
    ROWS,
)
from tiny import LABELS, PROBS, TABLE, encoder, model, tagger

from textrnn import baselines, datasets, metrics, networks, saving, training
from textrnn.lessons import comparison, taggers


def with_value(column, value, row=1):
    table = TABLE.astype(object)
    table.loc[row, column] = value
    return table


TABLE_DOORS = {
    "split_table": ("table", datasets.split_table),
    "check_splits, train": ("train", lambda table: datasets.check_splits(datasets.Splits(table, None, None))),
    "check_splits, dev": ("dev", lambda table: datasets.check_splits(datasets.Splits(TABLE, table, None))),
    "audit": ("train", lambda table: datasets.audit({"train": table})),
    "fit_majority": ("train", baselines.fit_majority),
    "fit_naive_bayes": ("train", baselines.fit_naive_bayes),
    "fit_linear": ("train", baselines.fit_linear),
    "worst_mistakes": ("table", lambda table: metrics.worst_mistakes(table, PROBS, LABELS)),
    "measure": ("train", lambda table: comparison.measure("majority", table, TABLE)),
    "fit, train": ("train", lambda table: training.fit(model(), table, TABLE, epochs=1)),
    "train_textrnn, weighted": (
        "train",
        lambda table: training.train_textrnn(table, TABLE, sample_weight=[1.0] * len(table)),
    ),
    "fit, dev": ("dev", lambda table: training.fit(model(), TABLE, table, epochs=1)),
    "train_textrnn": ("train", lambda table: training.train_textrnn(table, TABLE)),
}
BAD_TABLES = {
    "no label column": (TABLE[["text"]], "expected the columns text and label, got ['text']"),
    "no text column": (TABLE[["label"]], "expected the columns text and label, got ['label']"),
    "no row": (TABLE[:0], "expected at least one row, got none"),
    "a missing label": (with_value("label", None), "row 2: expected a string as label, got None (NoneType)"),
    "a missing text": (with_value("text", float("nan")), "row 2: expected a string as text, got nan (float)"),
    "a number as label": (
        with_value("label", 1),
        "row 2: expected a string as label, got 1 (int); table.astype(str) makes strings of them",
    ),
    "an empty text": (with_value("text", ""), "row 2: expected a text, got ''"),
    "a text that cannot be seen": (with_value("text", "\u200b"), "row 2: expected a text, got '\\u200b'"),
    "a label of white space": (with_value("label", " "), "row 2: expected a label, got ' '"),
    "a list": (ROWS, "expected a table with the columns text and label, got list"),
}


@pytest.mark.parametrize("door", TABLE_DOORS)
@pytest.mark.parametrize("kind", BAD_TABLES)
def test_a_table_that_lacks_something_is_refused_with_row_expected_and_got(door, kind):
    (name, read), (table, message) = TABLE_DOORS[door], BAD_TABLES[kind]
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read(table)
    assert type(caught.value) is ValueError
    assert str(caught.value) == f"{name}: {message}"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: datasets.split_table(TABLE[:2]), "table: label 'sports' has 1 row(s); 3 are needed to stand in every"),
        (
            lambda: datasets.split_table(TABLE[:2], test=0),
            "table: label 'sports' has 1 row(s); 2 are needed to stand",
        ),
        (lambda: datasets.split_table(TABLE[::2]), "table: expected at least two classes, got ['sports']"),
        (
            lambda: datasets.split_table(TABLE, dev=0.6, test=0.4),
            "dev, test: expected shares that leave some",
        ),
        (lambda: baselines.fit_linear(TABLE[::2]), "train: expected at least two classes, got ['sports']"),
        (lambda: training.train_textrnn(TABLE[::2], TABLE), "train: expected at least two classes, got ['sports']"),
        (lambda: training.train_textrnn(TABLE, with_value("label", "game")), "dev: row 2: label 'game' has no row in"),
        (
            lambda: training.fit(model(), with_value("label", "game"), TABLE, epochs=1),
            "train: row 2: label 'game'",
        ),
        (
            lambda: training.fit(model(), TABLE[::2], TABLE, epochs=1),
            "train: the class(es) ['finance'] of the model",
        ),
        (lambda: metrics.report(["a", None], ["a", "b"]), "true: row 2: expected a string as label, got None"),
        (lambda: metrics.confusion_table(["a", "b"], ["a", 1]), "predicted: row 2: expected a string as label, got 1"),
        (lambda: metrics.mean_accuracy(["a"], []), "runs: expected the labels of at least one run, got none"),
        (lambda: metrics.predicted_labels([[0.5, 0.5, 0.5]], LABELS), "probs: expected shape (rows, 2), got (1, 3)"),
        (lambda: metrics.predicted_labels([0.5, 0.5], LABELS), "probs: expected shape (rows, 2), got (2,)"),
        (lambda: metrics.predicted_labels([[0.5, float("nan")]], LABELS), "probs: row 1: expected finite numbers"),
        (lambda: datasets.audit({}), "tables: expected at least one, got none"),
        (
            lambda: networks.build_textrnn(encoder(), "ab"),
            "label_names: expected a list, a column or an array",
        ),
        (lambda: networks.build_textrnn(None, LABELS), "encoder: expected a TextEncoder, got NoneType"),
        (lambda: training.topic_vectors(encoder(), [], embed_dim=2), "texts: expected at least one, got none"),
        (lambda: training.set_embeddings(model(), []), "vectors: expected the shapes "),
        (lambda: training.length_to_keep(pd.Series([], dtype=str)), "texts: expected at least one, got none"),
        (
            lambda: taggers.fit_tagger(tagger(), np.full((2, 2), 5), np.ones((2, 2), int), epochs=1),
            "ids: expected 0 to 4, got 5 to 5",
        ),
        (
            lambda: taggers.fit_tagger(tagger(), np.ones((2, 2), int), np.full((2, 2), 3), epochs=1),
            "tag_ids: expected 0 to 2, got 3 to 3",
        ),
        (lambda: saving.save_classifier(model(), "nowhere", card="x"), "card: expected a dictionary with the fields "),
        (lambda: saving.save_classifier(model(), "nowhere", card={}), "card: expected the fields "),
    ],
)
def test_arguments_that_do_not_fit_each_other_are_refused_before_anything_is_written(call, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert type(caught.value) is ValueError
    assert str(caught.value).startswith(message)
    assert not Path("nowhere").exists()
