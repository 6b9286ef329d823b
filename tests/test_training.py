"""Training: what is drawn, what is kept, what is written, and what is refused before any work."""

import itertools

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from textrnn import checks, metrics, networks, training
from textrnn.preprocessing import TextEncoder
from textrnn.training import loop, rows

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("untraced")]

HEADLINES = pd.DataFrame(
    {
        "text": ["股市大涨", "女单夺冠，教练落泪", "股市大跌 基金12%", "球队夺冠"],
        "label": ["stocks", "sports", "stocks", "sports"],
    },
    index=[7, 7, 3, 1],  # the index has no say
)
ENCODER = TextEncoder.from_texts(HEADLINES["text"], max_ngram=2, min_ngram_count=1)


def tiny(*, optimizer=None, loss="sparse_categorical_crossentropy", **settings):
    settings = {"embed_dim": 8, "units": 8, "cell": "simple", "bidirectional": False, **settings}
    model = networks.build_textrnn(ENCODER, ["sports", "stocks"], **settings)
    model.compile(optimizer=optimizer or keras.optimizers.Adam(0.02), loss=loss)
    return model


def fit(model, train=HEADLINES, dev=HEADLINES, **settings):
    return training.fit(model, train, dev, **{"epochs": 1, "batch_size": 2, "progress": False, **settings})


@pytest.fixture
def scripted(monkeypatch):
    """Makes dev scores come from a list; returns the function that sets it and the scores given so far."""
    given_scores = []

    def script(scores):
        values = iter(scores)

        def score(probs, targets):
            given_scores.append(next(values))
            return {"dev_loss": 1.0, "dev_accuracy": given_scores[-1], "dev_macro_f1": 1 - given_scores[-1]}

        monkeypatch.setattr(loop, "scores_on_dev", score)
        return given_scores

    return script


def test_four_headlines_can_be_learnt_by_heart(as_graph):
    model = tiny(cell="lstm", bidirectional=True, dropout=0, ngram_dropout=0, optimizer=keras.optimizers.Adam(0.05))
    history = fit(model, epochs=20)
    assert training.predict_proba(model, HEADLINES["text"]).argmax(axis=1).tolist() == [1, 0, 1, 0]
    assert history["dev_accuracy"].max() == 1
    assert history["loss"].iloc[-1] < 0.1 < 0.5 < history["loss"].iloc[0]
    assert history["dev_loss"].iloc[-1] < 0.1


@pytest.mark.long
def test_the_same_seed_gives_the_same_weights_twice_and_another_seed_others(as_graph):
    models = [tiny(seed=build_seed) for build_seed in (0, 0, 0)]
    histories = [fit(model, epochs=2, seed=seed) for model, seed in zip(models, (5, 5, 6), strict=True)]
    pd.testing.assert_frame_equal(histories[0], histories[1])
    for one, two in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert any(
        not np.array_equal(one, two) for one, two in zip(models[0].get_weights(), models[2].get_weights(), strict=True)
    )


def test_the_weights_of_the_best_epoch_are_the_ones_kept(scripted, monkeypatch):
    scripted([0.2, 0.9, 0.9, 0.5])
    model, at_epoch = tiny(), []
    probabilities = loop.probabilities
    monkeypatch.setattr(
        loop,
        "probabilities",
        lambda on_ids, *args, **kw: at_epoch.append(model.get_weights()) or probabilities(on_ids, *args, **kw),
    )
    history = fit(model, epochs=4)
    assert history["dev_accuracy"].tolist() == [0.2, 0.9, 0.9, 0.5]
    assert history.attrs["best_epoch"] == 2
    for kept, second, third in zip(model.get_weights(), at_epoch[1], at_epoch[2], strict=True):
        np.testing.assert_array_equal(kept, second)
        assert not np.array_equal(second, third)


def test_the_score_asked_for_decides_which_epoch_is_best(scripted):
    scripted([0.2, 0.9, 0.5])
    assert fit(tiny(), epochs=3, scoring="macro_f1").attrs["best_epoch"] == 1


def test_training_stops_after_so_many_epochs_without_a_better_score(scripted):
    given_scores = scripted([0.5, 0.6, 0.4, 0.6, 0.9, 1.0])
    history = fit(tiny(), epochs=6, patience=2)
    assert given_scores == [0.5, 0.6, 0.4, 0.6]  # as good as the best is not better
    assert len(history) == 4
    assert history.attrs["best_epoch"] == 2


