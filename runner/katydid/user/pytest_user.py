"""PytestUser: a pytest function as a user, for locustfiles that have no User class."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar, cast

from katydid.errors import LocustfileError
from katydid.http.fast import FastHttpSession
from katydid.http.session import HttpSession
from katydid.user.environment_view import UserEnvironment
from katydid.user.http_users import demand_host
from katydid.user.users import User, UserMeta

FIXTURES = ("session", "fastsession")
"""What a test function may ask for: an HttpSession, a FastHttpSession."""


class PytestUser(User):
    """Calls one pytest function over and over, with the clients that it asks for."""

    abstract: ClassVar[bool] = True
    function: ClassVar[Callable[..., Any]]
    fixtures: ClassVar[tuple[str, ...]] = ()

    def __init__(self, environment: UserEnvironment) -> None:
        """Raises StopTest without a host."""
        super().__init__(environment)
        demand_host(self)
        self.clients: dict[str, HttpSession | FastHttpSession] = {}
        if "session" in self.fixtures:
            session = HttpSession(self.host, environment.events.request, self)
            session.trust_env = False
            self.clients["session"] = session
        if "fastsession" in self.fixtures:
            self.clients["fastsession"] = FastHttpSession(environment, self.host, self)

    def _close(self) -> None:
        for client in self.clients.values():
            client.close()


def _call_function(user: PytestUser) -> None:
    type(user).function(**user.clients)


def pytest_user(function: Callable[..., Any]) -> type[PytestUser]:
    """A user class for `def test_x(session)` or `(fastsession)`, named after the function.

    Raises LocustfileError for a parameter that is no fixture of ours.
    """
    parameters = tuple(inspect.signature(function).parameters)
    unknown = [each for each in parameters if each not in FIXTURES]
    if unknown:
        raise LocustfileError(
            f"{function.__name__} asks for the fixture {unknown[0]!r}; a test that runs as a load "
            f"test may use {' and '.join(FIXTURES)} only."
        )
    members = {
        "function": staticmethod(function),
        "fixtures": parameters,
        "tasks": [_call_function],
        "__module__": function.__module__,
    }
    return cast("type[PytestUser]", UserMeta(function.__name__, (PytestUser,), members))
