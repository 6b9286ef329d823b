"""The NumPy runtime gives TensorFlow's answers, whatever the batch, the order or the number of threads."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from threadpoolctl import threadpool_info, threadpool_limits

from textrnn import datasets, layers, metrics, options
from textrnn.lessons.cells import from_keras, run_lstm
from textrnn.networks import build_textrnn
from textrnn.options import POOLINGS
from textrnn.preprocessing import TextEncoder
from textrnn.saving import to_numpy_network
from textrnn.saving.numpy_network import Direction, Packed

pytestmark = pytest.mark.slow

HEADLINES = datasets.load("headlines")
TEXTS = [*HEADLINES.dev["text"][:300], "国", "没见过的字\U00020000", "x" * 100]


def with_large_weights(model, *, seed=1):
    rng = np.random.default_rng(seed)
    drawn = [rng.normal(scale=0.3, size=weight.shape) for weight in model.weights]
    counts = ["counts" in weight.name for weight in model.weights]  # are none below zero
    model.set_weights(
        [np.abs(30 * value) if is_count else value for value, is_count in zip(drawn, counts, strict=True)]
    )
    return model


def build(*, max_ngram=2, **settings):
    encoder = TextEncoder.from_texts(HEADLINES.train["text"][:500], max_ngram=max_ngram)
    return with_large_weights(build_textrnn(encoder, ["x", "y", "z"], **{"embed_dim": 8, "units": 16} | settings))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_ngram": 1},
        {"max_ngram": 3, "evidence": True},
        {"max_ngram": 3, "evidence": True, "embedded_ngrams": 50},
        {"max_ngram": 3, "pooling": ("mean", "max")},
        {"bidirectional": False, "pooling": "last"},
        {"num_layers": 2, "pooling": POOLINGS},
        {"num_layers": 3, "bidirectional": False, "pooling": ("attention", "last")},
    ],
    ids=str,
)
def test_numpy_and_tensorflow_give_the_same_probabilities(settings):
    model = build(**settings)
    texts = [*TEXTS, "\u200b"]  # of the last one nothing is left
    expected = model(tf.constant(texts)).numpy()
    assert np.ptp(expected, axis=0).max() > 0.05  # the texts do get different answers
    got = to_numpy_network(model).answer(texts, long_text="head")
    np.testing.assert_allclose(got, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("max_ngram", [1, 3])
def test_a_long_text_gets_the_mean_of_its_windows_by_their_length(max_ngram):
    network = to_numpy_network(build(max_ngram=max_ngram))
    tokens = "".join(HEADLINES.dev["text"][:60]).replace(" ", "")[:1000]  # no window begins or ends with a space
    num = -(-len(tokens) // network.encoder.max_length)
    ends = [len(tokens) * place // num for place in range(num + 1)]
    windows = [tokens[start:end] for start, end in itertools.pairwise(ends)]
    assert {len(window) for window in windows} == {31, 32}
    expected = np.average(network.predict_proba(windows), axis=0, weights=[len(window) for window in windows])
    for texts in ([tokens], ["国", tokens, "球"], [tokens] * 300):
        probs = network.predict_proba(texts)
        np.testing.assert_allclose(probs[len(texts) // 2], expected, atol=1e-6, rtol=0)
    assert abs(network.predict_proba([tokens], long_text="head")[0] - expected).max() > 0.01
    head = network.predict_proba([tokens[:32]])
    np.testing.assert_array_equal(network.predict_proba([tokens], long_text="head"), head)


def test_batch_order_and_threads_change_nothing():
    network = to_numpy_network(build())
    expected = network.predict_proba(TEXTS)
    for batch_size in (1, 7, 1000):
        np.testing.assert_allclose(network.predict_proba(TEXTS, batch_size=batch_size), expected, atol=1e-5, rtol=0)
    np.testing.assert_allclose(network.predict_proba(TEXTS[::-1])[::-1], expected, atol=1e-5, rtol=0)
    with threadpool_limits(1):
        np.testing.assert_allclose(network.predict_proba(TEXTS), expected, atol=1e-5, rtol=0)
    assert network.predict_proba([]).shape == (0, 3)


def test_calls_that_overlap_leave_the_threads_of_blas_as_they_were(monkeypatch):
    def threads():
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    one, other, before = to_numpy_network(build()), to_numpy_network(build()), threads()
    expected = one.predict_proba(TEXTS)
    one_works, other_works, one_is_done = threading.Event(), threading.Event(), threading.Event()

    def slow(network, mine, awaited):
        answer = network.answer

        def answer_slowly(texts, **settings):
            mine.set()
            awaited.wait(0.5)  # in vain, if the calls take turns
            return answer(texts, **settings)

        monkeypatch.setattr(network, "answer", answer_slowly)

    slow(one, one_works, other_works)
    slow(other, other_works, one_is_done)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(one.predict_proba, TEXTS)
        first.add_done_callback(lambda _: one_is_done.set())
        one_works.wait(10)
        second = pool.submit(other.predict_proba, TEXTS)
    for call in (first, second):
        np.testing.assert_allclose(call.result(), expected, atol=1e-5, rtol=0)
    assert threads() == before


def test_an_unknown_way_with_long_texts_is_refused():
    with pytest.raises(ValueError, match=r"^long_text: expected one of \('windows', 'head'\), got 'tail'$"):
        to_numpy_network(build()).predict_proba(TEXTS, long_text="tail")


def test_one_direction_is_the_lstm_of_the_cells_room_on_each_row_without_its_padding():
    layer = keras.layers.LSTM(4, return_sequences=True)
    layer.build((None, None, 3))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    rows = [rng.normal(size=(length, 3)).astype("float32") for length in (5, 3, 3, 1)]
    counts = np.array([4, 3, 3, 1, 1])
    values = np.concatenate([[row[step] for row in rows if len(row) > step] for step in range(5)])
    for backwards in (False, True):
        direction = Direction(*layer.get_weights(), backwards=backwards)
        states, last = direction.run(Packed(values, counts))
        for place, row in enumerate(rows):
            outputs = run_lstm(row[::-1] if backwards else row, **from_keras(layer)).outputs
            got = [step[place] for step in Packed(states, counts).steps() if len(step) > place]
            np.testing.assert_allclose(got, outputs[::-1] if backwards else outputs, atol=1e-5)
            np.testing.assert_allclose(last[place], outputs[-1], atol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "simple", "feedforward"])
def test_another_cell_is_refused_by_name(cell):
    with pytest.raises(ValueError, match=rf'build_textrnn\(cell="lstm"\).*{cell}_1.*use runtime="tensorflow"'):
        to_numpy_network(build(cell=cell, bidirectional=False))


def test_a_layer_that_it_does_not_know_is_refused_by_name():
    model = build()
    extra = keras.layers.Dense(3, name="surprise")(model.layers[-2].output)
    probs = layers.LabelProbabilities(["x", "y", "z"])(extra)
    with pytest.raises(ValueError, match="surprise"):
        to_numpy_network(keras.Model(model.input, probs))


@pytest.mark.long
@pytest.mark.parametrize("name", ["headlines-textrnn", "thucnews-textrnn"])
def test_a_shipped_model_gives_the_same_labels_by_both_runtimes(name, load_shipped):
    table = HEADLINES.test
    one, other = (load_shipped(name, runtime) for runtime in options.RUNTIMES)
    expected, got = one.predict_proba(table["text"]), other.predict_proba(table["text"])
    np.testing.assert_allclose(got, expected, atol=1e-5, rtol=0)
    labels = [metrics.predicted_labels(probs, one.label_names) for probs in (expected, got)]
    assert (labels[0] == labels[1]).all()


@pytest.mark.long
def test_ten_thousand_real_headlines_get_the_same_labels_by_both_runtimes(shared_data, load_shipped):
    texts = datasets.read_table(shared_data("thucnews_titles/dev.tsv"))["text"]
    one, other = (load_shipped("thucnews-textrnn", runtime).predict(texts) for runtime in options.RUNTIMES)
    assert len(texts) == 10_000
    assert (one == other).all()
