"""`katydid demo`: a shop to aim tests at, alone or for the length of one `katydid run`."""

from __future__ import annotations

import os
import sys

from katydid.demo.launch import run_against_shop
from katydid.demo.options import parse
from katydid.demo.serve import serve
from katydid.errors import KatydidError, UsageError


def demo(argv: list[str]) -> int:
    """Run `katydid demo ARGV`; returns the exit code (with --run, that of the test)."""
    try:
        options = parse(argv)
        if options.run is None:
            return serve(options)
        if not os.path.isfile(options.run):
            raise UsageError(f"There is no file {options.run}.")
        return run_against_shop(options, lambda url: _run_command(options.run, url, options.flags))
    except KatydidError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)


def _run_command(manifest: str | None, url: str, flags: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "katydid", "run", str(manifest), "--host", url, *flags]