def test_the_history_has_a_row_for_each_epoch_and_names_the_rate():
    optimizer = keras.optimizers.SGD(keras.optimizers.schedules.PiecewiseConstantDecay([1, 3], [0.4, 0.2, 0.1]))
    history = fit(tiny(optimizer=optimizer), epochs=3)
    assert list(history.columns) == ["epoch", "loss", "dev_loss", "dev_accuracy", "dev_macro_f1", "learning_rate"]
    assert history["epoch"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(history["learning_rate"], [0.2, 0.1, 0.1], rtol=1e-6)  # after 2, 4 and 6 steps
    assert history.attrs["seconds"] > 0


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows():
    train = pd.concat([HEADLINES, HEADLINES[:1]])  # five rows: batches of 2, 2 and 1
    model = tiny(dropout=0, ngram_dropout=0, optimizer=keras.optimizers.SGD(0.0))
    history = fit(model, train, train)
    own = training.predict_proba(model, train["text"])[np.arange(5), [1, 0, 1, 0, 1]]
    assert history["loss"][0] == pytest.approx(-np.log(own).mean(), abs=1e-6)
    assert history["dev_loss"][0] == pytest.approx(-np.log(own).mean(), abs=1e-6)


def test_the_scores_on_dev_are_those_of_the_probabilities():
    probs = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2]])
    scores = loop.scores_on_dev(probs, np.array([0, 1, 1]))
    assert scores["dev_accuracy"] == pytest.approx(2 / 3)
    assert scores["dev_loss"] == pytest.approx(-np.log([0.9, 0.6, 0.2]).mean())
    assert scores["dev_macro_f1"] == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_both_forms_of_cross_entropy_train_alike():
    losses = [
        "sparse_categorical_crossentropy",
        keras.losses.SparseCategoricalCrossentropy(),
        "categorical_crossentropy",
        keras.losses.CategoricalCrossentropy(),
    ]
    histories = [fit(tiny(loss=loss, dropout=0, ngram_dropout=0)) for loss in losses]
    for history in histories[1:]:
        np.testing.assert_allclose(history, histories[0], rtol=1e-4)


def test_a_model_can_be_trained_on_after_it_was_trained():
    model = tiny(dropout=0, ngram_dropout=0)
    first = fit(model, epochs=3)
    second = fit(model, epochs=3, seed=1)
    assert second["loss"].iloc[-1] < first["loss"].iloc[0]


def test_tensorboard_logs_hold_the_history(tmp_path):
    history = fit(tiny(), epochs=2, log_dir=tmp_path / "logs")
    events = EventAccumulator(str(tmp_path / "logs")).Reload()
    for column in ("loss", "dev_loss", "dev_accuracy", "dev_macro_f1", "learning_rate"):
        entries = events.Tensors(column)
        assert [entry.step for entry in entries] == [1, 2]
        values = [float(tf.make_ndarray(entry.tensor_proto)) for entry in entries]
        np.testing.assert_allclose(values, history[column], rtol=1e-6)


