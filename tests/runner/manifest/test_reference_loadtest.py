"""docs/reference/loadtest.md is what its generator makes, and its example is accepted."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from katydid.manifest import parse_stream, schema

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def test_the_committed_page_is_the_generated_one() -> None:
    spec = importlib.util.spec_from_file_location(
        "generate_loadtest", REFERENCE / "generate_loadtest.py"
    )
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)

    assert (REFERENCE / "loadtest.md").read_text("utf-8") == generator.page(schema.crd())


def test_the_example_of_the_page_is_accepted() -> None:
    page = (REFERENCE / "loadtest.md").read_text("utf-8")
    [example] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)

    [test] = parse_stream(example, "loadtest.md").load_tests

    assert test.name == "checkout"
