"""A worker: runs the users that the master tells it to, and reports what happened.

Here are its connection to the master, its stops and its end; `run.orders` carries out what the
master wants of the test, `run.reports` says what happened, `run.masterwatch` doubts. The heartbeat
lives on a native thread (wire.heartbeat), so that a busy worker is not taken for a dead one.
"""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
from gevent.event import Event

import katydid
from katydid import tunables
from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.environment import Environment
from katydid.run.keys import keys_of
from katydid.run.masterwatch import MasterWatch
from katydid.run.node import Node
from katydid.run.orders import ORDERS
from katydid.run.reports import Reports
from katydid.run.runner import Runner, format_exception
from katydid.run.settings import RunSettings
from katydid.run.states import LOADED, State
from katydid.user.greenlet import UserGreenlet
from katydid.wire import messages as m
from katydid.wire.heartbeat import BeatState, HeartbeatThread
from katydid.wire.links import DecodeFailure, LinkClosed, LinkRefused, WorkerLink

logger = logging.getLogger(__name__)

FAREWELL_SECONDS = 5.0
"""A leaving worker waits this long for its last report to be acknowledged."""


class WorkerRunner(Runner):
    """Runs users for a master. Blocks at creation until the master has welcomed it."""

    def __init__(
        self,
        environment: Environment,
        master_host: str,
        master_port: int,
        settings: RunSettings | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.incarnation = int(clock.wall() * 1e6)
        self.beat = BeatState(self.incarnation)
        super().__init__(environment, settings, clock)
        self.master_host, self.master_port = master_host, master_port
        self.client_id = self.settings.worker_id or f"{socket.gethostname()}_{uuid.uuid4().hex}"
        self.identity = f"{self.client_id}#{self.incarnation}"
        self.worker_index = -1
        self.node = Node(environment, clock)
        self.reports = Reports(self)
        self.outbox = self.reports.outbox
        self.connected = False
        self.quit_reason = ""  # why the master, or its absence, ended this worker
        self.refused = ""
        self.gone = Event()  # this worker has no more to do
        self.session = ""
        self.run: str | None = None
        self.wall_offset = 0.0  # master's clock minus ours
        self.targets_number = 0
        self._welcomed = Event()
        self.leaving = ""  # why, once it has decided to go
        self.stopping: gevent.Greenlet[..., Any] | None = None
        self._watch = MasterWatch(self)
        self.new_log_lines: Callable[[], list[str]] = list
        self.heartbeat = HeartbeatThread(
            master_host,
            master_port,
            self.identity,
            keys_of(self.settings),
            self.beat,
            interval=tunables.HEARTBEAT_INTERVAL,
            orphan_exit_seconds=2 * self.settings.orphan_timeout,
        )
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            m.Welcome: self._on_welcome,
            m.Refuse: self._on_refuse,
            m.Ack: self._on_ack,
            m.Stop: self._on_stop,
            m.Quit: self._on_quit,
            m.Resync: self._on_resync,
            **{message: partial(order, self) for message, order in ORDERS.items()},
        }
        environment.events.user_error.add_listener(self._on_user_error)
        self._connect()

    @property
    def welcomed(self) -> bool:
        """Whether the master knows this worker on this connection: it may send reports."""
        return self._welcomed.is_set()

    # -- Locust's surface

    @property
    def user_greenlets(self) -> Any:
        """gevent Group of the users' greenlets."""
        return self.node.population.group

    @property
    def user_classes_count(self) -> dict[str, int]:
        counts = {user_class.__name__: 0 for user_class in self.user_classes}
        return counts | self.node.population.counts()

    @property
    def target_user_count(self) -> int:
        return sum(self.target_user_classes_count.values())

    @property
    def target_user_classes_count(self) -> dict[str, int]:
        return self.node.population.targets

    def send_message(self, msg_type: str, data: Any = None, client_id: str | None = None) -> None:
        """Send a custom message to the master."""
        self.send(m.Custom(msg_type, data))

    def start(self, *_: Any, **__: Any) -> None:
        """Only a master starts tests."""
        raise RuntimeError("use start on the master")

    def stop(self) -> None:
        """Stop the users and deliver what they did; a user that calls it does not wait."""
        if isinstance(gevent.getcurrent(), UserGreenlet):
            gevent.spawn(self.stop)
        else:
            self._stop_test()

    def quit(self) -> None:
        """Stop, deliver, say goodbye, close. A user that calls it does not wait for its own end."""
        if isinstance(gevent.getcurrent(), UserGreenlet):
            gevent.spawn(self.quit)
        elif self.gone.is_set():
            self.close()
        else:
            self.leave("it quits")

    def stop_test(self, reason: str) -> None:
        """A user raised StopTest: the master ends the test."""
        self.send(m.StopTest(reason))

    def leave(self, reason: str) -> None:
        """Go by our own decision (SIGTERM): drain, deliver, say goodbye."""
        self.leaving = reason
        self.send(m.Bye(reason, -1))
        self._stop_test()
        self._wait(lambda: self.outbox.empty, FAREWELL_SECONDS)
        self.send(m.Bye(reason, self.outbox.last_number))
        self.close()

    def abandon(self, reason: str) -> None:
        """The master is dead, and this worker with it: end the users at once."""
        self.leaving = self.quit_reason = reason
        logger.warning("%s: this worker ends.", reason)
        self.halt(drain=0.0).join()
        self.close()

    def close(self) -> None:
        """End the background work and the sockets."""
        self.heartbeat.stop()
        self.health.stop()
        self.gone.set()
        self.greenlet.kill(block=False)
        self.link.close()

    # -- connection

    def _connect(self) -> None:
        self.link = WorkerLink(
            self.master_host,
            self.master_port,
            self.identity,
            keys_of(self.settings),
            on_connected=self.hello,
        )
        self.health.start()
        self.heartbeat.start()
        self.greenlet.spawn(self._receive)
        for attempt in range(tunables.CONNECT_RETRY_COUNT):
            self._welcomed.wait(timeout=tunables.CONNECT_TIMEOUT)
            if self._welcomed.is_set() or self.refused:
                break
            log = logger.info if attempt * tunables.CONNECT_TIMEOUT >= 30 else logger.debug
            log("The master at %s:%d does not answer", self.master_host, self.master_port)
            self.hello()
        if not self._welcomed.is_set():
            reason = self.refused or self.link.trouble
            self.close()
            raise ConnectionError(
                reason or f"The master at {self.master_host}:{self.master_port} did not answer."
            )
        self.greenlet.spawn(self.reports.loop)
        self.greenlet.spawn(self._watch.loop)
        self.greenlet.spawn(self._log_loop)

    def send(self, message: m.Message) -> bool:
        """Hand `message` over; False when it cannot be sent now."""
        try:
            return self.link.send(message)
        except (LinkRefused, LinkClosed):
            return False

    def hello(self) -> None:
        """Introduce ourselves, again after every doubt; reports wait for the welcome."""
        self._welcomed.clear()
        self._watch.said_hello()
        self.send(
            m.Hello(
                protocol=m.PROTOCOL,
                engine=katydid.__version__,
                worker=self.client_id,
                incarnation=self.incarnation,
                state=self.state,
                run=self.run,
                first_number=self.outbox.first_number,
                last_number=self.outbox.last_number,
                wall=self.clock.wall(),
                pid=os.getpid(),
                hostname=socket.gethostname(),
            )
        )

    def _receive(self) -> None:
        while True:
            try:
                message = self.link.receive()
            except LinkRefused as error:
                self._on_refuse(m.Refuse(str(error)))
                return
            except LinkClosed:
                return
            if message is None:
                continue
            self.beat.hub_heard = self.clock.monotonic()
            if isinstance(message, DecodeFailure):
                logger.warning("A message from the master could not be read: %s", message.reason)
                continue
            handler = self._handlers.get(type(message))
            if handler is None:
                logger.warning("The master sent a %s, which is not for a worker", message)
                continue
            try:
                handler(message)
            except Exception:  # a listener of the locustfile, or a bug: the link must live on
                logger.exception("A %s from the master failed", type(message).__name__)

    def _on_welcome(self, welcome: m.Welcome) -> None:
        now = self.clock.wall()
        self.wall_offset = welcome.wall - (welcome.hello_wall + now) / 2
        self.worker_index = welcome.index
        if welcome.run_known:
            self.outbox.rewind(welcome.applied)
            self.outbox.acknowledge(welcome.applied, welcome.durable)
        elif self.session:
            self._abandon_run()
        self.session = welcome.run
        self.connected = True
        self._watch.was_welcomed()
        self.beat.run = welcome.run  # until the thread hears otherwise
        self._welcomed.set()
        if self.leaving:  # the master has forgotten it
            self.send(m.Bye(self.leaving, -1))
        self.reports.flush()

    def _abandon_run(self) -> None:
        """The master is another one: it knows nothing of our run."""
        lost = self.outbox.clear()
        logger.warning(
            "The master does not know this worker's run (it was restarted without a checkpoint): "
            "%d reports that it never got are dropped, the users stop.",
            lost,
        )
        self.run = None
        self.halt(drain=0.0)

    def _on_refuse(self, refusal: m.Refuse) -> None:
        logger.error("The master refuses this worker: %s", refusal.reason)
        self.refused = refusal.reason
        self.quit_reason = refusal.reason
        self._welcomed.clear()
        self.gone.set()

    def _on_resync(self, _: m.Resync) -> None:
        if self._welcomed.is_set():
            self.hello()

    # -- the test

    def _on_stop(self, _: m.Stop) -> None:
        gevent.spawn(self._stop_test)

    def _on_quit(self, message: m.Quit) -> None:
        logger.info("Got quit message from master, shutting down...")
        self.quit_reason = ""
        gevent.spawn(self._leave_quietly)

    def _leave_quietly(self) -> None:
        self._stop_test()
        self._wait(lambda: not self.outbox.pending, FAREWELL_SECONDS)
        self.send(m.Bye("quit", self.outbox.last_number))
        self.gone.set()

    def _stop_test(self) -> None:
        """Users stop, their last samples are reported, the master is told the last number."""
        self.halt().join()
        if self.run is not None:
            self.reports.flush()
            self.send(m.Stopped(self.outbox.last_number))

    def halt(self, drain: float | None = None, pause: bool = False) -> gevent.Greenlet[[], None]:
        """Begin to stop the users, unless that is under way; returns the greenlet that does it.

        `drain` in seconds, None: the test's own. With `pause` the test is not over.
        """
        stopping = self.stopping
        if stopping is None or stopping.dead:
            loaded = self.state in LOADED
            self.state = State.STOPPING if loaded else self.state
            self.stopping = stopping = gevent.spawn(self._stop_users, loaded, drain, pause)
        elif drain is not None:
            gevent.spawn(self.node.stop_users, drain)  # cuts the one under way short
        return stopping

    def _stop_users(self, loaded: bool, drain: float | None, pause: bool) -> None:
        if not loaded:
            return
        events = self.environment.events
        if not pause:
            events.test_stopping.fire(environment=self.environment)
        self.node.stop_users(drain)
        if self.run is not None:
            self.reports.cut()
        self.state = State.READY
        if not pause:
            events.test_stop.fire(environment=self.environment)

    # -- reports

    def _on_ack(self, ack: m.Ack) -> None:
        if self.outbox.acknowledge(ack.applied, ack.durable):
            self._watch.progressed()

    # -- the master

    def lost_master(self) -> None:
        """Nothing has been heard of it for long: what is known of it may be over."""
        self.connected = False
        self._welcomed.clear()  # Hello comes first

    def update_beat(self) -> None:
        self.beat.state = self.state
        self.beat.users = len(self.node.population)
        self.beat.cpu_percent = self.health.cpu_percent
        self.beat.memory_bytes = self.health.memory_bytes
        self.beat.loop_lag_ms = max(self.beat.loop_lag_ms, self.health.take_lag_ms())

    def _on_hub_tick(self, now: float) -> None:
        self.beat.hub_ticked = now

    # -- small things

    def _log_loop(self) -> None:
        while tunables.WORKER_LOG_REPORT_INTERVAL >= 0:
            self.clock.sleep(tunables.WORKER_LOG_REPORT_INTERVAL)
            lines = self.new_log_lines()
            if lines:
                self.send(m.Logs(tuple(lines)))

    def _on_user_error(
        self, user_instance: Any, exception: BaseException, tb: Any, **_: Any
    ) -> None:
        msg, text = format_exception(exception, tb)
        self.log_exception(self.client_id, msg, text)
        self.count_exception_type(type(exception).__name__)
        self.reports.count_exception(msg, text, type(exception).__name__)

    def _wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        deadline = self.clock.monotonic() + timeout
        while not condition():
            if self.clock.monotonic() >= deadline:
                return False
            self.clock.sleep(0.02)
        return True
