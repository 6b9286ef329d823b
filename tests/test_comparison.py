"""Methods side by side: rows that can be written and read, honest counts, seeds, and texts without order."""

import re
import runpy
from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest

from textrnn import baselines, datasets, training
from textrnn.layers import MaskedPooling
from textrnn.lessons import comparison
from textrnn.lessons.comparison import COLUMNS, measure, shuffle_characters
from textrnn.preprocessing import split_words

pytestmark = pytest.mark.slow

TINY = training.Recipe(1, 32, 4e-3)


@pytest.fixture(scope="module")
def tables():
    """200 training rows and 40 of dev, from the embedded headlines."""
    splits = datasets.load("headlines")
    return [splits.train.groupby("label").head(20), splits.dev.groupby("label").head(4)]


def test_majority_naive_bayes_and_svm_give_the_scores_of_their_pipelines(tables):
    train, dev = tables
    fits = {
        "majority": baselines.fit_majority,
        "naive Bayes": baselines.fit_naive_bayes,
        "linear SVM": baselines.fit_linear,
    }
    for name, fit in fits.items():
        row, predicted, others = measure(name, train, dev, repeats=1, other_texts=list(dev["text"])[::-1])
        assert predicted.tolist() == fit(train).predict(dev["text"]).tolist() == list(others)[::-1]
        assert tuple(row) == COLUMNS
        assert row["accuracy"] == (predicted == dev["label"]).mean()
        assert row["low"] <= row["accuracy"] <= row["high"]
        assert row["seconds to train"] > 0
        assert row["headlines/s"] > 0


def test_parameters_count_each_learnt_number(tables):
    train, dev = tables
    ngrams = {
        text[i : i + n] for text in train["text"].str.lower() for n in (1, 2, 3) for i in range(len(text) - n + 1)
    }
    count = {name: measure(name, train, dev, repeats=1).row["parameters"] for name in comparison.DETERMINISTIC}
    assert count["majority"] == 1
    assert count["naive Bayes"] == 10 * len(ngrams)  # of each class
    assert count["linear SVM"] == 11 * len(ngrams) + 10  # and how rare it is; a bias for each class


@pytest.mark.long
def test_a_network_is_trained_counted_and_decided_by_its_seed(tables, monkeypatch):
    settings = {"embed_dim": 4, "units": 3, "bidirectional": False, "pooling": "last", "recipe": TINY}
    monkeypatch.setitem(comparison.METHODS, "small", partial(comparison.fit_network, **settings))
    one, same, other = (measure("small", *tables, seed=seed, repeats=1) for seed in (1, 1, 2))
    chars = len(set("".join(tables[0]["text"].str.lower())))
    lstm, softmax = 4 * 3 * (4 + 3 + 1), 10 * (3 + 1)
    # Normalising may join characters; padding and unknown have a vector, too.
    assert one.row["parameters"] == pytest.approx(4 * (chars + 2) + lstm + softmax, rel=0.02)
    assert (one.row["model"], one.row["seed"], other.row["seed"]) == ("small", 1, 2)
    assert one.predicted.tolist() == same.predicted.tolist() != other.predicted.tolist()
    assert set(one.predicted) <= set(tables[0]["label"])


def test_the_methods_are_those_of_the_ladder_and_each_network_is_what_its_name_says(tables, monkeypatch):
    built = {}

    def fit(model, train, dev, **settings):
        built[settings["seed"]] = model

    monkeypatch.setattr(training, "fit", fit)
    monkeypatch.setattr(training.recommended, "fit", fit)
    names = list(comparison.METHODS)
    assert names[:3] == list(comparison.DETERMINISTIC)
    assert names[-2:] == ["kit's best, no LSTM", "kit's best"]
    for number, name in enumerate(names[3:]):
        comparison.METHODS[name](*tables, seed=number)
    own = [built.pop(number) for number in (5, 6)]
    changed = [{layer.name for layer in one.layers if not isinstance(layer, keras.layers.Dropout)} for one in own]
    assert (changed[0] - changed[1], changed[1] - changed[0]) == ({"feedforward_1"}, {"bidirectional_1"})
    assert own[0].get_layer("feedforward_1").output.shape == own[1].get_layer("bidirectional_1").output.shape
    layers = {name: {type(layer).__name__ for layer in built[number].layers} for number, name in enumerate(names[3:-2])}
    assert {name for name, kinds in layers.items() if "Conv1D" in kinds} == {"TextCNN"}
    assert {name for name, kinds in layers.items() if "SimpleRNN" in kinds} == {"SimpleRNN"}
    assert {name for name, kinds in layers.items() if "LSTM" in kinds} == {"LSTM"}
    assert {name for name, kinds in layers.items() if "Bidirectional" in kinds} == {"BiLSTM", "BiLSTM, attention"}
    kinds = {name: [p.kind for p in built[n].layers if isinstance(p, MaskedPooling)] for n, name in enumerate(layers)}
    assert kinds == {
        "TextCNN": ["max"] * 3,
        "SimpleRNN": [],  # the last state needs no pooling
        "LSTM": [],
        "BiLSTM": [],
        "BiLSTM, attention": ["attention"],
    }


