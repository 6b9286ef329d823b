"""Linear cells: the LSTM adds up what a linear model says of n-grams, and says how sure it may be without the row."""

import numpy as np
import pandas as pd
import pytest

from textrnn import TextRNNClassifier, datasets, networks, options, saving, training
from textrnn.preprocessing import TextEncoder
from textrnn.training import linear_cells

SMALL = {"units": 8, "embed_dim": 6, "epochs": 2, "adversarial": 0.0}


@pytest.fixture(scope="module")
def rows():
    return datasets.load("headlines").train.sample(240, random_state=0).reset_index(drop=True)


@pytest.fixture(scope="module")
def dev():
    return datasets.load("headlines").dev.sample(200, random_state=0).reset_index(drop=True)


@pytest.fixture(scope="module")
def plain(rows):
    """A network without linear cells, and the recipe it was trained by."""
    recipe = training.recipe(len(rows), num_classes=10).changed(**SMALL, linear_cells=False)
    return training.train_textrnn(rows, None, settings=recipe, progress=False)[0], recipe


def linear_of(model, rows, **options):
    num_ids = [layer.input_dim for layer in networks.embeddings(model)]
    names = networks.label_names(model)
    return linear_cells.fit_linear_model(networks.text_encoder(model), rows, names, num_ids=num_ids, **options)


def scores_by_hand(encoder, linear, text):
    """Returns what the linear model says of one text, its n-grams looked up one by one."""
    ids = encoder.encode([text])[0]
    real = int((ids[:, 0] > 0).sum())
    total = sum(linear.weights[order][ids[step, order]] for step in range(real) for order in range(ids.shape[1]))
    return linear.columns @ total * (real + 1) / real + linear.bias


def test_the_cells_say_what_the_linear_model_says(plain, rows, dev):
    model, recipe = plain
    linear, encoder = linear_of(model, rows), networks.text_encoder(model)
    whole = linear_cells.with_linear_cells(model, linear, recipe.arguments("build_textrnn"))
    texts = [text for text in dev["text"] if len(text) <= encoder.max_length]
    scores = np.array([scores_by_hand(encoder, linear, text) for text in texts])
    mean = (np.log(training.predict_proba(model, texts)) + scores) / 2
    expected = np.exp(mean) / np.exp(mean).sum(axis=1, keepdims=True)
    found = training.predict_proba(whole, texts)
    assert np.abs(found - expected).max() < 0.01  # tanh bends the largest sums by 1.3 %
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.99
    assert np.abs(found - training.predict_proba(model, texts)).max() > 0.1


def test_few_rows_are_answered_better_than_by_either_alone(rows):
    splits = datasets.load("headlines")
    recipe = training.recipe(len(rows), num_classes=10)
    assert recipe.linear_cells
    model, _ = training.train_textrnn(rows, None, settings=recipe.changed(**SMALL), progress=False)
    without = recipe.changed(**SMALL, linear_cells=False)
    alone, _ = training.train_textrnn(rows, None, settings=without, progress=False)
    names = np.array(networks.label_names(model), dtype=object)
    right = {}
    for name, network in (("with", model), ("without", alone)):
        found = names[training.predict_proba(network, splits.dev["text"]).argmax(axis=1)]
        right[name] = (found == np.array(splits.dev["label"], dtype=object)).mean()
    assert right["with"] > right["without"] + 0.05  # two epochs of 8 units learn little, the linear model 0.7


def test_labels_without_sense_are_not_believed(plain, rows):
    """Each row is learnt by heart, so only what the others say of it shows that there is nothing to learn."""
    model, _ = plain
    drawn = rows.assign(label=np.random.default_rng(0).permutation(rows["label"]))
    sense, none = linear_of(model, rows), linear_of(model, drawn)
    ids = networks.text_encoder(model).encode(rows["text"])

    def spread(linear):
        total = sum(linear.weights[order][ids[..., order]].sum(axis=1) for order in range(ids.shape[2]))
        return (total @ linear.columns.T).std()

    assert spread(none) < 0.2 * spread(sense)


def test_a_saved_model_has_them_in_every_runtime(tmp_path, plain, rows, dev):
    model, recipe = plain
    whole = linear_cells.with_linear_cells(model, linear_of(model, rows), recipe.arguments("build_textrnn"))
    expected = training.predict_proba(whole, dev["text"])
    assert networks.embeddings(whole)[0].output_dim == SMALL["embed_dim"] + 10
    for tables, most in (("float32", 1e-4), ("int8", 0.05)):
        folder = saving.save_classifier(whole, tmp_path / tables, tables=tables)
        for runtime in options.RUNTIMES:
            found = saving.load_classifier(folder, runtime=runtime).predict_proba(list(dev["text"]))
            assert np.abs(found - expected).max() < most, (tables, runtime)


