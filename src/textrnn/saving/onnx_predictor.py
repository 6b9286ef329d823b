"""A saved network at work in ONNX Runtime: the fastest where texts come one by one or a few at a time."""

import os

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else it writes to its maker, from 1.29 on; read at its import
from onnxruntime import InferenceSession, SessionOptions, disable_telemetry_events

from textrnn.saving.classifier import NetworkPredictor
from textrnn.saving.data import NetworkData
from textrnn.saving.onnx_graph import onnx_model


class OnnxPredictor(NetworkPredictor):
    """The answers of the network that `data` describes, computed by an ONNX graph; any thread may ask."""

    num_threads = None
    enough_rows = 16

    def __init__(self, data: NetworkData):
        super().__init__(data)
        disable_telemetry_events()  # Windows does not read the variable
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # a batch on each core
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # of shapes that change, no memory is kept
        graph = onnx_model(data, summary=True).SerializeToString()
        self._session = InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def probs(self, ids: np.ndarray) -> np.ndarray:
        """Returns the probabilities of texts as ids: `float32 (rows, classes)`."""
        return self._run("probabilities", ids)

    def summary(self, ids: np.ndarray) -> np.ndarray:
        """Returns what the output layer sees of texts as ids: `float32 (rows, features)`."""
        return self._run("summary", ids)

    def _run(self, output: str, ids: np.ndarray) -> np.ndarray:
        return self._session.run([output], {"ids": ids})[0]
