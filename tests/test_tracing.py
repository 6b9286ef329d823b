"""Gates of trained LSTMs beside the worked-out ones of `cells.run_lstm`, and what moves an answer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from textrnn import networks, options, saving, tracing
from textrnn.layers import TextToIds
from textrnn.lessons import cells
from textrnn.lessons.recurrent import PeepholeLSTM
from textrnn.preprocessing import TextEncoder

pytestmark = pytest.mark.slow

TEXTS = ["国足客场一球小胜", "央行", "油价今晚零时起上调,加满一箱多花八元"]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def assert_as_by_hand(trace, layer, vectors, *, backwards=False):
    """Compares a trace with `cells.run_lstm` on the same weights and the real steps' vectors."""
    weights = {name: getattr(layer.cell, name).numpy() for name in ("kernel", "recurrent_kernel", "bias")}
    if hasattr(layer.cell, "peephole"):
        weights["peephole"] = layer.cell.peephole.numpy()
    run = cells.run_lstm(vectors[::-1] if backwards else vectors, **weights)
    expected = [sigmoid(run.zi), sigmoid(run.zf), sigmoid(run.zo), np.tanh(run.z), run.cells, run.outputs]
    for kind, array in zip(options.KINDS, expected, strict=True):
        array = array[::-1] if backwards else array
        np.testing.assert_allclose(getattr(trace, kind), array, atol=1e-5, err_msg=kind)


