"""FastResponse: a response with geventhttpclient's surface, and which status is a failure."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookiejar import CookieJar
from typing import Any

import requests

from katydid.http.sample import CatchResponse

OK_STATUS = frozenset({*range(200, 209), 226, *range(301, 305), 307, 308})


class LocustBadStatusCode(ConnectionError):
    """A response whose status counts as a failure; `url` is the sample's name."""

    def __init__(self, url: str, code: int) -> None:
        super().__init__(url, code)
        self.url = url
        self.code = code

    def __str__(self) -> str:
        return f"{self.url}: status {self.code}"

    def __repr__(self) -> str:
        return f"LocustBadStatusCode({self.url!r}, code={self.code})"


class FastResponse(CatchResponse):
    """A response as geventhttpclient gives it. After an error of the connection `ErrorResponse`."""

    def __init__(self, response: requests.Response, error: Exception | None) -> None:
        self._response = response
        self._encoding: str | None = None
        self.error = error

    @property
    def status_code(self) -> int:
        """The HTTP status; 0: no response came."""
        return self._response.status_code

    @property
    def ok(self) -> bool:
        """Whether the request counts as successful by its status."""
        return self.status_code in OK_STATUS

    @property
    def url(self) -> str | None:
        """The URL of the last request."""
        return self._response.request.url

    @property
    def request(self) -> requests.PreparedRequest:
        """The last request: `.url`, `.method`, `.headers`, `.body`."""
        return self._response.request

    @property
    def headers(self) -> Any:
        """A mapping that ignores case."""
        return self._response.headers

    @property
    def cookies(self) -> CookieJar:
        """Cookies that this response set."""
        return self._response.cookies

    @property
    def content(self) -> bytes | None:
        """The decoded body."""
        return self._response.content

    @property
    def encoding(self) -> str:
        """The charset that the response names, else utf-8. May be set."""
        if self._encoding is None:
            charset = (self.headers or {}).get("content-type", "").partition("charset=")[2]
            self._encoding = charset.partition(";")[0].strip("\"' ") or "utf-8"
        return self._encoding

    @encoding.setter
    def encoding(self, value: str) -> None:
        self._encoding = value

    @property
    def text(self) -> str | None:
        """The body as text; what does not decode is replaced."""
        if self.content is None:
            return None
        try:
            return self.content.decode(self.encoding, errors="replace")
        except LookupError:  # the server names a charset that does not exist
            return self.content.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The body as JSON. Raises json.JSONDecodeError."""
        return self._response.json()

    def read(self, size: int | None = None) -> bytes:
        """The next `size` bytes of a streamed body, or all that is left."""
        data: bytes = self._response.raw.read(size, decode_content=True)
        return data

    def iter_content(
        self, chunk_size: int | None = 1, decode_unicode: bool = False
    ) -> Iterator[Any]:
        """The body in chunks."""
        return self._response.iter_content(chunk_size, decode_unicode)

    def iter_lines(self, chunk_size: int = 512, decode_unicode: bool = False) -> Iterator[Any]:
        """The body in lines."""
        return self._response.iter_lines(chunk_size, decode_unicode)

    def release(self) -> None:
        """Give up what is left of a streamed body."""
        self._response.close()

    def raise_for_status(self) -> None:
        """Raise the connection's error, or LocustBadStatusCode."""
        if self.error is not None:
            raise self.error


class ErrorResponse(FastResponse):
    """No response: status_code 0, an `error`, and nothing else."""

    @property
    def headers(self) -> Any:
        return None

    @property
    def content(self) -> bytes | None:
        return None
