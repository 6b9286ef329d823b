"""Experiments: settings from files and cards, runs that leave a folder and can be compared, sweeps, reports."""

from textrnn.experiments.compare import Comparison, compare, compare_answers, model_of
from textrnn.experiments.config import Given, read_config, settings_of_model
from textrnn.experiments.runs import CONFIG, MODEL, Run, begun, differing_settings, find_runs, read_run, write_run
from textrnn.experiments.trial import Files, answers_on, scores_of, train_once

__all__ = [
    "CONFIG",
    "MODEL",
    "Comparison",
    "Files",
    "Given",
    "Run",
    "answers_on",
    "begun",
    "compare",
    "compare_answers",
    "differing_settings",
    "find_runs",
    "model_of",
    "read_config",
    "read_run",
    "scores_of",
    "settings_of_model",
    "train_once",
    "write_run",
]
