"""`katydid report run.json`: makes the HTML report, JUnit XML or CSV files of a saved run again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from katydid.command_line import CommandParser
from katydid.errors import ExitCode, KatydidError, UsageError
from katydid.results import junit, read, verdict, write
from katydid.results import report as html_report
from katydid.run.document import RunDocument


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="katydid report",
        description="Make the reports of a saved run again. Without options: the HTML report, "
        "beside the file, named after test, time and verdict.",
    )
    parser.add_argument("run", type=Path, help="run.json of a results folder, or that folder")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the HTML report here")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML here")
    parser.add_argument(
        "--csv", type=Path, metavar="PREFIX", help="write PREFIX_stats.csv and its siblings"
    )
    return parser


def report(argv: Sequence[str]) -> int:
    """Run the subcommand; return its exit code. Bad input is one sentence on standard error."""
    try:
        options = _parser().parse_args(list(argv))
        source = read.source_of(options.run)
        document = read.read(source)
        for path in _write(document, source, options):
            print(path)
    except KatydidError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return ExitCode.PASSED


def _write(document: RunDocument, source: Path, options: argparse.Namespace) -> list[Path]:
    written: list[Path] = []
    page: Path | None = options.html
    if page is None and options.junit is None and options.csv is None:
        page = source.parent / verdict.file_name(document.status)
    try:
        if page is not None:
            written.append(write.write_text(page, html_report.render(document)))
        if options.junit is not None:
            written.append(write.write_text(options.junit, junit.render(document)))
        if options.csv is not None:
            written += write.write_csv(document, options.csv)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}.") from error
    return written
