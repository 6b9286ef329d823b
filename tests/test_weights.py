"""Training where some rows count more than others, and training without rows to score."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from textrnn import checks, metrics, networks, training
from textrnn.preprocessing import TextEncoder
from textrnn.training import loop

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("untraced")]

LABELS = ["sports", "stocks"]
TABLE = pd.DataFrame(
    {
        "text": ["股市大涨", "股市大跌", "基金大涨", "球队夺冠", "球员夺冠", "球队落败", "股市 基金", "球员 落败"],
        "label": ["stocks", "stocks", "stocks", "sports", "sports", "sports", "stocks", "sports"],
    },
    index=[7, 7, 3, 1, 0, 2, 9, 9],  # the index has no say
)
WEIGHTS = np.array([2.0, 1.0, 0.5, 1.0, 4.0, 0.25, 1.0, 1.0])
EVERY_PATH = pytest.mark.parametrize(
    ("evidence", "adversarial"), [(False, 0.0), (True, 0.0), (False, 0.3), (True, 0.3)]
)


def small(*, optimizer=None, loss="sparse_categorical_crossentropy", seed=0, **settings):
    encoder = TextEncoder.from_texts(TABLE["text"], max_ngram=2, min_ngram_count=1)
    settings = {"embed_dim": 4, "units": 4, "cell": "simple", "bidirectional": False} | settings
    settings = {"pooling": "last", "dropout": 0.0, "ngram_dropout": 0.0} | settings
    model = networks.build_textrnn(encoder, LABELS, seed=seed, **settings)
    model.compile(optimizer=optimizer or keras.optimizers.Adam(0.02), loss=loss)
    return model


def fit(model, train=TABLE, dev=None, **settings):
    return training.fit(model, train, dev, **{"epochs": 1, "batch_size": 8, "progress": False, **settings})


def assert_same_weights(one, other, **tolerance):
    for first, second in zip(one.get_weights(), other.get_weights(), strict=True):
        if tolerance:
            np.testing.assert_allclose(first, second, **tolerance)
        else:
            np.testing.assert_array_equal(first, second)


def step_by_hand(model, adversarial):
    """Returns the loss of one step over the whole of TABLE and the gradient of the last kernel, from the definition."""
    targets = metrics.label_ids(TABLE["label"], LABELS)
    ids, weights = tf.constant(training.encode_texts(model, TABLE["text"]).ids), WEIGHTS / WEIGHTS.mean()
    front, rest = networks.split_at_vectors(model)
    evidence, inputs = networks.evidence_layer(model), [ids]
    if evidence:
        evidence.count(ids.numpy(), targets)
        inputs.append(evidence.leave_one_out(ids, targets))

    def loss_and_gradients(vectors, wanted):
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            own = tf.gather(rest([ids, vectors]), targets, axis=1, batch_dims=1)
            loss = tf.reduce_sum(weights.astype("float32") * -tf.math.log(own)) / len(TABLE)
        return loss, tape.gradient(loss, wanted)

    vectors, kernel = front(inputs), model.layers[-1].kernel.value
    loss, gradient = loss_and_gradients(vectors, kernel)
    if not adversarial:
        return float(loss), gradient.numpy()
    _, uphill = loss_and_gradients(vectors, vectors)
    lengths = [np.sqrt((np.asarray(x) ** 2).sum(axis=(1, 2), keepdims=True)) for x in (vectors, uphill)]
    _, other = loss_and_gradients(vectors + adversarial * lengths[0] * uphill / lengths[1], kernel)
    return float(loss), (gradient + other).numpy() / 2


@EVERY_PATH
def test_a_step_follows_the_mean_of_weight_times_loss(evidence, adversarial):
    model = small(evidence=evidence, optimizer=keras.optimizers.SGD(1.0))
    loss, gradient = step_by_hand(small(evidence=evidence), adversarial)
    expected = model.layers[-1].kernel.numpy() - gradient
    history = fit(model, sample_weight=WEIGHTS, adversarial=adversarial)
    assert history["loss"][0] == pytest.approx(loss, abs=1e-6)
    np.testing.assert_allclose(model.layers[-1].kernel.numpy(), expected, atol=1e-5)
    plain = small(evidence=evidence, optimizer=keras.optimizers.SGD(1.0))
    assert abs(fit(plain, adversarial=adversarial)["loss"][0] - loss) > 1e-4
    assert abs(plain.layers[-1].kernel.numpy() - expected).max() > 1e-3


@pytest.mark.long
def test_equal_weights_train_as_none_do(as_graph):
    evidence, adversarial = True, 0.3  # the longest path, and as a graph
    models = [small(evidence=evidence) for _ in range(2)]
    histories = [
        fit(model, TABLE, TABLE, epochs=2, batch_size=3, adversarial=adversarial, sample_weight=weights)
        for model, weights in zip(models, (None, [0.3] * 8), strict=True)
    ]
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-5)
    assert_same_weights(*models, atol=1e-5)


def test_the_loss_of_an_epoch_is_the_mean_of_weight_times_loss_over_all_rows():
    model = small(optimizer=keras.optimizers.SGD(0.0))
    own = training.predict_proba(model, TABLE["text"])[np.arange(8), metrics.label_ids(TABLE["label"], LABELS)]
    history = fit(model, batch_size=3, sample_weight=WEIGHTS)  # batches of 3, 3 and 2
    assert history["loss"][0] == pytest.approx(-(WEIGHTS / WEIGHTS.mean() * np.log(own)).mean(), abs=1e-6)


@pytest.mark.parametrize("loss", ["categorical_crossentropy", keras.losses.CategoricalCrossentropy()])
def test_weights_count_alike_in_both_forms_of_cross_entropy(loss):
    sparse, one_hot = small(), small(loss=loss)
    histories = [fit(model, batch_size=3, sample_weight=WEIGHTS) for model in (sparse, one_hot)]
    np.testing.assert_allclose(histories[0], histories[1], rtol=1e-4)


@pytest.mark.parametrize(("evidence", "adversarial"), [(False, 0.0), (True, 0.3)])
def test_a_row_of_weight_zero_is_as_if_it_were_not_there(evidence, adversarial):
    weights, kept = np.where(np.arange(8) % 3 == 1, 0, WEIGHTS), np.arange(8) % 3 != 1
    models = [small(evidence=evidence) for _ in range(2)]
    one = fit(models[0], batch_size=2, epochs=2, adversarial=adversarial, sample_weight=weights)
    two = fit(models[1], TABLE[kept], batch_size=2, epochs=2, adversarial=adversarial, sample_weight=WEIGHTS[kept])
    pd.testing.assert_frame_equal(one, two)
    assert_same_weights(*models)  # the counts of the evidence among them


def test_the_unit_of_weights_does_not_matter_nor_do_very_large_and_small_ones():
    models = [small() for _ in range(3)]
    for model, unit in zip(models, (1.0, 2.0**1000, 2.0**-1000), strict=True):
        fit(model, batch_size=2, sample_weight=WEIGHTS * unit)
    assert_same_weights(models[0], models[1])
    assert_same_weights(models[0], models[2])


@pytest.mark.parametrize(
    "weights",
    [
        [2, 1.0, np.float32(0.5), 0, 1, 1, 1, 1],
        pd.Series([2, 1, 0.5, 0, 1, 1, 1, 1], index=TABLE.index),
        pd.Series([2, 1, 0.5, 0, 1, 1, 1, 1], dtype="Float64"),
        np.array([2, 1, 0.5, 0, 1, 1, 1, 1], dtype=object),
    ],
)
def test_weights_come_as_a_list_a_column_or_an_array(weights):
    checked = checks.check_sample_weight(weights, num_rows=8)
    assert checked.dtype == "float64"
    assert checked.tolist() == [2, 1, 0.5, 0, 1, 1, 1, 1]


EXPECTED = "sample_weight: expected a number for each of the 8 row(s) of train"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1] * 7, f"{EXPECTED}, got the shape (7,)"),
        (np.ones((8, 1)), f"{EXPECTED}, got the shape (8, 1)"),
        (1.0, f"{EXPECTED}, got float"),
        ("balanced", f"{EXPECTED}, got str"),
        ({"sports": 2}, f"{EXPECTED}, got dict"),
        ([1, 1, -0.5, 1, 1, 1, 1, 1], "sample_weight: row 3: expected a finite number of at least 0, got -0.5"),
        ([1, 1, 1, 1, 1, 1, 1, float("nan")], "sample_weight: row 8: expected a finite number of at least 0, got nan"),
        ([float("inf"), *[1] * 7], "sample_weight: row 1: expected a finite number of at least 0, got inf"),
        ([1, "2", *[1] * 6], "sample_weight: row 2: expected a finite number of at least 0, got '2'"),
        (
            pd.Series([1, 1, None, *[1] * 5], dtype=object),
            "sample_weight: row 3: expected a finite number of at least 0, got None",
        ),
        ([0.0] * 8, "sample_weight: expected a number above 0, got none"),
        (
            TABLE["label"] == "sports",
            "sample_weight: row 1: expected a finite number of at least 0, got False",
        ),
        (
            (TABLE["label"] == "sports").astype(int),
            "train: the class(es) ['stocks'] of the model have no row of a weight above 0",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_row_before_any_work(weights, message):
    model = small()
    before = model.get_weights()
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        fit(model, sample_weight=weights)
    assert str(caught.value) == message
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_file_with_weights_is_refused(tmp_path):
    TABLE[["label", "text"]].to_csv(tmp_path / "train.tsv", sep="\t", index=False)
    with pytest.raises(ValueError, match=r"^sample_weight: expected None where train is a file, got list$"):
        fit(small(), tmp_path / "train.tsv", sample_weight=[1] * 8)


def test_without_dev_the_last_epoch_stays_and_nothing_is_scored(monkeypatch):
    with_dev, without = small(), small()
    history = fit(without, epochs=3, batch_size=2)
    assert list(history.columns) == ["epoch", "loss", "learning_rate"]
    assert history["epoch"].tolist() == [1, 2, 3]
    assert history.attrs["best_epoch"] == 3
    rising = iter((0.1, 0.2, 0.3))
    row = {"dev_loss": 1.0, "dev_macro_f1": 0.0}
    monkeypatch.setattr(loop, "scores_on_dev", lambda probs, targets: row | {"dev_accuracy": next(rising)})
    scored = fit(with_dev, dev=TABLE, epochs=3, batch_size=2)
    pd.testing.assert_frame_equal(history, scored[list(history.columns)])
    assert_same_weights(with_dev, without)


def test_patience_without_dev_is_refused():
    with pytest.raises(ValueError, match=r"^patience: expected None where there is no dev to score, got 2$"):
        fit(small(), patience=2)


@pytest.mark.parametrize(("batch_size", "what"), [(2, "the loss"), (8, "the sum of the weights")])
def test_weights_that_are_no_numbers_are_found_without_dev_too(batch_size, what):
    model = small(optimizer=keras.optimizers.SGD(float("nan")))
    with pytest.raises(FloatingPointError, match=rf"^epoch 1: {what} is (nan|inf); try a lower learning rate"):
        fit(model, batch_size=batch_size)


@pytest.mark.parametrize("stop", [3, 4])  # within an epoch, and at the end of one
def test_a_run_without_dev_that_was_stopped_goes_on_to_the_same_weights(stop, tmp_path, monkeypatch):
    run = {"epochs": 2, "batch_size": 2, "sample_weight": WEIGHTS, "checkpoint_every": 1}
    whole, model, calls, learn_batch = small(), small(), [], loop.learn_batch
    history = fit(whole, **run)

    def stopping(*args, **kwargs):
        calls.append(1)
        if len(calls) == stop + 1:
            raise KeyboardInterrupt
        return learn_batch(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "learn_batch", stopping)
        with pytest.raises(KeyboardInterrupt):
            fit(model, resume=tmp_path / "run", **run)
    model = small()
    pd.testing.assert_frame_equal(fit(model, resume=tmp_path / "run", **run), history)
    assert_same_weights(model, whole)


def test_a_run_with_other_weights_or_a_dev_is_another_run(tmp_path):
    fit(small(), sample_weight=WEIGHTS, resume=tmp_path / "run")
    again = small()
    fit(again, sample_weight=WEIGHTS * 2, resume=tmp_path / "run")  # scaled they are the same: returns at once
    assert again.optimizer.iterations == 1
    with pytest.raises(ValueError, match=r"holds another run: sample_weight was '\w{64}', is None\. Give"):
        fit(small(), resume=tmp_path / "run")
    with pytest.raises(ValueError, match=r"holds another run: sample_weight was '\w{64}', is '\w{64}'\. Give"):
        fit(small(), sample_weight=WEIGHTS[::-1], resume=tmp_path / "run")
    with pytest.raises(ValueError, match=r"holds another run: dev was None, is '\w{64}'\. Give"):
        fit(small(), dev=TABLE, sample_weight=WEIGHTS, resume=tmp_path / "run")


def test_a_model_that_is_trained_on_counts_its_new_texts_and_its_optimizer_goes_on():
    model, first, second = small(evidence=True), TABLE[:6], TABLE[2:]
    fit(model, first, batch_size=2)
    assert model.optimizer.iterations == 3
    before = model.layers[-1].kernel.numpy()
    fit(model, second, batch_size=2)
    assert model.optimizer.iterations == 6
    assert not np.array_equal(model.layers[-1].kernel.numpy(), before)
    counted = small(evidence=True)
    fit(counted, second, batch_size=2)
    tables = [networks.evidence_layer(each).tables for each in (model, counted)]
    for one, other in zip(*tables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.long
def test_adamw_at_its_end_learns_no_more_and_compile_by_gives_a_new_one():
    settings = training.Recipe(2, 2, 0.01)
    model = small(evidence=True)
    training.compile_by(settings, model, num_rows=8)
    first = fit(model, **settings.arguments("fit") | {"batch_size": 2})
    ended = model.layers[-1].kernel.numpy()
    fit(model, **settings.arguments("fit") | {"batch_size": 2})
    np.testing.assert_array_equal(model.layers[-1].kernel.numpy(), ended)
    training.compile_by(settings, model, num_rows=8)
    second = fit(model, **settings.arguments("fit") | {"batch_size": 2})
    assert model.optimizer.iterations == 8
    assert second["loss"].iloc[-1] < first["loss"].iloc[-1]


TINY = training.Recipe(1, 2, 0.01, embed_dim=4, units=4, cell="simple")


def test_the_recommended_classifier_takes_its_classes_in_the_order_asked_for_and_needs_no_dev():
    model, history = training.train_textrnn(
        TABLE, None, settings=TINY, label_names=["stocks", "sports"], progress=False
    )
    assert networks.label_names(model) == ["stocks", "sports"]
    assert list(history.columns) == ["epoch", "loss", "learning_rate"]
    encoder, counts = networks.text_encoder(model), networks.evidence_layer(model).tables[0].numpy()
    assert counts[encoder.encode_one("股")[0][0]].tolist() == [3, 0]
    assert counts[encoder.encode_one("球")[0][0]].tolist() == [0, 4]


def test_a_row_of_weight_zero_has_no_part_in_the_vocabulary_either():
    strange = pd.DataFrame({"text": ["狗狗狗", "猫猫猫"], "label": ["sports", "pets"]})
    table, weights = pd.concat([TABLE, strange]), [*WEIGHTS, 0, 0]
    models = [
        training.train_textrnn(train, TABLE, settings=TINY, sample_weight=sample_weight, progress=False)[0]
        for train, sample_weight in ((table, weights), (TABLE, WEIGHTS))
    ]
    assert "狗" not in networks.text_encoder(models[0]).tokens
    assert networks.label_names(models[0]) == LABELS
    assert_same_weights(*models)
    with pytest.raises(ValueError, match=r"^dev: row 2: label 'pets' has no row in train, which has"):
        training.train_textrnn(table, strange, settings=TINY, sample_weight=weights, progress=False)


def test_balanced_classes_weigh_the_same_and_the_best_epoch_is_that_of_macro_f1(monkeypatch):
    seen = {}
    monkeypatch.setattr(training.recommended, "fit", lambda *args, **kwargs: seen.update(kwargs))
    table = TABLE.iloc[[0, 1, 2, 3]]  # three of one class, one of the other
    arguments = {"units": 2, "embed_dim": 2, "topic_vectors": False, "linear_cells": False}
    training.train_textrnn(table, table, class_weight="balanced", sample_weight=[1, 1, 1, 2], **arguments)
    assert seen["sample_weight"] == pytest.approx([8 / 15, 8 / 15, 8 / 15, 16 / 5])
    assert seen["scoring"] == "macro_f1"
    training.train_textrnn(table, table, **arguments)
    assert (seen["sample_weight"], seen["scoring"]) == (None, "accuracy")
    with pytest.raises(ValueError, match=r"class_weight: expected one of \('balanced',\), got 'even'"):
        training.train_textrnn(table, table, class_weight="even")
