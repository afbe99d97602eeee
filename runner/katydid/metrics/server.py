"""Serves the metrics: on a port of their own, and wherever a web application mounts `answer`.

A scrape may be large and the hub is busy with a test, so the text is made in pieces between which
the hub turns, and is compressed on a thread.
"""

from __future__ import annotations

import gzip
import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gevent
from gevent.event import Event
from gevent.pywsgi import WSGIServer
from prometheus_client import CollectorRegistry, generate_latest
from werkzeug.wrappers import Request, Response

from katydid.errors import UsageError
from katydid.metrics.collector import EngineCollector
from katydid.metrics.render import Renderer

logger = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PATH = "/metrics"
STOP_SECONDS = 1.0
BACKLOG = 64


class Exposition:
    """The metrics of a collector as HTTP answers, and who has fetched them."""

    def __init__(self, collector: EngineCollector) -> None:
        self._collector = collector
        self._renderer = Renderer(collector.constant, collector.bounds_seconds)
        self._registry = CollectorRegistry()
        self._registry.register(collector)
        self._awaited: list[Event] = []
        self.scrapes = 0  # answered

    def next_scrape(self) -> Event:
        """An event that is set once a scrape that begins from now on is answered."""
        event = Event()
        self._awaited.append(event)
        return event

    def pieces(self) -> Iterator[str]:
        """The text; the hub may turn between two pieces."""
        yield from self._renderer.requests(self._collector.requests())
        yield self._renderer.quantiles(self._collector.quantiles())
        for family, rows in self._collector.workers():
            yield self._renderer.family(family, rows)
        yield generate_latest(self._registry).decode()

    def text(self) -> bytes:
        """The whole text. Other greenlets run meanwhile."""
        parts = []
        for piece in self.pieces():
            parts.append(piece)
            gevent.sleep(0)
        return "".join(parts).encode()

    def answer(self, environ: dict[str, Any]) -> Response:
        """The answer to one scrape."""
        request = Request(environ)
        awaited: list[Event] = []
        if request.method == "GET":
            awaited, self._awaited = self._awaited, []
        response = Response(self.text(), content_type=CONTENT_TYPE)
        if request.accept_encodings.quality("gzip") > 0:
            pool = gevent.get_hub().threadpool
            response.set_data(pool.apply(gzip.compress, (response.get_data(), 1)))
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = "no-store"
        if request.method == "GET":
            response.call_on_close(lambda: self._answered(awaited))
        return response

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """A WSGI application of its own."""
        path = environ.get("PATH_INFO", "")
        if path != PATH:
            response = Response(f"The metrics are at {PATH}.\n", 404)
        elif environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            response = Response("Metrics can only be read.\n", 405, {"Allow": "GET, HEAD"})
        else:
            response = self.answer(environ)
        return response(environ, start_response)

    def _answered(self, awaited: list[Event]) -> None:
        self.scrapes += 1
        for event in awaited:
            event.set()


class _Server(WSGIServer):
    """pywsgi writes head and body apart: without NODELAY a kept connection waits 40 ms."""

    def handle(self, connection: socket.socket, address: Any) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().handle(connection, address)


class MetricsServer:
    """Serves an exposition until `stop`. `host` "" is every address, `port` 0 a free one.

    Raises UsageError where the address cannot be had.
    """

    def __init__(self, exposition: Exposition, host: str, port: int) -> None:
        self.host = host
        listener = _listen(host, port)
        self.port: int = listener.getsockname()[1]
        self._server = _Server(listener, exposition, log=None, error_log=logger)
        self._server.start()

    @property
    def url(self) -> str:
        """Where a scraper on this machine finds the metrics."""
        name = "localhost" if self.host in ("", "0.0.0.0", "::") else self.host
        name = f"[{name}]" if ":" in name else name
        return f"http://{name}:{self.port}{PATH}"

    def stop(self) -> None:
        """Let running answers finish for a second, close."""
        self._server.stop(timeout=STOP_SECONDS)


def _listen(host: str, port: int) -> socket.socket:
    both = host == "" and socket.has_dualstack_ipv6()
    try:
        if both:
            try:
                return socket.create_server(
                    ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
                )
            except OSError:
                pass  # a kernel with IPv6 switched off; a port that is taken is taken below too
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0  # create_server adds the address to strerror
        reason = os.strerror(number) if number > 0 else error
        raise UsageError(
            f"Metrics cannot be served on {host or '*'}:{port}: {reason}. "
            "Choose another port with --metrics-port (0 takes a free one)."
        ) from error
