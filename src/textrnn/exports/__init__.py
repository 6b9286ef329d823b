"""Saved models in the formats of others, ONNX and LiteRT: a folder with all that an answer takes, checked before."""

from textrnn.exports.folder import export_model

__all__ = ["export_model"]
