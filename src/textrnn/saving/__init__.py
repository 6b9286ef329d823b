"""Saved models: written whole, checked, and read back as a classifier or as a network to train on."""

from textrnn.cards import EXTRA
from textrnn.saving.export import (
    RUNTIMES,
    TABLES,
    Classifier,
    load_classifier,
    load_network,
    save_classifier,
)
from textrnn.saving.numpy_network import NumpyNetwork

__all__ = [
    "EXTRA",
    "RUNTIMES",
    "TABLES",
    "Classifier",
    "NumpyNetwork",
    "load_classifier",
    "load_network",
    "save_classifier",
]
