from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from katydid.manifest import Stream, parse_stream

DATA = Path(__file__).parents[2] / "contract" / "manifests"

SMALLEST = """\
apiVersion: katydid.dev/v1alpha1
kind: LoadTest
metadata:
  name: smallest
spec:
  source:
    configMap:
      name: checkout-tests
  load:
    users: 10
    runTime: 5m
"""


@pytest.fixture
def smallest() -> str:
    """A LoadTest that gives only what it must; fields may be appended to its spec."""
    return SMALLEST


@pytest.fixture
def parse_spec() -> Any:
    """Parse the smallest LoadTest with lines (indented by two) added to its spec."""

    def parse(lines: str = "") -> Stream:
        return parse_stream(SMALLEST + lines, "test.yaml")

    return parse
