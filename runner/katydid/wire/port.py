"""A ZeroMQ socket under gevent: one greenlet reads, any greenlet writes, nothing blocks the hub.

Sockets are plain ones with non-blocking calls and a watcher on ZeroMQ's descriptor. That
descriptor is edge-triggered and every call may swallow the edge, so the state is read again after
each; a reader also looks by itself once a second. (zmq.green starts a timer for each wait and has
no receive timeout.)
"""

from __future__ import annotations

from time import monotonic  # durations of a wait; nothing is decided by it

import gevent
import zmq
from gevent.event import Event
from zmq.utils.monitor import parse_monitor_message

from katydid.wire.errors import LinkClosed
from katydid.wire.keys import RunKeys

_LOOK_AGAIN_SECONDS = 1.0
_UNDELIVERABLE = (zmq.EAGAIN, zmq.EHOSTUNREACH)  # no room or no connection; no such peer


class Port:
    """One socket. `receive` is for a single greenlet."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        self._readable = Event()
        self._watcher = gevent.get_hub().loop.io(_number(socket, zmq.FD), 1)  # 1: read
        self._watcher.start(self._look)
        self.closed = False

    def send(self, frames: list[bytes]) -> bool:
        """Hand `frames` over; False if the peer is unknown, not connected or not reading."""
        if self.closed:
            raise LinkClosed("the link is closed")
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno in _UNDELIVERABLE:
                return False
            raise
        finally:
            self._look()
        return True

    def receive(self, timeout: float | None = None) -> list[bytes] | None:
        """The next message; None after `timeout` seconds. LinkClosed once the port is closed."""
        deadline = None if timeout is None else monotonic() + timeout
        while not self.closed:
            self._readable.clear()
            try:
                return self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.ZMQError as error:
                if error.errno != zmq.EAGAIN:
                    raise
            rest = _LOOK_AGAIN_SECONDS
            if deadline is not None:
                rest = min(rest, deadline - monotonic())
                if rest <= 0:
                    return None
            self._readable.wait(rest)
        raise LinkClosed("the link is closed")

    def close(self, linger_seconds: float = 0.0) -> None:
        """Stop; ZeroMQ goes on delivering for `linger_seconds`. A waiting reader is released."""
        if not self.closed:
            self.closed = True
            self._watcher.stop()
            self._watcher.close()
            self._socket.close(linger=int(linger_seconds * 1000))
            self._readable.set()

    def _look(self) -> None:
        if not self.closed and _number(self._socket, zmq.EVENTS) & zmq.POLLIN:
            self._readable.set()


def _number(socket: zmq.Socket[bytes], option: int) -> int:
    value = socket.getsockopt(option)
    assert isinstance(value, int)
    return value


class Watch:
    """Connection events of a socket: (event, value), read like a port."""

    def __init__(self, socket: zmq.Socket[bytes], events: int) -> None:
        self._watched = socket
        self._port = Port(socket.get_monitor_socket(events))

    def next(self) -> tuple[zmq.Event, int]:
        """The next event; waits for it. LinkClosed once the watch is closed."""
        frames = self._port.receive()
        assert frames is not None  # no timeout was given
        event = parse_monitor_message(frames)
        return zmq.Event(event["event"]), event["value"]

    def close(self) -> None:
        """Stop watching. Before the watched socket is closed."""
        if not self._port.closed:
            self._watched.disable_monitor()
            self._port.close()


def configure(socket: zmq.Socket[bytes]) -> None:
    """What every socket between master and workers has in common.

    ZeroMQ's I/O thread pings by itself, so a peer that vanished without a word is dropped after
    a while, and one whose Python is busy is not.
    """
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.IPV6, 1)
    socket.setsockopt(zmq.HEARTBEAT_IVL, 5_000)  # ms, as all below
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 15_000)
    socket.setsockopt(zmq.HANDSHAKE_IVL, 10_000)
    socket.setsockopt(zmq.CONNECT_TIMEOUT, 5_000)
    socket.setsockopt(zmq.RECONNECT_IVL, 100)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2_000)
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.RCVHWM, 10_000)  # messages, per peer
    socket.setsockopt(zmq.SNDHWM, 10_000)


def configure_server(socket: zmq.Socket[bytes], keys: RunKeys | None) -> None:
    """The master's socket: with keys, only who knows them gets through the handshake."""
    configure(socket)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)  # tells an unknown peer from a known one
    socket.setsockopt(zmq.ROUTER_HANDOVER, 1)  # a worker that reconnects replaces itself
    socket.setsockopt(zmq.MAXMSGSIZE, 256 * 1024 * 1024)
    if keys is not None:
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.server.public)
        socket.setsockopt(zmq.CURVE_SECRETKEY, keys.server.secret)


def configure_client(socket: zmq.Socket[bytes], identity: str, keys: RunKeys | None) -> None:
    """A worker's socket: nothing is queued for a master that is not connected."""
    configure(socket)
    socket.setsockopt(zmq.IDENTITY, identity.encode())
    socket.setsockopt(zmq.IMMEDIATE, 1)
    if keys is not None:
        socket.setsockopt(zmq.CURVE_SERVERKEY, keys.server.public)
        socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.client.public)
        socket.setsockopt(zmq.CURVE_SECRETKEY, keys.client.secret)


def endpoint(host: str, port: int) -> str:
    """ZeroMQ's form of an address; an IPv6 address gets its brackets."""
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"tcp://{host}:{port}"
