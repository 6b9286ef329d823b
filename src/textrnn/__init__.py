"""Helpers behind the textrnn notebooks: from the memory of a recurrent network to a saved headline classifier."""

import os
from importlib.metadata import version

# TensorFlow's start-up chatter (absent GPU, instruction sets) would fill the first cell of every notebook.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

__version__ = version("textrnn")
