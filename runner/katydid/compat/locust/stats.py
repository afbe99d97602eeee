"""`locust.stats`: statistics, their tables and files, and constants that may be set."""

from katydid import tunables as _tunables
from katydid.compat import properties as _properties
from katydid.errors import UsageError as _UsageError
from katydid.results.console_locust import (
    get_error_report_summary,
    get_percentile_stats_summary,
    get_readable_percentiles,
    get_stats_summary,
    print_error_report,
    print_percentile_stats,
    print_stats,
    print_stats_json,
    sort_stats,
    stats_printer,
)
from katydid.results.csv_live import StatsCSV, StatsCSVFileWriter
from katydid.stats import RequestStats, StatsEntry, StatsError
from katydid.stats import rounding as _rounding

__all__ = [
    "RequestStats",
    "StatsCSV",
    "StatsCSVFileWriter",
    "StatsEntry",
    "StatsError",
    "get_error_report_summary",
    "get_percentile_stats_summary",
    "get_readable_percentiles",
    "get_stats_summary",
    "print_error_report",
    "print_percentile_stats",
    "print_stats",
    "print_stats_json",
    "sort_stats",
    "stats_history",
    "stats_printer",
    "validate_stats_configuration",
]

MAX_CHARTED_PERCENTILES = 6

_properties.forward_same(
    __name__,
    _tunables,
    (
        "PERCENTILES_TO_REPORT",
        "PERCENTILES_TO_STATISTICS",
        "PERCENTILES_TO_CHART",
        "CONSOLE_STATS_INTERVAL_SEC",
        "HISTORY_STATS_INTERVAL_SEC",
        "CSV_STATS_INTERVAL_SEC",
        "CSV_STATS_FLUSH_INTERVAL_SEC",
        "CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW",
        "STATS_NAME_WIDTH",
        "STATS_TYPE_WIDTH",
        "STATS_AUTORESIZE",
    ),
)
_properties.forward(__name__, {"bucket_response_time": (_rounding, "bucket_response_time")})


def stats_history(runner: object) -> None:
    """Nothing: programs spawn it to collect `stats.history`, which collects itself here."""


def validate_stats_configuration() -> None:
    """UsageError for percentiles that the charts cannot show."""
    percentiles = _tunables.PERCENTILES_TO_CHART
    if len(percentiles) > MAX_CHARTED_PERCENTILES:
        raise _UsageError(
            f"stats.PERCENTILES_TO_CHART has {len(percentiles)} percentiles; "
            f"{MAX_CHARTED_PERCENTILES} is the most."
        )
    for name in ("PERCENTILES_TO_CHART", "PERCENTILES_TO_STATISTICS"):
        for value in getattr(_tunables, name):
            if not (isinstance(value, int | float) and 0 < value < 1):
                raise _UsageError(
                    f"stats.{name} holds {value!r}; percentiles are numbers between 0 and 1, "
                    "such as 0.95."
                )
