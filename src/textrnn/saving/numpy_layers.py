"""The layers of the kit's networks in NumPy, on rows of different lengths without padding.

TensorFlow's loop over the steps spends most of its time between the operations. Here each step is a handful of NumPy
calls on the rows that still have a character at that step: texts are sorted by their length, longest first, so those
are always the first rows, and no step is spent on padding. The arithmetic is that of the layers of Keras.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Inputs = Callable[[slice], np.ndarray]  # what some real steps contribute to a layer; who asks may write into it


class Packed(NamedTuple):
    """The real steps of a batch without padding: first the first step of every row, then the second, and so on.

    Rows are in order of their length, longest first; at each step the rows that still have one are the first ones.
    """

    values: np.ndarray  # (real steps, …)
    counts: np.ndarray  # (steps,) rows that have each step, none of them 0

    def steps(self, values: np.ndarray | None = None) -> list[np.ndarray]:
        """Returns a view for each step: `(rows that have it, …)`."""
        values = self.values if values is None else values
        return [values[span] for span in _spans(self.counts)]


def _spans(counts: np.ndarray) -> list[slice]:
    ends = np.cumsum(counts).tolist()
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


# The layers make the states of a packed batch from its values; weights are named and shaped as in Keras.


class Feedforward:
    """A dense layer with tanh, which sees one step at a time and remembers nothing."""

    def __init__(self, *, kernel: np.ndarray, bias: np.ndarray):
        self.kernel, self.bias = kernel, bias

    def run(self, packed: Packed) -> np.ndarray:
        """Returns the state of each real step: `float32 (real steps, units)`."""
        return np.tanh(packed.values @ self.kernel + self.bias)


class Convolution:
    """Filters over `width` neighbouring steps, and relu; beyond both ends of a row there are zeros."""

    def __init__(self, *, kernel: np.ndarray, bias: np.ndarray):
        self.kernel, self.bias = kernel, bias  # (width, features, filters), (filters,)

    def run(self, packed: Packed) -> np.ndarray:
        """Returns what the filters find around each real step."""
        found = np.repeat(self.bias[None], len(packed.values), axis=0)
        before = (len(self.kernel) - 1) // 2  # of an even width, Keras has more behind the step
        for offset, kernel in enumerate(self.kernel, start=-before):
            around = packed.steps(packed.values @ kernel)[max(0, offset) :]
            for here, there in zip(packed.steps(found)[max(0, -offset) :], around, strict=False):
                rows = min(len(here), len(there))
                here[:rows] += there[:rows]
        return np.maximum(found, 0, out=found)


class Recurrent:
    """A layer that reads from one end; this one is Keras' `SimpleRNN`."""

    def __init__(self, *, kernel: np.ndarray, recurrent_kernel: np.ndarray, bias: np.ndarray, backwards: bool = False):
        self.kernel, self.recurrent_kernel, self.bias, self.backwards = kernel, recurrent_kernel, bias, backwards

    def run(self, packed: Packed, *, cells: np.ndarray | None = None) -> np.ndarray:
        """Returns the state after each real step; `cells` as in `run_inputs`."""
        inputs = packed.values @ self.kernel
        inputs += self.bias
        return self.run_inputs(inputs.__getitem__, packed.counts, cells=cells)

    def run_inputs(self, inputs: Inputs, counts: np.ndarray, *, cells: np.ndarray | None = None) -> np.ndarray:
        """Returns the state after each real step.

        Args:
            inputs: the values of each step times the kernel, plus the bias; asked for a step at a time.
            counts: as in `Packed`.
            cells: where to write what else the layer remembers after each real step, as large as what is returned.
        """
        units, spans = len(self.recurrent_kernel), _spans(counts)
        states = np.empty((spans[-1].stop, units), dtype="float32")
        state, cell = np.zeros((2, counts[0], units), dtype="float32")
        with np.errstate(over="ignore"):  # of a gate that is shut
            for span in reversed(spans) if self.backwards else spans:
                new = states[span]
                count = len(new)
                self.step(inputs(span), state[:count], cell[:count], new)
                state[:count] = new
                if cells is not None:
                    cells[span] = cell[:count]
        return states

    def step(self, z: np.ndarray, state: np.ndarray, cell: np.ndarray, new: np.ndarray):
        """Writes the next state of some rows into `new`.

        Args:
            z: what the step's values contribute `(rows, gates * units)`; may be overwritten.
            state: the state before the step `(rows, units)`; stays as it is.
            cell: what else the layer remembers, zeros at first; the layer changes it.
            new: where the state goes.
        """
        np.matmul(state, self.recurrent_kernel, out=new)
        new += z
        np.tanh(new, out=new)


