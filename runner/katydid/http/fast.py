"""FastHttpSession: the client of FastHttpUser, with geventhttpclient's surface.

It differs from HttpSession in what locustfiles see (default names, what counts as a failure,
`FastResponse`), not in how requests travel: both go through `katydid.http.transport`.
"""

from __future__ import annotations

import functools
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import requests
from requests.auth import HTTPBasicAuth
from urllib3.util.request import ACCEPT_ENCODING

from katydid.events import Events
from katydid.http.fast_response import (
    OK_STATUS,
    ErrorResponse,
    FastResponse,
    LocustBadStatusCode,
)
from katydid.http.sample import Sample
from katydid.http.session import is_absolute, split_credentials
from katydid.http.transport import PoolAdapter, RequestsTransport, Transport

__all__ = [
    "ErrorResponse",
    "FastHttpSession",
    "FastResponse",
    "LocustBadStatusCode",
]

# of Locust's "gzip, deflate, br" what this installation can decode
_ENCODINGS = ", ".join(
    each for each in ("gzip", "deflate", "br") if each in ACCEPT_ENCODING.split(",")
)


class _Environment(Protocol):
    events: Events


class ConnectionPool:
    """What closes connections, under geventhttpclient's name for it."""

    def __init__(self, adapter: PoolAdapter) -> None:
        self._adapter = adapter

    def close(self) -> None:
        """Close all connections, those of other users of a shared pool too."""
        self._adapter.close()


class UserAgent:
    """The part of geventhttpclient's UserAgent that locustfiles use, as `client.client`."""

    def __init__(self, session: requests.Session, adapter: PoolAdapter) -> None:
        self._session = session
        self.clientpool = ConnectionPool(adapter)

    @property
    def cookiejar(self) -> CookieJar:
        """All cookies of the session."""
        return self._session.cookies

    @property
    def default_headers(self) -> Any:
        """Headers of every request."""
        return self._session.headers

    def close(self) -> None:
        """Close all connections, as `clientpool.close`."""
        self.clientpool.close()


