"""Experiments: settings from files and cards, runs that leave a folder and can be compared, sweeps, reports."""

from textrnn.experiments.config import Given, read_config, settings_of_model

__all__ = ["Given", "read_config", "settings_of_model"]
