"""Writes docs/reference/metrics.md from the engine's catalogue: `python generate_metrics.py`.

A test asserts that the committed page is up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from katydid.metrics import catalogue
from katydid.metrics.catalogue import Family

PAGE = Path(__file__).with_name("metrics.md")

HEAD = """# Metrics of a test

<!-- Generated from runner/katydid/metrics/catalogue.py by docs/reference/generate_metrics.py; do
not edit. -->

The master of a test, or a run in one process, serves these for Prometheus: at `/metrics` of the
web page's port, and on a port of their own with `--metrics-port PORT` (a master pod: 9646).
Workers are not scraped; what they say of themselves travels with their heartbeats.

Every series has the labels {constant}. Outside
Kubernetes `loadtest` is the locustfile's stem, and `loadtest_namespace` is empty.

A counter never falls while the process lives: a reset of the statistics, or a second test started
from the web page, does not set it back. Gauges are those of the present test.
"""

TAIL = """## Bounds

- `{duration}` has the upper bounds {buckets} seconds. `--metrics-buckets 0.1,0.5,1` sets others. A
  sample is counted by the mid-point of the bucket it was measured in, at most 0.4 % away from it.
- The first {names} requests have series of their own; all later ones are counted under the name
  `{other}` without a method, and have no quantiles.
- A request has {reasons} reasons of failure; later ones are counted under `{other_reason}`. An
  exception's text is never a label.
- A label's value is cut to {label} characters.

## The last scrape

A series vanishes one scrape after its process. `--metrics-linger 60s` keeps a process that has
finished until it was scraped once more, but no longer than that; the results do not wait for it.
A master pod lingers for up to 60 s, and for 15 s when nobody ever scraped it.
"""


def page() -> str:
    """The whole page."""
    constant = ", ".join(f"`{label}`" for label in catalogue.CONSTANT_LABELS)
    rows = "".join(_row(family) for family in catalogue.FAMILIES)
    tail = TAIL.format(
        duration=catalogue.DURATION.name,
        buckets=", ".join(f"{bound:g}" for bound in catalogue.BUCKETS_SECONDS),
        names=catalogue.MAX_NAMES,
        other=catalogue.OTHER_NAME,
        reasons=catalogue.MAX_REASONS,
        other_reason=catalogue.OTHER_REASON,
        label=catalogue.MAX_LABEL,
    )
    table = f"| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n{rows}"
    return "\n".join((HEAD.format(constant=constant), table, tail))


def _row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.help} |\n"


def main() -> int:
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
