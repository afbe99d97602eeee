"""What a session prints and writes, while it runs and at its end.

Our own surface shows the live display and writes result files; Locust's prints its tables and
writes what its options name. Both are made of the same document.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import gevent

from katydid import tunables
from katydid.cli.launch import Surface
from katydid.cli.options import katydid_options
from katydid.cli.prepare import Prepared
from katydid.cli.terminal import columns_of, is_terminal, terminal_size, wants_colour
from katydid.results import (
    console,
    console_locust,
    junit,
    locust_json,
    report,
    summary,
    verdict,
)
from katydid.results.csv_live import StatsCSVFileWriter
from katydid.results.display import Display
from katydid.results.text_table import Paint
from katydid.results.write import write_all, write_text
from katydid.run import snapshot
from katydid.run.controller import ControllingRunner
from katydid.run.document import RunDocument
from katydid.run.states import LOADED

logger = logging.getLogger(__name__)


LOOK_SECONDS = 0.25


class Outputs:
    """The outputs of one session."""

    def __init__(self, prepared: Prepared, runner: ControllingRunner) -> None:
        self._prepared = prepared
        self._options = prepared.options
        self._ours = katydid_options(prepared.options)
        self._launch = prepared.launch
        self._runner = runner
        self._display: Display | None = None
        self._background: list[gevent.Greenlet[..., Any]] = []
        self._csv: StatsCSVFileWriter | None = None
        self._told: tuple[RunDocument, list[Path]] | None = None  # what `tell` shows
        if self._launch.surface is Surface.KATYDID:
            self._display = Display(
                sys.stderr, is_terminal(sys.stderr), terminal_size, colour=wants_colour(sys.stderr)
            )
            self._background.append(gevent.spawn(self._follow, self._display))
        elif self._prints_tables:
            self._background.append(gevent.spawn(console_locust.stats_printer(runner.stats)))
        if self._options.csv_prefix:
            self._csv = StatsCSVFileWriter(
                prepared.environment,
                tunables.PERCENTILES_TO_REPORT,
                self._options.csv_prefix,
                self._options.stats_history_enabled,
            )
            self._background.append(gevent.spawn(self._csv))

    @property
    def _prints_tables(self) -> bool:
        options = self._options
        wanted = options.headless or options.print_stats
        return wanted and not options.only_summary and not options.json_file

    def write(self) -> None:
        """Write all files; Locust's surface prints its tables. Each is tried, whatever the others
        do."""
        gevent.killall(self._background)
        if self._display is not None:
            self._display.clear()
        document = snapshot.document(self._runner)
        files = self._result_files(document) + self._named_files(document)
        if self._csv is not None:
            self._attempt("CSV files", self._csv.close_files)
        if self._launch.surface is Surface.KATYDID:
            self._told = (document, files)
        else:
            self._print_tables(document)
        if self._ours.summary_file:
            path, size = Path(self._ours.summary_file), self._ours.summary_bytes
            self._attempt(
                "summary", lambda: _overwrite(path, summary.termination_message(document, size))
            )

    def tell(self) -> None:
        """The last word on our surface: nothing of this run is printed after the verdict."""
        if self._told is not None:
            self._print_summary(*self._told)

    def _result_files(self, document: RunDocument) -> list[Path]:
        directory = self._launch.results or (
            Path(self._ours.results) if self._ours.results else None
        )
        if directory is None:
            return []
        formats = self._runner.settings.formats or ("html", "json", "csv", "junit")
        return write_all(document, directory, formats)

    def _named_files(self, document: RunDocument) -> list[Path]:
        files: list[Path] = []
        if self._ours.junit_file:
            path = Path(self._ours.junit_file)
            if self._attempt("JUnit file", lambda: write_text(path, junit.render(document))):
                files.append(path)
        if self._options.html_file:
            target = Path(self._html_name(document))
            if self._attempt("HTML report", lambda: write_text(target, report.render(document))):
                files.append(target)
        if self._options.json_file:
            named = Path(f"{self._options.json_file}.json")
            text = locust_json.to_text(locust_json.from_document(document))
            if self._attempt("JSON file", lambda: write_text(named, text)):
                files.append(named)
        return files

    def _html_name(self, document: RunDocument) -> str:
        load = document.status.load
        name: str = self._options.html_file
        values = {
            # as it was asked for: a short run may not come to have them all
            "{u}": str(load.spec.get("users", load.peak_users)),
            "{r}": f"{load.spawn_rate or 0:g}",
            "{t}": f"{load.run_time_seconds or 0:g}s",
        }
        for key, value in values.items():
            name = name.replace(key, value)
        return name

    def _print_summary(self, document: RunDocument, files: list[Path]) -> None:
        columns, paint = columns_of(sys.stdout), Paint(wants_colour(sys.stdout))
        report = next((path for path in files if path.name == "run.json"), None)
        command = f"katydid report {report}" if report is not None else None
        if is_terminal(sys.stdout):
            print()  # between the log and the summary
        for line in console.final_summary(document, columns, paint, files, command):
            print(line)
        sys.stdout.flush()

    def _print_tables(self, document: RunDocument) -> None:
        options, stats = self._options, self._runner.stats
        if options.json:
            print(locust_json.to_text(locust_json.from_document(document)))
        if options.headless or options.print_stats or options.only_summary:
            if not options.json_file:
                console_locust.print_stats(stats, current=False)
                console_locust.print_percentile_stats(stats)
                console_locust.print_error_report(stats)
            for row in document.status.thresholds:
                logger.info("Threshold %s: %s", row.expression, row.status.lower())
            if document.status.thresholds and document.status.message:
                logger.info("%s: %s", document.status.verdict, document.status.message)
        for caution in verdict.cautions(document):
            logger.warning("%s", caution)

    def _follow(self, display: Display) -> None:
        pause = LOOK_SECONDS
        while True:
            gevent.sleep(pause)
            now = self._runner.clock.monotonic()
            if self._runner.state in LOADED and display.due(now):
                display.show(snapshot.document(self._runner), now)
                # Thousands of names make a document dear: at most a sixth of the time is for it.
                pause = max(LOOK_SECONDS, 5 * (self._runner.clock.monotonic() - now))

    def _attempt(self, what: str, write: Any) -> bool:
        try:
            write()
        except Exception as error:  # noqa: BLE001 - one output must not cost the others
            logger.error("The %s could not be written: %r", what, error)
            return False
        return True


def _overwrite(path: Path, text: str) -> None:
    """In place: /dev/termination-log is a mount, which nothing can be renamed onto."""
    path.write_text(text, encoding="utf-8")
