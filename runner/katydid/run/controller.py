"""The half of a runner that is in charge: load, seconds, thresholds, the end.

`LocalRunner` and `MasterRunner` derive from `ControllingRunner`; what differs between them is the
fleet: one node in this process, or workers elsewhere. The story of a test is `begin_load` →
`second` once a second → `end` → `stop`.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gevent
from gevent.event import Event

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.environment import Environment
from katydid.errors import LocustfileError, UsageError
from katydid.load.spec import ArrivalLoad, ConstantLoad, Load, ShapeLoad
from katydid.manifest.live import LiveUpdate
from katydid.run.control import Control, describe, describe_end, named
from katydid.run.document import Mark, ThresholdRow
from katydid.run.live import settings_after
from katydid.run.node import classes_of
from katydid.run.runner import Runner
from katydid.run.seconds import Seconds
from katydid.run.settings import RunSettings
from katydid.run.states import LOADED, State
from katydid.run.verdict import Ending, ending_of, lasting_breaches, threshold_rows
from katydid.thresholds import ThresholdSet
from katydid.user import LoadTestShape
from katydid.user.greenlet import UserGreenlet

logger = logging.getLogger(__name__)

MAX_MARKS = 500


class ControllingRunner(Runner):
    """A runner that decides. Subclasses carry the decisions out (the `_fleet_*` methods)."""

    def __init__(
        self,
        environment: Environment,
        settings: RunSettings | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__(environment, settings, clock)
        self.control = Control(classes_of(environment), self._fleet(), clock)
        self.thresholds = ThresholdSet(self.settings.thresholds)
        self.marks: deque[Mark] = deque(maxlen=MAX_MARKS)
        self.generation = 0  # of the live part in force
        self.live: LiveUpdate | None = None
        self.ending: Ending | None = None
        self.finished = Event()  # the load has ended, for whatever reason
        self.peak_users = 0
        self.dropped_iterations = 0
        self.dropped_before = 0  # iterations, in the tests before this one
        self.users_spawned: dict[str, int] = {}  # per class, in all tests
        self.created_at = clock.wall()
        self.load_started_at: float | None = None
        self.finished_at: float | None = None
        self.partial = False
        self.final = False  # the results are complete and nothing will change them
        self.final_workers = 0  # how many took part to the end
        self.log_lines: Callable[[], list[str]] = list
        self._ticker: gevent.Greenlet[..., Any] | None = None
        self._stopped = Event()
        self._stopped.set()
        self.seconds = Seconds(self)
        self._starting = False  # test_start is being told
        self.complete = False  # spawning_complete has fired for the present target

    # -- what the subclass provides

    def _fleet(self) -> Any:
        """The Fleet that runs the users."""
        raise AttributeError("a subclass provides _fleet")

    def _fleet_begin(self, load: Load) -> None:
        """A test begins: tell the nodes."""

    def _fleet_settled(self) -> bool:
        """True when the nodes have the users that they were told to have."""
        return True

    def _fleet_complete(self, users: int) -> None:
        """All users are there: tell the nodes."""

    def _fleet_stop(self) -> None:
        """Stop all users and collect everything; blocks, but never for ever."""

    def _after_second(self) -> None:
        """Once a second, after statistics and thresholds (checkpoint, acks)."""

    @property
    def workers_ready(self) -> int:
        """Nodes that take users now."""
        return 1

    # -- Locust's surface

    @property
    def target_user_count(self) -> int:
        return self.control.target_users

    @property
    def target_user_classes_count(self) -> dict[str, int]:
        return self.control.target_classes()

    @property
    def spawn_rate(self) -> float | None:
        return self.control.spawn_rate

    def start(
        self,
        user_count: int,
        spawn_rate: float,
        wait: bool = False,
        user_classes: Sequence[type[Any]] | None = None,
    ) -> None:
        """Start `user_count` users at `spawn_rate` a second, or go to that many from here."""
        run_time = None
        if self.state in LOADED and isinstance(self.control.load, ConstantLoad):
            run_time = self.control.load.run_time_seconds
        self.begin_load(ConstantLoad(user_count, spawn_rate, run_time), user_classes)
        while wait and self.state is State.SPAWNING:
            self.clock.sleep(0.02)

    def start_shape(self) -> None:
        """Start the test that the locustfile's LoadTestShape describes."""
        if self.state in LOADED:
            logger.info("There is an ongoing shape test running. Editing is disabled")
            return
        self.begin_load(ShapeLoad())
        self.shape_greenlet = self._ticker

    def quit(self) -> None:
        """Stop the test and every background greenlet of the runner."""
        if isinstance(gevent.getcurrent(), UserGreenlet):
            gevent.spawn(self.quit)
            return
        self.stop()
        self.health.stop()
        self.greenlet.kill(block=False)
        self.finished.set()

    # -- a test

    def begin_load(self, load: Load, user_classes: Sequence[type[Any]] | None = None) -> None:
        """Start `load`; when a test runs already, go on with `load` at the elapsed time.

        New users are of `user_classes`, or of all classes. UsageError when the model would change.
        """
        shape = self._shape_for(load)
        if self.state in LOADED:
            if isinstance(load, ArrivalLoad) is not self.control.open_model:
                raise UsageError(
                    "A running test cannot change between users and an arrival rate; stop it first."
                )
            self.control.change(load, shape)
            self.mark("edit", describe(load))
        else:
            self._new_test(load)
            self.control.begin(load, shape)
            self.mark("start", describe(load))
            self.health.reset()
            self.saturation.begin(self.clock.wall())
        if user_classes is not None:
            self.control.set_classes(named(user_classes))
        self.update_state(State.SPAWNING)
        self.complete = False
        if self.ending is not None:  # a listener of test_start ended the test
            self.stop()
            return
        logger.info("%s", describe(load))
        self.control_step(self.seconds.until_boundary())
        if self._ticker is None or self._ticker.dead:
            self._ticker = self.greenlet.spawn(self.seconds.loop)

    def end(self, ending: Ending) -> None:
        """The load is over; the first reason counts. Users are stopped in the background."""
        if self.ending is None and (self._starting or self.state in LOADED):
            self.ending = ending
            if not self._starting:
                gevent.spawn(self.stop)

    def call_off(self, ending: Ending) -> None:
        """As `end`; a load that has not begun will not begin."""
        self.end(ending)
        if self.ending is None and self.load_started_at is None:
            self.ending = ending
            self.finished_at = self.clock.wall()
            self.finished.set()

    def check_deadline(self) -> None:
        """Call the run off once it has taken longer than its deadline."""
        seconds = self.settings.deadline
        if seconds and self.clock.wall() - self.created_at >= seconds:
            text = f"The run was not over after its deadline of {seconds:g} s."
            self.call_off(Ending("error", "DeadlineExceeded", text))

    def stop(self) -> None:
        """Stop all users and wait until everything they did is counted.

        A user that calls it does not wait: it is one of those that are stopped.
        """
        if self._starting:
            self.end(Ending("stopped"))
        elif isinstance(gevent.getcurrent(), UserGreenlet):
            gevent.spawn(self.stop)
        elif self.state in LOADED and self._stopped.is_set():
            self._stop_load()
        else:
            self._stopped.wait()

    def _stop_load(self) -> None:
        self.ending = ending = self.ending or Ending("stopped")
        self._stopped.clear()
        self.saturation.end()
        self.environment.events.test_stopping.fire(environment=self.environment)
        self.final_user_classes_count = dict(self.user_classes_count)
        self.peak_users = max(self.peak_users, self.user_count)
        self.update_state(State.CLEANUP)
        if self.environment.shape_class is not None:
            self.environment.shape_class.reset_time()
        try:
            self._fleet_stop()
        finally:
            self.finished_at = self.clock.wall()
            self.seconds.close(int(self.finished_at) + 1)
            self._judge_thresholds(final=True)
            self.mark("stop", ending.message or "The load ended.")
            self.update_state(State.STOPPED)
            self.environment.events.test_stop.fire(environment=self.environment)
            self._stopped.set()
            self.finished.set()
            self._after_second()

    def conclude(self) -> None:
        """The results are complete; workers that leave from here on took part to the end."""
        self.final_workers = self.workers_ready
        self.final = True

    def stop_test(self, reason: str) -> None:
        """A user raised StopTest: the test ends."""
        self.end(Ending("stopped", "StopTest", reason or "A user stopped the test."))

    def reset_stats(self) -> None:
        """Statistics start again from zero; event reset_stats."""
        self.environment.events.reset_stats.fire()
        self.stats.reset_all()
        self.thresholds = ThresholdSet(self.thresholds.thresholds)

    def apply_live(self, update: LiveUpdate) -> None:
        """Replace the live part; an older or equal generation changes nothing.

        UsageError when the load's model would change.
        """
        if update.generation <= self.generation:
            return
        if self.state in LOADED and update.load != self.control.load and not update.stop:
            self.begin_load(update.load)  # refuses before anything is changed
        self.take_live(update)
        if update.stop:
            self.call_off(Ending("stopped", message="The test was stopped by its resource."))
        self.check_deadline()

    def take_live(self, update: LiveUpdate) -> None:
        """Put `update` in force, as far as it is not the load that runs."""
        self.generation, self.live = update.generation, update
        self.settings = settings_after(self.settings, update)
        self.thresholds.replace(update.thresholds)
        self.environment.stop_timeout = update.stop_timeout_seconds

    # -- seconds

    def second(self) -> None:
        """What is due at every whole second."""
        self.seconds.close(int(self.clock.wall()))
        self._judge_thresholds(final=False)
        self.check_deadline()
        self.control_step(self.seconds.until_boundary())
        self.check_complete()
        self._after_second()

    def take_dropped(self) -> int:
        """Iterations that could not start, since the last call."""
        dropped, self.control.dropped = self.control.dropped, 0
        return dropped

    def count_dropped(self, dropped: int) -> None:
        """`dropped` iterations of the open model could not start."""
        self.dropped_iterations += dropped
        self.seconds.count_dropped(dropped)

    def count_spawned(self, users: Mapping[str, int]) -> None:
        """So many users of each class were started."""
        for name, count in users.items():
            self.users_spawned[name] = self.users_spawned.get(name, 0) + count

    def control_step(self, horizon: float) -> None:
        """Bring the fleet to where the load is `horizon` seconds from now; end it at its end."""
        if self.ending is not None or self.state not in LOADED:
            return
        before = self.control.target_users
        try:
            goes_on = self.control.step(horizon)
        except Exception as error:
            logger.exception("The load could not be advanced; the test ends")
            self.end(ending_of(error))
            return
        if not goes_on:
            logger.info("%s", describe_end(self.control.load))
            self.end(Ending("done"))
        elif self.control.target_users != before or not self.control.at_target:
            self.update_state(State.SPAWNING)
            self.complete = False

    def check_complete(self) -> None:
        """Fire spawning_complete once the nodes have all the users of the present target."""
        reached = self.state is State.SPAWNING and self.control.at_target
        if self.complete or not reached or not self._fleet_settled():
            return
        self.complete = True
        self.update_state(State.RUNNING)
        users = self.user_count
        counts = {name: n for name, n in sorted(self.user_classes_count.items()) if n}
        logger.info("All users spawned: %s (%d total users)", json.dumps(counts), users)
        if self.settings.reset_stats or self.environment.reset_stats:
            logger.info("Resetting stats")
            self.reset_stats()
        self.environment.events.spawning_complete.fire(user_count=users)
        self._fleet_complete(users)

    # -- thresholds

    def _judge_thresholds(self, final: bool) -> None:
        judge = self.thresholds.final if final else self.thresholds.evaluate
        judge(self.control.elapsed, self.stats)
        marked = [mark.text for mark in self.marks if mark.kind == "breach"]
        for threshold, sentence in lasting_breaches(self.thresholds, final):
            if not any(text.startswith(threshold.expression) for text in marked):
                self.mark("breach", sentence)
            if threshold.abort and not final and self.ending is None:
                logger.warning("A threshold with abort is breached: %s", sentence)
                self.end(Ending("aborted", message=f"{sentence}; the test was aborted."))

    def threshold_rows(self) -> list[ThresholdRow]:
        return threshold_rows(self.thresholds)

    @property
    def elapsed_seconds(self) -> float:
        """Seconds of load, frozen at its end."""
        if self.load_started_at is None:
            return 0.0
        if self.finished_at is not None:
            return max(0.0, self.finished_at - self.load_started_at)
        return self.control.elapsed

    def _new_test(self, load: Load) -> None:
        self.stats.clear_all()
        self.exceptions.clear()
        self.marks.clear()
        self.thresholds = ThresholdSet(self.thresholds.thresholds)
        self.ending = None
        self.finished.clear()
        self.finished_at = None
        self.dropped_before += self.dropped_iterations
        self.peak_users = self.dropped_iterations = 0
        self.partial = False
        self.cpu_warning_emitted = False
        self.load_started_at = self.clock.wall()
        self.seconds.begin(self.load_started_at)
        self.control = Control(classes_of(self.environment), self._fleet(), self.clock)
        self._starting = True
        try:
            self._fleet_begin(load)
        finally:
            self._starting = False

    def _shape_for(self, load: Load) -> LoadTestShape | None:
        if not isinstance(load, ShapeLoad):
            return None
        shape = self.environment.shape_class
        if shape is None:
            raise LocustfileError("The load is a shape, but the locustfile has no LoadTestShape.")
        shape.runner = self
        if self.state not in LOADED:
            shape.reset_time()
        return shape

    def _on_saturated(self, process: str) -> None:
        self.mark("saturated", f"{process} is saturated: it delays what it measures.")

    def mark(self, kind: str, text: str) -> None:
        """Remember that something happened now (see `document.Mark` for the kinds)."""
        self.marks.append(Mark(self.clock.wall(), kind, text))