def test_nothing_is_printed_but_the_bar_and_that_only_if_asked(capfd):
    fit(tiny(), epochs=1)
    assert capfd.readouterr() == ("", "")
    fit(tiny(), epochs=1, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "2/2" in err


@pytest.mark.parametrize("unit", ["char", "word"])
def test_ids_computed_once_are_the_ids_of_the_graph_and_of_python(unit):
    encoder = TextEncoder.from_texts(HEADLINES["text"], unit=unit, max_length=6)
    model = networks.build_textrnn(encoder, ["x", "y"], embed_dim=4, units=4)
    texts = [*HEADLINES["text"], "没见过\U00020000", "Ａ" * 50]
    encoded = training.encode_texts(model, texts)
    np.testing.assert_array_equal(encoded.ids, networks.text_layer(model)(tf.constant(texts)))
    assert encoded.lengths.tolist() == [len(encoder.encode_one(text)) for text in texts]
    assert encoded.batch(np.array([4, 0])).shape == (2, encoded.lengths[[0, 4]].max())


def test_predictions_come_in_the_order_of_the_texts_whatever_the_batch_size():
    model = tiny(cell="lstm", bidirectional=True)
    texts = ["球队" * length for length in (5, 1, 8, 3, 1, 4)]
    expected = np.concatenate([model(tf.constant([text])).numpy() for text in texts])
    assert np.ptp(expected[:, 0]) > 1e-4
    for batch_size in (1, 4, 100):
        np.testing.assert_allclose(training.predict_proba(model, texts, batch_size=batch_size), expected, atol=1e-6)
    assert training.predict_proba(model, []).shape == (0, 2)


def test_a_text_that_is_too_long_is_predicted_as_the_mean_of_its_windows():
    model = tiny()
    for weight in model.weights:
        weight.assign(3 * weight)
    texts = ["球" * 32 + "股" * 48, "股市", "冠" * 32 + "涨" * 28]
    windows = ENCODER.encode_windows(texts)
    assert windows.rows.tolist() == [0, 0, 0, 1, 2, 2]
    of_windows = networks.ids_model(model)(windows.ids).numpy()
    expected = [(of_windows[rows] * windows.shares[rows, None]).sum(axis=0) for rows in ([0, 1, 2], [3], [4, 5])]
    np.testing.assert_allclose(training.predict_proba(model, texts), expected, atol=1e-6)
    head = networks.ids_model(model)(ENCODER.encode(texts)).numpy()
    assert abs(training.predict_proba(model, texts) - head)[[0, 2]].max() > 0.01


def test_each_epoch_reads_another_window_of_a_long_text_and_counts_it_as_one_text(tmp_path):
    parts = ["涨" * 24, "涨" * 8 + "冠" * 16, "冠" * 24]
    texts = ["球" * 32 + "股" * 32, "股市", "".join(parts), "球队"]
    table = pd.DataFrame({"text": texts, "label": ["sports", "stocks"] * 2})
    path = tmp_path / "long.tsv"
    path.write_text("".join(f"{row.label}\t{row.text}\n" for row in table.itertuples()), encoding="utf-8")
    model = tiny(evidence=True)
    for data in (rows.TableRows(model, table, None), rows.FileRows(model, path, folder=tmp_path)):
        read = [data.batch(data.windows_in(epoch)) for epoch in range(7)]
        assert [ids[2, :24, 0].tolist() for ids in read[1:4]] == ENCODER.encode(parts)[..., 0].tolist()
        assert not read[0][2, 24:].any()
        np.testing.assert_array_equal(read[0][[1, 3]], read[1][[1, 3]])
        assert data.share_read(1) == pytest.approx((32 + 2 + 24 + 2) / (64 + 2 + 72 + 2))
        assert (data.share_read(3), data.num_rows) == (1, 4)
        rows.count_evidence(model, data)
        counts, ids = networks.evidence_layer(model).tables[0].numpy(), ENCODER.token_ids
        assert counts[ids["冠"]].tolist() == [1, 0]  # one text, though two of its windows have it
        assert counts[ids["球"]].tolist() == [1, 1]


def test_heads_alone_are_read_where_next_to_nothing_lies_behind_them():
    texts = ["股市大涨" * 8] * 50 + ["球队夺冠" * 8 + "股"]
    table = pd.DataFrame({"text": texts, "label": ["stocks"] * 50 + ["sports"]})
    data = rows.TableRows(tiny(), table, None)
    assert data.num_windows.max() == 1
    np.testing.assert_array_equal(data.batch(data.windows_in(3)), ENCODER.encode(texts))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 60), max_size=700).map(np.array),
    st.integers(1, 9),
    st.integers(0, 2**32 - 1),
    st.integers(0, 99),
)
def test_an_epoch_holds_every_row_once_in_full_batches(lengths, batch_size, seed, epoch):
    lengths = lengths.astype("int64")
    batches = training.draw_batches(lengths, batch_size=batch_size, seed=seed, epoch=epoch)
    assert sorted(itertools.chain.from_iterable(batches)) == list(range(len(lengths)))
    sizes = sorted(map(len, batches))
    assert all(size == batch_size for size in sizes[1:])
    assert len(batches) == training.num_steps(len(lengths), batch_size=batch_size, epochs=1)
    again = training.draw_batches(lengths, batch_size=batch_size, seed=seed, epoch=epoch)
    assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in again]


def test_every_epoch_and_every_seed_has_an_order_of_its_own():
    lengths = np.random.default_rng(0).integers(10, 33, 500)
    orders = {
        tuple(np.concatenate(training.draw_batches(lengths, batch_size=16, seed=seed, epoch=epoch)))
        for seed in range(4)
        for epoch in range(4)
    }
    assert len(orders) == 16


