"""One recurrent step and one LSTM step in NumPy, for reading and for checking by hand.

The letters are those of Hung-yi Lee's lectures on recurrent networks (2016/17): an LSTM neuron has four
inputs, `z` (what to write) and `zi`, `zf`, `zo` (the input, forget and output gate), all before their
activation; its memory cell is `c` and its output `a`:

    c' = g(z) * f(zi) + c * f(zf)
    a  = h(c') * f(zo)

Every function takes one sequence of shape `(steps, features)`, computes in `float64` and starts from a
memory of zeros. Nothing here needs TensorFlow.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class RNNRun(NamedTuple):
    """What a simple recurrent network did, step by step.

    Attributes:
        states: the hidden units after each step, `float64` of shape `(steps, units)`.
        outputs: what it answered at each step, `float64` of shape `(steps, output_units)`; equal to `states`
            where there is no output kernel.
    """

    states: Array
    outputs: Array


class LSTMRun(NamedTuple):
    """What an LSTM did, step by step; every array is `float64` of shape `(steps, units)`.

    Attributes:
        z: the input of each neuron before `g`.
        zi: the input of the input gate, before the gate's activation.
        zf: the input of the forget gate, before the gate's activation.
        zo: the input of the output gate, before the gate's activation.
        cells: the memory cell after each step.
        outputs: the answer after the output gate.
    """

    z: Array
    zi: Array
    zf: Array
    zo: Array
    cells: Array
    outputs: Array


def _softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "sigmoid": lambda x: 0.5 * (1.0 + np.tanh(0.5 * x)),  # this form of 1 / (1 + exp(-x)) cannot overflow
    "hard_sigmoid": lambda x: np.clip(x / 6.0 + 0.5, 0.0, 1.0),
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "softmax": _softmax,
}


def apply_activation(values: ArrayLike, *, name: str) -> Array:
    """Returns `values` after the activation called `name`.

    Args:
        values: numbers of any shape; softmax works along the last axis.
        name: one of the keys of `ACTIVATIONS`.

    Returns:
        `float64` of the same shape.

    Raises:
        ValueError: the name is unknown.

    Example:
        >>> float(apply_activation(10, name="sigmoid").round(7))
        0.9999546
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation: expected one of {', '.join(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name](np.asarray(values, dtype=np.float64))


def _array(name: str, value: ArrayLike, shape: tuple[int | None, ...], meaning: str) -> Array:
    """Returns `value` as `float64` after checking its shape; `None` in `shape` allows any size."""
    array = np.asarray(value, dtype=np.float64)
    fits = array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        known = "" if None in shape else f" = {shape}"
        raise ValueError(f"{name}: expected shape {meaning}{known}, got {array.shape}")
    return array


def _check_rnn(
    inputs: ArrayLike,
    form: str,
    input_kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    output_kernel: ArrayLike | None,
    bias: ArrayLike | None,
    output_bias: ArrayLike | None,
) -> tuple[Array, ...]:
    """Returns the arrays of `run_rnn` with what was left out filled in, after checking every shape."""
    if form not in ("elman", "jordan"):
        raise ValueError(f"form: expected 'elman' or 'jordan', got {form!r}")
    inputs = _array("inputs", inputs, (None, None), "(steps, features)")
    features = inputs.shape[1]
    input_kernel = _array("input_kernel", input_kernel, (features, None), f"(features={features}, units)")
    units = input_kernel.shape[1]
    output_kernel = np.eye(units) if output_kernel is None else output_kernel
    output_kernel = _array("output_kernel", output_kernel, (units, None), f"(units={units}, output_units)")
    size = output_kernel.shape[1]
    memory, meaning = (units, "(units, units)") if form == "elman" else (size, "(output_units, units)")
    recurrent_kernel = _array("recurrent_kernel", recurrent_kernel, (memory, units), meaning)
    bias = _array("bias", np.zeros(units) if bias is None else bias, (units,), "(units,)")
    output_bias = np.zeros(size) if output_bias is None else output_bias
    output_bias = _array("output_bias", output_bias, (size,), "(output_units,)")
    return inputs, input_kernel, recurrent_kernel, output_kernel, bias, output_bias


def run_rnn(
    inputs: ArrayLike,
    *,
    input_kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    output_kernel: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    activation: str = "linear",
    form: str = "elman",
    output_bias: ArrayLike | None = None,
    output_activation: str = "linear",
) -> RNNRun:
    """Returns hidden states and outputs of a simple recurrent network over one sequence.

    The memory starts at zero. In Elman form (Elman, 1990) it holds the previous hidden state, in Jordan form
    (Jordan, 1986) the previous output:

        state[t]  = activation(inputs[t] @ input_kernel + memory @ recurrent_kernel + bias)
        output[t] = output_activation(state[t] @ output_kernel + output_bias)

    Args:
        inputs: shape `(steps, features)`.
        input_kernel: shape `(features, units)`.
        recurrent_kernel: shape `(units, units)`; in Jordan form `(output_units, units)`.
        output_kernel: shape `(units, output_units)`; without it the output is the hidden state.
        bias: shape `(units,)`; zeros if left out.
        activation: a key of `ACTIVATIONS`, for the hidden units.
        form: `"elman"` or `"jordan"`.
        output_bias: shape `(output_units,)`; zeros if left out.
        output_activation: a key of `ACTIVATIONS`, for the outputs.

    Returns:
        An `RNNRun` with `states` of shape `(steps, units)` and `outputs` of shape `(steps, output_units)`.

    Raises:
        ValueError: a shape does not fit, or a form or an activation is unknown.

    Example:
        All weights are 1. The same input gives 4, then 12, because the memory differs:

        >>> ones = np.ones((2, 2))
        >>> weights = {"input_kernel": ones, "recurrent_kernel": ones, "output_kernel": ones}
        >>> run = run_rnn([[1, 1], [1, 1], [2, 2]], **weights)
        >>> run.states[:, 0].tolist(), run.outputs[:, 0].tolist()
        ([2.0, 6.0, 16.0], [4.0, 12.0, 32.0])
    """
    inputs, input_kernel, recurrent_kernel, output_kernel, bias, output_bias = _check_rnn(
        inputs, form, input_kernel, recurrent_kernel, output_kernel, bias, output_bias
    )
    states, outputs = np.zeros((len(inputs), len(bias))), np.zeros((len(inputs), len(output_bias)))
    memory = np.zeros(len(recurrent_kernel))
    for t, x in enumerate(inputs):
        states[t] = apply_activation(x @ input_kernel + memory @ recurrent_kernel + bias, name=activation)
        outputs[t] = apply_activation(states[t] @ output_kernel + output_bias, name=output_activation)
        memory = states[t] if form == "elman" else outputs[t]
    return RNNRun(states, outputs)


def _check_lstm(
    inputs: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike | None,
    bias: ArrayLike | None,
    peephole: ArrayLike | None,
) -> tuple[Array, ...]:
    """Returns the arrays of `run_lstm` with what was left out filled in, after checking every shape."""
    inputs = _array("inputs", inputs, (None, None), "(steps, features)")
    features = inputs.shape[1]
    kernel = _array("kernel", kernel, (features, None), f"(features={features}, 4 * units)")
    if kernel.shape[1] % 4 or not kernel.shape[1]:
        raise ValueError(f"kernel: expected 4 * units columns (i, f, c, o), got {kernel.shape[1]}")
    units = kernel.shape[1] // 4
    if recurrent_kernel is None:
        recurrent_kernel = np.zeros((units, 4 * units))
    recurrent_kernel = _array("recurrent_kernel", recurrent_kernel, (units, 4 * units), "(units, 4 * units)")
    bias = _array("bias", np.zeros(4 * units) if bias is None else bias, (4 * units,), "(4 * units,)")
    peephole = np.zeros((3, units)) if peephole is None else peephole
    peephole = _array("peephole", peephole, (3, units), "(3, units)")
    return inputs, kernel, recurrent_kernel, bias, peephole


def run_lstm(
    inputs: ArrayLike,
    *,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    peephole: ArrayLike | None = None,
    activation: str = "tanh",
    gate_activation: str = "sigmoid",
) -> LSTMRun:
    """Returns gates, cells and outputs of an LSTM over one sequence.

    Cell and output start at zero. The columns of `kernel`, `recurrent_kernel` and `bias` are four blocks of
    `units` in Keras' order: input gate, forget gate, cell (the lecture's `z`), output gate.

    Args:
        inputs: shape `(steps, features)`.
        kernel: shape `(features, 4 * units)`.
        recurrent_kernel: shape `(units, 4 * units)`; without it the gates do not see the previous output.
        bias: shape `(4 * units,)`; zeros if left out.
        peephole: shape `(3, units)`, one weight per unit from the cell to its input, forget and output gate
            (Gers and Schmidhuber, 2000). The first two see the cell before the step, the output gate sees it
            after the step. Without it the gates do not see the cell.
        activation: a key of `ACTIVATIONS`, used both for `g` (what is written) and for `h` (what is read).
        gate_activation: a key of `ACTIVATIONS`, for the three gates.

    Returns:
        An `LSTMRun` of six arrays of shape `(steps, units)`.

    Raises:
        ValueError: a shape does not fit or an activation is unknown.

    Example:
        One unit that writes `x1` when `x2` is 1 and shows its cell when `x3` is 1:

        >>> kernel = [[0, 0, 1, 0], [100, 100, 0, 0], [0, 0, 0, 100]]
        >>> run = run_lstm([[3, 1, 0], [4, 1, 0], [1, 0, 1]], kernel=kernel, bias=[-10, 10, 0, -10],
        ...                activation="linear")
        >>> run.cells[:, 0].round().tolist(), run.outputs[:, 0].round().tolist()
        ([3.0, 7.0, 7.0], [0.0, 0.0, 7.0])
    """
    inputs, kernel, recurrent_kernel, bias, peephole = _check_lstm(inputs, kernel, recurrent_kernel, bias, peephole)
    see_i, see_f, see_o = peephole
    units = peephole.shape[1]
    run = LSTMRun(*(np.zeros((len(inputs), units)) for _ in LSTMRun._fields))
    c, a = np.zeros(units), np.zeros(units)
    for t, x in enumerate(inputs):
        zi, zf, z, zo = np.split(x @ kernel + a @ recurrent_kernel + bias, 4)
        zi, zf = zi + see_i * c, zf + see_f * c
        write = apply_activation(z, name=activation) * apply_activation(zi, name=gate_activation)
        c = write + c * apply_activation(zf, name=gate_activation)
        zo = zo + see_o * c
        a = apply_activation(c, name=activation) * apply_activation(zo, name=gate_activation)
        for rows, row in zip(run, (z, zi, zf, zo, c, a), strict=True):
            rows[t] = row
    return run


def from_keras(layer: Any) -> dict[str, Any]:
    """Returns the keyword arguments with which `run_rnn` or `run_lstm` repeats a Keras layer.

    Args:
        layer: a built `keras.layers.SimpleRNN` (for `run_rnn`) or `keras.layers.LSTM` (for `run_lstm`), or
            one of `lessons.recurrent`: `Elman`, `Jordan` (`run_rnn`), `PeepholeLSTM` (`run_lstm`). Masks,
            dropout and `go_backwards` are no part of the weights: pass the real steps, in the order read.

    Returns:
        `float64` arrays and names, by keyword.

    Raises:
        ValueError: the layer is of another kind, is not built, or has an activation that is no name in
            `ACTIVATIONS`.

    Example:
        >>> import keras
        >>> layer = keras.layers.LSTM(3)
        >>> answer = layer(np.ones((1, 5, 2)))  # (batch, units)
        >>> run = run_lstm(np.ones((5, 2)), **from_keras(layer))
        >>> bool(np.allclose(run.outputs[-1], answer[0], atol=1e-6))
        True
    """
    kinds = {"SimpleRNN", "Elman", "Jordan", "LSTM", "PeepholeLSTM"}
    kind = next((parent.__name__ for parent in type(layer).__mro__ if parent.__name__ in kinds), None)
    if kind is None:
        raise ValueError(f"layer: expected one of {', '.join(sorted(kinds))}, got {type(layer).__name__}")
    weights = {
        weight.path.rsplit("/", 1)[-1]: np.asarray(value, np.float64)
        for weight, value in zip(layer.weights, layer.get_weights(), strict=True)
    }
    if not weights:
        raise ValueError(f"layer {layer.name}: expected weights, got none; call the layer once to build it")
    config = layer.get_config()
    arguments: dict[str, Any] = {"activation": config["activation"]}
    if kind in ("LSTM", "PeepholeLSTM"):
        arguments["gate_activation"] = config["recurrent_activation"]
    else:
        weights["input_kernel"] = weights.pop("kernel")
    if kind in ("Elman", "Jordan"):
        arguments |= {"form": kind.lower(), "output_activation": config["output_activation"]}
    for name, value in arguments.items():
        if name.endswith("activation") and value not in ACTIVATIONS:
            raise ValueError(f"layer {layer.name}: {name}: expected one of {', '.join(ACTIVATIONS)}, got {value!r}")
    return arguments | weights
