"""The two ends of the wire: `MasterLink` (many workers) and `WorkerLink` (one master).

They carry messages and say who is connected; what a message means is none of their business. A
send never blocks: it says False when the message cannot be handed over, and reports are kept by
their sender until they are acknowledged. Frames that are no message come out as `DecodeFailure`
values. Failed handshakes are seen through ZeroMQ's monitor, on both ends.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from time import monotonic  # limits how often a refusal is logged, and how long a wait lasts

import gevent
import zmq
from gevent.event import Event

from katydid.errors import UsageError
from katydid.wire import codec
from katydid.wire.errors import DecodeError, DecodeFailure, LinkClosed, LinkRefused, UnknownName
from katydid.wire.interner import Interner
from katydid.wire.keys import RunKeys
from katydid.wire.messages import Hello, Message, Resync, Welcome
from katydid.wire.port import Port, Watch, configure_client, configure_server, endpoint

__all__ = [
    "BEAT_SUFFIX",
    "DecodeFailure",
    "LinkClosed",
    "LinkRefused",
    "MasterLink",
    "WorkerLink",
    "worker_of",
]

logger = logging.getLogger(__name__)

BEAT_SUFFIX = "/hb"
"""Routing id of a worker's heartbeat socket: its own id and this."""

_FAILURES = (
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
_REFUSALS_EVERY_SECONDS = 10.0
_FAILURES_UNTIL_TROUBLE = 3
_MISMATCHES_UNTIL_REFUSED = 3  # who sees it first hangs up; the other side may not learn why


def worker_of(identity: str) -> str:
    """The worker that a routing id belongs to: its own or its heartbeat's."""
    return identity.removesuffix(BEAT_SUFFIX)


class MasterLink:
    """The master's end: one bound socket for all workers and their heartbeats.

    `on_refused(sentence)` is called, and the sentence logged, when a peer fails the handshake;
    each sentence at most once in ten seconds, since a refused worker tries again and again.
    """

    def __init__(
        self,
        host: str,
        port: int,
        keys: RunKeys | None = None,
        on_refused: Callable[[str], None] | None = None,
    ) -> None:
        self._on_refused = on_refused
        self._has_keys = keys is not None
        self._silent_until: dict[str, float] = {}  # per reason, of which there are few
        self.refused_count = 0
        """Failed handshakes so far."""
        self._context = zmq.Context()
        socket = self._context.socket(zmq.ROUTER)
        configure_server(socket, keys)
        try:
            bound = _bind(socket, host, port)
        except UsageError:
            self._context.term()  # nothing lingers in a socket that was never bound
            raise
        self.port = bound
        """The TCP port in use (a free one was chosen for port 0)."""
        self._watch = Watch(socket, _FAILURES)
        self._link = Port(socket)
        self._interners: dict[str, Interner] = {}
        self._watcher = gevent.spawn(self._watch_handshakes)

    def receive(self, timeout: float | None = None) -> tuple[str, Message | DecodeFailure] | None:
        """(routing id, message) of whoever spoke next; None after `timeout` seconds.

        For one greenlet. Does not yield while messages are waiting. LinkClosed after `close`.
        """
        frames = self._link.receive(timeout)
        if frames is None:
            return None
        identity = frames[0].decode("utf-8", "surrogateescape")
        interner = self._interners.get(identity)
        if interner is None:
            interner = self._interners[identity] = Interner()
        message = _decoded(frames[1:], interner)
        if isinstance(message, Hello):
            del self._interners[identity]  # a new connection defines its names again
        return identity, message

    def send(self, identity: str, message: Message) -> bool:
        """Hand `message` over for a routing id; False if it is not connected or does not read."""
        frames = codec.encode(message, _NO_NAMES)
        return self._link.send([identity.encode("utf-8", "surrogateescape"), *frames])

    def forget(self, identity: str) -> None:
        """A worker is gone for good: drop what is remembered of its connection."""
        self._interners.pop(identity, None)

    def close(self, flush_seconds: float = 0.5) -> None:
        """Close after handing over what was sent, within `flush_seconds`; other greenlets run."""
        if not self._link.closed:
            self._watch.close()
            self._link.close(flush_seconds)
            _end(self._context)

    def _watch_handshakes(self) -> None:
        while True:
            try:
                event, value = self._watch.next()
            except LinkClosed:
                return
            if event != zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL or value == errno.EPIPE:
                self._refused(value)  # other errors without detail: a port check, or a cut

    def _refused(self, value: int) -> None:
        self.refused_count += 1
        if value == zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
            has, lacks = ("no CURVE key", "one") if self._has_keys else ("a CURVE key", "none")
            reason = f"it has {has} and this master has {lacks}"
        elif value == zmq.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC:
            reason = "its CURVE key is not that of this run"
        elif value == errno.EPIPE:
            reason = "it hung up during the handshake, as one with another CURVE setting does"
        else:
            reason = "it does not speak the protocol"
        now = monotonic()
        if now < self._silent_until.get(reason, 0.0):
            return
        self._silent_until[reason] = now + _REFUSALS_EVERY_SECONDS
        sentence = f"A worker was refused: {reason}."
        logger.warning(sentence)
        if self._on_refused is not None:
            self._on_refused(sentence)


class WorkerLink:
    """A worker's end. It connects by itself, again and again; `on_connected` is called each time
    it has, in a greenlet of its own: the moment to say Hello.
    """

    def __init__(
        self,
        host: str,
        port: int,
        identity: str,
        keys: RunKeys | None = None,
        on_connected: Callable[[], None] | None = None,
    ) -> None:
        self.identity = identity
        self._address = endpoint(host, port)
        self._keys = keys
        self._on_connected = on_connected
        self.connections = 0
        """Successful handshakes so far."""
        self.refused: str | None = None
        """Why the master refuses this worker for good: a sentence."""
        self.trouble: str | None = None
        """What may be wrong when handshakes fail without a reason; None once one succeeds."""
        self._connected = Event()
        self._closed = False
        self._mismatches = 0
        self._interner = Interner()
        self._open()

    @property
    def connected(self) -> bool:
        """A handshake has succeeded and the connection has not been seen to end."""
        return self._connected.is_set()

    def wait_connected(self, timeout: float | None = None) -> bool:
        """True once connected, False after `timeout` seconds; LinkRefused if there is no hope."""
        deadline = None if timeout is None else monotonic() + timeout
        while not self._connected.is_set():
            self._raise_if_over()
            rest = 0.2 if deadline is None else min(0.2, deadline - monotonic())
            if rest <= 0:
                return False
            self._connected.wait(rest)
        return True

    def send(self, message: Message) -> bool:
        """Hand `message` over; False while there is no connection or no room. LinkRefused."""
        self._raise_if_over()
        return self._link.send(codec.encode(message, self._interner))

    def receive(self, timeout: float | None = None) -> Message | DecodeFailure | None:
        """What the master says next; None after `timeout` seconds. For one greenlet.

        LinkRefused when the master refuses this worker for good, LinkClosed after `close`.
        After a Welcome or a Resync the master may know no names: later reports define them again.
        """
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            self._raise_if_over()
            rest = None if deadline is None else deadline - monotonic()
            try:
                frames = self._link.receive(rest)
            except LinkClosed:
                continue  # closed, refused or reconnected: found out above
            if frames is None:
                return None
            message = _decoded(frames, self._interner)
            if isinstance(message, (Welcome, Resync)):
                self._interner.reset()
            return message

    def reconnect(self) -> None:
        """Start over with a new socket; nothing that was sent before is delivered any more."""
        if not self._closed:
            self.refused = self.trouble = None
            self._mismatches = 0
            self._start_over()

    def close(self, flush_seconds: float = 0.5) -> None:
        """Close after handing over what was sent, within `flush_seconds`; other greenlets run."""
        if not self._closed:
            self._closed = True
            self._shut(flush_seconds)
            _end(self._context)

    def _open(self) -> None:
        self._context = zmq.Context()
        socket = self._context.socket(zmq.DEALER)
        configure_client(socket, self.identity, self._keys)
        self._watch = Watch(
            socket, _FAILURES | zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
        )
        self._link = Port(socket)
        try:
            socket.connect(self._address)
        except zmq.ZMQError as error:
            self._shut(0.0)
            _end(self._context)
            raise UsageError(f"{self._address} is no address of a master: {error}.") from error
        self._watcher = gevent.spawn(self._watch_connection, self._watch)

    def _start_over(self) -> None:
        old = self._context
        self._shut(0.0)
        self._open()  # before anything yields: a waiting reader goes on with the new socket
        _end(old)

    def _shut(self, flush_seconds: float) -> None:
        self._connected.clear()
        self._watch.close()
        self._link.close(flush_seconds)

    def _raise_if_over(self) -> None:
        if self.refused is not None:
            raise LinkRefused(self.refused)
        if self._closed:
            raise LinkClosed("the link is closed")

    def _watch_connection(self, watch: Watch) -> None:
        failures = 0
        while True:
            try:
                event, value = watch.next()
            except LinkClosed:
                return
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                failures = 0
                self._now_connected()
            elif event == zmq.EVENT_DISCONNECTED:
                self._connected.clear()
            elif event == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
                failures += 1
                self._failed_without_reason(failures)
            elif value == zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
                self._mismatched()

    def _now_connected(self) -> None:
        self.connections += 1
        self.trouble = None
        self._interner.reset()
        self._connected.set()
        if self._on_connected is not None:
            gevent.spawn(self._on_connected)

    def _failed_without_reason(self, failures: int) -> None:
        """A master with another key just hangs up; so does a proxy whose master is not up yet.

        So this ends nothing: ZeroMQ goes on trying.
        """
        if failures >= _FAILURES_UNTIL_TROUBLE and self.trouble is None:
            suspicion = "require one" if self._keys is None else "have another than this worker"
            self.trouble = (
                f"The master at {self._address} hangs up during the handshake of CURVE keys: "
                f"it may {suspicion}."
            )
            logger.warning(self.trouble)

    def _mismatched(self) -> None:
        """ZeroMQ gives up at once; we try a few times, so that the master can log it as well."""
        self._mismatches += 1
        if self._mismatches < _MISMATCHES_UNTIL_REFUSED:
            gevent.spawn_later(0.05, self._again, self._link)
            return
        has, lacks = ("has no CURVE key", "requires one")
        if self._keys is not None:
            has, lacks = ("has a CURVE key", "has none")
        self.refused = f"This worker {has} and the master at {self._address} {lacks}."
        self._watch.close()
        self._link.close()  # releases a waiting reader, which then raises
        self._connected.clear()

    def _again(self, failed: Port) -> None:
        if failed is self._link and not self._closed:  # nobody reconnected or closed meanwhile
            self._start_over()


_NO_NAMES = Interner()  # the master sends no reports, so no names either


def _decoded(frames: list[bytes], interner: Interner) -> Message | DecodeFailure:
    try:
        return codec.decode(frames, interner)
    except UnknownName as error:
        return DecodeFailure(str(error), resync=True)
    except DecodeError as error:
        return DecodeFailure(str(error))


def _bind(socket: zmq.Socket[bytes], host: str, port: int) -> int:
    """Bind and return the port; UsageError with a sentence where that is impossible."""
    address = endpoint(host or "*", port)
    try:
        socket.bind(address)
    except zmq.ZMQError as error:
        socket.close()
        reason = zmq.strerror(error.errno) if error.errno else error
        raise UsageError(f"The master cannot listen on {address}: {reason}.") from error
    bound = socket.getsockopt(zmq.LAST_ENDPOINT)
    assert isinstance(bound, bytes)
    return int(bound.rstrip(b"\0").rsplit(b":", 1)[1])


def _end(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """Wait for lingering messages without blocking the hub."""
    gevent.get_hub().threadpool.apply(context.term)
