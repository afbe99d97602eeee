"""Tests of the documentation ask for a `page`, a `yaml_block`, a `console_block` by those names."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by its name
    spec.loader.exec_module(module)
    return module


READER = _load(Path(__file__).with_name("reader.py"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "page" in metafunc.fixturenames:
        pages = READER.pages()
        ids = [str(page.relative_to(ROOT)) for page in pages]
        metafunc.parametrize("page", pages, ids=ids)
    for name, languages in (("yaml_block", ("yaml",)), ("console_block", ("console", ""))):
        if name in metafunc.fixturenames:
            found = READER.all_blocks(*languages)
            metafunc.parametrize(name, found, ids=[block.id for block in found])


@pytest.fixture(scope="session")
def reader() -> ModuleType:
    """tests/docs/reader.py."""
    return READER


@pytest.fixture(scope="session")
def values_schema() -> dict[str, Any]:
    """The chart's values.schema.json."""
    found: dict[str, Any] = json.loads(
        (ROOT / "charts" / "katydid" / "values.schema.json").read_text("utf-8")
    )
    return found


@pytest.fixture(scope="session")
def definition() -> dict[str, Any]:
    """The version of the LoadTest's CustomResourceDefinition."""
    crd = yaml.safe_load((ROOT / "crds" / "loadtest.yaml").read_text("utf-8"))
    found: dict[str, Any] = crd["spec"]["versions"][0]
    return found
