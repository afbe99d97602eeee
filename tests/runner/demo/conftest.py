"""A real shop on a real port, and a session that talks to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from katydid.demo.behaviour import Settings
from katydid.demo.server import DemoServer


class Visitor(requests.Session):
    """A session whose URLs are paths of one shop."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.trust_env = False

    def request(self, method, url, *args, **kwargs):  # type: ignore[no-untyped-def]
        kwargs.setdefault("timeout", 10)
        return super().request(method, self.base + url, *args, **kwargs)


@pytest.fixture
def shop() -> Iterator[DemoServer]:
    """A shop that answers at once and never fails by itself."""
    server = DemoServer(Settings(0.0, 0.0, 0.0), seed=1)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def visitor(shop: DemoServer) -> Iterator[Visitor]:
    with Visitor(shop.url) as session:
        yield session