class LSTM(Recurrent):
    """Keras' `LSTM`; its gates are put in the order input, forget, output, candidate.

    NumPy's `exp` takes two thirds of the time of its `tanh`, so the gates are `1 / (1 + exp(-z))` as they stand, and
    tanh is `2 / (1 + exp(-2 z)) - 1`; the weights come with the factors.
    """

    def __init__(self, *, kernel: np.ndarray, recurrent_kernel: np.ndarray, bias: np.ndarray, backwards: bool = False):
        units = len(recurrent_kernel)
        order = np.r_[0 : 2 * units, 3 * units : 4 * units, 2 * units : 3 * units]  # Keras has i, f, candidate, o
        factors = np.repeat(np.float32([-1, -2]), [3 * units, units])
        super().__init__(
            kernel=kernel[:, order] * factors,
            recurrent_kernel=recurrent_kernel[:, order] * factors,
            bias=bias[order] * factors,
            backwards=backwards,
        )

    def step(self, z: np.ndarray, state: np.ndarray, cell: np.ndarray, new: np.ndarray):
        """Writes the next state of some rows into `new`; `cell` is what the field calls so."""
        units = state.shape[1]
        z += state @ self.recurrent_kernel
        np.exp(z, out=z)
        z += 1
        np.divide(1, z, out=z)
        candidate = 2 * z[:, 3 * units :]
        candidate -= 1
        candidate *= z[:, :units]
        cell *= z[:, units : 2 * units]
        cell += candidate
        np.multiply(cell, -2, out=new)
        np.exp(new, out=new)
        new += 1
        np.divide(2, new, out=new)
        new -= 1
        new *= z[:, 2 * units : 3 * units]


class GRU(Recurrent):
    """Keras' `GRU` with `reset_after=True`: gates update and reset, then the candidate."""

    def __init__(self, *, kernel: np.ndarray, recurrent_kernel: np.ndarray, bias: np.ndarray, backwards: bool = False):
        units = len(recurrent_kernel)
        # sigmoid(z) = (1 + tanh(z / 2)) / 2, so one tanh serves both gates.
        half = np.repeat(np.float32([0.5, 1]), [2 * units, units])
        of_values, of_state = bias * half
        self.candidate_bias = of_state[2 * units :]  # the gate is between it and the bias of the values
        of_values[: 2 * units] += of_state[: 2 * units]
        super().__init__(
            kernel=kernel * half, recurrent_kernel=recurrent_kernel * half, bias=of_values, backwards=backwards
        )

    def step(self, z: np.ndarray, state: np.ndarray, cell: np.ndarray, new: np.ndarray):
        """Writes the next state of some rows into `new`."""
        units = state.shape[1]
        from_state = state @ self.recurrent_kernel
        gates, candidate = z[:, : 2 * units], from_state[:, 2 * units :]
        gates += from_state[:, : 2 * units]
        np.tanh(gates, out=gates)
        gates *= 0.5
        gates += 0.5
        candidate += self.candidate_bias
        candidate *= gates[:, units:]
        candidate += z[:, 2 * units :]
        np.tanh(candidate, out=candidate)
        np.subtract(state, candidate, out=new)  # update * state + (1 - update) * candidate
        new *= gates[:, :units]
        new += candidate


Layer = Feedforward | Convolution | Recurrent
RECURRENT = {"lstm": LSTM, "gru": GRU, "simple": Recurrent, "feedforward": Feedforward}


class Pooling:
    """The summary of the states of each row, as in `layers.MaskedPooling`.

    Args:
        kind: one of `options.POOLINGS`.
        num_forward: how many of the features run from the start to the end, the others backwards; all by default.
        attention: its `kernel`, `bias` and `score`, if that is the kind.
    """

    def __init__(self, kind: str, *, num_forward: int | None = None, **attention: np.ndarray):
        self.kind, self.num_forward, self.attention = kind, num_forward, attention

    def run(self, packed: Packed) -> np.ndarray:
        """Returns `float32 (rows, features)`."""
        return getattr(self, f"_{self.kind}")(packed, packed.steps())

    def _last(self, packed: Packed, steps: list[np.ndarray]) -> np.ndarray:
        last = steps[0].copy()  # of what runs backwards, the first step is the last one
        for step in steps[1:]:
            last[: len(step), : self.num_forward] = step[:, : self.num_forward]
        return last

    def _max(self, packed: Packed, steps: list[np.ndarray]) -> np.ndarray:
        return _over_steps(np.maximum, steps)

    def _mean(self, packed: Packed, steps: list[np.ndarray]) -> np.ndarray:
        lengths = (np.arange(len(steps[0])) < packed.counts[:, None]).sum(axis=0)
        return _over_steps(np.add, steps) / lengths[:, None].astype("float32")

    def _attention(self, packed: Packed, steps: list[np.ndarray]) -> np.ndarray:
        kernel, bias, score = (self.attention[name] for name in ("kernel", "bias", "score"))
        weights = np.tanh(packed.values @ kernel + bias) @ score  # (real steps, 1)
        largest = _over_steps(np.maximum, packed.steps(weights))
        for step in packed.steps(weights):
            step -= largest[: len(step)]
        weights = np.exp(weights, out=weights)
        total = _over_steps(np.add, packed.steps(packed.values * weights))
        return total / _over_steps(np.add, packed.steps(weights))


def _over_steps(join: np.ufunc, steps: list[np.ndarray]) -> np.ndarray:
    """Returns what `join` makes of the steps of each row."""
    joined = steps[0].copy()
    for step in steps[1:]:
        join(joined[: len(step)], step, out=joined[: len(step)])
    return joined
