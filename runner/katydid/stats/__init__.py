"""Statistics of requests: exact counters and mergeable log-linear histograms."""

from katydid.stats.delta import StatsDelta
from katydid.stats.entry import StatsEntry
from katydid.stats.failures import StatsError
from katydid.stats.history import Point
from katydid.stats.request_stats import RequestStats
from katydid.stats.seconds import Window

__all__ = ["Point", "RequestStats", "StatsDelta", "StatsEntry", "StatsError", "Window"]
