"""A worker: runs the users that the master tells it to, and reports what happened.

Reports are numbered deltas, cut on whole seconds of the master's clock and kept in the outbox
until the master holds them for good. The heartbeat lives on a native thread (wire.heartbeat), so
that a busy worker is not taken for a dead one.
"""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event

import katydid
from katydid import tunables
from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.environment import Environment
from katydid.run.keys import keys_of
from katydid.run.node import Node, classes_of
from katydid.run.outbox import Outbox
from katydid.run.runner import CustomMessage, Runner, format_exception, tally
from katydid.run.settings import RunSettings
from katydid.run.states import LOADED, State
from katydid.user.greenlet import UserGreenlet
from katydid.wire import messages as m
from katydid.wire.heartbeat import BeatState, HeartbeatThread
from katydid.wire.links import DecodeFailure, LinkClosed, LinkRefused, WorkerLink

logger = logging.getLogger(__name__)

ACK_SECONDS = 3.0
"""A report that is not acknowledged for so long: say Hello and send it again."""

WATCH_SECONDS = 0.25

MAX_HELLOS = 1
"""Without a welcome after so many, the connection itself is made anew."""

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
        self.node = Node(environment, self.health, clock)
        self.outbox = Outbox()
        self.connected = False
        self.quit_reason = ""  # why the master, or its absence, ended this worker
        self.refused = ""
        self.gone = Event()  # this worker has no more to do
        self._session = ""
        self._run: str | None = None
        self._wall_offset = 0.0  # master's clock minus ours
        self._targets_number = 0
        self._welcomed = Event()
        self._progress_at = 0.0  # monotonic time of the last acknowledgement or send
        self._exceptions: dict[tuple[str, str], int] = {}
        self._exception_types: dict[str, int] = {}
        self._orphaned = False
        self._leaving = ""  # why, once it has decided to go
        self._stopping: gevent.Greenlet[..., Any] | None = None
        self._hellos = 0  # since the last welcome
        self._started = clock.monotonic()
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
            m.Start: self._on_start,
            m.Targets: self._on_targets,
            m.Arrivals: self._on_arrivals,
            m.SpawningComplete: self._on_spawning_complete,
            m.Ack: self._on_ack,
            m.Stop: self._on_stop,
            m.Quit: self._on_quit,
            m.Custom: self._on_custom,
            m.ResetStats: self._on_reset_stats,
            m.Resync: self._on_resync,
            m.UpdateUserClass: self._on_update_user_class,
            m.StopTimeout: self._on_stop_timeout,
        }
        environment.events.user_error.add_listener(self._on_user_error)
        self._connect()

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
        self._send(m.Custom(msg_type, data))

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
        self._send(m.StopTest(reason))

    def leave(self, reason: str) -> None:
        """Go by our own decision (SIGTERM): drain, deliver, say goodbye."""
        self._leaving = reason
        self._send(m.Bye(reason, -1))
        self._stop_test()
        self._wait(lambda: self.outbox.empty, FAREWELL_SECONDS)
        self._send(m.Bye(reason, self.outbox.last_number))
        self.close()

    def abandon(self, reason: str) -> None:
        """The master is dead, and this worker with it: end the users at once."""
        self._leaving = self.quit_reason = reason
        logger.warning("%s: this worker ends.", reason)
        self._halt(drain=0.0).join()
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
            on_connected=self._hello,
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
            self._hello()
        if not self._welcomed.is_set():
            reason = self.refused or self.link.trouble
            self.close()
            raise ConnectionError(
                reason or f"The master at {self.master_host}:{self.master_port} did not answer."
            )
        self.greenlet.spawn(self._report_loop)
        self.greenlet.spawn(self._watch)
        self.greenlet.spawn(self._log_loop)

    def _send(self, message: m.Message) -> bool:
        """Hand `message` over; False when it cannot be sent now."""
        try:
            return self.link.send(message)
        except (LinkRefused, LinkClosed):
            return False

    def _hello(self) -> None:
        """Introduce ourselves, again after every doubt; reports wait for the welcome."""
        self._welcomed.clear()
        self._progress_at = self.clock.monotonic()
        self._hellos += 1
        self._send(
            m.Hello(
                protocol=m.PROTOCOL,
                engine=katydid.__version__,
                worker=self.client_id,
                incarnation=self.incarnation,
                state=self.state,
                run=self._run,
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
        self._wall_offset = welcome.wall - (welcome.hello_wall + now) / 2
        self.worker_index = welcome.index
        if welcome.run_known:
            self.outbox.rewind(welcome.applied)
            self.outbox.acknowledge(welcome.applied, welcome.durable)
        elif self._session:
            self._abandon_run()
        self._session = welcome.run
        self.connected = True
        self._orphaned = False
        self._hellos = 0
        self.beat.run = welcome.run  # until the thread hears otherwise
        self._progress_at = self.clock.monotonic()
        self._welcomed.set()
        if self._leaving:  # the master has forgotten it
            self._send(m.Bye(self._leaving, -1))
        self._flush()

    def _abandon_run(self) -> None:
        """The master is another one: it knows nothing of our run."""
        lost = self.outbox.clear()
        logger.warning(
            "The master does not know this worker's run (it was restarted without a checkpoint): "
            "%d reports that it never got are dropped, the users stop.",
            lost,
        )
        self._run = None
        self._halt(drain=0.0)

    def _on_refuse(self, refusal: m.Refuse) -> None:
        logger.error("The master refuses this worker: %s", refusal.reason)
        self.refused = refusal.reason
        self.quit_reason = refusal.reason
        self._welcomed.clear()
        self.gone.set()

    def _on_resync(self, _: m.Resync) -> None:
        if self._welcomed.is_set():
            self._hello()

    # -- the test

    def _on_start(self, start: m.Start) -> None:
        if self._leaving:
            return
        again = start.run == self._run and start.resumed
        self.environment.stop_timeout = start.stop_timeout
        self._targets_number = 0  # a master that came back numbers anew
        if again and self.state in LOADED:
            return
        if self._stopping is not None:
            self._stopping.join()  # users of before are still going
        self._run = start.run
        environment = self.environment
        environment.host = start.host or environment.host
        self._take_options(start.options)
        self.state = State.SPAWNING
        if not again:
            self.stats.clear_all()
            self.exceptions.clear()
            self._exceptions.clear()
            self.cpu_warning_emitted = False
        chosen = [c for c in classes_of(environment) if c[0] in start.user_classes]
        self.node.begin(chosen, start.open_model)
        if not again:
            environment.events.test_start.fire(environment=environment)

    def _take_options(self, options: dict[str, Any]) -> None:
        parsed = self.environment.parsed_options
        if parsed is None:
            return
        for name, value in options.items():
            if name not in _OWN_OPTIONS:
                setattr(parsed, name, value)

    def _on_targets(self, targets: m.Targets) -> None:
        if targets.number <= self._targets_number or self.state not in LOADED:
            return
        self._targets_number = targets.number
        self.state = State.SPAWNING
        self.node.set_targets(targets.users, targets.over_seconds)
        self.greenlet.spawn(self._settle, targets.number)

    def _settle(self, number: int) -> None:
        while number == self._targets_number and self.state in LOADED:
            if self.node.settled:
                self.state = State.RUNNING
                self._send(m.Settled(number, self.node.population.counts()))
                return
            self.clock.sleep(0.05)

    def _on_arrivals(self, arrivals: m.Arrivals) -> None:
        if self.state not in LOADED:
            return
        self.state = State.RUNNING
        self.node.schedule(
            arrivals.base, arrivals.offsets_us, arrivals.max_users, self._wall_offset
        )

    def _on_spawning_complete(self, message: m.SpawningComplete) -> None:
        if self.environment.reset_stats:
            logger.info("Resetting stats")
        self.environment.events.spawning_complete.fire(user_count=message.user_count)

    def _on_stop(self, _: m.Stop) -> None:
        gevent.spawn(self._stop_test)

    def _on_quit(self, message: m.Quit) -> None:
        logger.info("Got quit message from master, shutting down...")
        self.quit_reason = ""
        gevent.spawn(self._leave_quietly)

    def _leave_quietly(self) -> None:
        self._stop_test()
        self._wait(lambda: not self.outbox.pending, FAREWELL_SECONDS)
        self._send(m.Bye("quit", self.outbox.last_number))
        self.gone.set()

    def _stop_test(self) -> None:
        """Users stop, their last samples are reported, the master is told the last number."""
        self._halt().join()
        if self._run is not None:
            self._flush()
            self._send(m.Stopped(self.outbox.last_number))

    def _halt(self, drain: float | None = None, pause: bool = False) -> gevent.Greenlet[[], None]:
        """Begin to stop the users, unless that is under way; returns the greenlet that does it.

        `drain` in seconds, None: the test's own. With `pause` the test is not over.
        """
        stopping = self._stopping
        if stopping is None or stopping.dead:
            loaded = self.state in LOADED
            self.state = State.STOPPING if loaded else self.state
            self._stopping = stopping = gevent.spawn(self._stop_users, loaded, drain, pause)
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
        if self._run is not None:
            self._report()
        self.state = State.READY
        if not pause:
            events.test_stop.fire(environment=self.environment)

    # -- reports

    def _report_loop(self) -> None:
        while True:
            now = self.clock.wall() + self._wall_offset
            interval = tunables.WORKER_REPORT_INTERVAL
            self.clock.sleep(interval - now % interval)
            if self._run is not None and (self.state in LOADED or self.state is State.STOPPING):
                if not self.outbox.congested:
                    self._report()
                self._flush()

    def _report(self) -> None:
        """Cut a report of what happened since the last one."""
        extra: dict[str, Any] = {}
        self.environment.events.report_to_master.fire(client_id=self.client_id, data=extra)
        second = int(self.clock.wall() + self._wall_offset - 0.5)
        exceptions, self._exceptions = self._exceptions, {}
        types, self._exception_types = self._exception_types, {}
        self.outbox.add(
            m.Report(
                number=self.outbox.next_number(),
                run=self._run or "",
                state=self.state,
                users=self.node.population.counts(),
                delta=self.stats.take_delta(second),
                exceptions=tuple((msg, tb, n) for (msg, tb), n in exceptions.items()),
                dropped_iterations=self.node.take_dropped(),
                extra=extra,
                spawned=self.node.take_spawned(),
                exception_types=types,
            )
        )

    def _flush(self) -> None:
        """Send what has not been sent on this connection."""
        if not self._welcomed.is_set():
            return
        for report in self.outbox.unsent():
            if not self._send(report):
                return
            self.outbox.mark_sent(report.number)

    def _on_ack(self, ack: m.Ack) -> None:
        if self.outbox.acknowledge(ack.applied, ack.durable):
            self._progress_at = self.clock.monotonic()

    # -- watching the master

    def _watch(self) -> None:
        while not self.gone.is_set():
            self.clock.sleep(WATCH_SECONDS)
            self._update_beat()
            now = self.clock.monotonic()
            if not self.outbox.pending and self._welcomed.is_set():
                self._progress_at = max(self._progress_at, now - ACK_SECONDS / 2)
            unknown = self._welcomed.is_set() and self.beat.run != self._session
            if unknown or now - self._progress_at > ACK_SECONDS:
                if self._hellos >= MAX_HELLOS:
                    self._hellos = 0
                    self.link.reconnect()  # a connection that swallows everything
                else:
                    self._hello()
            self._check_orphan(now - max(self.beat.master_heard, self._started))

    def _check_orphan(self, silence: float) -> None:
        if silence > self.settings.orphan_timeout and not self._orphaned:
            self._orphaned = True
            self.connected = False
            self._welcomed.clear()  # what is known of it may be over: Hello comes first
            if self.state in (*LOADED, State.STOPPING):
                logger.warning(
                    "The master has been silent for %.0f s: the users stop until it is back.",
                    silence,
                )
                self._halt(drain=0.0, pause=True)
        limit = self.settings.master_timeout
        limit = tunables.MASTER_HEARTBEAT_TIMEOUT if limit is None else limit
        if limit and silence > max(limit, self.settings.orphan_timeout):
            self.quit_reason = f"The master has been silent for {silence:.0f} s."
            logger.error("%s This worker ends.", self.quit_reason)
            self.gone.set()

    def _update_beat(self) -> None:
        self.beat.state = self.state
        self.beat.users = len(self.node.population)
        self.beat.cpu_percent = self.health.cpu_percent
        self.beat.memory_bytes = self.health.memory_bytes
        self.beat.loop_lag_ms = max(self.beat.loop_lag_ms, self.health.take_lag_ms())

    def _on_hub_tick(self, now: float) -> None:
        self.beat.hub_ticked = now

    # -- small things

    def _on_custom(self, custom: m.Custom) -> None:
        self.deliver(CustomMessage(custom.type, custom.data, "master"))

    def _on_reset_stats(self, _: m.ResetStats) -> None:
        self.environment.events.reset_stats.fire()
        self.stats.reset_all()

    def _on_update_user_class(self, update: m.UpdateUserClass) -> None:
        self.environment.update_user_class(update.attributes)

    def _on_stop_timeout(self, message: m.StopTimeout) -> None:
        self.environment.stop_timeout = message.seconds

    def _log_loop(self) -> None:
        while tunables.WORKER_LOG_REPORT_INTERVAL >= 0:
            self.clock.sleep(tunables.WORKER_LOG_REPORT_INTERVAL)
            lines = self.new_log_lines()
            if lines:
                self._send(m.Logs(tuple(lines)))

    def _on_user_error(
        self, user_instance: Any, exception: BaseException, tb: Any, **_: Any
    ) -> None:
        msg, text = format_exception(exception, tb)
        self.log_exception(self.client_id, msg, text)
        key = (msg, text)
        if key not in self._exceptions and len(self._exceptions) >= tunables.MAX_EXCEPTIONS:
            key = ("(other)", "")
        self._exceptions[key] = self._exceptions.get(key, 0) + 1
        self.count_exception_type(type(exception).__name__)
        tally(self._exception_types, type(exception).__name__)

    def _wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        deadline = self.clock.monotonic() + timeout
        while not condition():
            if self.clock.monotonic() >= deadline:
                return False
            self.clock.sleep(0.02)
        return True


_OWN_OPTIONS = frozenset(
    {
        "master", "worker", "master_host", "master_port", "master_bind_host", "master_bind_port",
        "processes", "web_host", "web_port", "headless", "locustfile", "loglevel", "logfile",
        "csv_prefix", "html_file", "json", "checkpoint", "worker_id", "metrics_port",
        "metrics_linger", "metrics_buckets", "remote_write", "remote_write_interval",
        "remote_write_headers",
    }
)  # fmt: skip
"""Options that are each node's own; the master's values of the others win."""
