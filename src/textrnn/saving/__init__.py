"""Saved models: written whole as graph and as data, checked, and read back from the data alone.

Who reads and answers needs NumPy; what writes, and what else computes, is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from textrnn.saving.classifier import Classifier, Delegate, Predictor
from textrnn.saving.data import VOCABULARY, WEIGHTS, NetworkData, drawn_texts, write_files
from textrnn.saving.loading import LIBRARIES, load_classifier, load_network
from textrnn.saving.numpy_network import NumpyNetwork

if TYPE_CHECKING:
    from textrnn.saving.conversion import keras_network, network_data, to_numpy_network
    from textrnn.saving.export import save_classifier
    from textrnn.saving.onnx_graph import onnx_model
    from textrnn.saving.verification import TOLERANCE, verify

WHEN_USED = {  # for they import TensorFlow, or ONNX
    "TOLERANCE": "verification",
    "keras_network": "conversion",
    "network_data": "conversion",
    "onnx_model": "onnx_graph",
    "save_classifier": "export",
    "to_numpy_network": "conversion",
    "verify": "verification",
}

__all__ = [
    "LIBRARIES",
    "TOLERANCE",
    "VOCABULARY",
    "WEIGHTS",
    "Classifier",
    "Delegate",
    "NetworkData",
    "NumpyNetwork",
    "Predictor",
    "drawn_texts",
    "keras_network",
    "load_classifier",
    "load_network",
    "network_data",
    "onnx_model",
    "save_classifier",
    "to_numpy_network",
    "verify",
    "write_files",
]


def __getattr__(name: str) -> Any:
    if name not in WHEN_USED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{WHEN_USED[name]}"), name)
