"""`katydid exec SCRIPT.py [args…]`: run a Python program that imports locust, with Katydid.

For programs that build an Environment by themselves, for run_single_user, for notebooks' scripts.
The program runs as `__main__`, sees its own arguments and its own directory on sys.path.
"""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from katydid import alias
from katydid.errors import KatydidError, UsageError

USAGE = "usage: katydid exec SCRIPT.py [args ...]\n       katydid exec -m MODULE [args ...]"


_OURS = (__file__, runpy.__file__, "<frozen runpy>")
"""Files whose frames say nothing about the program."""


def execute(argv: list[str]) -> int:
    """Run the program; returns its exit code. UsageError if there is none.

    SystemExit passes through: it is the program's own. An uncaught exception returns 1.
    """
    if argv[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    if not argv or (argv[0] == "-m" and len(argv) < 2):
        raise UsageError(f"katydid exec needs a program.\n{USAGE}")
    alias.install()
    if argv[0] == "-m":
        sys.argv = argv[1:]
        sys.path.insert(0, str(Path.cwd()))
        return _as_program(lambda: runpy.run_module(argv[1], run_name="__main__", alter_sys=True))
    script = Path(argv[0])
    if not script.is_file():
        raise UsageError(f"There is no file {argv[0]}.")
    sys.argv = argv
    sys.path.insert(0, str(script.resolve().parent))
    return _as_program(lambda: runpy.run_path(str(script), run_name="__main__"))


def _as_program(run: Callable[[], object]) -> int:
    """Run it as Python would: an uncaught exception is a traceback of its own and a 1."""
    try:
        run()
    except KatydidError:
        raise  # a sentence with an exit code
    except Exception as error:  # noqa: BLE001 - the boundary: a user's program
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename in _OURS:
            frames = frames.tb_next
        traceback.print_exception(type(error), error, frames)
        return 1
    return 0
