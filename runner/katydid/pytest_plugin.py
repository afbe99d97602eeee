"""pytest fixtures for tests that are load tests too: `pytest -p katydid.pytest_plugin`.

`session` is an HttpSession, `fastsession` a FastHttpSession; relative URLs go to `--host`. With
`-p` the plugin is loaded before any test module, so that the standard library is patched and
`import locust` is ours in time. The same file runs as a locustfile: `katydid -f test_x.py`.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import katydid
from katydid import alias
from katydid.events import Events
from katydid.http.fast import FastHttpSession
from katydid.http.session import HttpSession

__all__ = ["fastsession", "session"]

alias.install()  # the one module beside __init__ that acts when imported: pytest wants it so


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --host, -H."""
    parser.getgroup("katydid", f"Katydid {katydid.__version__}").addoption(
        "--host", "-H", default=None, help="Address that relative URLs of session go to."
    )


@pytest.fixture
def session(pytestconfig: pytest.Config) -> Any:
    """A session of requests; errors raise nothing, they are in the response."""
    client = HttpSession(_host(pytestconfig), Events().request, None)
    client.trust_env = False
    yield client
    client.close()


@pytest.fixture
def fastsession(pytestconfig: pytest.Config) -> FastHttpSession:
    """The client of FastHttpUser."""
    return FastHttpSession(SimpleNamespace(events=Events()), _host(pytestconfig), None)


def _host(config: pytest.Config) -> str:
    return str(config.getoption("--host") or "")
