"""The LSTM of a training step on processors: what Keras computes, in fewer and larger products.

Keras multiplies input and kernel at each step, and adds up the gradient of the kernel step by step. Neither depends on
the step before, so here each is one product over all steps; the loop keeps what does depend on it.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from textrnn import networks

Weights = tuple[tf.Tensor, tf.Tensor, tf.Tensor]  # kernel, recurrent kernel, bias; gates in Keras' order


class _Steps(NamedTuple):
    """What the steps of an LSTM left behind, each `(steps, batch, units)`."""

    entry: tf.Tensor  # the input gate
    forget: tf.Tensor
    candidate: tf.Tensor
    exit: tf.Tensor  # the output gate
    bent: tf.Tensor  # tanh of the cell
    cell: tf.Tensor
    state: tf.Tensor


@contextlib.contextmanager
def fast_lstms(model: keras.Model) -> Iterator[None]:
    """Has the LSTMs of `model` compute their steps by `lstm_states`, inside, where that is what they would compute.

    What is traced inside keeps it. On a machine with a GPU, and for an LSTM with other activations or dropout of its
    own, all stays as Keras does it. The layers, their weights and what is saved of them are Keras' own.
    """
    parts = [part for layer in model.layers for part in networks.lstm_directions(layer).values() if _is_plain(part)]
    parts = [] if tf.config.list_physical_devices("GPU") else parts
    try:
        for part in parts:
            part.inner_loop = _loop_of(part)  # in place of the method of its class
        yield
    finally:
        for part in parts:
            del part.inner_loop


def _is_plain(layer: keras.layers.Layer) -> bool:
    if type(layer) is not keras.layers.LSTM or layer.return_state or layer.stateful or layer.unroll:
        return False
    activations = (layer.activation, layer.recurrent_activation)
    as_usual = activations == (keras.activations.tanh, keras.activations.sigmoid) and layer.use_bias
    return as_usual and not (layer.dropout or layer.recurrent_dropout) and layer.compute_dtype == "float32"


def _loop_of(layer: keras.layers.LSTM):
    def inner_loop(sequences: tf.Tensor, initial_state: list, mask: Any, training: bool = False):
        x, axes = tf.transpose(sequences, [1, 0, 2]), [0] if layer.go_backwards else []
        keep = None if mask is None else tf.reverse(tf.cast(tf.transpose(mask), x.dtype)[..., None], axes)
        weights = (layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias)
        weights = tuple(tf.convert_to_tensor(weight) for weight in weights)
        states = lstm_states(tf.reverse(x, axes), keep, weights, tuple(initial_state))
        if keep is not None and layer.zero_output_for_mask:
            states *= keep
        return states[-1], tf.transpose(states, [1, 0, 2]), []

    return inner_loop


def lstm_states(
    x: tf.Tensor, keep: tf.Tensor | None, weights: Weights, start: tuple[tf.Tensor, tf.Tensor]
) -> tf.Tensor:
    """Returns the state of an LSTM (Hochreiter & Schmidhuber 1997; Gers et al. 2000) after each step.

    Args:
        x: the input of each step, `(steps, batch, features)`.
        keep: 1.0 for real steps and 0.0 for padding, which leaves state and cell as they were:
            `(steps, batch, 1)`; all are real if `None`.
        weights: as `keras.layers.LSTM` has them.
        start: state and cell before the first step, each `(batch, units)`.

    Returns:
        `(steps, batch, units)`; differentiable once, but for `keep`.
    """

    @tf.custom_gradient
    def run(x, kernel, recurrent, bias, state, cell):
        weights, start = (kernel, recurrent, bias), (state, cell)
        steps = _forward(x, keep, weights, start)
        return steps.state, lambda gradient: _backward(gradient, x, keep, weights, start, steps)

    return run(x, *weights, *start)


def _forward(x: tf.Tensor, keep: tf.Tensor | None, weights: Weights, start: tuple) -> _Steps:
    kernel, recurrent, bias = weights
    num_steps, units = tf.shape(x)[0], recurrent.shape[0]
    from_input = tf.matmul(_flat(x), kernel) + bias
    from_input = tf.reshape(from_input, [num_steps, -1, 4 * units])

    def step(index, state, cell, arrays):
        gates = tf.split(from_input[index] + tf.matmul(state, recurrent), 4, axis=1)
        entry, forget, candidate, leave = (
            bend(gate) for bend, gate in zip((tf.sigmoid, tf.sigmoid, tf.tanh, tf.sigmoid), gates, strict=True)
        )
        new_cell = forget * cell + entry * candidate
        bent = tf.tanh(new_cell)
        new_state = leave * bent
        if keep is not None:
            real = keep[index] > 0
            new_cell, new_state = tf.where(real, new_cell, cell), tf.where(real, new_state, state)
        values = _Steps(entry, forget, candidate, leave, bent, new_cell, new_state)
        written = [array.write(index, value) for array, value in zip(arrays, values, strict=True)]
        return index + 1, new_state, new_cell, written

    arrays = [_array(num_steps, units) for _ in _Steps._fields]
    *_, arrays = tf.while_loop(lambda index, *_: index < num_steps, step, [0, *start, arrays])
    return _Steps(*(array.stack() for array in arrays))


def _backward(
    gradient: tf.Tensor, x: tf.Tensor, keep: tf.Tensor | None, weights: Weights, start: tuple, steps: _Steps
) -> tuple[tf.Tensor, ...]:
    """Returns the gradients of input, weights and start, from those of the states after each step."""
    kernel, recurrent, _ = weights
    num_steps, units = tf.shape(x)[0], recurrent.shape[0]
    before = [tf.concat([start[0][None], steps.state[:-1]], 0), tf.concat([start[1][None], steps.cell[:-1]], 0)]
    # How much each gate, before it is bent, changes what it is part of: the cell three times, then the state.
    slopes = [
        steps.candidate * steps.entry * (1 - steps.entry),
        before[1] * steps.forget * (1 - steps.forget),
        steps.entry * (1 - steps.candidate**2),
        steps.bent * steps.exit * (1 - steps.exit),
    ]
    slopes, of_cell, forget = tf.concat(slopes, 2), steps.exit * (1 - steps.bent**2), steps.forget
    if keep is not None:  # a step of padding hands on what it got
        slopes, of_cell, forget = slopes * keep, of_cell * keep, 1 + (forget - 1) * keep

    def step(index, of_state, cell, array):
        of_state += gradient[index]
        cell += of_state * of_cell[index]
        gates = tf.concat([cell, cell, cell, of_state], 1) * slopes[index]
        earlier = tf.matmul(gates, recurrent, transpose_b=True)
        if keep is not None:
            earlier += of_state * (1 - keep[index])
        return index - 1, earlier, cell * forget[index], array.write(index, gates)

    zero = tf.zeros_like(start[0])
    begin = [num_steps - 1, zero, zero, _array(num_steps, 4 * units)]
    _, of_state, of_cell_before, gates = tf.while_loop(lambda index, *_: index >= 0, step, begin)
    gates = _flat(gates.stack())
    of_x = tf.reshape(tf.matmul(gates, kernel, transpose_b=True), tf.shape(x))
    of_weights = [tf.matmul(_flat(given), gates, transpose_a=True) for given in (x, before[0])]
    return of_x, *of_weights, tf.reduce_sum(gates, 0), of_state, of_cell_before


def _array(num_steps: tf.Tensor, width: int) -> tf.TensorArray:
    return tf.TensorArray(tf.float32, size=num_steps, element_shape=[None, width])


def _flat(values: tf.Tensor) -> tf.Tensor:
    """Returns the rows of all steps, one below another."""
    return tf.reshape(values, [-1, values.shape[-1]])
