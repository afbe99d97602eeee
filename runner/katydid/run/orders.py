"""What a master tells its workers to do about the test, one function per message.

The worker's own affairs (its connection, its reports, its end) stand in `run.worker`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from katydid.run.node import classes_of
from katydid.run.runner import CustomMessage
from katydid.run.shared_options import take_options
from katydid.run.states import LOADED, State
from katydid.wire import messages as m

if TYPE_CHECKING:
    from katydid.run.worker import WorkerRunner

logger = logging.getLogger(__name__)


def on_start(worker: WorkerRunner, start: m.Start) -> None:
    """A test begins, or goes on under a master that came back."""
    if worker.leaving:
        return
    again = start.run == worker.run and start.resumed
    environment = worker.environment
    environment.stop_timeout = start.stop_timeout
    worker.targets_number = 0  # a master that came back numbers anew
    if again and worker.state in LOADED:
        return
    if worker.stopping is not None:
        worker.stopping.join()  # users of before are still going
    worker.run = start.run
    environment.host = start.host or environment.host
    take_options(environment.parsed_options, start.options)
    worker.state = State.SPAWNING
    if not again:
        worker.stats.clear_all()
        worker.exceptions.clear()
        worker.reports.forget_exceptions()
        worker.cpu_warning_emitted = False
    chosen = [c for c in classes_of(environment) if c[0] in start.user_classes]
    worker.node.begin(chosen, start.open_model)
    if not again:
        environment.events.test_start.fire(environment=environment)
    worker.health.reset()
    worker.beat.loop_lag_ms = 0.0


def on_targets(worker: WorkerRunner, targets: m.Targets) -> None:
    """So many users of each class, from now on."""
    if targets.number <= worker.targets_number or worker.state not in LOADED:
        return
    worker.targets_number = targets.number
    worker.state = State.SPAWNING
    worker.node.set_targets(targets.users, targets.over_seconds)
    worker.greenlet.spawn(_settle, worker, targets.number)


def _settle(worker: WorkerRunner, number: int) -> None:
    while number == worker.targets_number and worker.state in LOADED:
        if worker.node.settled:
            worker.state = State.RUNNING
            worker.send(m.Settled(number, worker.node.population.counts()))
            return
        worker.clock.sleep(0.05)


def on_arrivals(worker: WorkerRunner, arrivals: m.Arrivals) -> None:
    """Iterations of the open model, with their intended starts."""
    if worker.state not in LOADED:
        return
    worker.state = State.RUNNING
    worker.node.schedule(arrivals.base, arrivals.offsets_us, arrivals.max_users, worker.wall_offset)


def on_spawning_complete(worker: WorkerRunner, message: m.SpawningComplete) -> None:
    if worker.environment.reset_stats:
        logger.info("Resetting stats")
    worker.environment.events.spawning_complete.fire(user_count=message.user_count)


def on_custom(worker: WorkerRunner, custom: m.Custom) -> None:
    worker.deliver(CustomMessage(custom.type, custom.data, "master"))


def on_reset_stats(worker: WorkerRunner, _: m.ResetStats) -> None:
    worker.environment.events.reset_stats.fire()
    worker.stats.reset_all()


def on_update_user_class(worker: WorkerRunner, update: m.UpdateUserClass) -> None:
    worker.environment.update_user_class(update.attributes)


def on_stop_timeout(worker: WorkerRunner, message: m.StopTimeout) -> None:
    worker.environment.stop_timeout = message.seconds


ORDERS: dict[type[Any], Callable[[WorkerRunner, Any], None]] = {
    m.Start: on_start,
    m.Targets: on_targets,
    m.Arrivals: on_arrivals,
    m.SpawningComplete: on_spawning_complete,
    m.Custom: on_custom,
    m.ResetStats: on_reset_stats,
    m.UpdateUserClass: on_update_user_class,
    m.StopTimeout: on_stop_timeout,
}
