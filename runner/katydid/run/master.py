"""The master: decides what the workers do and merges what they report.

It talks to them only through `wire` messages, one handler per message. What it promises of
reports, checkpoints and lost workers is DESIGN §2.4-2.5; `docs/architecture.md` draws it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gevent

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.environment import Environment
from katydid.load.spec import ArrivalLoad, Load
from katydid.manifest.live import LiveUpdate
from katydid.run.controller import ControllingRunner
from katydid.run.inbox import HANDLERS
from katydid.run.keys import keys_of
from katydid.run.liveness import Liveness
from katydid.run.memory import Memory
from katydid.run.runner import format_exception
from katydid.run.settings import RunSettings
from katydid.run.shared_options import plain_options
from katydid.run.states import LOADED, State
from katydid.run.turns import Turns
from katydid.run.verdict import Ending
from katydid.run.workers import WorkerNode, WorkerNodes
from katydid.wire import messages as m
from katydid.wire.links import DecodeFailure, LinkClosed, MasterLink

logger = logging.getLogger(__name__)

STOP_SECONDS = 60.0
"""Beyond the drain, wait this long for workers to stop and deliver."""

RETURN_SECONDS = 5.0
"""A master that came back waits this long for its workers before it moves their users."""


class MasterRunner(ControllingRunner):
    """Runs a test on workers."""

    process_name = "The master"
    has_users = False

    def __init__(
        self,
        environment: Environment,
        master_bind_host: str = "*",
        master_bind_port: int = 5557,
        settings: RunSettings | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.clients = WorkerNodes()
        self.session = uuid.uuid4().hex[:12]
        self.test_number = 0
        self.workers_lost = 0  # times a worker went missing
        self.applied: dict[tuple[str, int], int] = {}  # (worker, incarnation) → last merged report
        self.durable: dict[tuple[str, int], int] = {}  # … → last in the checkpoint
        self.source: Callable[[], m.Source] = lambda: m.Source((), {}, "there is no locustfile")
        super().__init__(environment, settings, clock)
        self.stats.grace_seconds = 1  # a second stays open for the reports of all workers
        self.indexes: dict[str, int] = {}
        self._targets_number = 0
        self.hold_until = 0.0  # monotonic; no rebalancing before
        self.behind = False  # messages wait while other greenlets have their turn
        self.worker_logs: dict[str, list[str]] = {}
        self.memory = Memory(self, self.settings.checkpoint)
        self.server = MasterLink(master_bind_host, master_bind_port, keys_of(self.settings))
        self.health.start()
        environment.events.user_error.add_listener(self._on_user_error)
        self.greenlet.spawn(self._receive)
        self.greenlet.spawn(Liveness(self).watch)

    # -- Locust's surface

    @property
    def user_classes_count(self) -> dict[str, int]:
        counts = {user_class.__name__: 0 for user_class in self.user_classes}
        for node in self.clients.active:
            for name, users in node.user_classes_count.items():
                counts[name] = counts.get(name, 0) + users
        return counts

    reported_user_classes_count = user_classes_count

    @property
    def worker_count(self) -> int:
        """Workers that are ready, spawning or running."""
        return len(self.clients.active)

    @property
    def workers_ready(self) -> int:
        return self.worker_count

    def get_worker_index(self, client_id: str) -> int:
        """The stable index of a worker, -1 for an unknown one."""
        return self.indexes.get(client_id, -1)

    def send_message(self, msg_type: str, data: Any = None, client_id: str | None = None) -> None:
        """Send a custom message to one worker, or to all."""
        nodes = [self.clients[client_id]] if client_id else self.clients.active
        for node in nodes:
            self.server.send(node.identity, m.Custom(msg_type, data))

    def update_user_class(self, attributes: dict[str, Any]) -> None:
        """Set attributes of a user class here and on every worker."""
        self.environment.update_user_class(attributes)
        self._broadcast(m.UpdateUserClass(attributes))

    def reset_stats(self) -> None:
        super().reset_stats()
        self._broadcast(m.ResetStats())

    def quit(self) -> None:
        """Stop the test, send the workers home, close."""
        self.stop()
        self.memory.save_now()
        self._acknowledge_all()
        for node in self.clients.active:
            self.server.send(node.identity, m.Quit("the test is over"))
        self._wait(lambda: not self.clients.active, 3.0)
        super().quit()
        self.server.close()

    def wait_for_workers(self, count: int, timeout: float) -> bool:
        """Block until `count` workers are there; False after `timeout` seconds (0: for ever)."""
        return self._wait(lambda: self.worker_count >= count, timeout or float("inf"))

    def await_workers(self) -> bool:
        """Block until the expected workers are there; False when they do not come in time.

        False, too, once the run is called off. Live updates may change what is waited for.
        """
        began = self.clock.monotonic()
        while self.ending is None and self.worker_count < self.settings.expected_workers:
            timeout = self.settings.ready_timeout
            if timeout and self.clock.monotonic() - began >= timeout:
                return False
            self.clock.sleep(0.02)
            self.check_deadline()
        return self.ending is None

    # -- the fleet (see run.control.Fleet)

    def nodes(self) -> list[str]:
        """Ids of the workers that take users, by index."""
        takers = (node for node in self.clients.all if node.takes_users)
        return [node.id for node in sorted(takers, key=lambda node: node.index)]

    def assign(self, targets: Mapping[str, Mapping[str, int]], over_seconds: float) -> None:
        """Tell each worker named what it shall run."""
        self._targets_number += 1
        for worker, users in targets.items():
            node = self.clients.get(worker)
            if node is not None and node.takes_users and not node.awaited:
                node.targets_number = self._targets_number
                self.server.send(
                    node.identity, m.Targets(self._targets_number, dict(users), over_seconds)
                )

    def schedule(self, node: str, base: float, offsets_us: bytes, max_users: int) -> None:
        """Deal iterations to a worker; those that do not reach it are dropped, and counted."""
        arrivals = m.Arrivals(base, offsets_us, max_users)
        if not self.server.send(self.clients[node].identity, arrivals):
            self.control.dropped += len(offsets_us) // 4

    def _fleet(self) -> MasterRunner:
        return self

    def _fleet_begin(self, load: Load) -> None:
        self.test_number += 1
        if isinstance(load, ArrivalLoad):
            self.stats.enable_service()
        self._targets_number += 1
        for node in self.clients.all:
            node.stopped_at_number = None
            node.saturation.reset()
            node.was_stalled = False
        self.environment.events.test_start.fire(environment=self.environment)
        for node in self.clients.active:
            self.server.send(node.identity, self.start_message(isinstance(load, ArrivalLoad)))

    def _fleet_settled(self) -> bool:
        nodes = [node for node in self.clients.active if node.takes_users]
        return bool(nodes) and all(node.settled_number >= node.targets_number for node in nodes)

    def _fleet_complete(self, users: int) -> None:
        self._broadcast(m.SpawningComplete(users))

    def _fleet_stop(self) -> None:
        self.memory.save_soon()  # a master that dies from here on must not go on with the load
        self._wait(lambda: not self.clients.awaited, RETURN_SECONDS)
        self._broadcast(m.Stop())
        drain = self.environment.stop_timeout or 0.0
        if not self._wait(self._all_delivered, drain + STOP_SECONDS):
            late = [node.id for node in self.clients.active if not self._delivered(node)]
            self.partial = True
            logger.warning(
                "Workers %s did not stop and deliver within %g s; the results lack their last part",
                ", ".join(late),
                drain + STOP_SECONDS,
            )

        if any(self._took_samples_along(node) for node in self.clients.all):
            self.partial = True

    def _took_samples_along(self, node: WorkerNode) -> bool:
        """True when `node` vanished in this test and has not come back to deliver."""
        if node.active or (node.state is State.LEFT and node.lost_at is None):
            return False
        vanished, began = node.lost_at or float("inf"), self.load_started_at or 0.0
        return vanished >= began and not self._delivered(node)

    def _after_second(self) -> None:
        self.memory.save_if_due()

    # -- what workers say

    def _receive(self) -> None:
        turns = Turns(self.clock)
        while True:
            try:
                received = self.server.receive(0.0)
                if received is None:
                    self.behind = False
                    received = self.server.receive()
                    turns.begin()
            except LinkClosed:
                return
            if received is not None:
                self._handle(*received)
            if turns.over:
                self.behind = True
                turns.end_if_due()

    def _handle(self, identity: str, message: m.Message | DecodeFailure) -> None:
        if isinstance(message, DecodeFailure):
            if not message.resync:
                logger.warning("%s sent what is no message: %s", identity, message.reason)
            self.server.send(identity, m.Resync())
            return
        handler = HANDLERS.get(type(message))
        if handler is None:
            logger.warning("%s sent a %s, which is not a worker's", identity, message)
            return
        try:
            handler(self, identity, message)
        except Exception:  # one worker's message must not end the service for all
            logger.exception("A %s of %s failed", type(message).__name__, identity)

    # -- who is lost (see run.liveness)

    def lose(self, node: WorkerNode, how: str, replaced: bool = False) -> None:
        """`node` is missing, for the reason `how` (a predicate); its users move at once."""
        logger.warning("Worker %s (index %d) %s.", node.id, node.index, how)
        node.state = State.LEFT if node.leaving else State.MISSING  # it had said goodbye
        node.awaited = False
        node.lost_at = self.clock.wall()
        node.user_classes_count = {}
        if not node.leaving:
            self.workers_lost += 1
            self.mark("worker-lost", f"Worker {node.index} {how}.")
        if self.state in LOADED:
            self.control.forget(node.id)
            self.control.place(0.0)
            if not replaced:
                self.end_if_empty("The last worker went missing, stopping test.")

    def end_if_empty(self, text: str) -> None:
        """End the test, saying `text`, when no worker is left and none will come."""
        if self.settings.stop_when_empty and not self.nodes() and self.state in LOADED:
            logger.info(text)
            self.end(Ending("error", "WorkersLost", "No worker is left to run the users."))

    def begin_load(self, load: Load, user_classes: Sequence[type[Any]] | None = None) -> None:
        """As everywhere, and remembered: a run must not start twice, an edit not be undone."""
        super().begin_load(load, user_classes)
        self.memory.save_soon()

    def apply_live(self, update: LiveUpdate) -> None:
        """As everywhere; in force for good when this returns."""
        super().apply_live(update)
        self._broadcast(m.StopTimeout(self.environment.stop_timeout or 0.0))
        self.memory.save_now()

    def resume(
        self, load: Load, position: Mapping[str, Any], state: State, elapsed: float, gap: float
    ) -> None:
        """Go on with a run from its checkpoint, `gap` seconds after that was written."""
        shape = self._shape_for(load)
        if shape is not None:
            shape._start_time -= elapsed
        self.control.begin(load, shape, elapsed)
        self.control.restore(position, elapsed)
        self.hold_until = self.clock.monotonic() + RETURN_SECONDS
        self.seconds.begin(self.clock.wall())
        self.health.restart()
        self.state = state
        self.mark("gap", f"The master was away for up to {gap:.1f} s and goes on.")
        logger.info("The run goes on from its checkpoint, %.1f s after it was written", gap)
        self._ticker = self.greenlet.spawn(self.seconds.loop)
        if self.ending is not None:  # it was stopping when it died
            gevent.spawn(self.stop)

    def wait_returned(self) -> None:
        """After `resume`: block until the workers are back and have delivered what they owe.

        Before that, the totals would be smaller than what was shown before.
        """
        self._wait(self._all_returned, RETURN_SECONDS + 1.0)

    def _all_returned(self) -> bool:
        return not self.clients.awaited and all(
            self.applied.get((node.id, node.incarnation), 0) >= node.owed_number
            for node in self.clients.active
        )

    # -- small things

    @property
    def run_name(self) -> str:
        return f"{self.session}.{self.test_number}"

    def start_message(self, open_model: bool, resumed: bool = False) -> m.Start:
        """What tells a worker that the test begins, or goes on."""
        environment = self.environment
        return m.Start(
            run=self.run_name,
            host=environment.host,
            stop_timeout=environment.stop_timeout or 0.0,
            options=plain_options(environment.parsed_options),
            user_classes=tuple(c.__name__ for c in environment.user_classes),
            open_model=open_model,
            resumed=resumed,
        )

    def index_for(self, worker: str) -> int:
        """Stable per id: a pod's index is its own, others get the lowest that is free."""
        if worker not in self.indexes:
            taken = set(self.indexes.values())
            wanted = int(worker) if worker.isdecimal() else -1
            free = next(i for i in range(len(taken) + 1) if i not in taken)
            self.indexes[worker] = wanted if wanted >= 0 and wanted not in taken else free
        return self.indexes[worker]

    def _all_delivered(self) -> bool:
        return all(self._delivered(node) for node in self.clients.active)

    def _delivered(self, node: WorkerNode) -> bool:
        applied = self.applied.get((node.id, node.incarnation), 0)
        return node.stopped_at_number is not None and applied >= node.stopped_at_number

    def _broadcast(self, message: m.Message) -> None:
        for node in self.clients.active:
            self.server.send(node.identity, message)

    def _acknowledge_all(self) -> None:
        for node in self.clients.active:
            key = (node.id, node.incarnation)
            applied = self.applied.get(key, 0)
            durable = applied if self.settings.checkpoint is None else self.durable.get(key, 0)
            self.server.send(node.identity, m.Ack(applied, durable))

    def checkpointed(self, applied: dict[tuple[str, int], int]) -> None:
        """Everything up to `applied` is on disk."""
        self.durable = dict(applied)
        self._acknowledge_all()

    def _wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        deadline = self.clock.monotonic() + timeout
        while not condition():
            if self.clock.monotonic() >= deadline:
                return False
            self.clock.sleep(0.02)
        return True

    def _on_user_error(
        self, user_instance: Any, exception: BaseException, tb: Any, **_: Any
    ) -> None:
        msg, text = format_exception(exception, tb)
        self.log_exception("master", msg, text)
        self.count_exception_type(type(exception).__name__)
