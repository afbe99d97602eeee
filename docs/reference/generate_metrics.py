"""Writes docs/reference/metrics.md from the catalogues of engine and operator.

A test asserts that the committed page is up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from katydid.metrics import catalogue
from katydid_operator import catalogue as operator  # plain data: nothing of the operator runs

PAGE = Path(__file__).with_name("metrics.md")

HEAD = """# Metrics

<!-- Generated from runner/katydid/metrics/catalogue.py and
operator/katydid_operator/catalogue.py by docs/reference/generate_metrics.py; do not edit. -->

What dashboards and alerts are made of. How to get them into a Prometheus and a Grafana:
[how-to/prometheus.md](../how-to/prometheus.md).

## Of a test

The master of a test, or a run in one process, serves these for Prometheus: at `/metrics` of the
web page's port, and on a port of their own with `--metrics-port PORT` (a master pod: 9646). With
`--remote-write URL` it sends them itself. Workers are not scraped; what they say of themselves
travels with their heartbeats.

Every series has the labels {constant}. Outside
Kubernetes `loadtest` is the locustfile's stem, `loadtest_namespace` is empty, and `run` is what
`--run-id` says.

A counter never falls while the process lives: a reset of the statistics, or a second test started
from the web page, does not set it back. Gauges are those of the present test.
"""

TAIL = """### Bounds

- `{duration}` has the upper bounds {buckets} seconds.
  `--metrics-buckets 0.1,0.5,1` sets others, and so does `spec.metrics.buckets` of a LoadTest. A
  sample is counted by the mid-point of the bucket it was measured in, at most 0.4 % away from it.
- The first {names} requests have series of their own; all later ones are counted under the name
  `{other}` without a method, and have no quantiles.
- A request has {reasons} reasons of failure; later ones are counted under `{other_reason}`. An
  exception's text is never a label.
- A label's value is cut to {label} characters.

### The last scrape

A series vanishes one scrape after its process. `--metrics-linger 60s` keeps a process that has
finished until it was scraped once more, but no longer than that; the results do not wait for it.
A master pod lingers for up to 60 s, and for 15 s when nobody ever scraped it.

## Of the operator

Served on port 8080 at `/metrics`, beside `/healthz` and `/readyz`. Families about LoadTests are
read from what the operator knows at the moment of the scrape: when a LoadTest is deleted, its
series go. Results stay for as long as it lives, those of earlier runs for as long as
`spec.historyLimit` keeps them.
"""

OPERATOR_TAIL = """Histograms of the operator have the upper bounds {buckets} seconds.
"""


def page() -> str:
    """The whole page."""
    constant = ", ".join(f"`{label}`" for label in catalogue.CONSTANT_LABELS)
    tail = TAIL.format(
        duration=catalogue.DURATION.name,
        buckets=_bounds(catalogue.BUCKETS_SECONDS),
        names=catalogue.MAX_NAMES,
        other=catalogue.OTHER_NAME,
        reasons=catalogue.MAX_REASONS,
        other_reason=catalogue.OTHER_REASON,
        label=catalogue.MAX_LABEL,
    )
    parts = (
        HEAD.format(constant=constant),
        _table(catalogue.FAMILIES),
        tail,
        _table(operator.FAMILIES),
        OPERATOR_TAIL.format(buckets=_bounds(operator.SECONDS)),
    )
    return "\n".join(parts)


def _bounds(seconds: Iterable[float]) -> str:
    return ", ".join(f"{bound:g}" for bound in seconds)


def _table(families: Iterable[Any]) -> str:
    rows = "".join(_row(family) for family in families)
    return f"| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n{rows}"


def _row(family: Any) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.help} |\n"


def main() -> int:
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
