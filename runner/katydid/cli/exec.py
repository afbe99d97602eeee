"""`katydid exec SCRIPT.py [args…]`: run a Python program that imports locust, with Katydid.

For programs that build an Environment by themselves, for run_single_user, for notebooks' scripts.
The program runs as `__main__`, sees its own arguments and its own directory on sys.path.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from katydid import alias
from katydid.errors import UsageError

USAGE = "usage: katydid exec SCRIPT.py [args ...]\n       katydid exec -m MODULE [args ...]"


def execute(argv: list[str]) -> int:
    """Run the program; returns its exit code. UsageError if there is none.

    What the program raises, SystemExit included, passes through: it is the program's own.
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
        runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
        return 0
    script = Path(argv[0])
    if not script.is_file():
        raise UsageError(f"There is no file {argv[0]}.")
    sys.argv = argv
    sys.path.insert(0, str(script.resolve().parent))
    runpy.run_path(str(script), run_name="__main__")
    return 0
