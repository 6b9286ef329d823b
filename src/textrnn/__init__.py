"""Helpers behind the textrnn notebooks: from the memory of a recurrent network to a saved headline classifier."""

from importlib.metadata import version

__version__ = version("textrnn")
