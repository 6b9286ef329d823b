"""Measurements of why recurrent networks are hard to train: error surfaces, gradients by time lag, perturbed losses."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from textrnn.checks import check_integer, check_number, check_seed


class ErrorSurface(NamedTuple):
    """The loss of a one-unit network and its two slopes, arrays of one common shape.

    Attributes:
        loss: squared error, `float64`, at least 0.
        weight_slope: derivative of the loss with respect to the recurrent weight.
        bias_slope: derivative of the loss with respect to the bias.
    """

    loss: np.ndarray
    weight_slope: np.ndarray
    bias_slope: np.ndarray

    @property
    def norm(self) -> np.ndarray:
        """The Euclidean length of the gradient, `float64`, the shape of `loss`."""
        return np.hypot(self.weight_slope, self.bias_slope)


def error_surface(
    weights: np.ndarray | float,
    biases: np.ndarray | float,
    *,
    num_steps: int = 50,
    start: float = 0.5,
    target: float = 0.7,
) -> ErrorSurface:
    """Returns loss and gradient of a one-unit sigmoid network that runs for many steps with no input.

    The state follows `h = sigmoid(weight * h + bias)` from `start`; the loss is the squared distance of the last
    state from `target`. Slopes are carried forward through the steps with the state, so they are exact. The
    network, its 50 steps and the two constants follow Pascanu, Mikolov and Bengio (2013), who show its cliff.

    Args:
        weights: recurrent weights, any shape.
        biases: biases, a shape that broadcasts with `weights`.
        num_steps: how often the unit is applied, at least 1.
        start: state before the first step.
        target: wanted last state.

    Returns:
        Loss and slopes, `float64`, in the broadcast shape.

    Raises:
        ValueError: `num_steps` is below 1.

    >>> surface = error_surface(0.0, 0.0, num_steps=1)  # the state is sigmoid(0) = 0.5
    >>> [round(float(value), 3) for value in surface]
    [0.04, -0.05, -0.1]
    """
    check_integer("num_steps", num_steps)
    weights, biases = np.broadcast_arrays(np.asarray(weights, float), np.asarray(biases, float))
    state = np.full(weights.shape, float(start))
    by_weight, by_bias = np.zeros(weights.shape), np.zeros(weights.shape)
    for _ in range(num_steps):
        after = 1 / (1 + np.exp(-(weights * state + biases)))
        steepness = after * (1 - after)
        by_weight = steepness * (state + weights * by_weight)
        by_bias = steepness * (1 + weights * by_bias)
        state = after
    error = state - target
    return ErrorSurface(error**2, 2 * error * by_weight, 2 * error * by_bias)


def draw_recall(num_sequences: int, *, gap: int, num_symbols: int = 4, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns sequences whose answer is their first symbol, followed by `gap` meaningless ones.

    Ids 0 to `num_symbols - 1` are symbols to be recalled; as many further ids are distractors. Guessing is right
    once in `num_symbols` times.

    Args:
        num_sequences: how many to draw.
        gap: distractors after the first symbol, at least 0.
        num_symbols: different answers, at least 2.
        seed: of the random draw.

    Returns:
        One-hot `float32` inputs of shape `(num_sequences, gap + 1, 2 * num_symbols)` and `int64` answers of shape
        `(num_sequences,)`, from 0 to `num_symbols - 1`.

    Raises:
        ValueError: no sequence, a negative gap, fewer than two symbols, or no seed.

    >>> inputs, answers = draw_recall(3, gap=5, seed=0)
    >>> inputs.shape, bool((inputs[:, 0].argmax(axis=-1) == answers).all())
    ((3, 6, 8), True)
    """
    check_integer("num_sequences", num_sequences)
    check_integer("gap", gap, least=0)
    check_integer("num_symbols", num_symbols, least=2)
    check_seed(seed)
    rng = np.random.default_rng(seed)
    answers = rng.integers(0, num_symbols, size=num_sequences)
    distractors = rng.integers(num_symbols, 2 * num_symbols, size=(num_sequences, gap))
    ids = np.concatenate([answers[:, None], distractors], axis=1)
    return np.eye(2 * num_symbols, dtype="float32")[ids], answers


def set_forget_bias(layer: keras.layers.LSTM, value: float) -> keras.layers.LSTM:
    """Returns the same built LSTM layer, the bias of every forget gate set to `value` (Jozefowicz and others, 2015).

    Args:
        layer: a built `keras.layers.LSTM`; Keras keeps its gates in the order input, forget, cell, output.
        value: new bias of the forget gates; the other biases stay.

    Returns:
        `layer` itself, changed.

    Raises:
        ValueError: the layer is no LSTM, has no bias or is not built.

    >>> layer = keras.layers.LSTM(2)
    >>> layer.build((None, None, 3))
    >>> set_forget_bias(layer, 4.0).cell.bias.numpy().tolist()
    [0.0, 0.0, 4.0, 4.0, 0.0, 0.0, 0.0, 0.0]
    """
    if not isinstance(layer, keras.layers.LSTM):
        raise ValueError(f"layer: expected a keras.layers.LSTM, got {type(layer).__name__}")
    if not layer.use_bias or not layer.built:
        got = f"{layer.use_bias=}, {layer.built=}"
        raise ValueError(f"layer {layer.name}: expected a built layer with a bias, got {got}")
    bias = keras.ops.convert_to_numpy(layer.cell.bias).copy()
    bias[layer.units : 2 * layer.units] = value
    layer.cell.bias.assign(bias)
    return layer