def test_more_classes_than_columns_share_them():
    rng = np.random.default_rng(0)
    words = ["".join(pair) for pair in rng.choice(list("春夏秋冬山水风云日月花鸟"), (140, 2))]
    rows = pd.DataFrame({"text": [f"{words[n % 70]}{words[n % 140]}" for n in range(280)]})
    rows["label"] = [f"c{n % 70:02}" for n in range(280)]
    encoder = TextEncoder.from_texts(rows["text"], max_ngram=2)
    linear = linear_cells.fit_linear_model(encoder, rows, sorted(set(rows["label"])), num_ids=encoder.num_ids)
    assert [weights.shape for weights in linear.weights] == [(num, 64) for num in encoder.num_ids]
    scores = np.array([scores_by_hand(encoder, linear, text) for text in rows["text"]])
    assert (np.array(sorted(set(rows["label"])))[scores.argmax(axis=1)] == rows["label"]).mean() > 0.8


def test_dev_is_scored_with_them(rows, dev):
    settings = training.recipe(len(rows), num_classes=10).changed(**SMALL)
    model, history = training.train_textrnn(rows, dev, settings=settings, progress=False)
    names = np.array(networks.label_names(model), dtype=object)
    found = names[training.predict_proba(model, dev["text"]).argmax(axis=1)]
    assert history.attrs["dev"]["dev_accuracy"] == pytest.approx((found == np.array(dev["label"])).mean())
    assert history.attrs["dev"]["dev_loss"] != history["dev_loss"].iloc[-1]


def test_training_on_goes_on_without_them_and_fits_them_anew(plain, rows, dev):
    model, recipe = plain
    settings = recipe.arguments("build_textrnn")
    whole = linear_cells.with_linear_cells(model, linear_of(model, rows), settings)
    wide = {**settings, "units": SMALL["units"] + 10, "embed_dim": SMALL["embed_dim"] + 10}
    again, found = linear_cells.without_linear_cells(whole, wide)
    assert found == settings
    for one, other in zip(model.weights[:-1], again.weights[:-1], strict=True):  # all but the bias of the output
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert linear_cells.without_linear_cells(model, settings)[0] is model
    clf = TextRNNClassifier(**SMALL, random_state=0, validation_fraction=0.0, warm_start=True)
    first = clf.fit(rows["text"], rows["label"]).score(dev["text"], dev["label"])
    assert clf.fit(rows["text"], rows["label"]).score(dev["text"], dev["label"]) > first - 0.03
    assert networks.embeddings(clf.model_)[0].output_dim == SMALL["embed_dim"] + 10


def test_weights_of_rows_count_as_repeated_rows_do(plain, rows):
    model, _ = plain
    few = rows[:60]
    weights = np.arange(60) % 2 + 1.0
    weighted = linear_of(model, few, sample_weight=weights)
    assert weighted.largest > 0
    assert not np.allclose(weighted.weights[0], linear_of(model, few).weights[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"cell": "gru"},
        {"num_layers": 2},
        {"bidirectional": False},
        {"pooling": "max"},
        {"pooling": ("mean", "attention")},
    ],
)
def test_a_network_that_cannot_hold_them_says_so(rows, changes):
    settings = training.recipe(len(rows), num_classes=10).changed(**SMALL | {"epochs": 1}, **changes)
    with pytest.warns(UserWarning, match="linear_cells: none, since they want one layer of LSTM in both directions"):
        model, _ = training.train_textrnn(rows, None, settings=settings, progress=False)
    assert networks.embeddings(model)[0].output_dim == SMALL["embed_dim"]


def test_two_rows_are_enough_and_20_000_want_none():
    table = pd.DataFrame({"text": ["春天来了", "秋风"], "label": ["a", "b"]})
    encoder = TextEncoder.from_texts(table["text"], max_ngram=2)
    linear = linear_cells.fit_linear_model(encoder, table, ["a", "b"], num_ids=encoder.num_ids)
    assert all(np.isfinite(weights).all() for weights in linear.weights)
    assert [training.recipe(num).linear_cells for num in (2, 19_999, 20_000)] == [True, True, False]
