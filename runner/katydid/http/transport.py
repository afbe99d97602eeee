"""The seam between what a client asks for and how it is sent.

A session hands over method, URL and options, and gets an `Outcome`; what a prepared request or a
connection pool is, only this module knows. `RequestsTransport` sends through requests and
urllib3. Errors of the connection are values here: load tests go on when the target does not.
"""

from __future__ import annotations

import ssl
import sys
from dataclasses import dataclass
from typing import Any, Protocol

import gevent.queue
import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema, RequestException
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError


@dataclass(slots=True)
class Outcome:
    """What became of one request, redirects included."""

    response: requests.Response  # status_code 0 and no content after an error
    error: Exception | None  # as requests raised it; None whenever a response came
    cause: BaseException | None  # what started that error: this is recorded
    url: str  # the first request's
    path_url: str  # the first request's path and query string
    length: int  # bytes of the decoded body; of a streamed one what Content-Length says, else 0


class Transport(Protocol):
    """Sends requests."""

    def send(
        self, session: requests.Session, method: str, url: str, options: dict[str, Any]
    ) -> Outcome:
        """Send one request with the options of `requests.Session.request`.

        Raises MissingSchema, InvalidSchema and InvalidURL, which are mistakes of the locustfile;
        every other error is in the outcome.
        """


class RequestsTransport:
    """Sends through requests, with the session's own adapters, cookies and settings."""

    def send(
        self, session: requests.Session, method: str, url: str, options: dict[str, Any]
    ) -> Outcome:
        error: Exception
        try:
            # not session.request: the session's own method is what got us here
            response = requests.Session.request(session, method, url, **options)
        except (MissingSchema, InvalidSchema, InvalidURL):
            raise
        except (RequestException, HTTPError, OSError) as caught:
            error = caught
        else:
            first = (response.history[0] if response.history else response).request
            length = (
                _announced_length(response)
                if options.get("stream")
                else len(response.content or b"")
            )
            return Outcome(response, None, None, first.url or url, first.path_url, length)
        return _failed(method, url, options, error)


def _announced_length(response: requests.Response) -> int:
    value = response.headers.get("content-length", "")
    return int(value) if value.isdecimal() else 0


def _failed(method: str, url: str, options: dict[str, Any], error: Exception) -> Outcome:
    response = requests.Response()
    response.status_code = 0
    request = requests.Request(method, url, params=options.get("params")).prepare()
    response.request = request
    response.url = request.url or url
    return Outcome(response, error, _innermost(error), response.url, request.path_url, 0)


def _innermost(error: BaseException) -> BaseException:
    """The exception that started it: `ConnectionRefusedError` under requests' and urllib3's own.

    To be called outside of the `except` block of `error`: what the locustfile was handling when
    it sent the request is no cause. Takes the tracebacks off: they show the inside of urllib3, and
    its frames hold the exceptions, which would be a cycle for every failed request.
    """
    handled = sys.exception()
    error.__traceback__ = None
    while error.__context__ is not None and error.__context__ is not handled:
        error = error.__context__
        error.__traceback__ = None
    return error


class _QuietUnverifiedConnection(HTTPSConnection):
    """Not verified on purpose: without urllib3's warning for every single request."""

    def connect(self) -> None:
        super().connect()
        self.is_verified = True


class _Pool(HTTPConnectionPool):
    # the standard library's, patched, takes three locks for each get and put
    QueueCls = gevent.queue.LifoQueue  # type: ignore[assignment]  # it has the same methods


class _TLSPool(HTTPSConnectionPool):
    QueueCls = gevent.queue.LifoQueue  # type: ignore[assignment]  # it has the same methods


class _QuietTLSPool(_TLSPool):
    ConnectionCls = _QuietUnverifiedConnection


class PoolAdapter(HTTPAdapter):
    """An adapter over gevent's queues; or over a `pool_manager` that several users share.

    An `ssl_context` decides about TLS by itself: whether to verify, certificates, protocols.
    """

    def __init__(
        self,
        pool_manager: PoolManager | None = None,
        *,
        ssl_context: ssl.SSLContext | None = None,
        **settings: Any,  # of HTTPAdapter
    ) -> None:
        self._shared = pool_manager
        self._ssl_context = ssl_context
        super().__init__(**settings)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **settings: Any
    ) -> None:
        if self._shared is not None:
            self.poolmanager = self._shared
            return
        if self._ssl_context is not None:
            settings["ssl_context"] = self._ssl_context
        manager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **settings)
        manager.pool_classes_by_scheme = {
            "http": _Pool,
            "https": _TLSPool if self._ssl_context is None else _QuietTLSPool,
        }
        self.poolmanager = manager

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> Any:  # the stub's type is private to it
        """As requests does it; the settings that an own context has are left to it."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if self._ssl_context is not None:
            return host, {}
        return host, pool

    def cert_verify(self, conn: Any, url: str, verify: bool | str, cert: Any) -> None:
        """As requests does it; nothing where an own context decides."""
        if self._ssl_context is None:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # the stub's

    def close(self) -> None:
        """Close the connections, unless they belong to others too."""
        if self._shared is None:
            super().close()
