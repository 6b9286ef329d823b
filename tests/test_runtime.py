"""The NumPy runtime gives TensorFlow's answers, whatever the batch, the order or the number of threads."""

import functools
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from threadpoolctl import threadpool_info, threadpool_limits

from textrnn import datasets, layers, metrics, options
from textrnn.lessons.cells import from_keras, run_lstm
from textrnn.networks import build_textcnn, build_textrnn, set_temperature
from textrnn.options import CELLS, POOLINGS
from textrnn.preprocessing import TextEncoder
from textrnn.saving import to_numpy_network
from textrnn.saving.conversion import with_small_tables
from textrnn.saving.numpy_layers import LSTM, Packed

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


@functools.cache
def vocabulary(max_ngram):
    return TextEncoder.from_texts(HEADLINES.train["text"][:500], max_ngram=max_ngram)


def build(make=build_textrnn, *, max_ngram=2, **settings):
    settings = {"embed_dim": 8} | ({"units": 16} if make is build_textrnn else {}) | settings
    return with_large_weights(make(vocabulary(max_ngram), ["x", "y", "z"], **settings))


def assert_same_probabilities(model, *, texts=TEXTS):
    expected = model(tf.constant(texts)).numpy()
    assert np.ptp(expected, axis=0).max() > 0.05  # the texts do get different answers
    network = to_numpy_network(model)
    for most_bytes in (None, 0, 50_000, 2**26):  # products kept: not asked for, none, some, all
        if most_bytes is not None:
            network.multiply_ahead(most_bytes=most_bytes)
        np.testing.assert_allclose(network.predict_proba(texts, long_text="head"), expected, atol=1e-5, rtol=0)
    return network


# Every cell and direction with every pooling: "last" alone is another network than "last" beside others.
@pytest.mark.parametrize("pooling", ["last", POOLINGS[::-1]], ids=str)
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize(
    ("cell", "bidirectional"),
    [(cell, two) for cell in CELLS for two in (False, True) if not (cell == "feedforward" and two)],
)
def test_every_network_gives_the_probabilities_of_keras(cell, bidirectional, num_layers, pooling):
    settings = {"cell": cell, "bidirectional": bidirectional, "num_layers": num_layers, "pooling": pooling}
    assert_same_probabilities(build(**settings))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_ngram": 1},
        {"max_ngram": 1, "evidence": True},
        {"max_ngram": 3, "evidence": True, "embedded_ngrams": 50},
        {"max_ngram": 3, "pooling": ("mean", "max")},
        {"max_ngram": 2, "evidence": True, "cell": "gru", "pooling": "attention"},
    ],
    ids=str,
)
@pytest.mark.parametrize("tables", options.TABLES)
def test_every_way_of_reading_gives_the_probabilities_of_keras(settings, tables):
    model = build(**settings)
    network = assert_same_probabilities(model if tables == "float32" else with_small_tables(model))
    small = {array.dtype.name for array in network.data.arrays.values()} - {"float32"}
    expected = {"int8", *(("uint8", "uint16") if "evidence" in settings else ())} if tables == "int8" else set()
    assert small == expected


@pytest.mark.parametrize("settings", [{}, {"max_ngram": 1, "widths": [5, 1]}, {"widths": [40]}], ids=str)
@pytest.mark.parametrize("tables", options.TABLES)
def test_a_textcnn_gives_the_probabilities_of_keras(settings, tables):
    model = build(build_textcnn, **settings, filters=16)
    for texts in (TEXTS, ["国", "足球"]):  # shorter than a filter is wide
        assert_same_probabilities(model if tables == "float32" else with_small_tables(model), texts=texts)


def test_a_temperature_changes_the_probabilities_as_in_keras():
    model = build(build_textcnn, filters=8)
    before = to_numpy_network(model).predict_proba(TEXTS)
    set_temperature(model, 3.5)
    network = assert_same_probabilities(model)
    assert abs(network.predict_proba(TEXTS) - before).max() > 0.05


@pytest.mark.parametrize("make", [build_textrnn, build_textcnn])
def test_a_text_of_which_nothing_is_left_gets_the_answer_of_keras(make):
    model = build(make)
    texts = ["\u200b", "国足", "\ufeff\x07"]  # no text that is checked is like the first and the last
    network = to_numpy_network(model)
    for rows in (texts, texts[::2]):
        probs = network.probs(network.encoder.encode(rows))
        np.testing.assert_allclose(probs, model(tf.constant(rows)).numpy(), atol=1e-5, rtol=0)


def test_a_summary_is_what_the_output_layer_sees():
    model = build()
    network, text_layer, output_layer = to_numpy_network(model), model.layers[1], model.layers[-1]
    got = network.transform(TEXTS, long_text="head")
    assert got.dtype == "float32"
    expected = keras.Model(model.input, output_layer.input)(tf.constant(TEXTS)).numpy()
    np.testing.assert_allclose(got, expected, atol=1e-5, rtol=0)
    assert network.transform([]).shape == (0, got.shape[1])
    text = "".join(HEADLINES.dev["text"][:60])[:1000]
    windows = network.encoder.encode_windows([text])
    of_windows = keras.Model(text_layer.output, output_layer.input)(windows.ids).numpy()
    np.testing.assert_allclose(network.transform(text)[0], windows.shares @ of_windows, atol=1e-5, rtol=0)


