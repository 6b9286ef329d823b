"""Layers that Keras lacks: Elman and Jordan networks, the LSTM with peepholes; word dropout, context, class evidence.

Each recurrent layer is a cell (one step) and a thin layer around it, used like `keras.layers.LSTM`: masks,
`return_sequences`, `return_state`, `go_backwards`, `Bidirectional` and saving to `.keras` all work. The same
arithmetic in NumPy, for reading, is in `textrnn.cells`.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from textrnn.preprocessing import UNKNOWN_ID


def _check_size(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: expected an integer of at least 1, got {value!r}")
    return value


class _StepCell(keras.layers.Layer):
    """What the three cells share: the settings, and one trainable array of weights after the other."""

    def __init__(
        self,
        units: int,
        *,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = _check_size("units", units)
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)

    def _weights(self, name: str, shape: tuple[int, ...], initializer: Any) -> Any:
        return self.add_weight(name=name, shape=shape, initializer=initializer)

    def get_config(self) -> dict[str, Any]:
        """Return the settings from which `from_config` makes the same cell again."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
        }


class _StepLayer(keras.layers.RNN):
    """A `keras.layers.RNN` that makes its own cell, and stores the cell's settings as its own."""

    cell_class: type[_StepCell]
    own_settings = ("name", "trainable", "dtype")  # the layer's, where both have them

    def __init__(self, cell_settings: dict[str, Any], **kwargs: Any) -> None:
        shared = {name: kwargs[name] for name in ("trainable", "dtype") if name in kwargs}
        super().__init__(self.cell_class(**cell_settings, **shared, name="cell"), **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the settings from which `from_config` makes the same layer again."""
        config = super().get_config()
        del config["cell"]
        cell_config = self.cell.get_config()
        return config | {key: cell_config[key] for key in cell_config if key not in self.own_settings}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "_StepLayer":
        """Return a new layer with the settings that `get_config` gave."""
        return cls(**config)


class _OutputCell(_StepCell):
    """A hidden layer and an output layer: what Elman and Jordan networks have in common."""

    def __init__(
        self,
        units: int,
        output_units: int | None = None,
        *,
        output_activation: Any = "linear",
        **kwargs: Any,
    ) -> None:
        super().__init__(units, **kwargs)
        self.output_units = self.units if output_units is None else _check_size("output_units", output_units)
        self.output_activation = keras.activations.get(output_activation)
        self.output_size = self.output_units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights for steps of shape `(batch, features)`."""
        units, output_units = self.units, self.output_units
        self.kernel = self._weights("kernel", (input_shape[-1], units), self.kernel_initializer)
        self.recurrent_kernel = self._weights("recurrent_kernel", (self.state_size, units), self.recurrent_initializer)
        self.output_kernel = self._weights("output_kernel", (units, output_units), self.kernel_initializer)
        if self.use_bias:
            self.bias = self._weights("bias", (units,), "zeros")
            self.output_bias = self._weights("output_bias", (output_units,), "zeros")

    def _step(self, inputs: Any, memory: Any) -> tuple[Any, Any]:
        hidden = ops.matmul(inputs, self.kernel) + ops.matmul(memory, self.recurrent_kernel)
        hidden = self.activation(hidden + self.bias if self.use_bias else hidden)  # (batch, units)
        output = ops.matmul(hidden, self.output_kernel)
        output = self.output_activation(output + self.output_bias if self.use_bias else output)
        return hidden, output  # (batch, units), (batch, output_units)

    def get_config(self) -> dict[str, Any]:
        """Return the settings from which `from_config` makes the same cell again."""
        return {
            **super().get_config(),
            "output_units": self.output_units,
            "output_activation": keras.activations.serialize(self.output_activation),
        }


@keras.saving.register_keras_serializable(package="textrnn")
class ElmanCell(_OutputCell):
    """One step of an Elman network: the memory is the hidden state. See `Elman`."""

    @property
    def state_size(self) -> int:
        """The size of the memory: `units`."""
        return self.units

    def call(self, inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Return the output of this step and the memory for the next, from `(batch, features)`."""
        hidden, output = self._step(inputs, states[0])
        return output, [hidden]


@keras.saving.register_keras_serializable(package="textrnn")
class JordanCell(_OutputCell):
    """One step of a Jordan network: the memory is the output. See `Jordan`."""

    @property
    def state_size(self) -> int:
        """The size of the memory: `output_units`."""
        return self.output_units

    def call(self, inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Return the output of this step, which is also the memory for the next."""
        _, output = self._step(inputs, states[0])
        return output, [output]


class _OutputLayer(_StepLayer):
    """The constructor that `Elman` and `Jordan` share."""

    def __init__(
        self,
        units: int,
        output_units: int | None = None,
        *,
        activation: Any = "tanh",
        output_activation: Any = "linear",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        **kwargs: Any,
    ) -> None:
        settings = {
            "units": units,
            "output_units": output_units,
            "activation": activation,
            "output_activation": output_activation,
            "use_bias": use_bias,
            "kernel_initializer": kernel_initializer,
            "recurrent_initializer": recurrent_initializer,
        }
        super().__init__(settings, **kwargs)


@keras.saving.register_keras_serializable(package="textrnn")
class Elman(_OutputLayer):
    """A recurrent layer whose memory is its hidden state, with an output layer of its own (Elman, 1990).

        state[t]  = activation(x[t] @ kernel + state[t - 1] @ recurrent_kernel + bias)
        output[t] = output_activation(state[t] @ output_kernel + output_bias)

    `keras.layers.SimpleRNN` is the same without the second line.

    Args:
        units: hidden units, at least 1.
        output_units: outputs per step, at least 1; as many as `units` if left out.
        activation: for the hidden units; a name or a function.
        output_activation: for the outputs; a name or a function.
        use_bias: whether hidden units and outputs have a bias.
        kernel_initializer: for `kernel` and `output_kernel`.
        recurrent_initializer: for `recurrent_kernel`.
        **kwargs: `return_sequences`, `return_state`, `go_backwards`, `stateful`, `unroll`, `name`, `dtype`,
            as in `keras.layers.RNN`.

    Raises:
        ValueError: if a size is no integer of at least 1.

    Inputs have the shape `(batch, steps, features)`. The result is the last output, `(batch, output_units)`,
    or every output, `(batch, steps, output_units)`, with `return_sequences=True`; `return_state=True` adds
    the memory, `(batch, units)`. Masked steps leave the memory as it is.

    Example:
        >>> import numpy as np
        >>> layer = Elman(8, 3, output_activation="softmax", return_sequences=True)
        >>> layer(np.zeros((2, 5, 4))).shape
        TensorShape([2, 5, 3])
    """

    cell_class = ElmanCell


@keras.saving.register_keras_serializable(package="textrnn")
class Jordan(_OutputLayer):
    """A recurrent layer whose memory is its output (Jordan, 1986).

        state[t]  = activation(x[t] @ kernel + output[t - 1] @ recurrent_kernel + bias)
        output[t] = output_activation(state[t] @ output_kernel + output_bias)

    Arguments, shapes and errors are those of `Elman`; with `return_state=True` the memory is the last output,
    of shape `(batch, output_units)`.

    Example:
        >>> import numpy as np
        >>> output, memory = Jordan(8, 3, return_state=True)(np.ones((2, 5, 4)))
        >>> output.shape, bool(np.array_equal(output, memory))
        (TensorShape([2, 3]), True)
    """

    cell_class = JordanCell


@keras.saving.register_keras_serializable(package="textrnn")
class PeepholeLSTMCell(_StepCell):
    """One step of an LSTM whose gates see the memory cell. See `PeepholeLSTM`."""

    def __init__(
        self,
        units: int,
        *,
        recurrent_activation: Any = "sigmoid",
        unit_forget_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(units, **kwargs)
        self.recurrent_activation = keras.activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]  # output, cell: the order of keras.layers.LSTM
        self.output_size = self.units

    def _bias_values(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        forget = ops.ones if self.unit_forget_bias else ops.zeros
        before, after = (self.units,), (2 * self.units,)
        return ops.concatenate([ops.zeros(before, dtype), forget(before, dtype), ops.zeros(after, dtype)])

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights for steps of shape `(batch, features)`."""
        units = self.units
        self.kernel = self._weights("kernel", (input_shape[-1], 4 * units), self.kernel_initializer)
        self.recurrent_kernel = self._weights("recurrent_kernel", (units, 4 * units), self.recurrent_initializer)
        self.peephole = self._weights("peephole", (3, units), "zeros")  # starts as an LSTM without peepholes
        if self.use_bias:
            self.bias = self._weights("bias", (4 * units,), self._bias_values)

    def call(self, inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """Return the output of this step, and output and cell for the next, from `(batch, features)`."""
        output, cell = states
        sums = ops.matmul(inputs, self.kernel) + ops.matmul(output, self.recurrent_kernel)
        sums = sums + self.bias if self.use_bias else sums
        zi, zf, z, zo = ops.split(sums, 4, axis=-1)  # each (batch, units)
        gate = self.recurrent_activation
        see_i, see_f, see_o = ops.unstack(ops.convert_to_tensor(self.peephole), 3)
        new_cell = gate(zf + see_f * cell) * cell + gate(zi + see_i * cell) * self.activation(z)
        output = gate(zo + see_o * new_cell) * self.activation(new_cell)
        return output, [output, new_cell]

    def get_config(self) -> dict[str, Any]:
        """Return the settings from which `from_config` makes the same cell again."""
        return {
            **super().get_config(),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
            "unit_forget_bias": self.unit_forget_bias,
        }


@keras.saving.register_keras_serializable(package="textrnn")
class PeepholeLSTM(_StepLayer):
    """An LSTM whose three gates also see the memory cell (Gers and Schmidhuber, 2000).

    Each gate gets one weight per unit (a diagonal, not a full matrix): 3 x `units` parameters more than
    `keras.layers.LSTM`. Input and forget gate see the cell before the step, the output gate sees it after.
    These weights start at zero, so that an untrained layer answers as `keras.layers.LSTM` does.

    Args:
        units: memory cells, at least 1.
        activation: for what is written to the cell and what is read from it; a name or a function.
        recurrent_activation: for the three gates.
        use_bias: whether there is a bias.
        unit_forget_bias: whether the bias of the forget gate starts at 1 rather than 0.
        kernel_initializer: for `kernel`.
        recurrent_initializer: for `recurrent_kernel`.
        **kwargs: `return_sequences`, `return_state`, `go_backwards`, `stateful`, `unroll`, `name`, `dtype`,
            as in `keras.layers.RNN`.

    Raises:
        ValueError: if `units` is no integer of at least 1.

    Inputs and outputs have the shapes of `keras.layers.LSTM`; the states are output and cell, in this order.

    Example:
        >>> import numpy as np
        >>> layer = PeepholeLSTM(2)
        >>> layer(np.zeros((1, 3, 2))).shape, layer.count_params()
        (TensorShape([1, 2]), 46)
    """

    cell_class = PeepholeLSTMCell

    def __init__(
        self,
        units: int,
        *,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        unit_forget_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        **kwargs: Any,
    ) -> None:
        settings = {
            "units": units,
            "activation": activation,
            "recurrent_activation": recurrent_activation,
            "use_bias": use_bias,
            "unit_forget_bias": unit_forget_bias,
            "kernel_initializer": kernel_initializer,
            "recurrent_initializer": recurrent_initializer,
        }
        super().__init__(settings, **kwargs)


@keras.saving.register_keras_serializable(package="textrnn")
class WordDropout(keras.layers.Layer):
    """In training, replaces each word id by its stand-in with probability `rate`; otherwise changes nothing.

    So the unknown word and the shapes get trained although every train word is known.

    Args:
        rate: Probability of a replacement, 0 to 1.
        stand_ins: One id per word id: what stands in for it. All unknown (1) but for padding (0) when None.
        seed: For the random numbers.

    Input and output are integer ids of shape `(batch, steps)`.
    """

    def __init__(self, rate: float, *, stand_ins: Sequence[int] | None = None, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(f"rate: expected 0 to 1, got {rate}")
        self.rate, self.seed = rate, seed
        self.stand_ins = None if stand_ins is None else [int(number) for number in stand_ins]
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, ids, training: bool = False):
        """Returns the ids, some of them replaced when `training`."""
        if not training or self.rate == 0:
            return ids
        if self.stand_ins is None:
            stand_ins = ops.cast(ids > 0, ids.dtype)
        else:
            stand_ins = ops.take(ops.convert_to_tensor(self.stand_ins, dtype=ids.dtype), ids)
        replaced = keras.random.uniform(ops.shape(ids), seed=self.seed_generator) < self.rate
        return ops.where(replaced, stand_ins, ids)

    def get_config(self) -> dict:
        """Returns the settings from which `from_config` makes the same layer again."""
        return {**super().get_config(), "rate": self.rate, "stand_ins": self.stand_ins, "seed": self.seed}


@keras.saving.register_keras_serializable(package="textrnn")
class ContextWindow(keras.layers.Layer):
    """Puts the vectors of the words around each word beside its own (Mesnil et al. 2013).

    Args:
        width: How many words each step sees: itself and `(width - 1) / 2` on each side; odd.

    Input: floats of shape `(batch, steps, features)`; padding must be zeros. Output: `(batch, steps,
    width * features)`, from the leftmost word to the rightmost; zeros stand beyond both ends.

    Example:
        >>> ContextWindow(3)(ops.array([[[1.0], [2.0], [3.0]]])).numpy().tolist()
        [[[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 0.0]]]
    """

    def __init__(self, width: int, **kwargs):
        super().__init__(**kwargs)
        if width < 1 or width % 2 == 0:
            raise ValueError(f"width: expected an odd number of at least 1, got {width}")
        self.width = width
        self.supports_masking = True

    def call(self, vectors, mask=None):
        """Returns the vectors with their neighbours beside them."""
        if mask is not None:
            vectors = vectors * ops.cast(mask, vectors.dtype)[..., None]
        half, steps = self.width // 2, ops.shape(vectors)[1]
        padded = ops.pad(vectors, ((0, 0), (half, half), (0, 0)))
        return ops.concatenate([padded[:, k : k + steps] for k in range(self.width)], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns `(batch, steps, width * features)`."""
        return (*input_shape[:-1], self.width * input_shape[-1])

    def get_config(self) -> dict:
        """Returns the settings from which `from_config` makes the same layer again."""
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable(package="textrnn")
class ClassEvidence(keras.layers.Layer):
    """Says of each n-gram in the training texts of which classes it stood.

    For each order there are the logarithms of how much likelier each class is after the n-gram than among equally
    frequent classes, with counts smoothed, as in naive Bayes and NB-SVM (Wang & Manning 2012); and the logarithm of the
    number of texts, so that the network knows how far to trust them. Unknown n-grams and padding give zeros.

    A network that learnt from these numbers as they are would learn to trust them too much: each training text has
    contributed to them. `leave_one_out` gives them as they would be without the text itself (target encoding after
    Micci-Barreca 2001, left out as in Lachenbruch 1967): an n-gram that no other text has is then as empty as it will
    be for a new text. `training.fit` counts and leaves out by itself.

    Args:
        num_ids: ids of each order, padding and unknown included, as in `TextEncoder.num_ids`.
        num_classes: classes.
        smoothing: texts of each class that are added to the counts.
        num_patterns: if given, the counts are stored for small files and can only be read: of each order so many
            different rows of counts, their logarithms in 256 steps, and for each id the number of its row.

    Input: `int32` ids `(batch, steps)` or `(batch, steps, orders)`. Output: `float32`
    `(batch, steps, orders * (classes + 1))`.

    Example:
        >>> layer = ClassEvidence([4], 2)
        >>> layer.count(np.array([[2, 2, 0], [2, 3, 0]]), np.array([0, 1]))
        >>> [weight.numpy().tolist() for weight in layer.weights]  # id 2: a text of each class, id 3: one of class 1
        [[[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]]
    """

    LEVELS = 22.0  # e ** (255 / 22) is 108,000 texts

    def __init__(
        self,
        num_ids: Sequence[int],
        num_classes: int,
        *,
        smoothing: float = 0.2,
        num_patterns: Sequence[int] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if smoothing <= 0:
            raise ValueError(f"smoothing: expected more than 0, got {smoothing}")
        self.num_ids, self.num_classes = list(num_ids), _check_size("num_classes", num_classes)
        self.smoothing, self.num_patterns = smoothing, None if num_patterns is None else list(num_patterns)
        self.tables, self.places = [], []
        for order, num in enumerate(self.num_ids, start=1):
            rows, dtype = (num, "float32") if num_patterns is None else (self.num_patterns[order - 1], "uint8")
            self.tables.append(self._fixed((rows, self.num_classes), dtype, f"counts_{order}"))
            if num_patterns is not None:
                self.places.append(self._fixed((num,), "uint16" if rows < 2**16 else "uint32", f"places_{order}"))
        self.built = True

    def _fixed(self, shape: tuple[int, ...], dtype: str, name: str) -> Any:
        return self.add_weight(shape=shape, dtype=dtype, initializer="zeros", trainable=False, name=name)

    def compressed(self) -> "ClassEvidence":
        """Returns a layer that gives nearly the same evidence from a quarter of the bytes or less."""
        found = [np.unique(_levels(table.numpy()), axis=0, return_inverse=True) for table in self.tables]
        config = self.get_config() | {"num_patterns": [len(patterns) for patterns, _ in found]}
        small = type(self)(**config)
        for order, (patterns, places) in enumerate(found):
            small.tables[order].assign(patterns)
            small.places[order].assign(places.ravel().astype(small.places[order].dtype))
        return small

    @staticmethod
    def expanded(patterns: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Returns the `float32` counts `(ids, classes)` that a compressed layer stands for."""
        return (np.exp(patterns.astype("float32") / ClassEvidence.LEVELS) - 1.0)[places.astype("int64")]

    def count(self, ids: np.ndarray, label_ids: np.ndarray, *, anew: bool = True) -> None:
        """Counts, for each n-gram, the texts of each class that hold it.

        Args:
            ids: `(rows, steps)` or `(rows, steps, orders)`.
            label_ids: `(rows,)` the class of each text.
            anew: whether to start from zero, or to add to the counts that there are.

        Raises:
            ValueError: the layer is a compressed one.
        """
        if self.places:
            raise ValueError(f"layer {self.name}: compressed counts can only be read; count in the layer they are of")
        ids = ids if ids.ndim == 3 else ids[..., None]
        for order, table in enumerate(self.tables):
            rows, steps = np.nonzero(ids[..., order] > UNKNOWN_ID)
            pairs = np.unique(rows * self.num_ids[order] + ids[rows, steps, order])  # a text counts once
            counts = np.zeros(table.shape, dtype="float32") if anew else table.numpy()
            np.add.at(counts, (pairs % self.num_ids[order], label_ids[pairs // self.num_ids[order]]), 1)
            table.assign(counts)

    def _counts(self, order: int, column: Any) -> Any:
        if not self.places:
            return ops.take(self.tables[order], column, axis=0)  # (batch, steps, classes)
        rows = ops.cast(ops.take(self.places[order], column, axis=0), "int32")
        levels = ops.cast(ops.take(self.tables[order], rows, axis=0), "float32")
        return ops.exp(levels / self.LEVELS) - 1.0

    def features(self, counts: Any) -> Any:
        """Returns the evidence of `counts (…, classes)`: `(…, classes + 1)`."""
        total = ops.sum(counts, axis=-1, keepdims=True)
        shares = (counts + self.smoothing) / (total + self.num_classes * self.smoothing)
        return ops.concatenate([ops.log(self.num_classes * shares), 0.3 * ops.log(1.0 + total)], axis=-1)

    def _evidence(self, ids: Any, own: Any) -> Any:
        ids = ids if len(ids.shape) == 3 else ops.expand_dims(ids, -1)
        columns = []
        for order in range(len(self.tables)):
            column = ids[..., order]
            counts = self._counts(order, column)
            if own is not None:
                counts = ops.maximum(counts - own, 0.0)
            columns.append(self.features(counts) * ops.cast(column > UNKNOWN_ID, "float32")[..., None])
        return ops.concatenate(columns, axis=-1)

    def call(self, ids):
        """Returns the evidence of `ids`."""
        return self._evidence(ids, None)

    def leave_one_out(self, ids, label_ids):
        """Returns the evidence of training texts without what they themselves contributed.

        Args:
            ids: of texts that `count` was given.
            label_ids: `(batch,)` their classes.
        """
        return self._evidence(ids, ops.one_hot(label_ids, self.num_classes)[:, None, :])

    def compute_output_shape(self, input_shape):
        """Returns `(batch, steps, orders * (classes + 1))`."""
        return (*input_shape[:2], len(self.num_ids) * (self.num_classes + 1))

    def get_config(self) -> dict:
        """Returns the settings from which `from_config` makes the same layer again."""
        own = {name: getattr(self, name) for name in ("num_ids", "num_classes", "smoothing", "num_patterns")}
        return {**super().get_config(), **own}


def _levels(counts: np.ndarray) -> np.ndarray:
    """Returns the logarithms of counts in 256 steps: `uint8`; read back, counts from 1 on are off by up to 3 %."""
    return np.clip(np.round(ClassEvidence.LEVELS * np.log1p(counts)), 0, 255).astype("uint8")
