"""Saved models: written whole, checked, and read back as a classifier or as a network to train on."""

from textrnn.saving.classifier import Classifier, Predictor
from textrnn.saving.conversion import to_numpy_network
from textrnn.saving.export import save_classifier
from textrnn.saving.loading import load_classifier, load_network
from textrnn.saving.numpy_network import NumpyNetwork

__all__ = [
    "Classifier",
    "NumpyNetwork",
    "Predictor",
    "load_classifier",
    "load_network",
    "save_classifier",
    "to_numpy_network",
]
