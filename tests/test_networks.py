"""The classifier: padding has no say, seeds decide, every weight learns, labels are known by name."""

import itertools
import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from textrnn import networks
from textrnn.layers import LabelProbabilities, MaskedPooling, TextToIds
from textrnn.networks import build_textrnn
from textrnn.options import POOLINGS
from textrnn.preprocessing import TextEncoder

pytestmark = pytest.mark.slow

TEXTS = ["股市大涨", "球队夺冠，教练落泪", "股", "基金 A股 12%"]
ENCODER = TextEncoder.from_texts(TEXTS, max_length=40)
NGRAMS = TextEncoder.from_texts(TEXTS, max_length=40, max_ngram=3, min_ngram_count=1)
TINY = {"embed_dim": 8, "units": 8}


def with_large_weights(model, *, seed=1):
    """The model after every weight, biases included, was drawn from a normal distribution of deviation 0.5."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(scale=0.5, size=weight.shape) for weight in model.get_weights()])
    return model


def with_summary(model):
    """The model with its summary, the input of the last dropout, as a second output."""
    return keras.Model(model.input, [model.output, model.layers[-2].input])


@pytest.mark.parametrize(
    ("cell", "bidirectional"),
    [*itertools.product(["lstm", "gru", "simple"], [False, True]), ("feedforward", False)],
)
@pytest.mark.parametrize("num_layers", [1, 2])
def test_the_answer_is_the_same_alone_in_a_batch_and_behind_more_padding(cell, bidirectional, num_layers):
    encoder = NGRAMS if cell == "gru" else ENCODER
    model = build_textrnn(
        encoder,
        ["x", "y", "z"],
        cell=cell,
        num_layers=num_layers,
        bidirectional=bidirectional,
        pooling=POOLINGS,
        **TINY,
    )
    model = with_summary(with_large_weights(model))
    in_batch = [output.numpy() for output in model(tf.constant(TEXTS))]
    behind_padding = [output.numpy() for output in model(tf.constant([*TEXTS, "大涨夺冠" * 4]))]
    assert in_batch[1].shape == (4, 4 * 8 * (1 + bidirectional))  # each kind of pooling side by side
    assert np.ptp(in_batch[0], axis=0).max() > 0.01  # the texts do get different answers
    for row, text in enumerate(TEXTS):
        alone = [output.numpy()[0] for output in model(tf.constant([text]))]
        for here, batch, padded in zip(alone, in_batch, behind_padding, strict=True):
            np.testing.assert_allclose(batch[row], here, atol=1e-6, rtol=0)
            np.testing.assert_allclose(padded[row], here, atol=1e-6, rtol=0)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_each_pooling_by_itself_gives_the_same_answer_behind_padding_and_for_an_empty_text(pooling):
    model = with_large_weights(build_textrnn(ENCODER, ["x", "y"], pooling=pooling, **TINY))
    alone = np.concatenate([model(tf.constant([text])).numpy() for text in [*TEXTS, ""]])
    padded = model(tf.constant([*TEXTS, "", "大涨夺冠" * 4])).numpy()
    np.testing.assert_allclose(padded[:5], alone, atol=1e-6, rtol=0)
    assert np.isfinite(alone).all()
    np.testing.assert_allclose(alone.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_an_empty_text_gets_the_answer_of_a_summary_of_zeros(bidirectional):
    model = with_large_weights(
        build_textrnn(NGRAMS, ["x", "y"], bidirectional=bidirectional, pooling=POOLINGS, num_layers=2, **TINY)
    )
    probs, summary = with_summary(model)(tf.constant(["", " \u2028\0"]))
    assert not summary.numpy().any()
    bias = model.layers[-1].get_weights()[1]
    np.testing.assert_allclose(probs, np.tile(np.exp(bias) / np.exp(bias).sum(), (2, 1)), atol=1e-6)


def test_the_network_on_ids_gives_the_answers_of_the_network_on_texts():
    for encoder in (ENCODER, NGRAMS):
        model = with_large_weights(build_textrnn(encoder, ["x", "y"], **TINY))
        on_ids = networks.ids_model(model)
        np.testing.assert_allclose(on_ids(encoder.encode(TEXTS)), model(tf.constant(TEXTS)), atol=1e-6)
        assert [id(weight) for weight in on_ids.weights] == [id(weight) for weight in model.weights]


@pytest.mark.parametrize("cell", ["lstm", "gru", "simple"])
def test_one_training_step_changes_every_weight(cell):
    model = build_textrnn(
        NGRAMS, ["x", "y"], cell=cell, num_layers=2, pooling=POOLINGS, dropout=0, ngram_dropout=0, **TINY
    )
    on_ids = networks.ids_model(model)
    on_ids.compile(optimizer=keras.optimizers.SGD(1.0), loss="sparse_categorical_crossentropy", run_eagerly=True)
    before = model.get_weights()
    on_ids.train_on_batch(NGRAMS.encode(TEXTS), np.array([0, 1, 0, 1]))
    names = [weight.path for weight in model.weights]
    unchanged = [
        name for name, old, new in zip(names, before, model.get_weights(), strict=True) if np.array_equal(old, new)
    ]
    assert len(names) >= 3 + 2 * 6 + 3 + 2
    assert unchanged == []


def test_the_order_of_the_characters_matters_to_every_cell():
    for cell in ("lstm", "gru", "simple"):
        model = with_large_weights(build_textrnn(ENCODER, ["x", "y"], cell=cell, bidirectional=False, **TINY))
        probs = model(tf.constant(["股市", "市股"])).numpy()
        assert abs(probs[0] - probs[1]).max() > 1e-3


def test_without_a_memory_the_order_of_the_characters_says_nothing():
    settings = {"cell": "feedforward", "bidirectional": False, "num_layers": 2, "pooling": ("max", "mean")}
    model = with_large_weights(build_textrnn(ENCODER, ["x", "y"], **settings, **TINY))
    probs = model(tf.constant(["球队夺冠", "冠夺队球", "夺冠球队", "股市大涨"])).numpy()
    np.testing.assert_allclose(probs[1:3], probs[[0, 0]], atol=1e-6)
    assert abs(probs[0] - probs[3]).max() > 1e-3


def test_the_last_step_of_a_network_without_memory_is_all_that_it_tells_of():
    settings = {"cell": "feedforward", "bidirectional": False, "pooling": "last"}
    model = with_large_weights(build_textrnn(ENCODER, ["x", "y"], **settings, **TINY))
    probs = model(tf.constant(["球队夺股", "股市大涨股", "股", "股市"])).numpy()
    np.testing.assert_allclose(probs[:2], probs[[2, 2]], atol=1e-6)
    assert abs(probs[0] - probs[3]).max() > 1e-3


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first, again, other = (
        build_textrnn(NGRAMS, ["x", "y"], pooling=POOLINGS, num_layers=2, seed=seed, **TINY) for seed in (3, 3, 4)
    )
    for one, two in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    drawn = [np.ptp(weight) > 0 for weight in first.get_weights()]
    assert sum(drawn) > 10
    for one, two, is_drawn in zip(first.get_weights(), other.get_weights(), drawn, strict=True):
        assert (not np.array_equal(one, two)) or not is_drawn or set(np.unique(one)) == {0.0, 1.0}  # LSTM bias


def test_the_two_directions_start_from_different_weights():
    model = build_textrnn(ENCODER, ["x", "y"], **TINY)
    layer = model.get_layer("bidirectional_1")
    for forward, backward in zip(layer.forward_layer.weights[:2], layer.backward_layer.weights[:2], strict=True):
        assert not np.array_equal(forward.numpy(), backward.numpy())


def test_building_leaves_the_generator_of_the_caller_as_it_was():
    random.seed(5)
    state = random.getstate()
    build_textrnn(ENCODER, ["x", "y"], seed=9, **TINY)
    assert random.getstate() == state


def test_what_other_threads_draw_meanwhile_changes_no_seed():
    with networks.seeded(9):
        seeds = []
        for _ in range(2):
            seeds.append(int(keras.random.SeedGenerator().state.numpy()[0]))
            random.random()  # as another thread may at any time
    one = random.Random(9)
    assert seeds == [one.randint(1, 10**9) for _ in range(2)]


def test_dropout_acts_in_training_alone_and_by_its_seed():
    first, again = (build_textrnn(ENCODER, ["x", "y"], dropout=0.5, seed=2, **TINY) for _ in range(2))
    quiet = [first(tf.constant(TEXTS)).numpy() for _ in range(2)]
    np.testing.assert_array_equal(*quiet)
    noisy = [model(tf.constant(TEXTS), training=True).numpy() for model in (first, again, first)]
    np.testing.assert_array_equal(noisy[0], noisy[1])
    assert not np.array_equal(noisy[0], noisy[2])
    assert not np.array_equal(noisy[0], quiet[0])


def test_a_network_survives_json_with_its_vocabulary_and_labels():
    model = with_large_weights(build_textrnn(NGRAMS, ["x", "y"], pooling=POOLINGS, **TINY))
    again = keras.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again(tf.constant(TEXTS)), model(tf.constant(TEXTS)), atol=1e-6)
    assert networks.label_names(again) == ["x", "y"]
    assert networks.text_encoder(again) == NGRAMS


def test_probabilities_are_one_row_for_each_text_and_sum_to_one():
    probs = with_large_weights(build_textrnn(ENCODER, ["x", "y", "z"], **TINY))(tf.constant(TEXTS)).numpy()
    assert probs.shape == (4, 3)
    assert probs.dtype == "float32"
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-6)


STATES = np.array([[[1, 2], [3, -4], [100, 100]], [[7, 8], [9, 9], [9, 9]], [[5, 5], [5, 5], [5, 5]]], "float32")
MASK = np.array([[True, True, False], [True, False, False], [False, False, False]])


@pytest.mark.parametrize(
    ("kind", "bidirectional", "expected"),
    [
        ("last", False, [[3, -4], [7, 8], [0, 0]]),
        ("last", True, [[3, 2], [7, 8], [0, 0]]),
        ("max", False, [[3, 2], [7, 8], [0, 0]]),
        ("mean", False, [[2, -1], [7, 8], [0, 0]]),
    ],
)
def test_pooling_gives_the_numbers_worked_by_hand(kind, bidirectional, expected):
    layer = MaskedPooling(kind, bidirectional=bidirectional)
    np.testing.assert_allclose(layer(STATES, mask=MASK), expected)


def test_pooling_without_a_mask_counts_every_step():
    for kind, expected in {"last": [100, 100], "max": [100, 100], "mean": [104 / 3, 98 / 3]}.items():
        np.testing.assert_allclose(MaskedPooling(kind)(STATES[:1]), [expected], rtol=1e-6)


def test_attention_weighs_the_steps_by_the_softmax_of_their_scores():
    layer = MaskedPooling("attention", units=2)
    layer.build((None, None, 2))
    layer.set_weights([np.eye(2), np.array([0.5, 0.0]), np.array([[2.0], [-1.0]])])
    scores = 2 * np.tanh(np.array([1, 3]) + 0.5) - np.tanh(np.array([2, -4]))
    weights = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(layer(STATES, mask=MASK)[0], weights @ STATES[0, :2], rtol=1e-5)
    np.testing.assert_allclose(layer(STATES, mask=MASK)[1], [7, 8], rtol=1e-6)
    np.testing.assert_allclose(layer(STATES, mask=MASK)[2], [0, 0])


def test_attention_does_not_see_padding_however_high_it_would_score():
    layer = MaskedPooling("attention", units=2)
    layer.build((None, None, 2))
    layer.set_weights([np.eye(2), np.zeros(2), np.full((2, 1), 30.0)])
    states = np.array([[[1, 0], [0, 1], [9, 9]]], "float32")
    np.testing.assert_allclose(layer(states, mask=MASK[:1]), layer(states[:, :2], mask=MASK[:1, :2]), atol=1e-6)
    np.testing.assert_allclose(layer(states, mask=MASK[:1]), [[0.5, 0.5]], atol=1e-6)


def test_a_network_without_memory_has_no_direction():
    with pytest.raises(ValueError, match=r"^bidirectional: expected False for cell='feedforward', which has no"):
        build_textrnn(ENCODER, ["x", "y"], cell="feedforward")


@pytest.mark.parametrize("names", [["x"], [], ["x", "x"], ["x", ""], ["x", " "], ["x", 3]])
def test_labels_that_are_not_two_different_names_are_refused(names):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        LabelProbabilities(names)
    assert str(caught.value) == f"label_names: expected two or more different, non-empty strings, got {names}"


@pytest.mark.parametrize("char", list("\n\r\0\v\f\x1c\x1d\x1e\u0085\u2028\u2029"))
def test_labels_with_a_line_break_or_nul_are_refused(char):
    for names in (["x", f"a{char}b"], ["x", f"a{char}"]):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            build_textrnn(ENCODER, names)
        expected = "names without line breaks, NUL and other controls"
        assert str(caught.value) == f"label_names: expected {expected}, got {names}"


def test_labels_with_half_of_a_surrogate_pair_are_refused():
    with pytest.raises(ValueError, match=r"^label_names: expected names that UTF-8 can write, got \['x', "):
        LabelProbabilities(["x", "y\ud83d"])


def test_an_unknown_pooling_is_refused_by_the_layer_too():
    with pytest.raises(ValueError, match=r"^kind: expected one of \('last', 'max', 'mean', 'attention'\), got 'sum'$"):
        MaskedPooling("sum")


def test_a_model_without_the_layers_of_this_package_is_refused():
    text = keras.Input((), dtype="string")
    vectors = keras.layers.Embedding(ENCODER.num_ids[0], 4, mask_zero=False)(TextToIds(ENCODER)(text))
    model = keras.Model(text, keras.layers.Dense(2, name="last")(keras.layers.GlobalMaxPooling1D()(vectors)))
    with pytest.raises(ValueError, match=r"^model: expected LabelProbabilities\(label_names\) as its last layer, got"):
        networks.label_names(model)
    plain = keras.Sequential([keras.Input((3,)), LabelProbabilities(["x", "y"])])
    for function in (networks.text_layer, networks.text_encoder, networks.ids_model):
        with pytest.raises(ValueError, match=r"^model: expected a TextToIds layer after the input, found none$"):
            function(plain)


@pytest.mark.parametrize("encoder", [ENCODER, NGRAMS])
def test_a_textcnn_answers_the_same_alone_in_a_batch_and_behind_more_padding(encoder):
    model = networks.build_textcnn(encoder, ["x", "y", "z"], embed_dim=8, filters=8, widths=(1, 2, 3, 4, 5))
    model = with_summary(with_large_weights(model))  # padding has large vectors, too
    in_batch = [output.numpy() for output in model(tf.constant([*TEXTS, ""]))]
    behind_padding = [output.numpy() for output in model(tf.constant([*TEXTS, "", "大涨夺冠" * 10]))]
    assert in_batch[1].shape == (5, 5 * 8)
    assert np.ptp(in_batch[0], axis=0).max() > 0.01
    for row, text in enumerate([*TEXTS, ""]):
        alone = [output.numpy()[0] for output in model(tf.constant([text]))]
        for here, batch, padded in zip(alone, in_batch, behind_padding, strict=True):
            np.testing.assert_allclose(batch[row], here, atol=1e-6, rtol=0)
            np.testing.assert_allclose(padded[row], here, atol=1e-6, rtol=0)


def test_a_textcnn_sees_order_as_far_as_its_filters_reach_and_its_seed_decides():
    texts = tf.constant(["股市大涨", "涨大市股"])
    for width, differ in {1: False, 2: True}.items():
        model = networks.build_textcnn(ENCODER, ["x", "y"], embed_dim=8, filters=8, widths=[width])
        first, second = with_summary(with_large_weights(model))(texts)[1].numpy()
        assert np.allclose(first, second, atol=1e-6) != differ
    one, same, other = (
        networks.build_textcnn(ENCODER, ["x", "y"], embed_dim=8, filters=8, seed=seed).get_weights()
        for seed in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])


def test_a_textcnn_on_ids_gives_the_answers_of_the_one_on_texts():
    model = with_large_weights(networks.build_textcnn(NGRAMS, ["x", "y"], embed_dim=8, filters=8))
    ids = next(layer for layer in model.layers if isinstance(layer, TextToIds))(tf.constant(TEXTS))
    np.testing.assert_allclose(networks.ids_model(model)(ids), model(tf.constant(TEXTS)), atol=1e-6)
    copy = keras.models.model_from_json(model.to_json())
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy(tf.constant(TEXTS)), model(tf.constant(TEXTS)), atol=1e-6)
