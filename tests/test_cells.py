"""The lecture's numbers, by hand, in NumPy and in Keras; and both implementations against each other."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn.lessons import cells

ONES = np.ones((2, 2))
LECTURE_RNN = {"input_kernel": ONES, "recurrent_kernel": ONES, "output_kernel": ONES}

# the lecture's LSTM neuron, inputs x1 x2 x3: z = x1, zi = 100 x2 - 10, zf = 100 x2 + 10, zo = 100 x3 - 10
LECTURE_KERNEL = np.array([[0.0, 0, 1, 0], [100, 100, 0, 0], [0, 0, 0, 100]])
LECTURE_BIAS = np.array([-10.0, 10, 0, -10])
FIVE_STEPS = [[3, 1, 0], [4, 1, 0], [2, 0, 0], [1, 0, 1], [3, -1, 0]]
NINE_STEPS = np.column_stack([[1, 3, 2, 4, 2, 1, 3, 6, 1], [0, 1, 0, 1, 0, 0, -1, 1, 0], [0, 0, 0, 0, 0, 1, 0, 0, 1]])

small = st.integers(min_value=1, max_value=5)
few = settings(max_examples=15, deadline=None)


def lecture_lstm(inputs):
    return cells.run_lstm(inputs, kernel=LECTURE_KERNEL, bias=LECTURE_BIAS, activation="linear")


def keras_outputs(layer, inputs, *, seed):
    """Every output for one sequence, after giving the layer random weights, biases included."""
    layer.build((None, *inputs.shape))
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return np.asarray(layer(inputs[None]))[0]


@pytest.mark.parametrize(
    ("first_inputs", "states", "outputs"),
    [
        ([1, 1, 2], [2, 6, 16], [4, 12, 32]),
        ([1, 2, 1], [2, 8, 18], [4, 16, 36]),
        ([2, 1, 1], [4, 10, 22], [8, 20, 44]),
    ],
)
def test_the_lecture_rnn_gives_the_numbers_of_the_lecture(first_inputs, states, outputs):
    run = cells.run_rnn([[x, x] for x in first_inputs], **LECTURE_RNN)
    assert run.states.tolist() == [[s, s] for s in states]
    assert run.outputs.tolist() == [[y, y] for y in outputs]


def test_the_lecture_rnn_in_keras_gives_the_same_numbers():
    layer = keras.layers.SimpleRNN(2, activation="linear", use_bias=False, return_sequences=True)
    layer.build((None, 3, 2))
    layer.set_weights([ONES, ONES])
    states = np.asarray(layer(np.array([[[1, 1], [1, 1], [2, 2]]], "float32")))[0]
    assert states.tolist() == [[2, 2], [6, 6], [16, 16]]
    assert (states @ ONES).tolist() == [[4, 4], [12, 12], [32, 32]]


def test_a_jordan_memory_holds_the_output():
    run = cells.run_rnn([[1, 1], [1, 1], [2, 2]], **LECTURE_RNN, form="jordan")
    assert run.states[:, 0].tolist() == [2, 10, 44]  # 1+1, 1+1 + 4+4, 2+2 + 20+20
    assert run.outputs[:, 0].tolist() == [4, 20, 88]


def test_without_an_output_kernel_the_outputs_are_the_states():
    run = cells.run_rnn([[1, 1], [2, 2]], input_kernel=ONES, recurrent_kernel=ONES)
    assert run.outputs.tolist() == run.states.tolist() == [[2, 2], [8, 8]]


def test_the_lecture_lstm_remembers_through_five_steps():
    run = lecture_lstm(FIVE_STEPS)
    np.testing.assert_allclose(run.cells[:, 0], [3, 7, 7, 7, 0], atol=1e-3)
    np.testing.assert_allclose(run.outputs[:, 0], [0, 0, 0, 7, 0], atol=1e-3)


def test_the_output_is_6_9995_because_no_gate_is_fully_open():
    assert round(lecture_lstm(FIVE_STEPS).outputs[3, 0], 4) == 6.9995
    open_, closed = 1 / (1 + np.exp(-10)), 1 / (1 + np.exp(10))
    cell = (7 * open_ + 2 * closed) * open_ + 1 * closed  # steps 3 and 4; at 100 + 10 the gates are 1 to 40 digits
    assert lecture_lstm(FIVE_STEPS).outputs[3, 0] == pytest.approx(cell, abs=1e-12)


def test_the_lecture_table_of_nine_steps():
    run = lecture_lstm(NINE_STEPS)
    before = np.concatenate([[0], run.cells[:-1, 0]])
    np.testing.assert_allclose(before, [0, 0, 3, 3, 7, 7, 7, 0, 6], atol=2e-3)
    np.testing.assert_allclose(run.outputs[:, 0], [0, 0, 0, 0, 0, 7, 0, 0, 6], atol=2e-3)


@pytest.mark.parametrize("inputs", [np.array(FIVE_STEPS), NINE_STEPS], ids=["five", "nine"])
def test_the_lecture_lstm_in_keras_gives_the_same_outputs(inputs):
    layer = keras.layers.LSTM(1, activation="linear", return_sequences=True, dtype="float64")
    layer.build((None, *inputs.shape))
    layer.set_weights([LECTURE_KERNEL, np.zeros((1, 4)), LECTURE_BIAS])
    outputs = np.asarray(layer(inputs[None].astype("float64")))[0]
    np.testing.assert_allclose(outputs, lecture_lstm(inputs).outputs, atol=1e-9)


def test_the_four_inputs_are_reported_before_activation():
    run = lecture_lstm([[3, 1, 0]])
    assert [run.z[0, 0], run.zi[0, 0], run.zf[0, 0], run.zo[0, 0]] == [3, 90, 110, -10]


@given(steps=small, features=small, units=small, seed=st.integers(0, 10**6))
@few
def test_run_rnn_agrees_with_keras_on_any_shape(steps, features, units, seed):
    inputs = np.random.default_rng(seed).normal(size=(steps, features))
    layer = keras.layers.SimpleRNN(units, return_sequences=True, dtype="float64")
    expected = keras_outputs(layer, inputs, seed=seed)
    np.testing.assert_allclose(cells.run_rnn(inputs, **cells.from_keras(layer)).states, expected, atol=1e-6)


@given(steps=small, features=small, units=small, use_bias=st.booleans(), seed=st.integers(0, 10**6))
@few
def test_run_lstm_agrees_with_keras_on_any_shape(steps, features, units, use_bias, seed):
    inputs = np.random.default_rng(seed).normal(size=(steps, features))
    layer = keras.layers.LSTM(units, use_bias=use_bias, return_sequences=True, dtype="float64")
    expected = keras_outputs(layer, inputs, seed=seed)
    np.testing.assert_allclose(cells.run_lstm(inputs, **cells.from_keras(layer)).outputs, expected, atol=1e-6)


@pytest.mark.parametrize("activation", ["linear", "sigmoid", "hard_sigmoid", "tanh", "relu", "softmax"])
def test_every_activation_is_the_one_of_keras(activation):
    values = np.array([[-1000.0, -2.5, 0.0, 0.3, 1000.0]])
    expected = np.asarray(keras.activations.get(activation)(keras.ops.convert_to_tensor(values)))
    np.testing.assert_allclose(cells.apply_activation(values, name=activation), expected, atol=1e-12)


def test_gates_and_cells_of_an_lstm_satisfy_its_equations():
    rng = np.random.default_rng(0)
    weights = {"kernel": rng.normal(size=(3, 8)), "recurrent_kernel": rng.normal(size=(2, 8))}
    run = cells.run_lstm(rng.normal(size=(6, 3)), **weights, peephole=rng.normal(size=(3, 2)))
    gate = {name: cells.apply_activation(getattr(run, name), name="sigmoid") for name in ("zi", "zf", "zo")}
    before = np.vstack([np.zeros(2), run.cells[:-1]])
    np.testing.assert_allclose(run.cells, np.tanh(run.z) * gate["zi"] + before * gate["zf"])
    np.testing.assert_allclose(run.outputs, np.tanh(run.cells) * gate["zo"])
    assert run.cells.shape == (6, 2)


def test_peepholes_show_the_old_cell_to_two_gates_and_the_new_cell_to_the_third():
    kernel, peephole = [[0, 0, 1, 0]], [[10], [100], [1000]]
    run = cells.run_lstm([[1], [1]], kernel=kernel, peephole=peephole, activation="linear", gate_activation="relu")
    assert run.cells[:, 0].tolist() == [0, 0]  # relu gates at zero stay shut
    run = cells.run_lstm(
        [[1], [1]], kernel=kernel, bias=[1, 0, 0, 0], peephole=peephole, activation="linear", gate_activation="relu"
    )
    assert [run.zi[1, 0], run.zf[1, 0]] == [1 + 10 * run.cells[0, 0], 100 * run.cells[0, 0]] == [11, 100]
    assert run.zo[:, 0].tolist() == (1000 * run.cells[:, 0]).tolist()


def test_a_later_input_never_changes_an_earlier_output():
    first, second = [[1, 0, 0], [2, 1, 1]], [[1, 0, 0], [2, 1, 1], [9, 9, 9]]
    assert lecture_lstm(first).outputs.tolist() == lecture_lstm(second).outputs[:2].tolist()


def test_an_empty_sequence_gives_empty_results():
    assert lecture_lstm(np.zeros((0, 3))).cells.shape == (0, 1)
    assert cells.run_rnn(np.zeros((0, 2)), **LECTURE_RNN).outputs.shape == (0, 2)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"inputs: expected shape \(steps, features\), got \(1, 3, 2\)"):
        cells.run_rnn(np.ones((1, 3, 2)), **LECTURE_RNN)
    with pytest.raises(ValueError, match=r"input_kernel: expected shape \(features=3, units\), got \(2, 2\)"):
        cells.run_rnn(np.ones((1, 3)), **LECTURE_RNN)
    with pytest.raises(ValueError, match=r"recurrent_kernel: .*\(output_units, units\) = \(1, 2\), got \(2, 2\)"):
        cells.run_rnn(ONES, **LECTURE_RNN | {"output_kernel": np.ones((2, 1))}, form="jordan")
    with pytest.raises(ValueError, match=r"kernel: expected 4 \* units columns \(i, f, c, o\), got 6"):
        cells.run_lstm(ONES, kernel=np.ones((2, 6)))
    with pytest.raises(ValueError, match=r"peephole: expected shape \(3, units\) = \(3, 1\), got \(1, 3\)"):
        cells.run_lstm(ONES, kernel=np.ones((2, 4)), peephole=np.ones((1, 3)))


def test_wrong_names_are_named():
    with pytest.raises(ValueError, match="form: expected 'elman' or 'jordan', got 'hopfield'"):
        cells.run_rnn(ONES, **LECTURE_RNN, form="hopfield")
    with pytest.raises(ValueError, match=r"activation: expected one of linear, .* got 'swish'"):
        cells.run_rnn(ONES, **LECTURE_RNN, activation="swish")


def test_from_keras_refuses_what_it_cannot_repeat():
    with pytest.raises(ValueError, match=r"layer: expected one of .*LSTM.*, got GRU"):
        cells.from_keras(keras.layers.GRU(2))
    with pytest.raises(ValueError, match="layer fresh: expected weights, got none"):
        cells.from_keras(keras.layers.LSTM(2, name="fresh"))
    layer = keras.layers.LSTM(2, activation="gelu", name="odd")
    layer.build((None, 3, 2))
    with pytest.raises(ValueError, match=r"layer odd: activation: expected one of .* got 'gelu'"):
        cells.from_keras(layer)


def test_importing_cells_does_not_import_tensorflow():
    code = "import sys, textrnn.lessons.cells; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
