"""A network as an ONNX graph, made by hand of ONNX's own operators: from ids to probabilities, without TensorFlow."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from textrnn import architectures, evidence
from textrnn.preprocessing import UNKNOWN_ID
from textrnn.saving.data import NetworkData

OPSET = 17  # of 2022: any ONNX Runtime from 1.12 on
IR_VERSION = 8
GATES = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2), "simple": (0,)}  # Keras' blocks of columns in the order of ONNX
OPERATORS = {"lstm": "LSTM", "gru": "GRU", "simple": "RNN"}
NEVER = np.float32(-1e30)  # of a score that padding has


def onnx_model(data: NetworkData, *, summary: bool = False) -> onnx.ModelProto:
    """Returns a graph with the input `ids`, `int32 (rows, steps[, orders])`, and the output `probabilities`.

    `probabilities` is `float32 (rows, classes)`. Padding changes nothing, and small tables stay small.

    Args:
        data: any network of the kit.
        summary: whether there is a second output, `summary`: what the output layer sees, `float32 (rows, features)`.
    """
    graph, orders = _Graph(), len(data.encoder.num_ids)
    graph.prepare(orders)
    values = graph.add("Concat", *_vectors(graph, data), axis=2)
    pooled = (_recurrent if data.network == "textrnn" else _convolved)(graph, data, values)
    graph.add("Mul", pooled, "any_step", out="summary")  # of a text of which nothing is left: zeros
    kernel, bias = (data.arrays[f"output.{name}"] / np.float32(data.temperature) for name in ("kernel", "bias"))
    scores = graph.add("Add", graph.add("MatMul", "summary", graph.constant(kernel)), graph.constant(bias))
    graph.add("Softmax", scores, axis=1, out="probabilities")
    shape = ["rows", "steps", orders] if orders > 1 else ["rows", "steps"]
    outputs = {"probabilities": len(data.label_names)} | ({"summary": len(kernel)} if summary else {})
    made = helper.make_graph(
        graph.nodes,
        "textrnn",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", size]) for name, size in outputs.items()],
        graph.constants,
    )
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(made, opset_imports=opset, ir_version=IR_VERSION, producer_name="textrnn")
    onnx.checker.check_model(model)
    return model


class _Graph:
    """Nodes and constants, each under a name of its own."""

    def __init__(self):
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, array: Any, dtype: str | None = None) -> str:
        """Returns the name of a constant."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(array, dtype=dtype), name))
        return name

    def add(self, operator: str, *inputs: str, out: str | None = None, num: int = 1, **attributes: Any) -> Any:
        """Returns the name of the output of a new node; of several outputs, their names."""
        names = [out or f"{operator.lower()}_{len(self.nodes)}_{k}" for k in range(num)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names if num > 1 else names[0]

    def cast(self, name: str, to: int, *, out: str | None = None) -> str:
        """Returns the name of a value of another type."""
        return self.add("Cast", name, to=to, out=out)

    def prepare(self, orders: int):
        """Adds what everything else uses: ids of each order, which steps are real, how many.

        `mask` and `last` are `float32 (rows, steps, 1)`, `lengths` is `int32 (rows,)` and at least 1, `any_step` is
        `float32 (rows, 1)`. The first step counts as real even where none is.
        """
        axis, one = self.constant([2], "int64"), self.constant(1, "int32")
        for order in range(orders):
            if orders > 1:
                self.add("Gather", "ids", self.constant(order, "int64"), axis=2, out=f"ids_{order + 1}")
            else:
                self.add("Identity", "ids", out="ids_1")
        real = self.cast(self.add("Greater", "ids_1", self.constant(0, "int32")), TensorProto.INT32)
        found = self.add("ReduceSum", real, self.constant([1], "int64"), keepdims=0)
        self.add("Max", found, one, out="lengths")
        some = self.cast(self.add("Greater", found, self.constant(0, "int32")), TensorProto.FLOAT)
        self.add("Unsqueeze", some, self.constant([1], "int64"), out="any_step")
        steps = self.add("Gather", self.add("Shape", "ids_1"), self.constant(1, "int64"))
        number = self.add("Range", self.constant(0, "int64"), steps, self.constant(1, "int64"))
        number = self.cast(number, TensorProto.INT32)
        column = self.add("Unsqueeze", "lengths", self.constant([1], "int64"))
        self.add("Unsqueeze", self.add("Less", number, column), axis, out="is_real")
        self.cast("is_real", TensorProto.FLOAT, out="mask")
        is_last = self.add("Equal", number, self.add("Sub", column, one))
        self.add("Unsqueeze", self.cast(is_last, TensorProto.FLOAT), axis, out="last")


def _vectors(graph: _Graph, data: NetworkData) -> list[str]:
    """Returns what the tables say of each id: `float32 (rows, steps, features)`, the embeddings, then the evidence."""
    arrays, found = data.arrays, []
    orders = range(1, len(data.encoder.num_ids) + 1)
    for order in orders:
        table, scales = arrays[f"embedding_{order}"], arrays.get(f"embedding_{order}.scales")
        # Ids beyond the table, those of n-grams without a vector of their own, are unknown to it.
        inside = graph.add("Less", f"ids_{order}", graph.constant(len(table), "int32"))
        ids = graph.add("Where", inside, f"ids_{order}", graph.constant(UNKNOWN_ID, "int32"))
        vectors = graph.add("Gather", graph.constant(table), ids)
        if scales is not None:
            of_row = graph.add("Gather", graph.constant(scales[:, None]), ids)
            vectors = graph.add("Div", graph.cast(vectors, TensorProto.FLOAT), of_row)
        found.append(vectors)
    for order in orders if data.settings.get("evidence") else ():
        ids, counts = f"ids_{order}", arrays.get(f"evidence_{order}")
        if counts is None:  # compressed; there are few patterns
            counts = evidence.counts_of(arrays[f"evidence_{order}.patterns"])
            rows = graph.constant(arrays[f"evidence_{order}.rows"])
            ids = graph.cast(graph.add("Gather", rows, ids), TensorProto.INT32)
        features = graph.add("Gather", graph.constant(evidence.features(counts), "float32"), ids)
        known = graph.add("Greater", f"ids_{order}", graph.constant(UNKNOWN_ID, "int32"))
        known = graph.add("Unsqueeze", graph.cast(known, TensorProto.FLOAT), graph.constant([2], "int64"))
        found.append(graph.add("Mul", features, known))
    return found


def _recurrent(graph: _Graph, data: NetworkData, values: str) -> str:
    settings = data.settings
    directions = ("forward", "backward") if settings["bidirectional"] else ("forward",)
    for number in range(1, settings["num_layers"] + 1):
        weights = [data.layer(f"recurrent_{number}.{direction}") for direction in directions]
        values = _layer(graph, settings["cell"], weights, values)
    kinds = architectures.poolings(settings["pooling"])
    pooled = [_pooled(graph, kind, values, settings["units"], data.layer(kind)) for kind in kinds]
    return graph.add("Concat", *pooled, axis=1)


def _layer(graph: _Graph, cell: str, weights: list[dict[str, np.ndarray]], values: str) -> str:
    """Returns the states after each step: `float32 (rows, steps, directions * units)`."""
    if cell == "feedforward":
        (one,) = weights
        product = graph.add("MatMul", values, graph.constant(one["kernel"]))
        return graph.add("Tanh", graph.add("Add", product, graph.constant(one["bias"])))
    units, gates = len(weights[0]["recurrent_kernel"]), list(GATES[cell])

    def ordered(array: np.ndarray) -> np.ndarray:
        """Returns `(…, gates * units)` with the gates in the order of ONNX."""
        parts = array.reshape(*array.shape[:-1], len(gates), units)
        return parts[..., gates, :].reshape(array.shape)

    kernels, recurrent, biases = [], [], []
    for one in weights:
        kernels.append(ordered(one["kernel"]).T)
        recurrent.append(ordered(one["recurrent_kernel"]).T)
        bias = one["bias"] if cell == "gru" else np.stack([one["bias"], np.zeros_like(one["bias"])])
        biases.append(ordered(bias).ravel())
    steps_first = graph.add("Transpose", values, perm=[1, 0, 2])
    parameters = [graph.constant(np.stack(arrays)) for arrays in (kernels, recurrent, biases)]
    settings = {"hidden_size": units, "direction": "bidirectional" if len(weights) > 1 else "forward"}
    settings |= {"linear_before_reset": 1} if cell == "gru" else {}
    states = graph.add(OPERATORS[cell], steps_first, *parameters, "lengths", **settings)  # (steps, ways, rows, units)
    by_row = graph.add("Transpose", states, perm=[2, 0, 1, 3])
    return graph.add("Reshape", by_row, graph.constant([0, 0, len(weights) * units], "int64"))


def _pooled(graph: _Graph, kind: str, values: str, units: int, attention: Mapping[str, np.ndarray]) -> str:
    """Returns `float32 (rows, features)`."""
    if kind == "max":
        return graph.add(
            "ReduceMax", graph.add("Where", "is_real", values, graph.constant(NEVER)), axes=[1], keepdims=0
        )
    steps = graph.constant([1], "int64")
    if kind == "mean":
        total = graph.add("ReduceSum", graph.add("Mul", values, "mask"), steps, keepdims=0)
        return graph.add("Div", total, graph.add("ReduceSum", "mask", steps, keepdims=0))
    if kind == "last":  # of what runs backwards, the first step is the last one
        start, end, features = (graph.constant([at], "int64") for at in (0, units, 2**31 - 1))
        axis = graph.constant([2], "int64")
        forward = graph.add("Slice", values, start, end, axis)
        forward = graph.add("ReduceSum", graph.add("Mul", forward, "last"), steps, keepdims=0)
        backward = graph.add("Slice", values, end, features, axis)
        backward = graph.add("Gather", backward, graph.constant(0, "int64"), axis=1)
        return graph.add("Concat", forward, backward, axis=1)
    kernel, bias, score = (graph.constant(attention[name]) for name in ("kernel", "bias", "score"))
    hidden = graph.add("Tanh", graph.add("Add", graph.add("MatMul", values, kernel), bias))
    scores = graph.add("Where", "is_real", graph.add("MatMul", hidden, score), graph.constant(NEVER))
    weighted = graph.add("Mul", values, graph.add("Softmax", scores, axis=1))
    return graph.add("ReduceSum", weighted, steps, keepdims=0)


def _convolved(graph: _Graph, data: NetworkData, values: str) -> str:
    """Returns the strongest answer of each filter: `float32 (rows, features)`; beyond both ends there are zeros."""
    columns = graph.add("Transpose", graph.add("Mul", values, "mask"), perm=[0, 2, 1])
    mask, found = graph.add("Transpose", "mask", perm=[0, 2, 1]), []
    for width in data.settings["widths"]:
        weights = data.layer(f"width_{width}")
        before = (width - 1) // 2  # of an even width, Keras has more behind the step
        kernel = graph.constant(weights["kernel"].transpose(2, 1, 0))
        convolved = graph.add(
            "Conv", columns, kernel, graph.constant(weights["bias"]), pads=[before, width - 1 - before]
        )
        strengths = graph.add("Mul", graph.add("Relu", convolved), mask)  # none is below zero
        found.append(graph.add("ReduceMax", strengths, axes=[2], keepdims=0))
    return graph.add("Concat", *found, axis=1)
