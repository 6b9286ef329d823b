"""The LSTM of a training step is the LSTM of Keras: the same states, the same gradients, in fewer products."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from textrnn import networks, training
from textrnn.preprocessing import TextEncoder
from textrnn.training.recurrence import fast_lstms, lstm_states

RNG = np.random.default_rng(0)
BATCH, STEPS, FEATURES, UNITS = 5, 7, 3, 4
LENGTHS = np.array([7, 5, 1, 3, 2])
MASKS = {
    "padding behind": np.arange(STEPS) < LENGTHS[:, None],
    "padding before": np.arange(STEPS) >= STEPS - LENGTHS[:, None],
    "gaps": RNG.random((BATCH, STEPS)) < 0.5,
    "a row of padding alone": (np.arange(BATCH) > 0)[:, None] & np.ones((1, STEPS), bool),
    "all real": np.ones((BATCH, STEPS), bool),
}
LAYERS = {
    "all steps": lambda: keras.layers.LSTM(UNITS, return_sequences=True),
    "the last state": lambda: keras.layers.LSTM(UNITS),
    "from the end": lambda: keras.layers.LSTM(UNITS, return_sequences=True, go_backwards=True),
    "zeros for padding": lambda: keras.layers.LSTM(UNITS, return_sequences=True, zero_output_for_mask=True),
    "both ways": lambda: keras.layers.Bidirectional(keras.layers.LSTM(UNITS, return_sequences=True)),
    "both ways, the last state": lambda: keras.layers.Bidirectional(keras.layers.LSTM(UNITS)),
}


def in_a_model(layer):
    x, mask = keras.Input((None, FEATURES)), keras.Input((None,), dtype="bool")
    model = keras.Model([x, mask], layer(x, mask=mask))
    for variable in model.trainable_variables:
        variable.assign(RNG.normal(size=variable.shape).astype("float32"))
    return model


def answer_and_gradients(model, x, mask):
    """What `model` says, and the gradients of a function of it that every state is part of."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        answer = model([x, mask], training=True)
        loss = tf.reduce_sum(answer**2 * tf.cast(tf.range(1, tf.shape(answer)[-1] + 1), answer.dtype))
    return [answer, *tape.gradient(loss, [x, *(weight.value for weight in model.trainable_weights)])]


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("kind", LAYERS)
def test_states_and_gradients_are_those_of_keras(kind, mask):
    model, x = in_a_model(LAYERS[kind]()), tf.constant(RNG.normal(size=(BATCH, STEPS, FEATURES)).astype("float32"))
    expected = answer_and_gradients(model, x, tf.constant(MASKS[mask]))
    with fast_lstms(model):
        found = answer_and_gradients(model, x, tf.constant(MASKS[mask]))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6 * (1 + np.abs(other).max()))


def test_the_gradients_are_the_slopes_of_the_states():
    """Also those of the state and the cell before the first step, which no network of the kit learns."""
    shapes = ((STEPS, BATCH, FEATURES), (FEATURES, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,), *[(BATCH, UNITS)] * 2)
    values = [tf.constant(RNG.normal(size=shape).astype("float32")) for shape in shapes]
    keep = tf.constant(MASKS["padding behind"].T[..., None].astype("float32"))

    def loss(*values):
        x, kernel, recurrent, bias, state, cell = values
        return tf.reduce_sum(lstm_states(x, keep, (kernel, recurrent, bias), (state, cell)) ** 2)

    with tf.GradientTape() as tape:
        tape.watch(values)
        height = loss(*values)
    for index, gradient in enumerate(tape.gradient(height, values)):
        way = RNG.normal(size=values[index].shape).astype("float32")
        up, down = ([*values[:index], values[index] + sign * 1e-2 * way, *values[index + 1 :]] for sign in (1, -1))
        slope = (loss(*up) - loss(*down)) / 2e-2
        assert float(tf.reduce_sum(gradient * way)) == pytest.approx(float(slope), rel=0.02, abs=0.02)


OTHERS = {
    "another activation": keras.layers.LSTM(UNITS, activation="relu"),
    "dropout of its own": keras.layers.LSTM(UNITS, dropout=0.5),
    "dropout of the state": keras.layers.LSTM(UNITS, recurrent_dropout=0.5),
    "no bias": keras.layers.LSTM(UNITS, use_bias=False),
    "16 bits": keras.layers.LSTM(UNITS, dtype="mixed_float16"),
    "a GRU": keras.layers.GRU(UNITS),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_layers_stay_as_keras_computes_them(kind):
    model = in_a_model(OTHERS[kind])
    with fast_lstms(model):
        assert "inner_loop" not in vars(OTHERS[kind])


def test_after_a_step_the_layers_are_keras_own_again_also_if_it_failed():
    model = in_a_model(layer := keras.layers.LSTM(UNITS))
    with fast_lstms(model):
        assert "inner_loop" in vars(layer)
    assert "inner_loop" not in vars(layer)
    with pytest.raises(ValueError, match="expects"), fast_lstms(model):
        model(tf.zeros([1]))
    assert "inner_loop" not in vars(layer)


@pytest.mark.parametrize("adversarial", [0.0, 0.05])
def test_a_training_step_moves_the_weights_as_with_the_lstm_of_keras(adversarial, monkeypatch):
    texts, y = ["refund please", "log in now", "refund", "log me in"], np.array([0, 1, 0, 1])
    encoder, moved = TextEncoder.from_texts(texts, max_ngram=2), []
    for fast in (True, False):
        model = networks.build_textrnn(
            encoder, ["a", "b"], units=4, embed_dim=4, num_layers=2, dropout=0.0, ngram_dropout=0.0
        )
        model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
        if not fast:
            monkeypatch.setattr("textrnn.training.recurrence._is_plain", lambda layer: False)
        step, ids = training.training_step(model, adversarial=adversarial), encoder.encode(texts)
        losses = [float(step(ids, y)) for _ in range(5)]
        moved.append([np.array(losses), *model.get_weights()])
    for one, other in zip(*moved, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)
    assert moved[0][0][-1] < moved[0][0][0]