@pytest.mark.long
def test_all_are_measured_in_the_order_asked_for_whichever_process_is_done_first(tables, monkeypatch):
    train, dev = tables
    methods = ["linear SVM", "SimpleRNN", "majority"]
    measured = comparison.measure_all(train, dev, methods=methods, seeds=(1, 0), other_texts=["国足"], processes=2)
    rows = [(one.row["model"], one.row["seed"]) for one in measured]
    assert rows == [("linear SVM", 1), ("SimpleRNN", 1), ("SimpleRNN", 0), ("majority", 1)]
    for one in (measured[0], measured[2]):
        alone = measure(one.row["model"], train, dev, seed=one.row["seed"], repeats=1, other_texts=["国足"])
        assert one.predicted.tolist() == alone.predicted.tolist()
        assert one.predicted_others.tolist() == alone.predicted_others.tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"methods": ()}, "methods: expected at least one, got none"),
        ({"methods": "LSTM"}, "methods: expected a list"),
        ({"methods": ["LSTM", "BERT"]}, "methods: expected some of .*, got 'BERT'"),
        ({"seeds": ()}, "seeds: expected at least one, got none"),
        ({"seeds": (0, -1)}, "seed: expected at least 0, got -1"),
        ({"processes": 0}, "processes: expected at least 1, got 0"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_before_any_work(tables, settings, message, monkeypatch):
    monkeypatch.setattr(comparison.joblib, "Parallel", None)  # nothing may start
    with pytest.raises(ValueError, match=f"^{message}"):
        comparison.measure_all(*tables, **settings)


def test_pairs_of_methods_stand_in_the_order_asked_for():
    true, one, other = ["a"] * 10, ["a"] * 8 + ["b"] * 2, ["a"] * 2 + ["b"] * 8
    table = comparison.mcnemar_table(true, {"one": one, "other": other}, [("one", "other"), ("other", "one")])
    assert table.index.tolist() == ["one → other", "other → one"]
    assert table.to_numpy().tolist() == [[6, 0, 0.03125], [0, 6, 0.03125]]
    with pytest.raises(ValueError, match=r"^pairs: expected two of \('one', 'other'\), got 'none'$"):
        comparison.mcnemar_table(true, {"one": one, "other": other}, [("one", "none")])


def test_shuffled_words_stay_whole():
    texts = list(datasets.load("headlines").dev["text"][:50])
    shuffled = comparison.shuffle_words(texts, seed=3)
    assert [sorted(text) for text in shuffled] == [sorted(text) for text in texts]  # white space, too
    assert sum(one == other for one, other in zip(shuffled, texts, strict=True)) < 3
    for text, other in zip(texts, shuffled, strict=True):
        assert all(word in other for word in split_words(text))
    assert shuffled == comparison.shuffle_words(texts, seed=3) != comparison.shuffle_words(texts, seed=4)


def test_shuffled_texts_keep_their_characters_and_lose_their_order():
    texts = datasets.load("headlines").dev["text"][:50]
    shuffled = shuffle_characters(texts, seed=3)
    assert [sorted(text) for text in shuffled] == [sorted(text) for text in texts]
    assert sum(one == other for one, other in zip(shuffled, texts, strict=True)) == 0
    assert shuffled == shuffle_characters(list(texts), seed=3) != shuffle_characters(texts, seed=4)


ROW = dict(zip(COLUMNS, ("BiLSTM, attention", 2, 0.91234, 0.9, 0.92, 1234567, 0.0123, 15_123_456.0), strict=True))


@pytest.fixture
def benchmark(root):
    """The names of benchmarks/comparison.py."""
    return runpy.run_path(str(root / "benchmarks" / "comparison.py"))


def test_a_row_is_kept_with_the_digits_that_it_deserves_and_read_back(benchmark, tmp_path):
    keep_row, read_rows, path = benchmark["keep_row"], benchmark["read_rows"], tmp_path / "rows.csv"
    rows = keep_row(ROW, read_rows(path))
    rows = keep_row(ROW | {"model": "kit's best", "seconds to train": 1234.0}, rows)
    rows.to_csv(path, index=False)
    rows = read_rows(path)
    assert tuple(rows.columns) == COLUMNS
    assert rows.iloc[0].tolist() == ["BiLSTM, attention", 2, 0.9123, 0.9, 0.92, 1234567, 0.012, 15e6]
    assert rows["model"].tolist() == ["BiLSTM, attention", "kit's best"]
    assert rows["seconds to train"].tolist() == [0.012, 1200]
    line, slow = benchmark["markdown_table"](rows).splitlines()[2:]
    assert line == "| BiLSTM, attention | 2 | 0.9123 [0.9000, 0.9200] | 1,234,567 | 0.012 | 15,000,000 |"
    assert slow.endswith(" | 1200 | 15,000,000 |")


def test_a_row_replaces_the_older_one_of_its_method_and_seed(benchmark):
    rows = pd.DataFrame([ROW, ROW | {"seed": 3}], columns=COLUMNS)
    rows = benchmark["keep_row"](ROW | {"accuracy": 0.95}, rows)
    assert rows["seed"].tolist() == [2, 3]
    assert rows["accuracy"].tolist() == [0.95, 0.91234]


def test_a_file_of_other_columns_is_refused(benchmark, tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("model,seed\nLSTM,0\n", encoding="utf-8")
    message = f"{path}: expected the columns {list(COLUMNS)}, got ['model', 'seed']"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        benchmark["read_rows"](path)


def test_the_rows_of_the_results_are_those_of_the_file(benchmark, root):
    rows = benchmark["read_rows"](root / "benchmarks" / "comparison.csv")
    assert set(rows["model"]) <= set(comparison.METHODS)
    assert set(comparison.DETERMINISTIC) <= set(rows["model"])
    assert not rows.duplicated(["model", "seed"]).any()
    assert ((rows["low"] < rows["accuracy"]) & (rows["accuracy"] < rows["high"])).all()
    assert np.isfinite(rows.drop(columns="model").to_numpy(float)).all()
    assert benchmark["markdown_table"](rows) in (root / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
