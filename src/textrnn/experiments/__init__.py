"""Experiments: settings from files and cards, runs that leave a folder and can be compared, sweeps, reports."""

import importlib
from typing import TYPE_CHECKING, Any

from textrnn.experiments.compare import Comparison, answers_in_chunks, compare, compare_answers, model_of
from textrnn.experiments.config import Given, read_config, settings_of_model
from textrnn.experiments.continuing import (
    KNOWN,
    check_classes,
    continue_training,
    grow,
    settings_to_continue,
    share_counted,
)
from textrnn.experiments.findings import (
    Findings,
    check_labels,
    deciding_characters,
    find_out,
    find_training_data,
    training_tables,
)
from textrnn.experiments.runs import CONFIG, MODEL, Run, begun, differing_settings, find_runs, read_run, write_run
from textrnn.experiments.space import DEFAULT as DEFAULT_SPACE
from textrnn.experiments.space import Space, read_space
from textrnn.experiments.sweep import Sweep, run_sweep
from textrnn.experiments.trial import Files, answers_on, scores_of, train_once

if TYPE_CHECKING:
    from textrnn.experiments.pictures import draw_sweep, plot_importance, plot_trials
    from textrnn.experiments.report import build_report

LATE = dict.fromkeys(("draw_sweep", "plot_importance", "plot_trials"), "pictures")  # these draw
LATE["build_report"] = "report"

__all__ = [
    "CONFIG",
    "DEFAULT_SPACE",
    "KNOWN",
    "MODEL",
    "Comparison",
    "Files",
    "Findings",
    "Given",
    "Run",
    "Space",
    "Sweep",
    "answers_in_chunks",
    "answers_on",
    "begun",
    "build_report",
    "check_classes",
    "check_labels",
    "compare",
    "compare_answers",
    "continue_training",
    "deciding_characters",
    "differing_settings",
    "draw_sweep",
    "find_out",
    "find_runs",
    "find_training_data",
    "grow",
    "model_of",
    "plot_importance",
    "plot_trials",
    "read_config",
    "read_run",
    "read_space",
    "run_sweep",
    "scores_of",
    "settings_of_model",
    "settings_to_continue",
    "share_counted",
    "train_once",
    "training_tables",
    "write_run",
]


def __getattr__(name: str) -> Any:
    if name not in LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{LATE[name]}"), name)
