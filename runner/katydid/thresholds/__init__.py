"""Thresholds: what a test must hold to pass, how it is written, and whether it holds."""

from katydid.thresholds.expression import Threshold, format_value, from_manifest, parse
from katydid.thresholds.judging import Measured, StatsView, ThresholdSet, ThresholdState

__all__ = [
    "Measured",
    "StatsView",
    "Threshold",
    "ThresholdSet",
    "ThresholdState",
    "format_value",
    "from_manifest",
    "parse",
]
