"""More than one process works at once: files classified and trials trained by the workers of a Dask cluster."""

from textrnn.scale.bulk import Done, predict
from textrnn.scale.cluster import as_they_end, connected

__all__ = ["Done", "as_they_end", "connected", "predict"]
