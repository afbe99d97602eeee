"""The command line: Locust's surface, or one of our subcommands."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable

from katydid.cli.launch import Launch, Surface
from katydid.errors import ExitCode, KatydidError


def main(argv: list[str]) -> int:
    """Run `katydid ARGV`; returns the exit code. Errors become one sentence on stderr."""
    command = COMMANDS.get(argv[0]) if argv else None
    surface = Surface.KATYDID if command else Surface.LOCUST
    try:
        if command is not None:
            return command(argv[1:])
        return locust(argv)
    except KatydidError as error:
        print(error, file=sys.stderr)
        for note in getattr(error, "__notes__", ()):
            print(note, file=sys.stderr)
        return surface.exit_code_of(error)
    except KeyboardInterrupt:  # before a session has its own way to stop
        return 128 + signal.SIGINT
    except BrokenPipeError:  # `katydid … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return surface.exit_code(ExitCode.PASSED)
    except Exception:
        logging.getLogger(__name__).debug("unexpected", exc_info=True)
        print("Katydid itself failed; please report this:", file=sys.stderr)
        traceback.print_exc()
        return surface.exit_code(ExitCode.INTERNAL)


def locust(argv: list[str]) -> int:
    """`katydid -f locustfile.py …`: Locust's own command line."""
    from katydid.cli import session

    return session.run(Launch(argv=argv))


def _run(argv: list[str]) -> int:
    from katydid.cli.run import run

    return run(argv)


def _validate(argv: list[str]) -> int:
    from katydid.cli.validate import validate

    return validate(argv)


def _report(argv: list[str]) -> int:
    from katydid.cli.report import report

    return report(argv)


def _compare(argv: list[str]) -> int:
    from katydid.cli.compare import compare

    return compare(argv)


def _demo(argv: list[str]) -> int:
    from katydid.cli.demo import demo

    return demo(argv)


def _exec(argv: list[str]) -> int:
    from katydid.cli.exec import execute

    return execute(argv)


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": _run,
    "validate": _validate,
    "report": _report,
    "compare": _compare,
    "demo": _demo,
    "exec": _exec,
}
"""Each is imported when it is called: `katydid validate` needs no gevent hub."""
