"""HttpSession: requests' Session that measures every request and never raises for the network."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
from requests.auth import HTTPBasicAuth
from requests.exceptions import RequestException
from urllib3 import PoolManager

from katydid.events import RequestEvent
from katydid.http.sample import CatchResponse, Sample
from katydid.http.transport import (
    Outcome,
    PoolAdapter,
    RequestsTransport,
    Transport,
)

is_absolute = re.compile(r"https?://", re.IGNORECASE).match


class LocustResponse(requests.Response):
    """A response with the error of the connection, if that is what it is."""

    error: Exception | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a response and its status is below 400."""
        return self.error is None and self.status_code < 400

    def raise_for_status(self) -> None:
        """Raise the connection's error, or HTTPError for a status of 400 or more."""
        if self.error is not None:
            raise self.error
        super().raise_for_status()


class ResponseContextManager(CatchResponse, LocustResponse):  # type: ignore[misc]  # __exit__ judges
    """What HttpSession returns: the response, for use in a `with` block after catch_response."""

    def __init__(self, outcome: Outcome, sample: Sample, catch_response: bool) -> None:
        # the same attributes, not copies: requests built this response for us alone
        self.__dict__ = outcome.response.__dict__
        self.error = outcome.error
        self._cause = outcome.cause
        self._sample = sample
        self._catch_response = catch_response

    def _own_error(self) -> BaseException | None:
        if self.error is not None:
            return self._cause
        if self.status_code < 400:
            return None
        # failures are grouped by their text: the name, not each of its many URLs
        url = self.url
        self.url = self._meta["name"] if self._meta is not None else self._sample.name
        try:
            super().raise_for_status()
        except RequestException as error:
            return error
        finally:
            self.url = url
        return None


class HttpSession(requests.Session):
    """A client for one user: `get`, `post`, … as in requests, and cookies kept between them.

    Beyond requests each takes `name` (of the sample), `catch_response` (judge the response in a
    `with` block) and `context` (for listeners). A relative URL is appended to `base_url`. When
    no response came, one with `status_code` 0 and the `error` is returned.
    """

    transport: Transport = RequestsTransport()

    def __init__(
        self,
        base_url: str | None,
        request_event: RequestEvent,
        user: Any = None,  # whose context() the listeners get; katydid.user is above this layer
        *,
        pool_manager: PoolManager | None = None,  # connections shared by several users
    ) -> None:
        super().__init__()
        self.request_event = request_event
        self.user = user
        self.request_name: str | None = None
        self.base_url, credentials = split_credentials(base_url or "")
        if credentials is not None:
            self.auth = HTTPBasicAuth(*credentials)
        adapter = PoolAdapter(pool_manager)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    @contextmanager
    def rename_request(self, name: str) -> Iterator[None]:
        """Name all requests of a `with` block."""
        before = self.request_name
        self.request_name = name
        try:
            yield
        finally:
            self.request_name = before

    def request(  # type: ignore[override]  # the signature is Locust's
        self,
        method: str,
        url: str,
        name: str | None = None,
        catch_response: bool = False,
        context: Mapping[str, Any] | None = None,
        *,
        data: Any = None,
        json: Any = None,
        **options: Any,
    ) -> ResponseContextManager:
        """Send a request, record it (unless `catch_response`) and return its response.

        Raises MissingSchema, InvalidSchema or InvalidURL for a URL that is none.
        """
        if not is_absolute(url):
            url = self.base_url + url
        options["data"] = data
        options["json"] = json
        start_time = time.time()
        started = time.perf_counter()
        outcome = self.transport.send(self, method, url, options)
        response_time = (time.perf_counter() - started) * 1000
        sample = Sample(
            self.request_event,
            self.user,
            method,
            name or self.request_name or outcome.path_url,
            response_time,
            outcome.length,
            context,
            start_time,
            outcome.url,
        )
        response = ResponseContextManager(outcome, sample, catch_response)
        if not catch_response:
            sample.report(response, response._own_error())
        return response

    def get(  # type: ignore[override]  # the signature is Locust's
        self, url: str, *, data: Any = None, json: Any = None, **kwargs: Any
    ) -> ResponseContextManager:
        """GET."""
        kwargs.setdefault("allow_redirects", True)
        return self.request("GET", url, data=data, json=json, **kwargs)

    def options(  # type: ignore[override]  # the signature is Locust's
        self, url: str, *, data: Any = None, json: Any = None, **kwargs: Any
    ) -> ResponseContextManager:
        """OPTIONS."""
        kwargs.setdefault("allow_redirects", True)
        return self.request("OPTIONS", url, data=data, json=json, **kwargs)

    def head(  # type: ignore[override]  # the signature is Locust's
        self, url: str, *, data: Any = None, json: Any = None, **kwargs: Any
    ) -> ResponseContextManager:
        """HEAD; redirects are not followed, as in requests."""
        kwargs.setdefault("allow_redirects", False)
        return self.request("HEAD", url, data=data, json=json, **kwargs)

    def post(  # type: ignore[override]  # the signature is Locust's
        self, url: str, data: Any = None, json: Any = None, **kwargs: Any
    ) -> ResponseContextManager:
        """POST."""
        return self.request("POST", url, data=data, json=json, **kwargs)

    def put(  # type: ignore[override]  # the signature is Locust's
        self, url: str, data: Any = None, *, json: Any = None, **kwargs: Any
    ) -> ResponseContextManager:
        """PUT."""
        return self.request("PUT", url, data=data, json=json, **kwargs)

    def patch(  # type: ignore[override]  # the signature is Locust's
        self, url: str, data: Any = None, *, json: Any = None, **kwargs: Any
    ) -> ResponseContextManager:
        """PATCH."""
        return self.request("PATCH", url, data=data, json=json, **kwargs)

    def delete(  # type: ignore[override]  # the signature is Locust's
        self, url: str, *, data: Any = None, json: Any = None, **kwargs: Any
    ) -> ResponseContextManager:
        """DELETE."""
        return self.request("DELETE", url, data=data, json=json, **kwargs)


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """`http://user:password@host` without its credentials, and these, decoded."""
    parts = urlsplit(url)
    if not parts.username or parts.password is None:
        return url, None
    netloc = parts.netloc.rpartition("@")[2]
    bare = urlunsplit((parts.scheme, netloc, parts.path, parts.query, parts.fragment))
    return bare, (unquote(parts.username), unquote(parts.password))
