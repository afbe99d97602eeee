"""What the tests of wire/ share: links that are closed at the end, and keys of two seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gevent
import pytest

from katydid.wire.keys import RunKeys, derive_keys
from katydid.wire.links import MasterLink, WorkerLink


class Links:
    """Makes links on loopback and closes them."""

    def __init__(self) -> None:
        self._made: list[MasterLink | WorkerLink] = []

    def master(self, port: int = 0, **options) -> MasterLink:
        return self._keep(MasterLink("127.0.0.1", port, **options))

    def worker(self, port: int, identity: str = "0", **options) -> WorkerLink:
        return self._keep(WorkerLink("127.0.0.1", port, identity, **options))

    def close(self) -> None:
        for link in self._made:
            link.close(0.0)

    def _keep(self, link):
        self._made.append(link)
        return link


@pytest.fixture
def links() -> Iterator[Links]:
    made = Links()
    yield made
    made.close()


@pytest.fixture(scope="session")
def keys() -> RunKeys:
    return derive_keys(b"a seed of sixteen bytes or more", "run-1")


@pytest.fixture(scope="session")
def other_keys() -> RunKeys:
    return derive_keys(b"another seed, as long as it", "run-1")


@pytest.fixture
def until() -> Callable[..., None]:
    def wait(condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Let other greenlets run until `condition()`; at most `seconds`."""
        with gevent.Timeout(seconds, AssertionError("it did not happen in time")):
            while not condition():
                gevent.sleep(0.01)  # polls a state that another greenlet or thread changes

    return wait