def test_batches_waste_little_on_padding_and_do_not_come_sorted():
    lengths = np.random.default_rng(0).integers(10, 33, 5000)

    def share_of_padding(batches):
        steps = sum(len(batch) * lengths[batch].max() for batch in batches)
        return 1 - lengths.sum() / steps

    batches = training.draw_batches(lengths, batch_size=32, seed=0, epoch=0)
    assert share_of_padding(batches) < 0.03
    assert share_of_padding(np.array_split(np.random.default_rng(1).permutation(5000), 157)) > 0.25
    longest = [lengths[batch].max() for batch in batches]
    assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.3


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a", ""], "texts: item 1: expected a text, got an empty one"),
        (pd.Series(["a", float("nan")], dtype=object), "texts: item 1: expected a string, got nan (float)"),
        (
            ["a", "b\ud83d"],
            "texts: item 1: character 1 is half of a surrogate pair ('\\ud83d'): the text was decoded wrongly",
        ),
    ],
)
def test_texts_that_are_none_are_refused_by_place(texts, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        checks.check_texts(texts)
    assert str(caught.value) == message


@pytest.mark.parametrize("texts", ["ab", ["ab"], ("ab",), pd.Series(["ab"], index=[5]), np.array(["ab"])])
def test_texts_come_as_a_string_a_list_a_column_or_an_array(texts):
    checked = checks.check_texts(texts)
    assert checked == ["ab"]
    assert type(checked[0]) is str


def changed(row, column, value):
    table = HEADLINES.reset_index(drop=True)
    table.loc[row, column] = value
    return table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"train": changed(2, "label", "weather")},
            "train: row 3: label 'weather' is not among the model's ['sports', 'stocks']",
        ),
        (
            {"dev": changed(0, "label", "Sports")},
            "dev: row 1: label 'Sports' is not among the model's ['sports', 'stocks']",
        ),
        ({"train": HEADLINES[:1]}, "train: the class(es) ['sports'] of the model have no row"),
        ({"train": changed(1, "text", " ")}, "train: row 2: expected a text, got ' '"),
        ({"dev": changed(3, "text", "")}, "dev: row 4: expected a text, got ''"),
        ({"dev": HEADLINES[:0]}, "dev: expected at least one row, got none"),
        ({"train": HEADLINES[:0]}, "train: expected at least one row, got none"),
        ({"scoring": "f1"}, "scoring: expected one of ('accuracy', 'macro_f1'), got 'f1'"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_any_work(arguments, message, tmp_path):
    model = tiny()
    before = model.get_weights()
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        fit(model, **arguments, log_dir=tmp_path / "logs")
    assert str(caught.value) == message
    assert not (tmp_path / "logs").exists()
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_model_that_is_not_compiled_is_refused():
    model = networks.build_textrnn(ENCODER, ["sports", "stocks"], embed_dim=4, units=4)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        fit(model)
    assert str(caught.value) == ("model: expected a compiled model; call model.compile(optimizer=…, loss=…) first")


@pytest.mark.parametrize(("batch_size", "what"), [(2, "the loss"), (4, "the loss on dev")])
def test_a_loss_that_is_no_number_stops_training_and_says_what_to_try(batch_size, what):
    model = tiny(optimizer=keras.optimizers.SGD(float("nan")), dropout=0, ngram_dropout=0)
    with pytest.raises(
        FloatingPointError,
        match=rf"^epoch 1: {what} is (nan|inf); try a lower learning rate or clipnorm in the optimizer$",
    ):
        fit(model, batch_size=batch_size)


def test_adamw_warms_up_and_decays_to_nothing():
    rate = training.adamw(0.01, 100).learning_rate
    optimizer = training.adamw(0.01, 100)
    schedule = optimizer._learning_rate
    rates = [float(schedule(step)) for step in (0, 5, 10, 55, 100, 200)]
    np.testing.assert_allclose(rates, [0.001, 0.0055, 0.01, 0.005, 0, 0], atol=1e-6)
    assert float(rate) == pytest.approx(0.001)
    assert optimizer.global_clipnorm == 1
    assert optimizer.weight_decay == 0.01


def test_the_recommended_classifier_takes_its_classes_and_vocabulary_from_train_alone():
    dev = HEADLINES.assign(text="狗" + HEADLINES["text"])
    settings = training.Recipe(2, 2, 1e-3, embed_dim=4, units=4)
    model, history = training.train_textrnn(HEADLINES, dev, settings=settings, progress=False)
    assert networks.label_names(model) == ["sports", "stocks"]
    encoder = networks.text_encoder(model)
    assert "股" in encoder.tokens
    assert "狗" not in encoder.tokens
    assert (len(encoder.num_ids), encoder.max_length) == (3, 16)
    assert len(history) == 2


def test_the_length_kept_holds_nearly_every_text_within_bounds():
    assert training.length_to_keep(pd.Series(["a" * 20] * 999 + ["a" * 25])) == 21
    assert training.length_to_keep(pd.Series(["a"])) == 16
    assert training.length_to_keep(pd.Series(["a" * 5000])) == 400


EVIDENCE_TABLE = pd.DataFrame(
    {
        "text": ["股市大涨", "股市大跌", "基金大涨", "球队夺冠", "球员夺冠", "球队落败", "股市 基金", "球员 落败"],
        "label": ["stocks", "stocks", "stocks", "sports", "sports", "sports", "stocks", "sports"],
    }
)


def evidence_model(*, seed=0, **settings):
    encoder = TextEncoder.from_texts(EVIDENCE_TABLE["text"], max_ngram=2, min_ngram_count=1)
    settings = {"embed_dim": 8, "units": 8, "dropout": 0.0, "ngram_dropout": 0.0, "evidence": True} | settings
    model = networks.build_textrnn(encoder, ["sports", "stocks"], seed=seed, **settings)
    model.compile(optimizer=training.adamw(0.01, 40), loss="sparse_categorical_crossentropy")
    return model


def test_fit_counts_the_evidence_in_train_and_leaves_each_text_out_of_its_own():
    model = evidence_model()
    training.fit(model, EVIDENCE_TABLE, EVIDENCE_TABLE, epochs=1, batch_size=8, progress=False)
    layer, encoded = networks.evidence_layer(model), training.encode_texts(model, EVIDENCE_TABLE["text"])
    assert layer.tables[0].numpy().sum() == sum(len(set(text)) for text in EVIDENCE_TABLE["text"])
    # The loss of the first step is that of the evidence without the text itself, not of the evidence as it is.
    fresh = evidence_model()
    fresh_layer = networks.evidence_layer(fresh)
    targets = metrics.label_ids(EVIDENCE_TABLE["label"], ["sports", "stocks"])
    fresh_layer.count(encoded.ids, targets)
    ids = tf.constant(encoded.ids)
    front, rest = networks.split_at_vectors(fresh)
    losses = {}
    for name, evidence in {
        "left out": fresh_layer.leave_one_out(ids, targets),
        "as it is": fresh_layer(ids),
    }.items():
        probs = rest([ids, front([ids, evidence])]).numpy()
        losses[name] = -np.log(probs[np.arange(8), targets]).mean()
    first = evidence_model()
    history = training.fit(first, EVIDENCE_TABLE, EVIDENCE_TABLE, epochs=1, batch_size=8, progress=False)
    assert history["loss"][0] == pytest.approx(losses["left out"], abs=1e-5)
    assert abs(losses["left out"] - losses["as it is"]) > 1e-3


def test_recount_false_leaves_the_evidence_as_it_was():
    model = evidence_model()
    training.fit(model, EVIDENCE_TABLE, EVIDENCE_TABLE, epochs=1, batch_size=4, progress=False)
    before = [table.numpy() for table in networks.evidence_layer(model).tables]
    training.fit(model, EVIDENCE_TABLE[:5], EVIDENCE_TABLE, epochs=1, batch_size=4, recount=False, progress=False)
    for table, counts in zip(networks.evidence_layer(model).tables, before, strict=True):
        np.testing.assert_array_equal(table.numpy(), counts)


def test_adversarial_training_follows_the_mean_of_both_gradients():
    table, targets = EVIDENCE_TABLE, metrics.label_ids(EVIDENCE_TABLE["label"], ["sports", "stocks"])
    model, share = evidence_model(evidence=False), 0.3
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="sparse_categorical_crossentropy")
    ids = tf.constant(training.encode_texts(model, table["text"]).ids)
    front, rest = networks.split_at_vectors(model)

    def gradients(vectors, wanted):
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            loss = keras.ops.mean(keras.losses.sparse_categorical_crossentropy(targets, rest([ids, vectors])))
        return tape.gradient(loss, wanted)

    vectors, kernel = front([ids]), model.layers[-1].kernel.value
    uphill = gradients(vectors, vectors)
    lengths = [np.sqrt((np.asarray(x) ** 2).sum(axis=(1, 2), keepdims=True)) for x in (vectors, uphill)]
    worse = vectors + share * lengths[0] * uphill / lengths[1]
    expected = kernel.numpy() - (gradients(vectors, kernel) + gradients(worse, kernel)).numpy() / 2
    training.fit(model, table, table, epochs=1, batch_size=8, adversarial=share, progress=False)
    np.testing.assert_allclose(model.layers[-1].kernel.numpy(), expected, atol=1e-5)
