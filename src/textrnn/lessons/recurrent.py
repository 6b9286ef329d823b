"""Recurrent layers that Keras lacks: Elman and Jordan networks, and the LSTM with peepholes.

Each layer is a cell (one step) and a thin layer around it, used like `keras.layers.LSTM`: masks, `return_sequences`,
`return_state`, `go_backwards`, `Bidirectional` and saving to `.keras` all work. The same arithmetic in NumPy, for
reading, is in `lessons.cells`.
"""

from typing import Any

import keras
from keras import ops

from textrnn.checks import check_number


def _checked_size(name: str, value: Any) -> int:
    check_number(name, value, "an integer of at least 1", lambda size: isinstance(size, int) and size >= 1)
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
        self.units = _checked_size("units", units)
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)

    def _weights(self, name: str, shape: tuple[int, ...], initializer: Any) -> Any:
        return self.add_weight(name=name, shape=shape, initializer=initializer)

    def get_config(self) -> dict[str, Any]:
        """Returns the settings from which `from_config` makes the same cell again."""
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
        """Returns the settings from which `from_config` makes the same layer again."""
        config = super().get_config()
        del config["cell"]
        cell_config = self.cell.get_config()
        return config | {key: cell_config[key] for key in cell_config if key not in self.own_settings}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "_StepLayer":
        """Returns a new layer with the settings that `get_config` gave."""
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
        self.output_units = self.units if output_units is None else _checked_size("output_units", output_units)
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
        """Returns the settings from which `from_config` makes the same cell again."""
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
        """Returns the output of this step and the memory for the next, from `(batch, features)`."""
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
        """Returns the output of this step, which is also the memory for the next."""
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
        ValueError: a size is no integer of at least 1.

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
        """Returns the output of this step, and output and cell for the next, from `(batch, features)`."""
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
        """Returns the settings from which `from_config` makes the same cell again."""
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
        ValueError: `units` is no integer of at least 1.

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
