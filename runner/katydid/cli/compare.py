"""`katydid compare a.json b.json`: what changed from one saved run to another, and if it may."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from katydid.cli.terminal import columns_of, wants_colour
from katydid.command_line import CommandParser
from katydid.errors import ExitCode, UsageError
from katydid.results import compare_console, compare_page, comparison, read, write
from katydid.results.text_table import Paint
from katydid.thresholds import tolerance

EPILOG = """tolerances:
  p95=10%                    p95 of all requests may rise by a tenth
  mean=20ms                  the mean may rise by 20 ms
  failures=1%                the share of failures may rise by one percentage point
  rps=5%                     the rate may fall by a twentieth
  "POST /checkout: p99=50ms" of one request; "*: p95=20%": of each request of the first run
What the second run lacks is not tolerated. Metrics: p50 … p99, p999, mean, max, failures, rps,
requests.

exit codes: 0 compared, and within all tolerances; 3 a tolerance is exceeded; 64 wrong usage"""


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="katydid compare",
        description="Compare two saved runs: in total and by request, the largest regression "
        "first.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("before", type=Path, help="run.json of a results folder, or that folder")
    parser.add_argument("after", type=Path, help="the same of the run to judge")
    parser.add_argument(
        "--tolerance",
        action="append",
        default=[],
        metavar="[REQUEST: ]METRIC=AMOUNT",
        help="how much worse the second run may be (repeatable); exit code 3 when it is worse",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with charts here")
    parser.add_argument(
        "--json", action="store_true", help="print the comparison as JSON instead of tables"
    )
    return parser


def compare(argv: Sequence[str]) -> int:
    """Run the subcommand; returns its exit code. KatydidError for what is wrong."""
    options = _parser().parse_args(list(argv))
    tolerances = [tolerance.parse(text) for text in options.tolerance]
    found = comparison.compare(read.read(options.before), read.read(options.after), tolerances)
    names = (str(options.before), str(options.after))
    files = []
    if options.html is not None:
        try:
            files.append(str(write.write_text(options.html, compare_page.render(found, names))))
        except OSError as error:
            raise UsageError(f"{options.html} cannot be written: {error.strerror}.") from error
    if options.json:
        print(json.dumps(comparison.to_plain(found), indent=2, allow_nan=False))
    else:
        columns, paint = columns_of(sys.stdout), Paint(wants_colour(sys.stdout))
        before, after = (shlex.quote(name) for name in names)
        charts = "" if files else f"katydid compare {before} {after} --html compare.html"
        for line in compare_console.lines(found, columns, paint, names, files, charts):
            print(line)
    return ExitCode.THRESHOLD_BREACHED if found.exceeded else ExitCode.PASSED
