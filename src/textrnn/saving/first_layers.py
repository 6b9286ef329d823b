"""The first layers at work on ids: what a row of a table contributes to them is computed once, for who asks for it.

A recurrent layer multiplies the rows of each id by its kernel, and that product is the same wherever the id stands. So
it is kept for every row of the tables that fit into some memory, and a step costs a sum of rows instead of a product.
Answers move by 1e-6 at most.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from textrnn.preprocessing import UNKNOWN_ID
from textrnn.saving.numpy_layers import Inputs, Layer, Packed, Recurrent

MOST_BYTES = 192 * 2**20  # of all products: those of headlines-textrnn take 76 MiB, of thucnews-textrnn 87


class Table(NamedTuple):
    """A part of the features that a network reads, looked up by the ids of one order."""

    order: int  # 0: tokens
    num_rows: int  # ids beyond have the row of the unknown one
    num_features: int
    rows_of: Callable[[np.ndarray], np.ndarray]  # from ids to `float32 (ids, features)`


class FirstLayers:
    """The layers of a network that stand side by side above its tables.

    Args:
        tables: in the order of the features.
        layers: what reads all of them.
    """

    def __init__(self, tables: Sequence[Table], layers: Sequence[Layer]):
        self._tables, self._layers = tables, layers
        self._at_work = tables, []  # the tables to look up, and for each layer the products of the others, if any

    def values(self, ids: np.ndarray) -> np.ndarray:
        """Returns what the layers read at each real step: `float32 (real steps, features)`; `ids` as in `run`."""
        return _values(self._tables, ids)

    def run(self, ids: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Returns the states of all layers after each real step: `float32 (real steps, features)`.

        Args:
            ids: of the real steps `(real steps, orders)`, ordered as in `Packed`.
            counts: as in `Packed`.
        """
        tables, products = self._at_work
        values = _values(tables, ids)
        if not products:
            return np.concatenate([layer.run(Packed(values, counts)) for layer in self._layers], axis=1)
        ids = np.ascontiguousarray(ids.T, dtype="intp")
        states = [each.layer.run_inputs(each.inputs(ids, values, counts[0]), counts) for each in products]
        return np.concatenate(states, axis=1)

    def multiply_ahead(self, *, most_bytes: int = MOST_BYTES):
        """Computes the products of the smallest tables, in at most so many bytes; recurrent layers alone have any."""
        if not all(isinstance(layer, Recurrent) for layer in self._layers):
            return
        row_bytes = 4 * sum(layer.kernel.shape[1] for layer in self._layers)
        together = {}  # tables that have a row for the same ids
        for table in self._tables:
            together.setdefault((table.num_rows, table.order), []).append(table)
        kept, rest = [], []
        for (num_rows, _), tables in sorted(together.items()):
            most_bytes -= row_bytes * (num_rows + 1)
            if most_bytes >= 0:
                kept.append(tables)
            else:
                rest += tables
        ends = np.cumsum([table.num_features for table in self._tables])[:-1]
        parts = [dict(zip(self._tables, np.split(layer.kernel, ends), strict=True)) for layer in self._layers]
        if kept:
            pairs = zip(self._layers, parts, strict=True)
            self._at_work = rest, [_Products(layer, of, kept, rest) for layer, of in pairs]


class _Products:
    """What ids contribute to a recurrent layer: their features times its kernel, plus its bias."""

    def __init__(self, layer: Recurrent, parts: dict[Table, np.ndarray], kept: list[list[Table]], rest: list[Table]):
        self.layer = layer
        self._kernel = np.concatenate([layer.kernel[:0], *(parts[table] for table in rest)])
        self._rows = []
        for tables in kept:
            ids = np.append(np.arange(tables[0].num_rows), UNKNOWN_ID)  # the last row is that of all ids beyond
            self._rows.append((tables[0].order, sum(table.rows_of(ids) @ parts[table] for table in tables)))
        self._rows[0][1][:] += layer.bias

    def inputs(self, ids: np.ndarray, values: np.ndarray, most: int) -> Inputs:
        """Returns what the layer sees of ids `(orders, real steps)`, of whose tables without products `values` are.

        Args:
            ids: any; of those without a row, the last row is taken.
            values: `float32 (real steps, features)`.
            most: how many real steps are asked for at a time.
        """
        total, found = np.empty((2, most, self._kernel.shape[1]), dtype="float32")

        def of(span: slice) -> np.ndarray:
            z, one = total[: span.stop - span.start], found[: span.stop - span.start]
            for number, (order, rows) in enumerate(self._rows):
                rows.take(ids[order, span], axis=0, out=one if number else z, mode="clip")
                if number:
                    z += one
            if len(self._kernel):
                z += np.matmul(values[span], self._kernel, out=one)
            return z

        return of


def _values(tables: Sequence[Table], ids: np.ndarray) -> np.ndarray:
    found = [table.rows_of(ids[:, table.order]) for table in tables]
    return np.concatenate([np.empty((len(ids), 0), dtype="float32"), *found], axis=1)
