"""A TCP proxy between workers and master whose cable can be pulled."""

from __future__ import annotations

import contextlib
import socket

import gevent
from gevent.event import Event
from gevent.server import StreamServer


class Proxy:
    """Forwards to `port` until told otherwise. Runs in the test's own hub."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._flows = Event()  # cleared: a black hole
        self._flows.set()
        self._dead: set[socket.socket] = set()  # ends of connections that nothing leaves any more
        self._open = True  # False: connections end at once
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._server = StreamServer(("127.0.0.1", 0), self._serve)
        self._server.start()
        self.port: int = self._server.server_port

    def cut(self) -> None:
        """Close every connection; new ones end at once."""
        self._open = False
        for pair in list(self._pairs):
            _end(pair)

    def swallow(self) -> None:
        """Connections stay open and are made, but nothing gets through."""
        self._flows.clear()

    def forget(self) -> None:
        """Present connections stay open and carry nothing any more; new ones work."""
        self._dead.update(end for pair in self._pairs for end in pair)

    def restore(self, resume: bool = True) -> None:
        """All is well again. `resume` False: what was black-holed is never delivered."""
        if not resume:
            for pair in list(self._pairs):
                _end(pair)
        self._open = True
        self._flows.set()

    def close(self) -> None:
        self.cut()
        self._server.stop(timeout=0)

    def _serve(self, near: socket.socket, _address: object) -> None:
        if not self._open:
            near.close()
            return
        self._flows.wait()
        try:
            far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        pair = (near, far)
        self._pairs.add(pair)
        try:
            pumps = [gevent.spawn(self._pump, *pair), gevent.spawn(self._pump, far, near)]
            gevent.wait(pumps, count=1)
        finally:
            _end(pair)
            self._pairs.discard(pair)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                if source not in self._dead:
                    sink.sendall(data)


def _end(pair: tuple[socket.socket, socket.socket]) -> None:
    for end in pair:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
