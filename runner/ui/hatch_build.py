"""Hatchling's hook: a wheel carries the web page. An editable install gets it by `make ui`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
import build_ui


class BuildPage(BuildHookInterface[Any]):
    """Builds the bundle before a wheel is packed."""

    def dependencies(self) -> list[str]:
        """Node from PyPI, where it is needed and not on the PATH."""
        return [] if build_ui.is_built() or build_ui.node_on_path() else [build_ui.requirement()]

    def initialize(self, version: str, _build_data: dict[str, Any]) -> None:
        if version != "editable" and build_ui.main():
            raise SystemExit("The web page could not be built.")
