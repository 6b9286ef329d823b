"""A network of the kit in the hands of Keras: strings of any kind, shapes, settings of Keras, plain `model.fit`."""

import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from textrnn import layers, networks, preprocessing, saving, training

pytestmark = pytest.mark.slow

TEXTS = ["refund please", "log in now", "refund it", "log me in"] * 4
LABEL_IDS = [0, 1] * 8
TABLE = pd.DataFrame({"text": TEXTS, "label": ["money", "account"] * 8})
ENCODER = preprocessing.TextEncoder.from_texts(TEXTS)
SAME = {
    "a list": list,
    "a tuple": tuple,
    "an array": np.array,
    "an array of objects": lambda texts: np.array(texts, dtype=object),
    "an array of NumPy's strings": lambda texts: np.array(texts, dtype=np.dtypes.StringDType()),
    "a column of an array": lambda texts: np.array(texts)[:, None],
    "a column of pandas": pd.Series,
    "a table of one column": lambda texts: pd.DataFrame({"text": texts}),
    "a tensor": tf.constant,
    "a data set": lambda texts: tf.data.Dataset.from_tensor_slices(texts).batch(4),
}


def tiny(**settings):
    return networks.build_textrnn(ENCODER, ["account", "money"], units=4, embed_dim=4, **settings)


def own_layers(shape=()):
    """A Sequential of stock layers around those of the kit."""
    first = [keras.Input(shape, dtype="string"), layers.TextToIds(ENCODER)]
    rest = [keras.layers.Embedding(50, 4), keras.layers.LSTM(2), layers.LabelProbabilities(["account", "money"])]
    return keras.Sequential([*first, *rest])


@pytest.fixture(scope="module")
def model():
    model = tiny()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("kind", SAME)
def test_keras_predicts_strings_of_any_kind(model, kind):
    expected = model(tf.constant(TEXTS))
    np.testing.assert_allclose(model.predict(SAME[kind](TEXTS), verbose=0), expected, atol=1e-6)


@pytest.mark.long
def test_keras_trains_and_scores_strings_with_weights_for_classes_and_rows(model):
    for x, y in ((TEXTS, LABEL_IDS), (TABLE["text"], pd.Series(LABEL_IDS)), (np.array(TEXTS), np.array(LABEL_IDS))):
        history = model.fit(x, y, class_weight={0: 1.0, 1: 5.0}, validation_data=(x, y), verbose=0).history
        weighted = model.fit(x, y, sample_weight=[1.0] * len(TEXTS), verbose=0).history
        scores = [*history["loss"], *history["val_loss"], *weighted["loss"], *model.evaluate(x, y, verbose=0)]
        assert np.isfinite(scores).all()
    assert np.isfinite([*model.train_on_batch(TEXTS, LABEL_IDS), *model.test_on_batch(TEXTS, LABEL_IDS)]).all()
    np.testing.assert_allclose(model.predict_on_batch(TEXTS), model(TEXTS), atol=1e-6)
    assert model("refund").shape == (1, 2)


def test_an_empty_text_among_strings_is_named(model):
    with pytest.raises(ValueError, match=r"^texts: item 1: expected a text, got an empty one$"):
        model.predict(["refund", " "], verbose=0)


def test_a_model_that_takes_strings_is_written_by_keras_and_read_again(model, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict(TEXTS, verbose=0), model.predict(TEXTS, verbose=0), atol=1e-6)


