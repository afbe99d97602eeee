"""Katydid's own options: thresholds, results, the run's identity, keys, limits.

They stand beside Locust's on every command line; `KATYDID_*` variables set them too.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from typing import Any

from katydid.cli.option_parser import RENAMED, YIELDS, OptionGroup, OptionParser
from katydid.cli.option_types import ascending_numbers, port, timespan, whole_number

SECRET_DESTINATIONS = ("curve_seed", "control_token", "remote_write", "remote_write_headers")
"""Never shown, logged, sent to workers or written into a report."""

SUMMARY_BYTES = 4096  # what the kubelet keeps of a termination message
ORPHAN_TIMEOUT_SECONDS = 10
REMOTE_WRITE_SECONDS = 5


@dataclass(frozen=True)
class KatydidOptions:
    """Values of our options, wherever a locustfile's arguments have pushed them."""

    thresholds: list[str]  # expressions, not parsed yet
    results: str | None  # directory
    junit_file: str | None
    summary_file: str | None
    summary_bytes: int
    metrics_port: int | None
    metrics_linger: float  # seconds
    metrics_buckets: tuple[float, ...] | None  # upper bounds, seconds
    remote_write: str | None  # URL
    remote_write_interval: float  # seconds
    remote_write_headers: list[str]  # "Name: value"
    run_id: str | None
    checkpoint: str | None  # path
    orphan_timeout: float  # seconds
    worker_id: str | None
    curve_seed: str | None
    control_token: str | None


def katydid_options(values: argparse.Namespace) -> KatydidOptions:
    """Our part of a namespace that `parse_options` made."""
    present = vars(values)
    found: dict[str, Any] = {}
    for item in fields(KatydidOptions):
        found[item.name] = present.get(RENAMED + item.name, present.get(item.name))
    return KatydidOptions(**found)


def add_katydid_options(parser: OptionParser) -> None:
    """Our options, in two groups. They yield their names to a locustfile's arguments."""
    groups = (
        parser.add_argument_group("Verdict and results (Katydid)"),
        parser.add_argument_group("Running on several machines (Katydid)"),
    )
    _verdict(groups[0])
    _run(groups[1])
    for group in groups:
        for action in group._group_actions:
            setattr(action, YIELDS, True)


def _verdict(group: OptionGroup) -> None:
    group.add_argument(
        "--threshold", action="append", dest="thresholds", default=[], metavar="EXPRESSION",
        env_var="KATYDID_THRESHOLD",
        help='Fail the test unless this holds: "p95 < 300ms", "failures < 1%%", '
        '"POST /checkout: p99 < 1s over 30s after 10s abort". May be repeated.',
    )  # fmt: skip
    group.add_argument(
        "--results", env_var="KATYDID_RESULTS", metavar="DIR",
        help="Write the report (HTML), JSON, CSV and JUnit files into this directory.",
    )  # fmt: skip
    group.add_argument(
        "--junit", dest="junit_file", env_var="KATYDID_JUNIT", metavar="FILE",
        help="Write JUnit XML: a test case per threshold and per request name.",
    )  # fmt: skip
    group.add_argument(
        "--summary-file", env_var="KATYDID_SUMMARY_FILE", metavar="PATH",
        help="Write the final summary as one small JSON document.",
    )  # fmt: skip
    group.add_argument(
        "--summary-bytes", type=whole_number, default=SUMMARY_BYTES, metavar="N",
        env_var="KATYDID_SUMMARY_BYTES",
        help=f"Size that the summary must not exceed. Default: {SUMMARY_BYTES}.",
    )  # fmt: skip
    group.add_argument(
        "--metrics-port", type=port, env_var="KATYDID_METRICS_PORT", metavar="PORT",
        help="Serve Prometheus metrics on this port.",
    )  # fmt: skip
    group.add_argument(
        "--metrics-linger", type=timespan, default=0, metavar="SPAN",
        env_var="KATYDID_METRICS_LINGER",
        help="After the end keep serving the metrics until they were scraped once more, "
        "at most this long. Default: 0.",
    )  # fmt: skip
    group.add_argument(
        "--metrics-buckets", type=ascending_numbers, metavar="SECONDS,…",
        env_var="KATYDID_METRICS_BUCKETS",
        help="Upper bounds of the response time histogram in the metrics, for instance "
        "0.1,0.5,1. Default: 16 bounds from 5 ms to 60 s.",
    )  # fmt: skip
    _remote_write(group)


def _remote_write(group: OptionGroup) -> None:
    group.add_argument(
        "--remote-write", env_var="KATYDID_REMOTE_WRITE", metavar="URL", is_secret=True,
        help="Send the metrics to this Prometheus (remote write 1.0) while the test runs and at "
        "its end, for instance http://prometheus.example:9090/api/v1/write.",
    )  # fmt: skip
    group.add_argument(
        "--remote-write-interval", type=timespan, default=REMOTE_WRITE_SECONDS, metavar="SPAN",
        env_var="KATYDID_REMOTE_WRITE_INTERVAL",
        help=f"Time between two samples for --remote-write. Default: {REMOTE_WRITE_SECONDS}s.",
    )  # fmt: skip
    group.add_argument(
        "--remote-write-header", action="append", dest="remote_write_headers", default=[],
        metavar="'NAME: VALUE'", env_var="REMOTE_WRITE_HEADER", is_secret=True,
        help="Header of these requests, such as 'Authorization: Bearer …' or 'X-Scope-OrgID: …'. "
        "May be repeated. Prefer the variable REMOTE_WRITE_HEADER for secrets.",
    )  # fmt: skip


def _run(group: OptionGroup) -> None:
    group.add_argument(
        "--run-id", env_var="KATYDID_RUN", metavar="ID",
        help="Identity of this run. Default: one is made.",
    )  # fmt: skip
    group.add_argument(
        "--checkpoint", env_var="KATYDID_CHECKPOINT", metavar="PATH",
        help="Keep the master's state in this file, so that a restarted master goes on.",
    )  # fmt: skip
    group.add_argument(
        "--orphan-timeout", type=timespan, default=ORPHAN_TIMEOUT_SECONDS, metavar="SPAN",
        env_var="KATYDID_ORPHAN_TIMEOUT",
        help="A worker stops its users after this long without its master. "
        f"Default: {ORPHAN_TIMEOUT_SECONDS}s.",
    )  # fmt: skip
    group.add_argument(
        "--worker-id", env_var="KATYDID_WORKER_ID", metavar="ID",
        help="Stable name of this worker; a successor with the same name takes its place.",
    )  # fmt: skip
    group.add_argument(
        "--curve-seed", env_var="KATYDID_CURVE_SEED", metavar="SEED", is_secret=True,
        help="Encrypt and authenticate master and workers with keys made from this seed. "
        "Prefer the variable KATYDID_CURVE_SEED: other users of a machine can read a command line.",
    )  # fmt: skip
    group.add_argument(
        "--control-token", env_var="KATYDID_API_TOKEN", metavar="TOKEN", is_secret=True,
        help="Token that changing requests to the master's HTTP API must carry. "
        "Prefer the variable KATYDID_API_TOKEN.",
    )  # fmt: skip
