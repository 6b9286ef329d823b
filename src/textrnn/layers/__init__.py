"""The Keras layers of a classifier: texts to ids, evidence for classes, pooling, probabilities by label."""

from textrnn.layers.evidence import ClassEvidence
from textrnn.layers.pooling import LabelProbabilities, MaskedPooling
from textrnn.layers.text_model import TextModel
from textrnn.layers.text_to_ids import TextToIds

__all__ = ["ClassEvidence", "LabelProbabilities", "MaskedPooling", "TextModel", "TextToIds"]
