"""Scores against numbers worked by hand and against SciPy, and the baselines."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from textrnn import TextRNNClassifier, baselines, datasets, metrics

# true: 3 a, 2 b, 1 c;  a a b | b a | b
TRUE = ["a", "a", "a", "b", "b", "c"]
PREDICTED = ["a", "a", "b", "b", "a", "b"]


def test_report_gives_the_numbers_worked_by_hand():
    table = metrics.report(TRUE, PREDICTED)
    assert list(table.index) == ["a", "b", "c", "macro"]
    assert list(table.columns) == ["precision", "recall", "f1", "rows"]
    # a: 2 of 3 predicted are right, 2 of 3 true are found; b: 1 of 3, 1 of 2; c: never predicted
    expected = [[2 / 3, 2 / 3, 2 / 3, 3], [1 / 3, 1 / 2, 2 / 5, 2], [0, 0, 0, 1]]
    np.testing.assert_allclose(table.to_numpy(float)[:3], expected)
    np.testing.assert_allclose(table.loc["macro"], [1 / 3, 7 / 18, 16 / 45, 6])
    assert table["rows"].dtype == int


def test_report_and_confusion_are_those_of_scikit_learn_to_the_last_digit():
    rng = np.random.default_rng(0)
    for rows, classes in ((3, 3), (100, 4), (997, 10)):
        true, other = rng.integers(0, classes, (2, rows)).astype(str)
        predicted = np.where(rng.random(rows) < 0.7, true, other)
        labels = sorted({*true, *predicted})
        theirs = precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0)
        np.testing.assert_array_equal(metrics.report(true, predicted).to_numpy()[:-1].T, theirs)
        cells = confusion_matrix(true, predicted, labels=labels)
        np.testing.assert_array_equal(metrics.confusion_table(true, predicted), cells)


@pytest.mark.parametrize(
    ("library", "name", "call"),
    [
        ("scipy", "SciPy", lambda: metrics.mcnemar(["a"], ["a"], ["b"])),
        ("scipy", "SciPy", lambda: metrics.fit_temperature(["a"], np.array([[0.9, 0.1]]), ["a", "b"])),
        ("sklearn", "scikit-learn", lambda: baselines.fit_majority(TRAIN)),
        ("sklearn", "scikit-learn", lambda: baselines.fit_linear(TRAIN)),
        ("sklearn", "scikit-learn", lambda: baselines.fit_naive_bayes(TRAIN)),
        ("sklearn", "scikit-learn", lambda: datasets.split_table(pd.concat([TRAIN] * 9, ignore_index=True))),
    ],
)
def test_what_needs_a_library_that_is_missing_says_how_to_get_it(monkeypatch, library, name, call):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"^(metrics|baselines|datasets)\.\w+ needs {name}, .* pip install -e "):
        call()


def test_report_lists_a_class_that_is_predicted_though_never_true():
    table = metrics.report(["a", "a"], ["a", "z"])
    assert list(table.index) == ["a", "z", "macro"]
    assert table.loc["z"].tolist() == [0, 0, 0, 0]
    assert table.loc["a", "recall"] == 0.5


def test_confusion_table_gives_the_counts_worked_by_hand():
    table = metrics.confusion_table(TRUE, PREDICTED)
    assert table.to_numpy().tolist() == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]
    assert (table.index.name, table.columns.name) == ("true", "predicted")
    assert list(table.index) == list(table.columns) == ["a", "b", "c"]
    assert table.to_numpy().sum() == len(TRUE)


def test_a_pandas_column_with_an_index_of_its_own_is_read_in_order():
    true = pd.Series(TRUE, index=[9, 8, 7, 6, 5, 4])
    pd.testing.assert_frame_equal(metrics.report(true, np.array(PREDICTED)), metrics.report(TRUE, PREDICTED))
    assert metrics.accuracy(true, pd.Series(PREDICTED))["accuracy"] == 0.5


@pytest.mark.parametrize(("right", "rows"), [(450, 500), (874, 1000), (50, 100)])
def test_the_interval_is_the_quantiles_of_the_binomial(right, rows):
    answer = metrics.accuracy(["a"] * rows, ["a"] * right + ["b"] * (rows - right), num_resamples=100_000)
    assert answer["accuracy"] == right / rows
    assert answer["rows"] == rows
    low, high = stats.binom.ppf([0.025, 0.975], rows, right / rows) / rows
    assert answer["low"] == pytest.approx(low, abs=1.01 / rows)
    assert answer["high"] == pytest.approx(high, abs=1.01 / rows)


def test_the_interval_is_the_one_of_the_bootstrap_that_moves_every_row():
    right = np.repeat([1.0, 0.0], [340, 60])
    for confidence in (0.9, 0.99):
        theirs = stats.bootstrap(
            (right,), np.mean, confidence_level=confidence, n_resamples=9_999, method="percentile", rng=1
        ).confidence_interval
        ours = metrics.accuracy(["a"] * 400, np.where(right > 0, "a", "b"), confidence=confidence)
        assert ours["low"] == pytest.approx(theirs.low, abs=0.006)
        assert ours["high"] == pytest.approx(theirs.high, abs=0.006)


def test_the_interval_narrows_with_rows_and_widens_with_confidence():
    def width(rows, confidence):
        answer = metrics.accuracy(["a"] * rows, (["a", "a", "a", "b"] * rows)[:rows], confidence=confidence)
        assert answer["low"] < 0.75 < answer["high"]
        return answer["high"] - answer["low"]

    assert width(10_000, 0.95) == pytest.approx(width(100, 0.95) / 10, rel=0.2)
    assert width(100, 0.99) > 1.2 * width(100, 0.95)


@pytest.mark.parametrize(("right", "rows"), [(20, 20), (27, 27), (0, 20), (1, 1), (19, 20), (2, 100), (991, 1000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_with_nearly_all_rows_right_or_wrong_the_interval_is_wilsons(right, rows, confidence):
    true, predicted = ["a"] * rows, ["a"] * right + ["b"] * (rows - right)
    theirs = stats.binomtest(right, rows).proportion_ci(confidence, method="wilson")
    for ours in (
        metrics.accuracy(true, predicted, confidence=confidence),
        metrics.mean_accuracy(true, [predicted] * 3, confidence=confidence),
    ):
        assert (ours["accuracy"], ours["rows"]) == (pytest.approx(right / rows), rows)
        assert (ours["low"], ours["high"]) == (pytest.approx(theirs.low, abs=1e-9), pytest.approx(theirs.high))
        assert ours["low"] < ours["high"]


def test_no_interval_of_a_class_is_a_point_where_few_rows_tell():
    table = metrics.f1_intervals(["a"] * 30 + ["b"] * 5 + ["c"], ["a"] * 30 + ["b"] * 4 + ["a", "b"])
    assert (table["low"] < table["high"]).all()
    all_right = metrics.f1_intervals(["a"] * 30 + ["b"] * 5, ["a"] * 30 + ["b"] * 5)
    share = stats.binomtest(5, 5).proportion_ci(method="wilson").low
    assert all_right.loc["b"].tolist() == [pytest.approx(2 * share / (1 + share)), 1.0]


def test_labels_that_differ_by_a_nul_are_two_labels_and_none_to_train_on(load_shipped):
    assert metrics.accuracy(["a", "a\0"], ["a", "a"])["accuracy"] == 0.5
    assert metrics.confusion_table(["a", "a\0"], ["a", "a"]).shape == (2, 2)
    assert load_shipped("headlines-textrnn", "numpy").score(["国足客场一球小胜"] * 2, ["sports", "sports\0"]) == 0.5
    for wrong in (["a", "a\0"], np.array(["a", "a\0"], dtype=object)):
        with pytest.raises(ValueError, match=r"^y: expected classes without NUL, got 'a\\x00'$"):
            TextRNNClassifier().fit(["one", "two"], wrong)
    with pytest.raises(ValueError, match=r"^table: row 2: expected a label without NUL, got 'a\\x00'$"):
        datasets.split_table(pd.DataFrame({"text": ["one", "two"], "label": ["a", "a\0"]}))


def test_the_interval_depends_on_the_seed_alone():
    one = [metrics.accuracy(TRUE * 50, PREDICTED * 50, seed=3, num_resamples=200) for _ in range(2)]
    assert one[0] == one[1]
    others = {metrics.accuracy(TRUE * 50, PREDICTED * 50, seed=s, num_resamples=200)["low"] for s in range(8)}
    assert len(others) > 1


@pytest.mark.parametrize("function", [metrics.report, metrics.accuracy, metrics.confusion_table])
@pytest.mark.parametrize(("true", "predicted"), [(["a"], ["a", "b"]), ([], [])])
def test_lists_that_do_not_fit_are_refused(function, true, predicted):
    message = f"true, predicted: expected as many labels of each, got ({len(true)},) and ({len(predicted)},)"
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        function(true, predicted)
    assert str(caught.value) == message


def test_predicted_labels_are_those_of_the_largest_probability():
    probs = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
    assert metrics.predicted_labels(probs, ["x", "y", "z"]).tolist() == ["y", "x"]


def test_the_worst_mistakes_are_the_surest_wrong_answers():
    table = pd.DataFrame({"text": list("pqrs"), "label": ["x", "x", "y", "y"]}, index=[10, 11, 12, 13])
    probs = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.3, 0.7]])
    wrong = metrics.worst_mistakes(table, probs, ["x", "y"])
    assert wrong.to_dict("list") == {
        "text": ["r", "q"],
        "label": ["y", "x"],
        "predicted": ["x", "y"],
        "score": [0.8, 0.6],
        "score_of_label": [0.2, 0.4],
    }
    assert wrong.index.tolist() == [0, 1]
    assert metrics.worst_mistakes(table, probs, ["x", "y"], num=1)["text"].tolist() == ["r"]


def test_a_label_that_the_model_does_not_know_is_refused_by_name():
    table = pd.DataFrame({"text": ["p", "q"], "label": ["x", "w"]})
    with pytest.raises(ValueError, match=r"^table: row 2: label 'w' is not among the model's \['x', 'y'\]$"):
        metrics.worst_mistakes(table, np.array([[0.9, 0.1], [0.4, 0.6]]), ["x", "y"])


TRAIN = pd.DataFrame(
    {
        "text": ["股市大涨", "股市大跌", "股市休市", "球队夺冠", "球队落败", "教练下课", "股市震荡"],
        "label": ["stocks", "stocks", "stocks", "sports", "sports", "sports", "stocks"],
    }
)


def test_the_majority_baseline_always_answers_with_the_most_frequent_label():
    model = baselines.fit_majority(TRAIN)
    assert set(model.predict(["球队", "教练", "股市"])) == {"stocks"}


def test_the_linear_baseline_learns_and_answers_for_texts_it_has_not_seen():
    model = baselines.fit_linear(TRAIN)
    assert model.predict(TRAIN["text"]).tolist() == TRAIN["label"].tolist()
    assert model.predict(["股市反弹", "球队换教练"]).tolist() == ["stocks", "sports"]


def test_a_bar_shows_how_far_the_linear_baseline_is(capsys, monkeypatch):
    monkeypatch.setattr(baselines, "DELAY", 0)
    model = baselines.fit_linear(TRAIN, progress=True)
    assert model.predict(TRAIN["text"]).tolist() == TRAIN["label"].tolist()
    assert "linear SVM: 100%" in capsys.readouterr().err
    baselines.fit_linear(TRAIN)
    assert capsys.readouterr().err == ""


def test_the_linear_baseline_counts_ngrams_up_to_the_length_asked_for():
    for longest in (1, 3):
        features = baselines.fit_linear(TRAIN, max_ngram=longest)[0].get_feature_names_out()
        assert {len(feature) for feature in features} == set(range(1, longest + 1))


def test_the_linear_baseline_tells_orders_apart_only_with_ngrams():
    table = pd.DataFrame({"text": ["ab", "ba"] * 4, "label": ["x", "y"] * 4})
    assert baselines.fit_linear(table, max_ngram=2).predict(["ab", "ba"]).tolist() == ["x", "y"]
    assert len(set(baselines.fit_linear(table, max_ngram=1).predict(["ab", "ba"]))) == 1


def test_the_interval_of_one_run_is_that_of_accuracy():
    true, predicted = ["a"] * 900, ["a"] * 800 + ["b"] * 100
    one, other = metrics.mean_accuracy(true, [predicted]), metrics.accuracy(true, predicted)
    assert (one["accuracy"], one["rows"]) == (pytest.approx(800 / 900), 900)
    assert (one["low"], one["high"]) == (
        pytest.approx(other["low"], abs=0.002),
        pytest.approx(other["high"], abs=0.002),
    )


def test_the_mean_of_several_runs_has_the_interval_of_a_bootstrap_over_rows():
    rng = np.random.default_rng(0)
    right = rng.random((3, 400)) < np.linspace(0.5, 1, 400)  # easy rows are right in most runs
    ours = metrics.mean_accuracy(["a"] * 400, np.where(right, "a", "b"))
    shares = right.mean(axis=0)
    theirs = stats.bootstrap((shares,), np.mean, method="percentile", rng=1).confidence_interval
    assert ours["accuracy"] == pytest.approx(shares.mean())
    assert ours["low"] == pytest.approx(theirs.low, abs=0.004)
    assert ours["high"] == pytest.approx(theirs.high, abs=0.004)
    again = metrics.mean_accuracy(["a"] * 400, [*np.where(right, "a", "b")] * 2)  # the same runs twice say no more
    assert again["low"] == pytest.approx(ours["low"], abs=0.002)


def test_runs_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"expected as many labels of each, got \(6,\) and \(1,\)"):
        metrics.mean_accuracy(TRUE, [PREDICTED, ["a"]])


def test_mcnemar_gives_the_numbers_worked_by_hand():
    #       both  only first  only second  neither
    first = ["a"] * 5 + ["a"] * 1 + ["b"] * 4 + ["b"] * 3
    second = ["a"] * 5 + ["b"] * 1 + ["a"] * 4 + ["c"] * 3
    # Of 5 fair coins at most one or at least four show heads: 2 * (1 + 5) / 32.
    assert metrics.mcnemar(["a"] * 13, first, second) == {"only_first": 1, "only_second": 4, "p": pytest.approx(0.375)}
    assert metrics.mcnemar(["a"] * 13, second, first)["p"] == pytest.approx(0.375)


def test_mcnemar_of_classifiers_that_are_right_on_the_same_rows_says_nothing():
    assert metrics.mcnemar(["a", "a"], ["a", "b"], ["a", "c"]) == {"only_first": 0, "only_second": 0, "p": 1.0}
    with pytest.raises(ValueError, match=r"expected as many labels of each, got \(2,\) and \(1,\)"):
        metrics.mcnemar(["a", "a"], ["a", "b"], ["a"])


def test_naive_bayes_learns_and_counts_ngrams_up_to_the_length_asked_for():
    train = pd.DataFrame(
        {"text": ["股市大涨", "股市下跌", "球队夺冠", "球队落败"], "label": ["stocks"] * 2 + ["sports"] * 2}
    )
    model = baselines.fit_naive_bayes(train)
    assert model.predict(["股市", "夺冠球队"]).tolist() == ["stocks", "sports"]
    assert max(map(len, model[0].vocabulary_)) == 3
    assert max(map(len, baselines.fit_naive_bayes(train, max_ngram=1)[0].vocabulary_)) == 1


def test_the_calibration_error_is_the_one_worked_by_hand():
    # bins of a fifth: 0.15 (wrong), then 0.5 and 0.55 (one right), then 1 and 0.9 (both right)
    true, predicted = ["a"] * 5, ["b", "a", "b", "a", "a"]
    by_hand = (abs(0 - 0.15) + abs(1 - 1.05) + abs(2 - 1.9)) / 5
    assert metrics.calibration_error(true, predicted, [0.15, 0.5, 0.55, 1, 0.9], num_bins=5) == pytest.approx(by_hand)
    assert metrics.calibration_error(true, predicted, [0.15, 0.5, 0.55, 1, 0.9], num_bins=1) == pytest.approx(0.02)


def drawn(*, sharpness=1.0, rows=20_000):
    """Labels drawn from known probabilities, and what a model says that is too sure by `sharpness`."""
    rng = np.random.default_rng(0)
    scores = rng.normal(scale=2, size=(rows, 4))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    places = (rng.random((rows, 1)) > shares.cumsum(axis=1)).sum(axis=1).clip(max=3)
    said = np.exp(sharpness * scores) / np.exp(sharpness * scores).sum(axis=1, keepdims=True)
    return [f"class {place}" for place in places], said, [f"class {place}" for place in range(4)]


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_that_spoilt_the_probabilities_is_found_and_mends_them(sharpness):
    true, probs, names = drawn(sharpness=sharpness)
    temperature = metrics.fit_temperature(true, probs, names)
    assert temperature == pytest.approx(sharpness, rel=0.05)
    mended = probs ** (1 / temperature)
    mended /= mended.sum(axis=1, keepdims=True)
    predicted = metrics.predicted_labels(probs, names)
    before, after = (metrics.calibration_error(true, predicted, one.max(axis=1)) for one in (probs, mended))
    assert after < 0.02
    assert (before > 0.08) == (sharpness != 1)


def test_a_model_that_is_never_wrong_and_a_probability_of_0_get_a_temperature_too():
    probs = np.array([[1, 0], [0, 1], [0.6, 0.4]], dtype="float32")
    assert metrics.fit_temperature(["x", "y", "x"], probs, ["x", "y"]) == pytest.approx(0.05, rel=0.01)
    assert metrics.fit_temperature(["y", "x", "y"], probs, ["x", "y"]) == pytest.approx(20, rel=0.01)


def test_the_curve_says_how_many_answers_stay_and_how_many_of_these_are_right():
    true, predicted = ["a", "a", "b", "b"], ["a", "b", "b", "a"]
    scores = np.array([0.9, 0.3, 0.7, 0.5], dtype="float32")
    curve = metrics.coverage_curve(pd.Series(true, index=[4, 3, 2, 1]), predicted, scores, thresholds=[0.3, 0.7, 0.95])
    assert curve["threshold"].tolist() == [0.3, 0.7, 0.95]
    assert curve["rows"].tolist() == [4, 2, 0]  # a score at the threshold stays
    assert curve["coverage"].tolist() == [1, 0.5, 0]
    np.testing.assert_array_equal(curve["accuracy"], [0.5, 1, np.nan])
    whole = metrics.coverage_curve(true, predicted, scores)
    assert whole["threshold"].tolist() == list(metrics.THRESHOLDS)
    assert whole["coverage"].is_monotonic_decreasing


@pytest.mark.parametrize("function", [metrics.calibration_error, metrics.coverage_curve])
@pytest.mark.parametrize("scores", [[0.5], [0.5, 1.1], [0.5, np.nan], [-0.1, 0.5], [[0.5, 0.5]]])
def test_scores_that_are_no_probabilities_are_refused(function, scores):
    with pytest.raises(ValueError, match=r"^scores: expected a probability from 0 to 1 for each of the 2 rows"):
        function(["a", "b"], ["a", "a"], scores)


def test_a_temperature_wants_labels_that_the_model_knows():
    with pytest.raises(ValueError, match=r"^true: row 2: label 'z' is not among the model's \['x', 'y'\]$"):
        metrics.fit_temperature(["x", "z"], np.array([[0.9, 0.1], [0.4, 0.6]]), ["x", "y"])


def test_the_interval_of_each_class_holds_its_f1_and_narrows_with_more_rows():
    rng = np.random.default_rng(0)
    true = rng.choice(["a", "b", "c"], 300)
    predicted = np.where(rng.random(300) < 0.8, true, "a")
    few, many = metrics.f1_intervals(true, predicted), metrics.f1_intervals(np.tile(true, 16), np.tile(predicted, 16))
    f1 = metrics.report(true, predicted)["f1"].drop("macro")
    for table in (few, many):
        assert table.index.tolist() == f1.index.tolist()
        assert (table["low"] < f1).all()
        assert (f1 < table["high"]).all()
    widths = (few["high"] - few["low"]) / (many["high"] - many["low"])
    np.testing.assert_allclose(widths, 4, rtol=0.15)  # sixteen times the rows, a quarter of the width


def test_label_ids_are_places_in_the_list_of_names():
    assert metrics.label_ids(["b", "a", "b"], ["a", "b"]).tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match=r"^labels: row 2: label 'c' is not among the model's \['a', 'b'\]$"):
        metrics.label_ids(["a", "c"], ["a", "b"])