def test_a_trained_network_is_read_by_another_process_that_imports_training(tmp_path):
    trained, _ = training.train_textrnn(TABLE, TABLE, units=2, embed_dim=2, epochs=1, progress=False)
    trained.save(tmp_path / "trained.keras")
    code = "import sys, keras, textrnn.training; print(keras.models.load_model(sys.argv[1]).output_shape)"
    command = [sys.executable, "-c", code, str(tmp_path / "trained.keras")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.stdout == "(None, 2)\n", found.stderr


def test_what_reads_strings_is_never_compiled_by_xla_and_runs_where_a_gpu_is_listed(monkeypatch):
    real, gpu = tf.config.list_physical_devices, type("Device", (), {"device_type": "GPU", "name": "pretended"})()
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda *kind: [*real(*kind), gpu])
    model = tiny(evidence=True, cell="simple")
    assert {type(layer).__name__ for layer in model.layers if not layer.supports_jit} == {"TextToIds", "ClassEvidence"}
    assert model.predict(TEXTS, verbose=0).shape == (len(TEXTS), 2)


def test_one_text_a_row_of_texts_and_a_column_of_texts_have_the_same_ids():
    layer, texts = layers.TextToIds(ENCODER), TEXTS[:2]
    expected = [ENCODER.encode([text])[0].tolist() for text in texts]
    data = tf.data.Dataset.from_tensor_slices(texts)
    assert [ids.numpy().tolist() for ids in data.map(layer)] == expected
    (row,), (column,) = data.batch(2).map(layer), data.batch(2).map(lambda texts: layer(texts[:, None]))
    np.testing.assert_array_equal(row, column)
    np.testing.assert_array_equal(row, ENCODER.encode(texts))


@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_sequential_of_either_shape_answers_strings(shape):
    model = own_layers(shape)
    probs = training.predict_proba(model, TEXTS)
    np.testing.assert_allclose(probs, model(tf.reshape(tf.constant(TEXTS), [-1, *shape])), atol=1e-6)


def test_other_shapes_and_a_model_without_an_input_are_refused_by_name():
    with pytest.raises(ValueError, match=r"expected the shape \(batch,\), or \(batch, 1\), got \(None, 3\)"):
        own_layers((3,))
    unbuilt = keras.Sequential([layers.TextToIds(ENCODER), layers.LabelProbabilities(["account", "money"])])
    with pytest.raises(ValueError, match=r"begin a Sequential with keras.Input\(\(\), dtype=\"string\"\)"):
        training.predict_proba(unbuilt, TEXTS)


@pytest.mark.long
def test_plain_fit_warns_of_evidence_that_counted_nothing_and_of_no_other():
    model = tiny(evidence=True)
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match=r"evidence: the class evidence has counted no text.*training\.fit"):
        model.fit(TEXTS, LABEL_IDS, verbose=0)
    networks.evidence_layer(model).count(ENCODER.encode(TEXTS), np.array(LABEL_IDS))
    model.compile("adam", "sparse_categorical_crossentropy")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(TEXTS, LABEL_IDS, verbose=0)


@pytest.mark.long
@pytest.mark.parametrize("setting", ["float64", "mixed_float16"])
def test_settings_of_keras_change_no_network(setting):
    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    arguments = {"units": 4, "embed_dim": 4, "epochs": 1, "progress": False}
    _, expected = training.train_textrnn(TABLE, TABLE, **arguments)
    try:
        keras.config.set_dtype_policy(setting) if "mixed" in setting else keras.config.set_floatx(setting)
        model, history = training.train_textrnn(TABLE, TABLE, **arguments)
        answers = model.predict(TEXTS, verbose=0)
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)
    pd.testing.assert_frame_equal(history, expected)
    np.testing.assert_allclose(answers, saving.to_numpy_network(model).predict_proba(TEXTS), atol=1e-5)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("from textrnn import networks", "textrnn.networks needs Keras on TensorFlow, got the backend 'jax'"),
        ("import textrnn; textrnn.saving.load_network('headlines-textrnn')", "load_network needs Keras on TensorFlow"),
    ],
)
def test_another_backend_of_keras_is_one_line(code, message):
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"KERAS_BACKEND": "jax"}, capture_output=True, encoding="utf-8"
    )
    assert message in done.stderr.splitlines()[-1]
    assert "set KERAS_BACKEND=tensorflow" in done.stderr.splitlines()[-1]