def gradient_norms_by_lag(layer: Callable[[tf.Tensor], tf.Tensor], inputs: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Returns gradient norms: how strongly the last output depends on each input, from the newest to the oldest.

    The last output is multiplied by a random direction of length 1, one per sequence, and the product
    differentiated with respect to every input vector.

    Args:
        layer: a recurrent layer or model that maps `(batch, steps, features)` to `(batch, units)`. TensorFlow traces
            it once, so new weights in the same layer cost next to nothing.
        inputs: floats of shape `(batch, steps, features)`.
        seed: of the random directions.

    Returns:
        `float64` norms of shape `(batch, steps)`; column `lag` belongs to the input `lag` steps before the last.

    Raises:
        ValueError: inputs or outputs have another number of dimensions.

    >>> layer = keras.layers.SimpleRNN(1, activation=None)
    >>> layer.build((None, None, 1))
    >>> layer.set_weights([np.ones((1, 1)), np.full((1, 1), 0.5), np.zeros(1)])
    >>> gradient_norms_by_lag(layer, np.ones((1, 4, 1))).tolist()
    [[1.0, 0.5, 0.25, 0.125]]
    """
    inputs = np.asarray(inputs)
    if inputs.ndim != 3:
        raise ValueError(f"inputs: expected the shape (batch, steps, features), got {inputs.shape}")
    watched = tf.constant(inputs, dtype=keras.config.floatx())
    gradient = _slopes_of(layer)(watched, seed).numpy().astype("float64")  # (batch, steps, features)
    return np.linalg.norm(gradient, axis=-1)[:, ::-1]


_slopes: weakref.WeakKeyDictionary[Any, Callable] = weakref.WeakKeyDictionary()


def _slopes_of(layer: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor, int], tf.Tensor]:
    """Returns the function of inputs and seed that differentiates the last output, the same for the same layer."""
    if layer not in _slopes:
        own = weakref.ref(layer)  # or the function would keep its own key alive

        @tf.function
        def slopes(inputs: tf.Tensor, seed: int) -> tf.Tensor:
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                last = own()(inputs)
                if len(last.shape) != 2:
                    raise ValueError(f"layer: expected an output of shape (batch, units), got {tuple(last.shape)}")
                directions = np.random.default_rng(seed).normal(size=tuple(last.shape))
                directions /= np.linalg.norm(directions, axis=1, keepdims=True)
                seen = tf.reduce_sum(last * tf.constant(directions, last.dtype))
            return tape.gradient(seen, inputs)

        _slopes[layer] = slopes
    return _slopes[layer]


def loss_under_perturbation(
    model: keras.Model,
    inputs: np.ndarray,
    labels: np.ndarray,
    *,
    sizes: Sequence[float],
    num_directions: int = 10,
    seed: int,
) -> np.ndarray:
    """Returns the loss of a classifier after random changes of all its weights; the model itself stays as it was.

    Args:
        model: maps `inputs` to probabilities of shape `(batch, classes)`.
        inputs: whatever the model takes, `batch` rows.
        labels: integers of shape `(batch,)`.
        sizes: standard deviations of the normal noise that is added to every weight; 0 gives the plain loss.
        num_directions: draws of noise per size; the draws are the same for all sizes, only longer or shorter.
        seed: of the noise.

    Returns:
        `float64` mean cross-entropy in nats, of shape `(len(sizes), num_directions)`.

    Raises:
        ValueError: a size is negative, there is no direction, or no seed.

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    >>> model.set_weights([np.zeros((2, 3)), np.zeros(3)])
    >>> losses = loss_under_perturbation(model, np.ones((4, 2)), np.zeros(4), sizes=[0, 1], num_directions=5, seed=0)
    >>> losses.shape, bool(np.allclose(losses[0], np.log(3)))
    ((2, 5), True)
    """
    for size in sizes:
        check_number("sizes", size, "standard deviations of at least 0", lambda value: value >= 0)
    check_integer("num_directions", num_directions)
    check_seed(seed)
    kept = model.get_weights()
    rng = np.random.default_rng(seed)
    losses = np.zeros((len(sizes), num_directions))

    @tf.function
    def mean_loss() -> tf.Tensor:
        probs = model(inputs, training=False)
        return tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, probs))

    try:
        for column in range(num_directions):
            noise = [rng.normal(size=weight.shape) for weight in kept]
            for row, size in enumerate(sizes):
                model.set_weights([weight + size * change for weight, change in zip(kept, noise, strict=True)])
                losses[row, column] = float(mean_loss())
    finally:
        model.set_weights(kept)
    return losses


def restart(model: keras.Model, *, seed: int) -> Any:
    """Returns the same compiled model with new initial weights and an optimizer that has seen nothing.

    Cheaper than building and compiling again, since the graphs that TensorFlow has traced for it are kept.

    Args:
        model: a built model; its layers draw the new weights from their own initializers.
        seed: of the draw, and of everything Keras, NumPy and Python draw afterwards.

    Returns:
        `model` itself, changed. Same seed, same weights.

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> first = restart(model, seed=0).get_weights()[0]
    >>> bool((first == restart(model, seed=1).get_weights()[0]).any())
    False
    >>> bool((first == restart(model, seed=0).get_weights()[0]).all())
    True
    """
    keras.utils.set_random_seed(seed)
    model.set_weights(keras.models.clone_model(model).get_weights())
    optimizer = getattr(model, "optimizer", None)
    for variable in optimizer.variables if optimizer else []:
        if not variable.path.endswith("learning_rate"):
            variable.assign(np.zeros(variable.shape, dtype=variable.dtype))
    return model
