"""Saved models: written whole, checked, and read back as a classifier or as a network to train on."""

from textrnn.cards import EXTRA
from textrnn.saving.export import (
    Classifier,
    load_classifier,
    load_network,
    save_classifier,
)
from textrnn.saving.numpy_network import NumpyNetwork

__all__ = [
    "EXTRA",
    "Classifier",
    "NumpyNetwork",
    "load_classifier",
    "load_network",
    "save_classifier",
]
