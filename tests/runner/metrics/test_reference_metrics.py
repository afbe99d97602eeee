"""docs/reference/metrics.md is what its generator makes of the catalogue."""

from __future__ import annotations

import importlib.util
from pathlib import Path

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location(
        "generate_metrics", REFERENCE / "generate_metrics.py"
    )
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert (REFERENCE / "metrics.md").read_text("utf-8") == generator.page()
