"""The options of `katydid demo`, parsed into values."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from katydid.command_line import CommandParser
from katydid.demo.behaviour import Settings, parse_duration, parse_share
from katydid.errors import UsageError


@dataclass(frozen=True)
class DemoOptions:
    """What `katydid demo` was asked for."""

    host: str
    port: int | None  # None: not given
    settings: Settings
    seed: int | None
    run: str | None  # a LoadTest to run against the shop, which then ends with it
    flags: tuple[str, ...]  # passed on to `katydid run`
    follow_stdin: bool  # end when standard input closes

    def to_argv(self) -> list[str]:
        """The shop's part of these options, for a child process."""
        values = self.settings.to_json()
        argv = ["--host", self.host, "--port", str(self.port or 0)]
        argv += ["--latency", values["latency"], "--jitter", values["jitter"]]
        argv += ["--error-rate", values["errorRate"]]
        return [*argv, "--seed", str(self.seed)] if self.seed is not None else argv


def parse(argv: list[str]) -> DemoOptions:
    """The options in `argv`; UsageError with a sentence where they make no sense."""
    own, flags = _split(argv)
    found = _parser().parse_args(own)
    if flags and found.run is None:
        raise UsageError(
            "What follows `--` goes to `katydid run`, so --run LOADTEST.yaml is needed."
        )
    if not 0 <= (found.port or 0) <= 65535:
        raise UsageError(f"--port {found.port} is not between 0 and 65535.")
    settings = Settings(
        latency_seconds=parse_duration(found.latency),
        jitter_seconds=parse_duration(found.jitter),
        error_share=parse_share(found.error_rate),
    )
    return DemoOptions(
        found.host, found.port, settings, found.seed, found.run, tuple(flags), found.follow_stdin
    )


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def _parser() -> CommandParser:
    usual = Settings().to_json()
    parser = CommandParser(
        prog="katydid demo",
        description="A small shop to aim tests at: catalogue, search, log-in, cart, checkout.",
        epilog="With --run, the shop serves on a free port for one test and ends with it; flags "
        "after `--` go to `katydid run`.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, help="0 takes a free one (8080; with --run: 0)")
    parser.add_argument(
        "--latency", default=usual["latency"], help="time a plain page takes (%(default)s)"
    )
    parser.add_argument(
        "--jitter", default=usual["jitter"], help="spread around the latency (%(default)s)"
    )
    parser.add_argument(
        "--error-rate",
        default=usual["errorRate"],
        help="share of requests answered with 503 (" + usual["errorRate"] + "%)",
    )
    parser.add_argument("--seed", type=int, help="makes latency and errors repeatable")
    parser.add_argument("--run", metavar="LOADTEST.yaml", help="run this test against the shop")
    # For `--run`, whose child must not outlive it, however it ends.
    parser.add_argument("--follow-stdin", action="store_true", help=argparse.SUPPRESS)
    return parser
