"""Locust's console: the functions that `locust.stats` exports, for a `RequestStats`.

Columns, headings and the logger's name are Locust's, since programs parse them; our own terminal
output is console's. Numbers come from the public surface of the statistics alone.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from typing import Any

import gevent

from katydid import tunables
from katydid.results import figures, locust_json
from katydid.results.csv_columns import percentile_heads
from katydid.results.text_table import pad, shorten

console_logger = logging.getLogger("locust.stats_logger")
"""Where Locust's tables go; `--only-summary` and programs silence it by this name."""

_NUMBERS_WIDTH = 80  # what the numbers of a line take beside the name
_WIDEST_NAME = 80


def print_stats(stats: Any, current: bool = True) -> None:
    """Log the table of all requests; rates of the last seconds, or (not `current`) of all time."""
    _log(get_stats_summary(stats, current))


def print_stats_json(stats: Any) -> None:
    """Print Locust's JSON form to standard output; the statistics stay as they are."""
    print(locust_json.to_text(locust_json.from_stats(stats)))


def get_stats_summary(stats: Any, current: bool = True) -> list[str]:
    """Lines of the table of all requests."""
    heads = ("# reqs", "# fails", "Avg", "Min", "Max", "Med", "req/s", "failures/s")
    rule = "|".join([_label_rule(), *("-" * width for width in (7, 14, 7, 7, 7, 7, 8, 11))])
    lines = [_label("Type", "Name") + _numbers(heads), rule]
    lines += [_entry_line(entry, current) for entry in sort_stats(stats.entries)]
    return [*lines, rule, _entry_line(stats.total, current), ""]


def _numbers(cells: tuple[str, ...]) -> str:
    reqs, fails, avg, least, most, med, rps, failing = cells
    times = f"{avg:>7} {least:>7} {most:>7} {med:>6}"
    return f" {reqs:>7} {fails:>13} |{times} |{rps:>8} {failing:>11}"


def _entry_line(entry: Any, current: bool) -> str:
    rate, failing = (
        (entry.current_rps, entry.current_fail_per_sec)
        if current
        else (entry.total_rps, entry.total_fail_per_sec)
    )
    return _label(entry.method or "", entry.name) + _numbers(
        (
            f"{entry.num_requests:d}",
            f"{entry.num_failures:d}({100 * entry.fail_ratio:.2f}%)",
            f"{entry.avg_response_time:.0f}",
            f"{entry.min_response_time or 0:.0f}",
            f"{entry.max_response_time or 0:.0f}",
            f"{entry.median_response_time or 0:.0f}",
            f"{rate or 0:.2f}",
            f"{failing or 0:.2f}",
        )
    )


def _name_width() -> int:
    """Of the name column: what a terminal leaves, else what `locust.stats` was set to."""
    if not tunables.STATS_AUTORESIZE:
        return tunables.STATS_NAME_WIDTH
    columns = shutil.get_terminal_size((0, 0)).columns
    if columns == 0:
        return tunables.STATS_NAME_WIDTH
    return max(20, min(columns - _NUMBERS_WIDTH, _WIDEST_NAME))


def _label(method: str, name: str) -> str:
    kind = pad(shorten(figures.visible(method), tunables.STATS_TYPE_WIDTH),
               tunables.STATS_TYPE_WIDTH)  # fmt: skip
    return f"{kind} {pad(shorten(figures.visible(name), _name_width()), _name_width())}"


def _label_rule() -> str:
    return f"{'-' * tunables.STATS_TYPE_WIDTH}|{'-' * _name_width()}"


def print_percentile_stats(stats: Any) -> None:
    """Log the table of response time percentiles."""
    _log(get_percentile_stats_summary(stats))


def get_percentile_stats_summary(stats: Any) -> list[str]:
    """Lines of the table of response time percentiles, `tunables.PERCENTILES_TO_REPORT`."""
    percentiles = tunables.PERCENTILES_TO_REPORT
    heads = get_readable_percentiles(percentiles)
    rule = f"{_label_rule()}|{'|'.join(['-' * 8] * len(heads))}|{'-' * 6}"
    lines = [
        "Response time percentiles (approximated)",
        _label("Type", "Name") + " " + " ".join(f"{head:>8}" for head in [*heads, "# reqs"]),
        rule,
    ]
    entries = [entry for entry in sort_stats(stats.entries) if entry.num_requests]
    lines += [_percentile_line(entry, percentiles) for entry in entries]
    lines.append(rule)
    if stats.total.num_requests:
        lines.append(_percentile_line(stats.total, percentiles))
    return [*lines, ""]


def _percentile_line(entry: Any, percentiles: list[float]) -> str:
    values = [round(value or 0) for value in entry.percentiles(percentiles)]
    numbers = " ".join(f"{value:>8d}" for value in [*values, entry.num_requests])
    return f"{_label(entry.method or '', entry.name)} {numbers}"


def print_error_report(stats: Any) -> None:
    """Log the table of errors, if there are any."""
    if stats.errors:
        _log(get_error_report_summary(stats))


def get_error_report_summary(stats: Any) -> list[str]:
    """Lines of the table of errors; texts are whole."""
    rule = f"{'-' * 18}|{'-' * (_name_width() + _NUMBERS_WIDTH - 19)}"
    lines = ["Error report", f"{'# occurrences':<18} Error", rule]
    for error in list(stats.errors.values()):
        text = f"{error.method} {error.name}: {error.error}"
        lines.append(f"{error.occurrences:<18d} {figures.visible(text)}")
    return [*lines, rule, ""]


def stats_printer(stats: Any) -> Callable[[], None]:
    """Return a function that logs the table each CONSOLE_STATS_INTERVAL_SEC, for ever."""

    def print_for_ever() -> None:
        while True:
            print_stats(stats)
            gevent.sleep(tunables.CONSOLE_STATS_INTERVAL_SEC)

    return print_for_ever


def get_readable_percentiles(percentiles: list[float]) -> list[str]:
    """[0.5, 0.999] → ["50%", "99.9%"]."""
    return percentile_heads(percentiles)


def sort_stats(stats: dict[Any, Any]) -> list[Any]:
    """The entries by (name, method)."""
    return [stats[key] for key in sorted(stats)]


def _log(lines: list[str]) -> None:
    for line in lines:
        console_logger.info(line)
