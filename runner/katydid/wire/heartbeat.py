"""The heartbeat: a native thread that says "alive" whatever the hub is doing.

It has its own context and socket and shares nothing with the hub but plain attributes of a
`BeatState`: no locks, no queues, no logging, since the hub may hold any of those while it is
busy. Pure-Python code cannot starve it (the interpreter switches threads); one long C call can,
and then the worker is missing for as long as that lasts.

It is also the last resort: when the master is gone and the hub does not stop its users, it ends
the process.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from time import monotonic, time

import gevent
import zmq
from gevent.monkey import get_original

from katydid.errors import ExitCode
from katydid.wire import codec
from katydid.wire.errors import DecodeError
from katydid.wire.interner import Interner
from katydid.wire.keys import RunKeys
from katydid.wire.links import BEAT_SUFFIX
from katydid.wire.messages import Beat, BeatReply
from katydid.wire.port import configure_client, endpoint

_NOTICE_STOP_SECONDS = 0.1

_SILENT_BEATS = 4
"""After so many beats without a reply the connection is made anew, if it looks well: something in
between may have forgotten it. One less than what makes a worker missing."""


@dataclass
class BeatState:
    """Shared by the hub and the thread: each field is written by one of them only."""

    # Written by the hub
    incarnation: int
    state: str = "ready"
    users: int = 0
    cpu_percent: float = 0.0
    memory_bytes: int = 0
    hub_ticked: float = 0.0  # time.monotonic() of the hub's last tick
    hub_heard: float = 0.0  # … and of the last message that it got from the master
    loop_lag_ms: float = 0.0  # the worst so far; the thread sets it back to 0 with each beat

    # Written by the thread
    last_reply_monotonic: float = 0.0  # 0: none yet
    replies: int = 0
    run: str | None = None  # of the master's last reply
    beats: int = 0

    @property
    def master_heard(self) -> float:
        """time.monotonic() of the last word of the master, to either of them; 0: none yet."""
        return max(self.last_reply_monotonic, self.hub_heard)


class HeartbeatThread:
    """Beats every `interval` seconds from `start` to `stop`.

    `orphan_exit_seconds`: when there was no reply for so long and users still run, the process
    ends at once with exit code 70 (twice the orphan timeout; None: never). Start it after any
    fork.
    """

    def __init__(
        self,
        host: str,
        port: int,
        identity: str,
        keys: RunKeys | None,
        state: BeatState,
        interval: float = 1.0,
        orphan_exit_seconds: float | None = None,
    ) -> None:
        self._address = endpoint(host, port)
        self._identity = identity + BEAT_SUFFIX
        self._keys = keys
        self._state = state
        self._interval = interval
        self._orphan_exit_seconds = orphan_exit_seconds
        self._stopping = False
        self.running = False
        self.error: str | None = None
        """Why the thread ended by itself; None while all is well."""

    def start(self) -> None:
        """Begin to beat; the first beat goes out as soon as there is a connection."""
        self.running = True
        # gevent's patched Thread would run in the hub's thread: only the original is native.
        get_original("_thread", "start_new_thread")(self._run, ())

    def stop(self, timeout: float = 2.0) -> None:
        """End the thread and wait for it, without blocking the hub."""
        self._stopping = True
        deadline = monotonic() + timeout
        while self.running and monotonic() < deadline:
            gevent.sleep(0.01)

    def _run(self) -> None:
        try:
            self._beat_until_stopped()
        except Exception as error:  # noqa: BLE001 - nothing above it; the hub reads `error`
            self.error = f"{type(error).__name__}: {error}"
        finally:
            self.running = False

    def _beat_until_stopped(self) -> None:
        context = zmq.Context()
        try:
            started = monotonic()
            while not self._stopping:
                with context.socket(zmq.DEALER) as socket:
                    configure_client(socket, self._identity, self._keys)
                    socket.connect(self._address)
                    self._serve(socket, started)
        finally:
            context.term()

    def _serve(self, socket: zmq.Socket[bytes], started: float) -> None:
        """Beat on `socket` until told to stop, or until it swallows every beat."""
        names = Interner()
        opened = next_beat = monotonic()
        connected = False
        while not self._stopping:
            now = monotonic()
            # Until the first beat is out, try more often: the connection is being made.
            if now >= next_beat:
                sent = self._beat(socket, names, now)
                connected = connected or sent
                next_beat = now + (self._interval if connected else _NOTICE_STOP_SECONDS)
            self._end_orphan(now, started)
            silence = now - max(self._state.last_reply_monotonic, opened)
            if connected and silence > _SILENT_BEATS * self._interval:
                return
            wait = min(_NOTICE_STOP_SECONDS, max(0.0, next_beat - monotonic()))
            if socket.poll(int(wait * 1000) + 1):
                self._read(socket, names)

    def _beat(self, socket: zmq.Socket[bytes], names: Interner, now: float) -> bool:
        state = self._state
        lag, state.loop_lag_ms = state.loop_lag_ms, 0.0
        beat = Beat(
            incarnation=state.incarnation,
            state=state.state,
            users=state.users,
            cpu_percent=state.cpu_percent,
            memory_bytes=state.memory_bytes,
            loop_lag_ms=lag,
            hub_age_seconds=max(0.0, now - state.hub_ticked) if state.hub_ticked else 0.0,
            wall=time(),
        )
        try:
            socket.send_multipart(codec.encode(beat, names), zmq.NOBLOCK)
        except zmq.Again:  # no connection now: the next beat will tell
            state.loop_lag_ms = max(lag, state.loop_lag_ms)
            return False
        state.beats += 1
        return True

    def _read(self, socket: zmq.Socket[bytes], names: Interner) -> None:
        try:
            reply = codec.decode(socket.recv_multipart(zmq.NOBLOCK), names)
        except (zmq.Again, DecodeError):
            return
        if isinstance(reply, BeatReply):
            self._state.last_reply_monotonic = monotonic()
            self._state.run = reply.run
            self._state.replies += 1

    def _end_orphan(self, now: float, started: float) -> None:
        """The hub stops an orphan's users in time; if it cannot, the load must end all the same."""
        limit, users = self._orphan_exit_seconds, self._state.users
        if limit is None or users <= 0:
            return
        if now - max(self._state.master_heard, started) > limit:
            os.write(2, b"No master and the hub does not stop its users: ending the process.\n")
            os._exit(ExitCode.INTERNAL)
