"""The end of a network: the summary of all steps, and the probabilities of the classes by name."""

from collections.abc import Sequence

import keras
from keras import ops

from textrnn.architectures import ATTENTION_UNITS
from textrnn.checks import check_choice, check_label_names, check_temperature
from textrnn.options import POOLINGS


@keras.saving.register_keras_serializable(package="textrnn")
class MaskedPooling(keras.layers.Layer):
    """One vector for each sequence from its real steps: `(batch, steps, features)` to `(batch, features)`.

    Steps that the mask leaves out have no influence at all; a sequence without any real step gives zeros.

    Args:
        kind: `"last"`: the state after the last real step, of a bidirectional layer each direction's own last;
            `"max"`, `"mean"`: of each feature over the real steps; `"attention"`: the mean weighted by a learnt score
            of each step, softmax(v · tanh(W x + b)) (Bahdanau, Cho & Bengio 2015).
        bidirectional: whether the second half of the features runs from the end to the start; only `"last"` asks.
        units: the width of the attention's hidden layer.
    """

    def __init__(self, kind: str, *, bidirectional: bool = False, units: int = ATTENTION_UNITS, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        check_choice("kind", kind, POOLINGS)
        self.kind, self.bidirectional, self.units = kind, bidirectional, units

    def build(self, input_shape):
        """Creates the weights of the attention; the other kinds have none."""
        if self.kind == "attention":
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
            self.score = self.add_weight(shape=(self.units, 1), name="score")

    def call(self, states, mask=None):
        """Returns the summary of `states` over the steps that `mask` keeps."""
        if mask is None:
            mask = ops.ones(ops.shape(states)[:2], dtype="bool")
        return getattr(self, f"_{self.kind}")(states, mask, ops.expand_dims(ops.cast(mask, states.dtype), -1))

    # One method for each of `options.POOLINGS`, from states `(batch, steps, features)`, the mask `(batch, steps)` and
    # the same as numbers `(batch, steps, 1)`. `saving.NumpyNetwork` needs another one, too.

    def _last(self, states, mask, real):
        length = ops.sum(ops.cast(mask, "int32"), axis=1)
        at_end = ops.expand_dims(ops.one_hot(length - 1, ops.shape(states)[1], dtype=states.dtype), -1)
        last = ops.sum(states * at_end, axis=1)  # a length of 0 gives no step, and zeros
        if not self.bidirectional:
            return last
        units = states.shape[-1] // 2
        first = states[:, 0] * real[:, 0]
        return ops.concatenate([last[:, :units], first[:, units:]], axis=-1)

    def _max(self, states, mask, real):
        summary = ops.max(ops.where(real > 0, states, ops.full_like(states, -1e9)), axis=1)
        return ops.where(ops.any(mask, axis=1, keepdims=True), summary, ops.zeros_like(summary))

    def _mean(self, states, mask, real):
        return ops.sum(states * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1.0)

    def _attention(self, states, mask, real):
        scores = ops.matmul(ops.tanh(ops.matmul(states, self.kernel) + self.bias), self.score)
        scores = ops.where(real > 0, scores, ops.full_like(scores, -1e9))  # a high score of padding would hide the rest
        weights = real * ops.exp(scores - ops.max(scores, axis=1, keepdims=True))  # (batch, steps, 1)
        return ops.sum(states * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), keras.config.epsilon())

    def compute_mask(self, states, mask=None):
        """Returns `None`: a summary has no steps."""
        return

    def compute_output_shape(self, input_shape):
        """Returns `(batch, features)`."""
        return (input_shape[0], input_shape[-1])

    def get_config(self):
        """Returns the settings."""
        return {**super().get_config(), "kind": self.kind, "bidirectional": self.bidirectional, "units": self.units}


@keras.saving.register_keras_serializable(package="textrnn")
class LabelProbabilities(keras.layers.Dense):
    """A dense softmax layer that knows its classes by name, so that no second list can get out of order.

    Args:
        label_names: the label of each output, in order.
        temperature: what the scores are divided by before the softmax, from 0.01 to 100: above 1 the probabilities are
            more even, below 1 less; the order of the labels stays (`set_temperature`).
    """

    def __init__(self, label_names: Sequence[str], *, temperature: float = 1.0, **kwargs):
        check_label_names(label_names)
        names = list(label_names)
        kwargs.pop("units", None)
        kwargs.setdefault("activation", "softmax")
        super().__init__(len(names), **kwargs)
        self.label_names, self.temperature = names, temperature

    @property
    def temperature(self) -> float:
        """What the scores are divided by; another value is checked as it is set."""
        return self._temperature

    @temperature.setter
    def temperature(self, value: float):
        check_temperature(value)
        self._temperature = float(value)

    def call(self, inputs, training=None):
        """Returns the probabilities of the classes."""
        scores = ops.matmul(inputs, self.kernel)
        scores = scores if self.bias is None else scores + self.bias
        return self.activation(scores if self.temperature == 1 else scores / self.temperature)

    def get_config(self):
        """Returns the settings."""
        return {**super().get_config(), "label_names": self.label_names, "temperature": self.temperature}
