"""A small HTTP/1.1 server for the shop: keep-alive, one write per answer, TCP_NODELAY.

gevent.pywsgi answers a third as many requests per core, and the shop shares the machine with the
generator that it is measured by. Request bodies need a Content-Length; what is malformed or too
large is answered once and the connection closed.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from gevent.server import StreamServer

logger = logging.getLogger(__name__)

MOST_HEAD_BYTES = 32 * 1024
MOST_BODY_BYTES = 1024 * 1024
_REASONS = {int(status): status.phrase for status in HTTPStatus}


@dataclass(slots=True)
class Request:
    """One request as it was read; header names are lower-case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(slots=True)
class Response:
    """One answer; Content-Type is JSON, Content-Length is added."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    page: str = ""  # what it is counted as, such as `GET /cart`; "" is not counted


class _Malformed(Exception):
    """The bytes are no request that this server reads."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class HttpServer:
    """Serves `handle(request)` on a TCP port; `answered` is called after each answer was sent."""

    def __init__(
        self,
        handle: Callable[[Request], Response],
        answered: Callable[[Request, Response], None],
        host: str,
        port: int,
    ) -> None:
        self._handle = handle
        self._answered = answered
        self._address = (host, port)
        self._server: StreamServer | None = None
        self.port = port
        """The bound port once started, also where 0 was asked for."""

    def start(self) -> None:
        """Bind and accept from now on; OSError where the address cannot be had."""
        host, port = self._address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(1024)
        except OSError:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        self._server = StreamServer(listener, self._serve)
        self._server.start()

    def stop(self) -> None:
        """Close the listener and every connection at once."""
        if self._server is not None:
            self._server.stop(timeout=0)

    def _serve(self, connection: socket.socket, _address: object) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = _Reader(connection)
        try:
            while (request := reader.next()) is not None:
                response = self._handle(request)
                keep = request.headers.get("connection", "").lower() != "close"
                connection.sendall(_render(response, request.method == "HEAD", keep))
                self._answered(request, response)
                if not keep:
                    return
        except _Malformed as malformed:
            body = b'{"error": "%s"}' % str(malformed).encode()
            connection.sendall(_render(Response(malformed.status, body), False, False))
        except OSError as error:
            # A client that goes away in the middle is what load tests do all day.
            logger.debug("connection ended: %s", error)


def _render(response: Response, head_only: bool, keep: bool) -> bytes:
    status = response.status
    lines = [
        f"HTTP/1.1 {status} {_REASONS.get(status, '')}",
        "Content-Type: application/json",
        f"Content-Length: {len(response.body)}",
    ]
    lines.extend(f"{name}: {value}" for name, value in response.headers.items())
    if not keep:
        lines.append("Connection: close")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head if head_only else head + response.body


class _Reader:
    """Cuts the byte stream of a connection into requests (pipelined ones too)."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""

    def next(self) -> Request | None:
        """The next request, or None at the end of the connection."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MOST_HEAD_BYTES:
                raise _Malformed(431, "The head of the request is too large.")
            if not self._more():
                return None
        head = self._buffer[:end].decode("latin-1")
        self._buffer = self._buffer[end + 4 :]
        request = _parse_head(head)
        length = _body_length(request)
        if length and request.headers.get("expect", "").lower() == "100-continue":
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self._buffer) < length:
            if not self._more():
                return None
        request.body = self._buffer[:length]
        self._buffer = self._buffer[length:]
        return request

    def _more(self) -> bool:
        chunk = self._connection.recv(65536)
        self._buffer += chunk
        return bool(chunk)


def _parse_head(head: str) -> Request:
    first, _, rest = head.partition("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise _Malformed(400, "The request line is malformed.")
    headers: dict[str, str] = {}
    for line in rest.split("\r\n") if rest else ():
        name, colon, value = line.partition(":")
        if not colon:
            raise _Malformed(400, "A header line is malformed.")
        headers[name.strip().lower()] = value.strip()
    if parts[2] == "HTTP/1.0" and headers.get("connection", "").lower() != "keep-alive":
        headers["connection"] = "close"
    path, _, query = parts[1].partition("?")
    return Request(parts[0], path, query, headers)


def _body_length(request: Request) -> int:
    if "transfer-encoding" in request.headers:
        raise _Malformed(411, "Send a body with a Content-Length.")
    text = request.headers.get("content-length", "0")
    if not text.isdecimal():
        raise _Malformed(400, "The Content-Length is not a number.")
    if int(text) > MOST_BODY_BYTES:
        raise _Malformed(413, "The body is too large.")
    return int(text)