def test_batch_order_and_threads_change_nothing():
    network = to_numpy_network(build())
    expected = network.predict_proba(TEXTS)
    for batch_size in (1, 7, 1000):
        np.testing.assert_allclose(network.predict_proba(TEXTS, batch_size=batch_size), expected, atol=1e-5, rtol=0)
    np.testing.assert_allclose(network.predict_proba(TEXTS[::-1])[::-1], expected, atol=1e-5, rtol=0)
    with threadpool_limits(1):
        np.testing.assert_allclose(network.predict_proba(TEXTS), expected, atol=1e-5, rtol=0)
    assert network.predict_proba([]).shape == (0, 3)


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_a_single_text_is_computed_with_one_thread_of_blas_whoever_has_set_their_number(monkeypatch):
    network, before, seen = to_numpy_network(build()), blas_threads(), []
    assert before
    run = LSTM.run
    monkeypatch.setattr(LSTM, "run", lambda *arguments: [seen.append(blas_threads()), run(*arguments)][1])
    others = threadpool_limits(3)  # as somebody might, in this thread, who never says that it is enough
    try:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(network.predict_proba, ["国"]).result()
        network.predict_proba(["国"])
        assert seen == [[1] * len(before)] * 4
        assert blas_threads() == [3] * len(before)
    finally:
        others.restore_original_limits()
    assert blas_threads() == before


def test_batches_one_at_a_time_keep_one_core_busy_not_two(load_shipped):
    network = pickle.loads(pickle.dumps(load_shipped("headlines-textrnn", "numpy").network))
    network.num_threads = 1
    network.multiply_ahead()
    texts = [f"{text} {number}" for number in range(3) for text in HEADLINES.dev["text"]]
    network.predict_proba(texts[:10])
    clock, used = time.perf_counter(), time.process_time()
    network.predict_proba(texts)
    assert time.process_time() - used < 1.25 * (time.perf_counter() - clock)


def test_calls_that_overlap_do_not_wait_and_leave_the_threads_of_blas_as_they_were(monkeypatch):
    network, before = to_numpy_network(build(bidirectional=False)), blas_threads()
    expected, run = network.predict_proba(["国", "足球"]), LSTM.run
    one_is_in, other_is_out = threading.Event(), threading.Event()

    def slowly(layer, packed):
        if len(packed.values) == 1:
            one_is_in.set()
            assert other_is_out.wait(30)
        return run(layer, packed)

    monkeypatch.setattr(LSTM, "run", slowly)
    with ThreadPoolExecutor(1) as pool:
        one = pool.submit(network.predict_proba, ["国"])
        assert one_is_in.wait(30)
        other = network.predict_proba(["足球"])
        assert blas_threads() == [1] * len(before)  # the one is still at work
        other_is_out.set()
    np.testing.assert_allclose([*one.result(), *other], expected, atol=1e-6, rtol=0)
    assert blas_threads() == before


def test_one_direction_is_the_lstm_of_the_cells_room_on_each_row_without_its_padding():
    layer = keras.layers.LSTM(4, return_sequences=True)
    layer.build((None, None, 3))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    rows = [rng.normal(size=(length, 3)).astype("float32") for length in (5, 3, 3, 1)]
    counts = np.array([4, 3, 3, 1, 1])
    values = np.concatenate([[row[step] for row in rows if len(row) > step] for step in range(5)])
    for backwards in (False, True):
        names = [weight.name for weight in layer.weights]
        weights = dict(zip(names, layer.get_weights(), strict=True))
        states = LSTM(**weights, backwards=backwards).run(Packed(values, counts))
        for place, row in enumerate(rows):
            outputs = run_lstm(row[::-1] if backwards else row, **from_keras(layer)).outputs
            got = [step[place] for step in Packed(states, counts).steps() if len(step) > place]
            np.testing.assert_allclose(got, outputs[::-1] if backwards else outputs, atol=1e-5)


def test_a_layer_that_it_does_not_know_is_refused_by_name():
    model = build()
    extra = keras.layers.Dense(3, name="surprise")(model.layers[-2].output)
    probs = layers.LabelProbabilities(["x", "y", "z"])(extra)
    with pytest.raises(ValueError, match="surprise"):
        to_numpy_network(keras.Model(model.input, probs))


@pytest.mark.long
@pytest.mark.parametrize("name", ["headlines-textrnn", "thucnews-textrnn"])
def test_a_shipped_model_gives_the_same_labels_by_every_runtime(name, load_shipped):
    table = HEADLINES.test
    one, *others = (load_shipped(name, runtime) for runtime in options.RUNTIMES)
    expected = one.predict_proba(table["text"])
    for other in others:
        got = other.predict_proba(table["text"])
        np.testing.assert_allclose(got, expected, atol=1e-5, rtol=0)
        labels = [metrics.predicted_labels(probs, one.label_names) for probs in (expected, got)]
        assert (labels[0] == labels[1]).all()


@pytest.mark.long
def test_ten_thousand_real_headlines_get_the_same_labels_by_every_runtime(shared_data, load_shipped):
    texts = datasets.read_table(shared_data("thucnews_titles/dev.tsv"))["text"]
    one, *others = (load_shipped("thucnews-textrnn", runtime).predict(texts) for runtime in options.RUNTIMES)
    assert len(texts) == 10_000
    assert all((one == other).all() for other in others)
