"""Locust's options (LOCUST §2): names, environment variables, defaults, destinations.

One function per group of `--help`. Nothing is decided here: the values are what Locust's
`parsed_options` would hold, except that time spans are seconds already.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path
from typing import Any

import katydid
from katydid.cli.option_parser import OptionGroup, OptionParser
from katydid.cli.option_types import (
    log_level,
    port,
    positive_rate,
    process_count,
    timespan,
    url_path,
    whole_number,
)

VERSION_TEXT = (
    f"katydid {katydid.__version__} (Locust API {katydid.LOCUST_VERSION}) from "
    f"{Path(katydid.__file__).parent} (Python {platform.python_version()})"
)

REMOVED = {
    "--legacy-ui": "There is one web UI; leave --legacy-ui out.",
    "--web-auth": "--web-auth is gone; use --web-login with a login of your locustfile.",
    "--slave": "--slave is called --worker now.",
    "--expect-slaves": "--expect-slaves is called --expect-workers now.",
}
"""Options of older Locusts that only raise a sentence."""


class _Removed(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        parser.error(REMOVED[self.option_strings[0]].rstrip("."))


class _Version(argparse.Action):
    """argparse's own would wrap the line."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(VERSION_TEXT)
        parser.exit()


def add_locust_options(parser: OptionParser) -> None:
    """All of Locust's options, in its groups."""
    _common(parser.add_argument_group("Common options"))
    _web(parser.add_argument_group("Web UI options"))
    _distribution(parser.add_argument_group("Master and worker options"))
    _tags(parser.add_argument_group("Tag options"))
    _statistics(parser.add_argument_group("Statistics options"))
    _logging(parser.add_argument_group("Logging options"))
    _other(parser.add_argument_group("Other options"))
    _user_classes(parser.add_argument_group("User classes"))
    for option in REMOVED:
        parser.add_argument(
            option, nargs="?", action=_Removed, dest=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


def _common(group: OptionGroup) -> None:
    group.add_argument("-h", "--help", action="help", help="Show this text and exit.")
    group.add_argument(
        "-f", "--locustfile", default="locustfile.py", env_var="LOCUST_LOCUSTFILE",
        metavar="FILE",
        help="Python file with your user classes: a path, several with commas, a directory, a "
        "URL, or - on a worker, which then gets it from the master. Default: locustfile.py.",
    )  # fmt: skip
    group.add_argument(
        "--config", is_config_file_arg=True, metavar="FILE",
        help="One more file with options, over ~/.locust.conf, locust.conf and pyproject.toml.",
    )  # fmt: skip
    group.add_argument(
        "-H", "--host", env_var="LOCUST_HOST", metavar="URL",
        help="Address under test, such as https://shop.example; wins over the user class's.",
    )  # fmt: skip
    group.add_argument(
        "-u", "--users", type=whole_number, dest="num_users", env_var="LOCUST_USERS",
        metavar="N", help="Users to run at the same time. Headless default: 1.",
    )  # fmt: skip
    group.add_argument(
        "-r", "--spawn-rate", type=positive_rate, env_var="LOCUST_SPAWN_RATE", metavar="R",
        help="Users started per second. Headless default: 1.",
    )  # fmt: skip
    group.add_argument(
        "-t", "--run-time", type=timespan, env_var="LOCUST_RUN_TIME", metavar="SPAN",
        help="Stop after this time, ramp-up included: 300, 20s, 3m, 1h30m. Default: for ever.",
    )  # fmt: skip
    group.add_argument(
        "-l", "--list", action="store_true", dest="list_commands",
        help="Show the user classes of the locustfile and exit.",
    )  # fmt: skip
    group.add_argument(
        "--config-users", nargs="*", env_var="LOCUST_CONFIG_USERS", metavar="JSON",
        help="User class attributes as JSON, or files of it: "
        '{"user_class_name": "Buyer", "weight": 3}, or a list of such.',
    )  # fmt: skip


def _web(group: OptionGroup) -> None:
    group.add_argument(
        "--web-host", default="", env_var="LOCUST_WEB_HOST", metavar="HOST",
        help="Interface the web UI listens on. Default: all.",
    )  # fmt: skip
    group.add_argument(
        "--web-host-display-name", env_var="LOCUST_WEB_HOST_DISPLAY_NAME", help=argparse.SUPPRESS
    )
    group.add_argument(
        "-P", "--web-port", type=port, default=8089, env_var="LOCUST_WEB_PORT", metavar="PORT",
        help="Port of the web UI. Default: 8089.",
    )  # fmt: skip
    group.add_argument(
        "--web-base-path", type=url_path, default="", env_var="LOCUST_WEB_BASE_PATH",
        metavar="PATH", help="Serve the web UI under this path; it starts with a slash.",
    )  # fmt: skip
    group.add_argument(
        "--headless", action="store_true", env_var="LOCUST_HEADLESS",
        help="Start the test at once, without a web UI.",
    )  # fmt: skip
    group.add_argument(
        "--headful", action="store_true", env_var="LOCUST_HEADFUL", help=argparse.SUPPRESS
    )
    group.add_argument(
        "--autostart", action="store_true", env_var="LOCUST_AUTOSTART",
        help="Start the test at once, with the web UI.",
    )  # fmt: skip
    group.add_argument(
        "--autoquit", type=int, default=-1, env_var="LOCUST_AUTOQUIT", metavar="SECONDS",
        help="With --autostart: exit this long after the test ended. Default: -1, never.",
    )  # fmt: skip
    group.add_argument(
        "--web-login", action="store_true", env_var="LOCUST_WEB_LOGIN",
        help="Protect the web UI with a login that the locustfile supplies.",
    )  # fmt: skip
    group.add_argument(
        "--tls-cert", default="", env_var="LOCUST_TLS_CERT", metavar="FILE",
        help="Certificate of the web UI, for HTTPS.",
    )  # fmt: skip
    group.add_argument(
        "--tls-key", default="", env_var="LOCUST_TLS_KEY", metavar="FILE",
        help="Private key of the web UI, for HTTPS.",
    )  # fmt: skip
    group.add_argument(
        "--class-picker", action="store_true", env_var="LOCUST_USERCLASS_PICKER",
        help="Choose user classes and shape in the web UI.",
    )  # fmt: skip
    group.add_argument("--build-path", env_var="LOCUST_BUILD_PATH", help=argparse.SUPPRESS)


def _distribution(group: OptionGroup) -> None:
    group.add_argument(
        "--master", action="store_true", env_var="LOCUST_MODE_MASTER",
        help="Lead workers that make the requests.",
    )  # fmt: skip
    group.add_argument(
        "--master-bind-host", default="*", env_var="LOCUST_MASTER_BIND_HOST", metavar="HOST",
        help="Interface the master listens on for workers. Default: all.",
    )  # fmt: skip
    group.add_argument(
        "--master-bind-port", type=port, default=5557, env_var="LOCUST_MASTER_BIND_PORT",
        metavar="PORT", help="Port the master listens on for workers. Default: 5557.",
    )  # fmt: skip
    group.add_argument(
        "--expect-workers", type=whole_number, default=1, env_var="LOCUST_EXPECT_WORKERS",
        metavar="N", help="Workers that must be ready before a headless test starts.",
    )  # fmt: skip
    group.add_argument(
        "--expect-workers-max-wait", type=timespan, default=0, metavar="SPAN",
        env_var="LOCUST_EXPECT_WORKERS_MAX_WAIT",
        help="Give up after waiting this long for them. Default: 0, never.",
    )  # fmt: skip
    group.add_argument(
        "--enable-rebalancing", action="store_true",
        help="Accepted for Locust's sake: users are always rebalanced here.",
    )  # fmt: skip
    group.add_argument(
        "--worker", action="store_true", env_var="LOCUST_MODE_WORKER",
        help="Make requests for a master.",
    )  # fmt: skip
    group.add_argument(
        "--processes", type=process_count, env_var="LOCUST_PROCESSES", metavar="N",
        help="Start this many worker processes (-1: one per core), and their master unless "
        "--worker is given.",
    )  # fmt: skip
    group.add_argument(
        "--master-host", default="127.0.0.1", env_var="LOCUST_MASTER_NODE_HOST", metavar="HOST",
        help="Where a worker finds its master. Default: 127.0.0.1.",
    )  # fmt: skip
    group.add_argument(
        "--master-port", type=port, default=5557, env_var="LOCUST_MASTER_NODE_PORT",
        metavar="PORT", help="The master's port. Default: 5557.",
    )  # fmt: skip


def _tags(group: OptionGroup) -> None:
    group.add_argument(
        "-T", "--tags", nargs="*", env_var="LOCUST_TAGS", metavar="TAG",
        help="Run only tasks with any of these tags.",
    )  # fmt: skip
    group.add_argument(
        "-E", "--exclude-tags", nargs="*", env_var="LOCUST_EXCLUDE_TAGS", metavar="TAG",
        help="Leave out tasks with any of these tags.",
    )  # fmt: skip


def _statistics(group: OptionGroup) -> None:
    group.add_argument(
        "--csv", dest="csv_prefix", env_var="LOCUST_CSV", metavar="PREFIX",
        help="Write PREFIX_stats.csv, _stats_history.csv, _failures.csv and _exceptions.csv.",
    )  # fmt: skip
    group.add_argument(
        "--csv-full-history", action="store_true", dest="stats_history_enabled",
        env_var="LOCUST_CSV_FULL_HISTORY",
        help="With --csv: the history of every request name, not only of all together.",
    )  # fmt: skip
    group.add_argument(
        "--print-stats", action="store_true", env_var="LOCUST_PRINT_STATS",
        help="Print the statistics table while the test runs (headless: always).",
    )  # fmt: skip
    group.add_argument(
        "--only-summary", action="store_true", env_var="LOCUST_ONLY_SUMMARY",
        help="Print the statistics at the end only.",
    )  # fmt: skip
    group.add_argument(
        "--reset-stats", action="store_true", env_var="LOCUST_RESET_STATS",
        help="Start the statistics again from zero when all users have been started.",
    )  # fmt: skip
    group.add_argument(
        "--html", dest="html_file", env_var="LOCUST_HTML", metavar="FILE",
        help="Write a report; {u} {r} {t} stand for users, spawn rate and run time.",
    )  # fmt: skip
    group.add_argument("--json", action="store_true", help="Print the statistics as JSON.")
    group.add_argument(
        "--json-file", metavar="NAME", help="Write the statistics as JSON to NAME.json."
    )


def _logging(group: OptionGroup) -> None:
    group.add_argument(
        "--skip-log-setup", action="store_true", env_var="LOCUST_SKIP_LOG_SETUP",
        help="Leave logging to the locustfile.",
    )  # fmt: skip
    group.add_argument(
        "-L", "--loglevel", type=log_level, default="INFO", env_var="LOCUST_LOGLEVEL",
        metavar="LEVEL", help="DEBUG, INFO, WARNING, ERROR or CRITICAL. Default: INFO.",
    )  # fmt: skip
    group.add_argument(
        "--logfile", env_var="LOCUST_LOGFILE", metavar="FILE", help="Log to a file, not to stderr."
    )


def _other(group: OptionGroup) -> None:
    group.add_argument(
        "--show-task-ratio", action="store_true", help="Print how often each task runs, and exit."
    )
    group.add_argument(
        "--show-task-ratio-json", action="store_true", help="The same as JSON, and exit."
    )
    group.add_argument(
        "-V",
        "--version",
        nargs=0,
        action=_Version,
        dest=argparse.SUPPRESS,
        default=argparse.SUPPRESS,
        help="Print the version.",
    )
    group.add_argument(
        "--exit-code-on-error", type=int, default=1, env_var="LOCUST_EXIT_CODE_ON_ERROR",
        metavar="CODE", help="Exit code when a request failed. Default: 1.",
    )  # fmt: skip
    group.add_argument(
        "-s", "--stop-timeout", type=timespan, default=0, env_var="LOCUST_STOP_TIMEOUT",
        metavar="SPAN", help="Time for running tasks to finish at the end. Default: 0.",
    )  # fmt: skip
    group.add_argument(
        "--equal-weights", action="store_true", help="Ignore weights: as many users of each class."
    )
    group.add_argument(
        "--profile", metavar="NAME", help="A label for this run, shown in the web UI and report."
    )
    group.add_argument(
        "--otel", action="store_true", env_var="LOCUST_ENABLE_OPENTELEMETRY",
        help="Trace requests with OpenTelemetry (needs its packages).",
    )  # fmt: skip


def _user_classes(group: OptionGroup) -> None:
    group.add_argument(
        "user_classes", nargs="*", metavar="UserClass",
        help="Run these user classes only (or LOCUST_USER_CLASSES). Default: all.",
    )  # fmt: skip
