"""The network as an estimator of scikit-learn: the numbers of `train_textrnn`, and every tool that people use on it."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    permutation_test_score,
)
from sklearn.pipeline import FunctionTransformer, Pipeline, make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from textrnn import TextRNNClassifier, datasets, load_classifier, saving, training
from textrnn.recipes import recipe_for, settings_by_size
from textrnn.training import Recipe

pytestmark = pytest.mark.slow

SMALL = {"units": 4, "embed_dim": 4, "max_ngram": 2, "epochs": 2, "batch_size": 32, "topic_vectors": False}
SMALL |= {"adversarial": 0.0, "learning_rate": 0.02, "random_state": 0}


def small(**settings):
    return TextRNNClassifier(**SMALL | settings)


@pytest.fixture(scope="module")
def splits():
    """Two hundred headlines of three classes to train on, and ninety others."""
    whole = datasets.load("headlines")
    kept = [table[table["label"].isin(["sports", "stocks", "game"])] for table in whole]
    return datasets.Splits(
        *(
            table.groupby("label").head(rows).reset_index(drop=True)
            for table, rows in zip(kept, (70, 30, 30), strict=True)
        )
    )


@pytest.fixture(scope="module")
def fitted(splits):
    dev = splits.dev["text"], splits.dev["label"]
    return small().fit(splits.train["text"], splits.train["label"], validation_data=dev)


@pytest.fixture(scope="module")
def x(splits):
    return splits.train["text"]


@pytest.fixture(scope="module")
def y(splits):
    return splits.train["label"]


# The settings.


def test_the_parameters_are_the_fields_of_the_recipe_with_its_defaults():
    own = TextRNNClassifier().get_params()
    recommended = Recipe(1, 1, 1.0).to_config()
    by_size = {name: own[name] for name in settings_by_size()}
    assert by_size == dict.fromkeys(by_size) | {"embedded_ngrams": "auto"}  # `None`: all of them
    rest = {name: value for name, value in recommended.items() if name not in by_size}
    assert {name: list(own[name]) if name == "pooling" else own[name] for name in rest} == rest
    assert set(own) - set(recommended) == {*("validation_fraction", "warm_start", "verbose", "random_state")}


@pytest.mark.parametrize("num_classes", [2, 32])
def test_what_is_not_given_is_as_recommended_for_the_rows_and_their_classes(num_classes):
    table = pd.DataFrame(
        {"text": [f"text {row}" for row in range(1000)], "label": [row % num_classes for row in range(1000)]}
    )
    assert TextRNNClassifier()._recipe(table) == recipe_for(table)
    given = TextRNNClassifier(embedded_ngrams=None, units=3)._recipe(table)
    assert (given.embedded_ngrams, given.units) == (None, 3)


@parametrize_with_checks([TextRNNClassifier()])
def test_scikit_learns_own_checks(estimator, check):
    """All that scikit-learn asks of an estimator of strings; those that draw matrices of numbers do not apply."""
    assert check(estimator) is None  # it raises what it finds


def test_an_estimator_that_is_not_fitted_says_so(splits):
    for use in (
        lambda clf: clf.predict(["股市"]),
        lambda clf: clf.predict_proba(["股市"]),
        lambda clf: clf.transform(["股市"]),
        lambda clf: clf.classes_,
        lambda clf: clf.encoder_,
        lambda clf: clf.model_,
        lambda clf: clf.save("nowhere"),
    ):
        with pytest.raises(NotFittedError, match="TextRNNClassifier"):
            use(TextRNNClassifier())


def test_settings_are_copied_and_shown():
    clf = small(units=3)
    assert clone(clf).get_params() == clf.get_params()
    assert clf.set_params(units=5).units == 5
    assert "units=5" in repr(clf)
    assert "TextRNNClassifier" in clf._repr_html_()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"units": 0}, "units: expected at least 1, got 0"),
        ({"cell": "elman"}, "cell: expected one of "),
        ({"validation_fraction": 1}, "validation_fraction: expected a share from 0 to below 1, got 1"),
        ({"scoring": "f1"}, "scor"),
        ({"random_state": -1}, "random_state: expected at least 0, got -1"),
        ({"validation_fraction": 0, "patience": 2}, "patience: expected None"),
    ],
)
def test_a_wrong_setting_is_refused_by_fit(settings, message):
    with pytest.raises(ValueError, match=message):
        small(**settings).fit(["股市大涨", "女单夺冠"] * 10, [0, 1] * 10)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (["a", ""], [0, 1], "texts: item 1: expected a text, got an empty one"),
        (["a", 3], [0, 1], "texts: item 1: expected a string, got 3"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), [0], "got a table; pass its column"),
        (["a", "b"], [0, 0], "y: expected two classes or more, got one class alone"),
        (["a", "b"], ["x", None], "y: item 1: expected a class, got none"),
        (["a", "b"], np.eye(2), r"y: expected one class for each text, got an array of shape \(2, 2\)"),
        (["a", "b", "c"], [0, 1], "inconsistent numbers of samples"),
        (["a", "b"], [0.5, 1.5], "Unknown label type: continuous"),
    ],
)
def test_wrong_texts_and_classes_are_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        small().fit(x, y)


# The numbers.


def test_it_is_train_textrnn_to_the_last_digit(splits, fitted):
    settings = fitted._recipe(splits.train)
    model, history = training.train_textrnn(splits.train, splits.dev, settings=settings, seed=0, progress=False)
    pd.testing.assert_frame_equal(history, fitted.history_)
    for mine, theirs in zip(model.get_weights(), fitted.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(
        fitted.predict_proba(splits.test["text"]), saving.to_numpy_network(model).predict_proba(splits.test["text"])
    )


@pytest.mark.long
def test_a_part_of_the_rows_is_held_out_or_none(x, y):
    held = small().fit(x, y)
    assert held._rows == {"train": 189, "dev": 21}
    assert "dev_accuracy" in held.history_
    whole = small(validation_fraction=0).fit(x, y)
    assert whole._rows == {"train": 210}
    assert list(whole.history_) == ["epoch", "loss", "learning_rate"]


def test_answers_come_in_scikit_learns_forms(splits, fitted):
    texts = splits.test["text"]
    probs = fitted.predict_proba(texts)
    assert probs.shape == (len(texts), 3)
    assert fitted.classes_.tolist() == ["game", "sports", "stocks"]
    np.testing.assert_array_equal(fitted.predict(texts), fitted.classes_[probs.argmax(axis=1)])
    assert fitted.score(texts, splits.test["label"]) == (fitted.predict(texts) == splits.test["label"]).mean() > 0.5
    assert fitted.score(texts, splits.test["label"], sample_weight=np.arange(len(texts)) == 0) in (0.0, 1.0)
    vectors = fitted.transform(texts)
    names = fitted.get_feature_names_out()
    assert vectors.shape == (len(texts), len(names)) == (len(texts), 28)  # of 4 units and 3 linear cells
    assert names[[0, 7, 14, 27]].tolist() == ["max_forward_0", "max_backward_0", "mean_forward_0", "mean_backward_6"]
    scores = vectors @ fitted.model_.layers[-1].kernel.numpy() + fitted.model_.layers[-1].bias.numpy()
    np.testing.assert_array_equal(scores.argmax(axis=1), probs.argmax(axis=1))
    table = fitted.predict_table(texts.iloc[5:8])
    assert table.index.tolist() == [5, 6, 7]
    assert list(table) == ["text", "label", "score"]


FORMS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "array of objects": lambda texts: np.array(texts, dtype=object),
    "array (rows, 1)": lambda texts: np.array(texts)[:, None],
    "StringDType": lambda texts: np.array(texts, dtype=np.dtypes.StringDType()),
    "pandas": pd.Series,
    "pandas, object": lambda texts: pd.Series(texts, dtype=object),
    "pandas, python strings": lambda texts: pd.Series(texts, dtype=pd.StringDtype("python")),
    "table": lambda texts: pd.DataFrame({"title": texts}),
    "pyarrow": lambda texts: pytest.importorskip("pyarrow").array(texts),
}


@pytest.mark.parametrize("form", FORMS)
def test_texts_come_in_any_form(splits, fitted, form):
    texts = list(splits.test["text"][:5])
    np.testing.assert_array_equal(fitted.predict_proba(FORMS[form](texts)), fitted.predict_proba(texts))


@pytest.mark.long
@pytest.mark.parametrize(
    "classes",
    [[10, 9, 8], [True, False], ["b", "a"], np.array([2, 1], "int8"), pd.Categorical(["y", "x"]), [1.0, 2.0], [-1, 1]],
    ids=str,
)
def test_classes_of_any_sort_are_answered_as_they_were(classes):
    texts = [["股市大涨", "女单夺冠", "电竞开赛"][row % len(classes)] for row in range(24)]
    y = [classes[row % len(classes)] for row in range(24)]
    clf = small(validation_fraction=0, epochs=6).fit(texts, y)
    assert clf.classes_.tolist() == sorted(set(y))
    assert clf.predict(texts).tolist() == y
    assert clf.predict(texts).dtype == clf.classes_.dtype == np.asarray(y).dtype
    assert clf.predict_proba(texts).argmax(axis=1).tolist() == [sorted(set(y)).index(label) for label in y]


def clone_of(fitted):
    """Returns a copy that a test may change."""
    return pickle.loads(pickle.dumps(fitted))


@pytest.mark.long
def test_a_saved_model_answers_as_the_estimator(splits, fitted, tmp_path):
    texts = splits.test["text"]
    loaded = load_classifier(fitted.save(tmp_path / "mine", licence="CC0"))
    np.testing.assert_array_equal(loaded.predict_proba(texts), fitted.predict_proba(texts))
    np.testing.assert_array_equal(loaded.predict(texts), fitted.predict(texts))
    np.testing.assert_array_equal(loaded.transform(texts), fitted.transform(texts))
    assert loaded.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()
    assert loaded.classes_.tolist() == fitted.classes_.tolist()
    assert loaded.score(texts, splits.test["label"]) == fitted.score(texts, splits.test["label"])
    assert loaded.card["trained_on"]["rows"] == {"train": 210, "dev": 90}
    assert loaded.card["metrics"]["dev"]["accuracy"] == pytest.approx(fitted.history_.attrs["dev"]["dev_accuracy"])
    assert loaded.card["licence"] == "CC0"
    other = clone_of(fitted).set_params(units=99)  # which it was not trained with
    assert load_classifier(other.save(tmp_path / "other")).card["settings"] == loaded.card["settings"]
    assert Recipe(**loaded.card["settings"]).units == 4
    in_keras = load_classifier(tmp_path / "mine", runtime="tensorflow")
    np.testing.assert_allclose(in_keras.transform(texts), fitted.transform(texts), atol=1e-5)


def test_it_travels_as_plain_data(splits, fitted):
    texts = splits.test["text"]
    content = pickle.dumps(fitted)
    assert b"keras" not in content.replace(b"_keras", b"")
    again = pickle.loads(content)
    np.testing.assert_array_equal(again.predict_proba(texts), fitted.predict_proba(texts))
    for mine, theirs in zip(again.model_.get_weights(), fitted.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.long
def test_a_warm_start_goes_on_and_a_cold_one_does_not(splits, x, y):
    dev = splits.dev["text"], splits.dev["label"]
    clf = small(warm_start=True, epochs=1).fit(x, y, validation_data=dev)
    first = clf.history_["loss"].iloc[0]
    assert clf.fit(x, y, validation_data=dev).history_["loss"].iloc[0] < first
    with pytest.raises(ValueError, match=r"^y: warm_start goes on with the classes \['game', "):
        clf.fit(["股市", "女单"] * 5, ["a", "b"] * 5)
    assert small(epochs=1).fit(x, y, validation_data=dev).history_["loss"].iloc[0] == first


@pytest.mark.long
def test_weights_of_classes_and_rows_are_multiplied(splits, x, y):
    by_class = {"game": 3.0, "sports": 1.0, "stocks": 0.5}
    weights = np.random.default_rng(0).uniform(0.5, 2, len(y))
    both = small(class_weight=by_class, validation_fraction=0).fit(x, y, sample_weight=weights)
    by_hand = small(validation_fraction=0).fit(x, y, sample_weight=weights * y.map(by_class).to_numpy())
    np.testing.assert_array_equal(both.predict_proba(x), by_hand.predict_proba(x))
    none = small(validation_fraction=0).fit(x, y)
    assert np.abs(none.predict_proba(x) - both.predict_proba(x)).max() > 0.01
    many = y != "game"
    few = pd.concat([x[many], x[~many][:3]]), pd.concat([y[many], y[~many][:3]])
    share = {
        how: small(class_weight=how, validation_fraction=0, evidence=False).fit(*few).predict_proba(x)[:, 0].mean()
        for how in (None, "balanced")
    }
    assert share["balanced"] > share[None]


# The tools.


@pytest.mark.long
def test_cross_validation_in_this_process_and_in_two_others(x, y):
    clf = small(validation_fraction=0)
    one = cross_val_score(clf, x, y, cv=3)
    two = cross_val_score(clf, x, y, cv=3, n_jobs=2)
    assert one.shape == (3,)
    assert one.min() > 0.5
    np.testing.assert_allclose(one, two, atol=0.05)  # another number of threads adds in another order
    assert (cross_val_predict(clf, x, y, cv=3) == y).mean() == pytest.approx(one.mean(), abs=0.02)


@pytest.mark.soak
def test_searches(x, y):
    search = GridSearchCV(small(), {"units": [2, 4], "evidence": [True, False]}, cv=2).fit(x, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.units == search.best_params_["units"]
    assert search.predict(x).shape == y.shape
    drawn = HalvingRandomSearchCV(
        small(), {"units": [2, 3, 4], "dropout": [0.1, 0.4]}, resource="epochs", max_resources=4, min_resources=2, cv=2
    )
    assert drawn.fit(x, y).best_score_ > 0.4


@pytest.mark.long
def test_pipelines_votes_and_stacks_beside_a_linear_svm(splits, x, y):
    svm = make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 3)), LinearSVC())
    texts, labels = splits.test["text"], splits.test["label"]
    stripped = FunctionTransformer(lambda column: column.str.replace(" ", ""))
    assert Pipeline([("strip", stripped), ("classify", small())]).fit(x, y).score(texts, labels) > 0.5
    vectors = make_pipeline(small(), LinearSVC()).fit(x, y)  # the summary as features of another classifier
    assert vectors.score(texts, labels) > 0.5
    vote = VotingClassifier([("rnn", small()), ("other", small(cell="gru"))], voting="soft").fit(x, y)
    assert vote.score(texts, labels) > 0.5
    stack = StackingClassifier([("rnn", small()), ("svm", svm)], cv=2).fit(x, y)
    assert stack.score(texts, labels) > 0.5


@pytest.mark.soak
def test_calibration_and_curves(splits, fitted, x, y):
    texts, labels = splits.test["text"], splits.test["label"]
    calibrated = CalibratedClassifierCV(small(), cv=2).fit(x, y)
    np.testing.assert_allclose(calibrated.predict_proba(texts).sum(axis=1), 1, atol=1e-6)
    assert CalibratedClassifierCV(FrozenEstimator(fitted)).fit(texts, labels).score(texts, labels) > 0.5
    sizes, train, test = learning_curve(small(), x, y, train_sizes=[0.5, 1.0], cv=2)
    assert sizes.tolist() == [52, 105]
    assert train.shape == test.shape == (2, 2)
    score, by_chance, p = permutation_test_score(small(epochs=1), x, y, n_permutations=3, cv=2)
    assert score > by_chance.mean()
    assert p == (1 + (by_chance >= score).sum()) / 4  # the share of the four that are as good


@pytest.mark.long
def test_pictures_and_importances(splits, fitted, tmp_path):
    texts, labels = splits.test["text"], splits.test["label"]
    import matplotlib as mpl

    loaded = load_classifier(fitted.save(tmp_path / "mine"))
    with mpl.rc_context({"backend": "agg"}), warnings.catch_warnings():
        warnings.simplefilter("error")
        for classifier in (fitted, loaded):
            shown = ConfusionMatrixDisplay.from_estimator(classifier, texts, labels)
            assert shown.confusion_matrix.sum() == len(texts)
        two = labels.isin(["sports", "stocks"])
        is_sports = (labels[two] == "sports").astype(int)
        probs = fitted.predict_proba(texts[two])[:, 1]
        assert len(CalibrationDisplay.from_predictions(is_sports, probs, n_bins=3).prob_true)
    found = permutation_importance(fitted, texts.to_frame(), labels, n_repeats=2, random_state=0)
    assert found.importances_mean[0] > 0.1  # with its texts shuffled it knows little


@pytest.mark.long
def test_weights_are_routed(x, y):
    weights = np.ones(len(y))
    with config_context(enable_metadata_routing=True):
        clf = small().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = cross_val_score(clf, x, y, cv=2, params={"sample_weight": weights})
    assert scores.min() > 0.4


def characters(text, return_offsets_mapping=True):
    """A tokenizer as SHAP asks for one: each character is a token."""
    return {"input_ids": list(text), "offset_mapping": [(at, at + 1) for at in range(len(text))]}


@pytest.mark.long
def test_explainers_of_texts(splits, fitted):
    lime_text = pytest.importorskip("lime.lime_text")
    shap = pytest.importorskip("shap")
    text = splits.test["text"][0]

    def probs(texts):
        return fitted.predict_proba([text if text.strip() else "?" for text in texts])  # they also ask without any

    explainer = lime_text.LimeTextExplainer(class_names=fitted.classes_, char_level=True, random_state=0)
    found = explainer.explain_instance(text, probs, num_features=4, num_samples=100, top_labels=1)
    assert len(found.as_list(found.available_labels()[0])) == 4
    values = shap.Explainer(probs, shap.maskers.Text(characters))([text])
    assert values.shape == (1, len(text), 3)
    total = values.values[0].sum(axis=0) + values.base_values[0]
    np.testing.assert_allclose(total, fitted.predict_proba([text])[0], atol=1e-4)