class FastHttpSession:
    """A client for one user, over the attributes of FastHttpUser (times in seconds)."""

    transport: Transport = RequestsTransport()

    def __init__(
        self,
        environment: _Environment,
        base_url: str | None,
        user: Any = None,  # whose context() the listeners get; katydid.user is above this layer
        insecure: bool = True,
        client_pool: Any = None,
        ssl_context_factory: Callable[[], ssl.SSLContext] | None = None,
        *,
        network_timeout: float = 60,
        connection_timeout: float = 60,
        max_redirects: int = 30,
        max_retries: int = 0,
        concurrency: int = 10,
        default_headers: Mapping[str, str] | None = None,
        proxy_host: str | None = None,
        proxy_port: int | None = None,
    ) -> None:
        self.environment = environment
        self.user = user
        self.request_name: str | None = None
        self.base_url, credentials = split_credentials(base_url or "")
        self._timeout = (connection_timeout, network_timeout)

        session = requests.Session()
        session.trust_env = False
        session.max_redirects = max_redirects
        session.auth = HTTPBasicAuth(*credentials) if credentials is not None else None
        session.headers.clear()
        session.headers["User-Agent"] = "katydid"
        session.headers["Accept-Encoding"] = _ENCODINGS
        session.headers.update(default_headers or {})
        if proxy_host:
            proxy = f"http://{proxy_host}:{proxy_port}" if proxy_port else f"http://{proxy_host}"
            session.proxies = {"http": proxy, "https": proxy}
        context = _ssl_context(insecure, ssl_context_factory)
        if context is not None:
            session.verify = False  # the context decides
        adapter = _adapter(client_pool, context, concurrency, max_retries)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        self._session = session
        self._shares_connections = client_pool is not None
        self.client = UserAgent(session, adapter)

    @property
    def cookiejar(self) -> CookieJar:
        """All cookies of the session."""
        return self._session.cookies

    def close(self) -> None:
        """Close this user's connections; those of a shared pool stay for the others."""
        if not self._shares_connections:
            self._session.close()

    @contextmanager
    def rename_request(self, name: str) -> Iterator[None]:
        """Name all requests of a `with` block."""
        before = self.request_name
        self.request_name = name
        try:
            yield
        finally:
            self.request_name = before

    def request(
        self,
        method: str,
        url: str,
        name: str | None = None,
        data: Any = None,
        catch_response: bool = False,
        stream: bool = False,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        json: Any = None,
        allow_redirects: bool = True,
        context: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> FastResponse:
        """Send a request, record it (unless `catch_response`) and return its response.

        The sample's name is the URL as given. Never raises for the network: the response then
        has `status_code` 0 and an `error`.
        """
        full_url = url if is_absolute(url) else self.base_url + url
        if json is not None:
            headers = _with_json_headers(headers)
        options = {
            "data": data,
            "json": json,
            "headers": headers,
            "auth": auth,
            "stream": stream,
            "allow_redirects": allow_redirects,
            "timeout": self._timeout,
            **kwargs,
        }
        start_time = time.time()
        started = time.perf_counter()
        outcome = self.transport.send(self._session, method, full_url, options)
        response_time = (time.perf_counter() - started) * 1000
        name = name or self.request_name or url
        sample = Sample(
            self.environment.events.request,
            self.user,
            method,
            name,
            response_time,
            outcome.length,
            context,
            start_time,
            outcome.url,
        )
        error: Any = outcome.cause
        if outcome.error is not None:
            response: FastResponse = ErrorResponse(outcome.response, error)
        else:
            if outcome.response.status_code not in OK_STATUS:
                error = LocustBadStatusCode(name, outcome.response.status_code)
            response = FastResponse(outcome.response, error)
        response._sample = sample
        response._catch_response = catch_response
        if not catch_response:
            sample.report(response, error)
        return response

    def get(self, url: str, **kwargs: Any) -> FastResponse:
        """GET."""
        return self.request("GET", url, **kwargs)

    def head(self, url: str, **kwargs: Any) -> FastResponse:
        """HEAD."""
        return self.request("HEAD", url, **kwargs)

    def options(self, url: str, **kwargs: Any) -> FastResponse:
        """OPTIONS."""
        return self.request("OPTIONS", url, **kwargs)

    def trace(self, url: str, **kwargs: Any) -> FastResponse:
        """TRACE."""
        return self.request("TRACE", url, **kwargs)

    def delete(self, url: str, **kwargs: Any) -> FastResponse:
        """DELETE."""
        return self.request("DELETE", url, **kwargs)

    def post(self, url: str, data: Any = None, json: Any = None, **kwargs: Any) -> FastResponse:
        """POST."""
        return self.request("POST", url, data=data, json=json, **kwargs)

    def put(self, url: str, data: Any = None, json: Any = None, **kwargs: Any) -> FastResponse:
        """PUT."""
        return self.request("PUT", url, data=data, json=json, **kwargs)

    def patch(self, url: str, data: Any = None, json: Any = None, **kwargs: Any) -> FastResponse:
        """PATCH."""
        return self.request("PATCH", url, data=data, json=json, **kwargs)

    def iter_lines(self, url: str, method: str = "GET", **kwargs: Any) -> Iterator[str]:
        """Send a request and yield its body line by line, as it arrives.

        Raises the response's error if there is one.
        """
        response = self.request(method, url, stream=True, **kwargs)
        try:
            response.raise_for_status()
            for line in response.iter_lines():
                yield line.decode(response.encoding, errors="replace")
        finally:
            response.release()


def _with_json_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """The headers, with those that a JSON body calls for unless they are there."""
    given = dict(headers or {})
    lower = {key.lower() for key in given}
    for key in ("Content-Type", "Accept"):
        if key.lower() not in lower:
            given[key] = "application/json"
    return given


@functools.cache
def _unverified_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _ssl_context(
    insecure: bool, factory: Callable[[], ssl.SSLContext] | None
) -> ssl.SSLContext | None:
    """The context that decides about TLS; None: requests verifies as usual."""
    if factory is not None:
        return factory()
    # one for all users: making it costs more than a handshake
    return _unverified_context() if insecure else None


_shared_adapters: WeakKeyDictionary[Any, PoolAdapter] = WeakKeyDictionary()


def _adapter(
    client_pool: Any, context: ssl.SSLContext | None, concurrency: int, max_retries: int
) -> PoolAdapter:
    """An adapter of this user alone, or the one of all users with the same `client_pool`."""
    if client_pool is not None and client_pool in _shared_adapters:
        return _shared_adapters[client_pool]
    adapter = PoolAdapter(
        ssl_context=context,
        pool_maxsize=concurrency,
        pool_block=client_pool is not None,
        max_retries=max_retries,
    )
    if client_pool is not None:
        _shared_adapters[client_pool] = adapter
    return adapter