def shaken(model, seed=0):
    """Returns `model` with weights that are not those of a fresh one, peepholes and biases included."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(0, 0.4, weight.shape)
        weight.assign(np.round(np.abs(values) * 9) if "counts" in weight.name else values)
    return model


@pytest.mark.parametrize("layer_class", [keras.layers.LSTM, PeepholeLSTM])
@pytest.mark.parametrize("returns", [True, False])
def test_a_sequential_model_on_ids_traces_as_by_hand_and_padding_is_left_out(layer_class, returns):
    model = shaken(
        keras.Sequential(
            [
                keras.Input((None,), dtype="int32"),
                keras.layers.Embedding(9, 4, mask_zero=True),
                layer_class(3, return_sequences=True, name="lower"),
                layer_class(5, return_sequences=returns, name="upper"),
            ]
        )
    )
    ids = np.array([[3, 4, 5, 0, 0], [7, 8, 1, 2, 6]], dtype="int32")
    first, second = tracing.trace_lstm(model, ids)
    assert list(first) == ["lower", "upper"]
    assert first["lower"].characters == ["3", "4", "5"]
    vectors = model.layers[0].embeddings.numpy()[ids]
    assert_as_by_hand(first["lower"], model.get_layer("lower"), vectors[0, :3])
    assert_as_by_hand(first["upper"], model.get_layer("upper"), first["lower"].output)
    assert_as_by_hand(second["upper"], model.get_layer("upper"), second["lower"].output)
    answer = model(ids).numpy()
    np.testing.assert_allclose(second["upper"].output[-1], answer[1, -1] if returns else answer[1], atol=1e-5)
    np.testing.assert_allclose(first["upper"].output[-1], answer[0, 2] if returns else answer[0], atol=1e-5)


def text_model(**settings):
    encoder = TextEncoder.from_texts(TEXTS, max_length=12, max_ngram=settings.pop("max_ngram", 1))
    return shaken(networks.build_textrnn(encoder, ["甲", "乙", "丙"], embed_dim=4, units=3, **settings))


def test_a_stacked_bidirectional_textrnn_traces_as_by_hand_at_every_character():
    model = text_model(num_layers=2)
    traces = tracing.trace_lstm(model, TEXTS)
    assert traces[2]["bidirectional_1/forward"].characters == list("油价今晚零时起上调,加满")  # the first twelve
    table = model.get_layer("embedding_1").embeddings.numpy()
    encoder = networks.text_encoder(model)
    for text, trace in zip(TEXTS, traces, strict=True):
        assert list(trace) == [f"bidirectional_{number}/{end}" for number in (1, 2) for end in ("forward", "backward")]
        below = table[encoder.encode_one(text)]
        for number in (1, 2):
            layer = model.get_layer(f"bidirectional_{number}")
            ends = [trace[f"bidirectional_{number}/{end}"] for end in ("forward", "backward")]
            assert_as_by_hand(ends[0], layer.forward_layer, below)
            assert_as_by_hand(ends[1], layer.backward_layer, below, backwards=True)
            below = np.concatenate([end.output for end in ends], axis=1)


def test_a_model_without_an_lstm_is_refused():
    with pytest.raises(ValueError, match=r"model: expected an LSTM among its layers, got .*bidirectional_1"):
        tracing.trace_lstm(text_model(cell="gru"), TEXTS)


def test_what_is_left_out_is_what_the_model_says_of_the_shorter_text():
    model = text_model(max_ngram=2, evidence=True)
    text = TEXTS[0]
    table = tracing.saliency(model, text)
    probs = model.predict_on_batch(np.array([text, text[:2] + text[3:]], dtype=object))
    winner = probs[0].argmax()
    assert table.attrs["label"] == networks.label_names(model)[winner]
    assert table["character"].tolist() == list(text)
    np.testing.assert_allclose(
        table["left_out"][2], np.log(probs[0, winner] / probs[1, winner]), atol=1e-5, equal_nan=False
    )


def test_the_gradient_is_the_slope_of_the_probability_along_each_vector():
    model = text_model()
    table = tracing.saliency(model, "央行")
    front, rest = networks.split_at_vectors(model)
    ids = networks.text_encoder(model).encode(["央行"])
    vectors = front(ids).numpy()
    winner = networks.label_names(model).index(table.attrs["label"])
    for step in (0, 1):
        moved = np.repeat(vectors, 2, axis=0)
        moved[0, step] *= 1 + 1e-2
        moved[1, step] *= 1 - 1e-2
        more, less = np.log(rest([np.repeat(ids, 2, axis=0), moved]).numpy()[:, winner])
        np.testing.assert_allclose(table["gradient"][step], (more - less) / 2e-2, rtol=0.02, atol=1e-4)


def test_the_probe_finds_the_most_open_places_of_all_texts():
    model = text_model()
    found = tracing.memory_probe(model, TEXTS, unit=1, lstm="bidirectional_1/backward", num_rows=4, batch_size=2)
    values = [
        (float(value), text, step)
        for text, trace in zip(TEXTS, tracing.trace_lstm(model, TEXTS), strict=True)
        for step, value in enumerate(trace["bidirectional_1/backward"].input_gate[:, 1], start=1)
    ]
    assert [(row.text, row.step) for row in found.itertuples()] == [place[1:] for place in sorted(values)[::-1][:4]]
    assert found["value"].is_monotonic_decreasing
    for wrong, message in (
        ({"unit": 3}, "unit: expected 0 to 2, got 3"),
        ({"unit": 0, "lstm": "lstm"}, r"lstm: expected one of \['bidirectional_1/forward'"),
        ({"unit": 0, "kind": "gate"}, "kind: expected one of"),
    ):
        with pytest.raises(ValueError, match=message):
            tracing.memory_probe(model, TEXTS, **wrong)


@pytest.mark.parametrize("unit", ["char", "word"])
def test_the_text_layer_names_the_steps_as_the_encoder_does(unit):
    encoder = TextEncoder.from_texts(TEXTS, unit=unit, max_length=12)
    texts = [*TEXTS, "  ", "ＡＢ  公司A股👨‍👩‍👧", "\x07"]
    steps = TextToIds(encoder).split(tf.constant(texts)).numpy()
    for row, text in zip(steps, texts, strict=True):
        expected = encoder.split(text)[:12]
        assert [token.decode() for token in row] == expected + [""] * (steps.shape[1] - len(expected))


@pytest.mark.long
def test_the_saved_graph_traces_itself_as_the_live_network_does(tmp_path):
    encoder = TextEncoder.from_texts(TEXTS, max_length=12)
    model = shaken(networks.build_textrnn(encoder, ["甲", "乙"], embed_dim=4, units=3))
    card = {"trained_on": {}, "settings": {}, "metrics": {}, "seed": 0, "training_seconds": 1}
    folder = saving.save_classifier(
        model, tmp_path / "model", card=card | {"licence": "CC0", "limits": "a test"}, tables="int8"
    )
    loaded = tf.saved_model.load(str(folder))  # TensorFlow alone
    saved = {name: values.numpy() for name, values in loaded.trace(tf.constant(TEXTS)).items()}
    assert set(saved) == {"characters", "mask"} | {
        f"bidirectional_1/{end}/{kind}" for end in ("forward", "backward") for kind in options.KINDS
    }
    live = tracing.trace_lstm(saving.load_network(folder), TEXTS)
    for row, text in enumerate(TEXTS):
        real = saved["mask"][row]
        assert [token.decode() for token in saved["characters"][row][real]] == encoder.split(text)[:12]
        for name, trace in live[row].items():
            for kind in options.KINDS:
                array = saved[f"{name}/{kind}"][row]
                np.testing.assert_allclose(array[real], getattr(trace, kind), atol=1e-5)
                assert not array[~real].any()
