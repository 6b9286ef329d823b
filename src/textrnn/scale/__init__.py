"""More than one process answers at once: many files classified by the workers of a Dask cluster."""

from textrnn.scale.bulk import Done, predict

__all__ = ["Done", "predict"]
