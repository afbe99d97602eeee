"""Make the environment that Locust is measured in: `.tools/locust-venv`, apart from ours.

    python bench/peers.py

The version whose API Katydid follows is installed, or the nearest one that can be. The path of
its interpreter is printed; nothing is done when it is there already.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
from pathlib import Path

VERSIONS = ("locust==2.46.4", "locust~=2.46.0", "locust>=2.46,<2.48")
"""Tried in this order."""

HOME = Path(__file__).resolve().parent.parent / ".tools" / "locust-venv"


def locust_python() -> Path | None:
    """The interpreter of Locust's environment; None where there is none yet."""
    python = HOME / "bin" / "python"
    if not python.exists():
        return None
    found = subprocess.run([python, "-c", "import locust"], capture_output=True, check=False)
    return python if found.returncode == 0 else None


def install() -> Path:
    """Make the environment unless it is there; answers its interpreter."""
    python = locust_python()
    if python is not None:
        return python
    venv.create(HOME, with_pip=True)
    python = HOME / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for version in VERSIONS:
        if subprocess.run([*pip, version, "psutil"], check=False).returncode == 0:
            return python
        print(f"{version} cannot be installed here", file=sys.stderr)
    raise SystemExit("No version of Locust could be installed; the benchmarks run without it.")


def version_of(python: Path) -> str:
    """Locust's version in an environment."""
    code = "from importlib.metadata import version; print(version('locust'), version('gevent'))"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    locust, gevent = answer.stdout.split()
    return f"locust {locust}, gevent {gevent}"


def main() -> int:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    python = install()
    print(f"{python}  ({version_of(python)})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
