"""Saved models: written whole, checked, and read back as a classifier or as a network to train on."""

from textrnn.cards import EXTRA, fingerprint, read_card
from textrnn.saving.export import (
    CARD_FIELDS,
    RUNTIMES,
    TABLES,
    Classifier,
    load_classifier,
    load_network,
    save_classifier,
)
from textrnn.saving.numpy_network import NumpyNetwork

__all__ = [
    "CARD_FIELDS",
    "EXTRA",
    "RUNTIMES",
    "TABLES",
    "Classifier",
    "NumpyNetwork",
    "fingerprint",
    "load_classifier",
    "load_network",
    "read_card",
    "save_classifier",
]
