"""HttpUser and FastHttpUser: users with an HTTP client.

The client is made when it is first used: an idle user then costs no connection pool.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from katydid.errors import StopTest
from katydid.http.fast import FastHttpSession
from katydid.http.session import HttpSession
from katydid.user.environment_view import UserEnvironment
from katydid.user.rest import RestMixin
from katydid.user.users import User

if TYPE_CHECKING:
    from urllib3 import PoolManager

Session = TypeVar("Session")


class _LazyClient(Generic[Session]):
    """The class attribute `client`: the first use makes the session and puts it in its place."""

    def __init__(self, make: Callable[[Any], Session]) -> None:
        self._make: Callable[[Any], Session] = make

    def __get__(self, user: Any, owner: type) -> Session:
        if user is None:
            raise AttributeError("client belongs to a running user, not to its class")
        session = self._make(user)
        user.client = session  # shadows this descriptor from now on
        return session


def _http_session(user: HttpUser) -> HttpSession:
    session = HttpSession(
        user.host, user.environment.events.request, user, pool_manager=user.pool_manager
    )
    session.trust_env = False  # reading proxies and .netrc would cost more than the request
    return session


def _fast_session(user: FastHttpUser) -> FastHttpSession:
    return FastHttpSession(
        user.environment,
        user.host,
        user,
        user.insecure,
        user.client_pool,
        user.ssl_context_factory,
        network_timeout=user.network_timeout,
        connection_timeout=user.connection_timeout,
        max_redirects=user.max_redirects,
        max_retries=user.max_retries,
        concurrency=user.concurrency,
        default_headers=user.default_headers,
        proxy_host=user.proxy_host,
        proxy_port=user.proxy_port,
    )


def _close_own_client(user: User) -> None:
    client = vars(user).get("client")
    if isinstance(client, HttpSession | FastHttpSession) and client.user is user:
        client.close()


def demand_host(user: User) -> None:
    """Raise StopTest for a user without a host: no user of its class could do anything."""
    if user.host is None:
        raise StopTest(
            "You must specify the base host: set the attribute 'host' of the user class "
            f"{type(user).__name__}, or give the option --host."
        )


class HttpUser(RestMixin, User):
    """A user whose `client` is a session of requests that measures."""

    abstract: ClassVar[bool] = True
    pool_manager: PoolManager | None = None  # connections shared by all users of the class
    client = _LazyClient(_http_session)

    def __init__(self, environment: UserEnvironment) -> None:
        """Raises StopTest without a host."""
        super().__init__(environment)
        demand_host(self)

    def _close(self) -> None:
        _close_own_client(self)


class FastHttpUser(RestMixin, User):
    """A user whose `client` is a FastHttpSession. Times in seconds."""

    abstract: ClassVar[bool] = True
    network_timeout: float = 60.0  # between two arrivals of data
    connection_timeout: float = 60.0
    max_redirects: int = 30
    max_retries: int = 0
    insecure: bool = True  # certificates are not checked
    default_headers: Mapping[str, str] | None = None
    concurrency: int = 10  # connections of one user to one server
    proxy_host: str | None = None
    proxy_port: int | None = None
    client_pool: Any = None  # users with the same object share their connections
    ssl_context_factory: Callable[[], ssl.SSLContext] | None = None
    client = _LazyClient(_fast_session)

    def __init__(self, environment: UserEnvironment) -> None:
        """Raises StopTest without a host."""
        super().__init__(environment)
        demand_host(self)

    def _close(self) -> None:
        _close_own_client(self)
