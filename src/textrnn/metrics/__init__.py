"""Scores of a classifier as tables: per class, confusion, confidence interval, calibration."""

from textrnn.metrics.intervals import accuracy, accuracy_difference, f1_intervals, mcnemar, mean_accuracy
from textrnn.metrics.scores import (
    THRESHOLDS,
    calibration_error,
    confusion_table,
    coverage_curve,
    fit_temperature,
    label_ids,
    likely_wrong_labels,
    predicted_labels,
    report,
    worst_mistakes,
)

__all__ = [
    "THRESHOLDS",
    "accuracy",
    "accuracy_difference",
    "calibration_error",
    "confusion_table",
    "coverage_curve",
    "f1_intervals",
    "fit_temperature",
    "label_ids",
    "likely_wrong_labels",
    "mcnemar",
    "mean_accuracy",
    "predicted_labels",
    "report",
    "worst_mistakes",
]
