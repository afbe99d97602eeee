"""What workers say, and what the master does about it: one function per message.

A worker is admitted by its Hello, counted by its Reports, believed to be alive by its Beats. What
is promised of them is DESIGN §2.4-2.5; the messages are drawn in `wire.messages`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import katydid
from katydid import tunables
from katydid.run.runner import CustomMessage
from katydid.run.saturation import ProcessSaturation
from katydid.run.states import LOADED, State
from katydid.run.workers import WorkerNode
from katydid.wire import messages as m

if TYPE_CHECKING:
    from katydid.run.master import MasterRunner

logger = logging.getLogger(__name__)


def _on_hello(master: MasterRunner, identity: str, hello: m.Hello) -> None:
    node = master.clients.get(hello.worker)
    refusal = _refusal(hello, node)
    if refusal:
        logger.warning("Worker %s is refused: %s", hello.worker, refusal)
        master.server.send(identity, m.Refuse(refusal))
        return
    fresh = node is None or node.incarnation != hello.incarnation or not node.active
    node = _admit(master, identity, hello, node)
    known = not hello.run or hello.run.split(".")[0] == master.session
    key = (node.id, node.incarnation)
    if not known:
        master.applied.pop(key, None)
        master.durable.pop(key, None)
    master.server.send(
        identity,
        m.Welcome(
            index=node.index,
            run=master.session,
            run_known=known,
            applied=master.applied.get(key, 0),
            durable=master.durable.get(key, 0),
            wall=master.clock.wall(),
            hello_wall=hello.wall,
        ),
    )
    if fresh:
        logger.info(
            "Worker %s (index %d) reported as ready. %d workers connected.",
            node.id,
            node.index,
            master.worker_count,
        )
        master.environment.events.worker_connect.fire(client_id=node.id)
    ours = hello.run == master.run_name
    node.owed_number = hello.last_number if ours else 0
    if master.state in LOADED:
        _join(master, node, resumed=ours)
    elif ours and node.state in (*LOADED, State.STOPPING):
        master.server.send(identity, m.Stop())  # and it says Stopped, perhaps once more
    else:
        node.stopped_at_number = node.owed_number


def _admit(
    master: MasterRunner, identity: str, hello: m.Hello, node: WorkerNode | None
) -> WorkerNode:
    if node is None:
        index = master.index_for(hello.worker)
        saturation = ProcessSaturation(f"Worker {index}", master.saturation)
        node = WorkerNode(hello.worker, index, identity, hello.incarnation, saturation)
        master.clients.add(node)
        if master.load_started_at is not None:
            master.mark("worker-joined", f"Worker {node.index} joined.")
    elif node.incarnation != hello.incarnation:
        if node.active:
            master.lose(node, "was replaced by a new process", replaced=True)
        master.clients.move(node, identity)
        node.incarnation = hello.incarnation
        master.mark("worker-joined", f"Worker {node.index} came back as a new process.")
        node.user_classes_count = {}
        node.saturation.idle()
        node.settled_number = node.targets_number = 0
    node.version = hello.engine
    node.state = State(hello.state)
    node.lost_at = None
    node.leaving = node.awaited = False
    node.stopped_at_number = None
    node.last_beat = master.clock.monotonic()
    master.control.forget(node.id)
    return node


def _join(master: MasterRunner, node: WorkerNode, resumed: bool) -> None:
    """A worker comes into a running test."""
    master.server.send(
        node.identity, master.start_message(master.control.open_model, resumed=resumed)
    )
    master.control.place(1.0)


def _on_beat(master: MasterRunner, identity: str, beat: m.Beat) -> None:
    node = master.clients.by_identity(identity)
    if node is None or beat.incarnation != node.incarnation:
        master.server.send(identity, m.BeatReply(master.clock.wall(), ""))
        return
    master.server.send(identity, m.BeatReply(master.clock.wall(), master.session))
    node.last_beat = master.clock.monotonic()
    node.cpu_usage, node.memory_usage = beat.cpu_percent, beat.memory_bytes
    node.cpu_trend.append(beat.cpu_percent)
    node.loop_lag_ms, node.hub_age_seconds = beat.loop_lag_ms, beat.hub_age_seconds
    _judge(master, node, beat)
    if node.state is State.LEFT:
        return
    came_back = node.state is State.MISSING
    stalled = beat.hub_age_seconds > tunables.heartbeat_timeout()
    node.state = State.STALLED if stalled else State(beat.state)
    if stalled and not node.was_stalled:
        node.was_stalled = True
        logger.warning(
            "Worker %s is alive, but its event loop has not turned for %.1f s: a task computes "
            "or blocks. Its latencies are not the target's.",
            node.id,
            beat.hub_age_seconds,
        )
    if came_back:
        node.lost_at = None
        logger.info("Worker %s (index %d) is back.", node.id, node.index)
        master.mark("worker-joined", f"Worker {node.index} is back.")
        # Whatever it missed (a stop, users that moved): its Hello sorts it out.
        master.server.send(node.identity, m.Resync())
    master.environment.events.heartbeat_received.fire(client_id=node.id, timestamp=beat.wall)


def _judge(master: MasterRunner, node: WorkerNode, beat: m.Beat) -> None:
    """Is the worker saturated? Without users nothing that it does is in a latency."""
    if not beat.users:
        node.saturation.idle()
        return
    now = master.clock.wall()
    node.saturation.use(beat.cpu_percent, now)
    node.saturation.lag(beat.loop_lag_ms, now)
    node.saturation.hang(beat.hub_age_seconds * 1000, now)


def _on_report(master: MasterRunner, identity: str, report: m.Report) -> None:
    node = master.clients.by_identity(identity)
    if node is None:
        master.server.send(identity, m.Resync())
        return
    key = (node.id, node.incarnation)
    applied = master.applied.get(key, 0)
    if report.number > applied + 1:
        master.server.send(identity, m.Resync())  # one before it was lost on the way
        return
    if report.number == applied + 1:
        _merge(master, node, report)
        master.applied[key] = applied = report.number
        if node.leaving:
            master.memory.save_soon()  # it waits for that
    durable = applied if master.settings.checkpoint is None else master.durable.get(key, 0)
    master.server.send(identity, m.Ack(applied, durable))


def _merge(master: MasterRunner, node: WorkerNode, report: m.Report) -> None:
    if node.state is not State.MISSING:
        node.user_classes_count = {n: c for n, c in report.users.items() if c}
    if report.run != master.run_name:
        lost = int(report.delta.requests.sum())
        if lost:
            logger.warning("Worker %s delivered %d samples of a test that is over", node.id, lost)
        return
    master.stats.merge(report.delta)
    master.count_dropped(report.dropped_iterations)
    master.count_spawned(report.spawned)
    for name, count in report.exception_types.items():
        master.count_exception_type(name, count)
    for message, text, count in report.exceptions:
        master.log_exception(node.id, message, text, count)
    data = {
        "user_classes_count": report.users,
        "user_count": sum(report.users.values()),
        **report.extra,
    }
    master.environment.events.worker_report.fire(client_id=node.id, data=data)


def _on_settled(master: MasterRunner, identity: str, settled: m.Settled) -> None:
    node = master.clients.by_identity(identity)
    if node is None:
        return
    node.settled_number = max(node.settled_number, settled.number)
    node.user_classes_count = {n: c for n, c in settled.users.items() if c}
    master.check_complete()


def _on_stopped(master: MasterRunner, identity: str, stopped: m.Stopped) -> None:
    node = master.clients.by_identity(identity)
    if node is not None:
        node.stopped_at_number = stopped.last_number
        node.user_classes_count = {}


def _on_bye(master: MasterRunner, identity: str, bye: m.Bye) -> None:
    node = master.clients.by_identity(identity)
    if node is None:
        return
    if bye.last_number < 0:  # it announces that it will go
        node.leaving = True
        logger.info("Worker %s (index %d) leaves: %s", node.id, node.index, bye.reason)
    else:
        node.state, node.user_classes_count = State.LEFT, {}
        node.stopped_at_number = bye.last_number
        logger.info("Worker %s (index %d) has left.", node.id, node.index)
    if master.state in LOADED:
        master.control.forget(node.id)
        master.control.place(0.0)
        master.end_if_empty("The last worker quit, stopping test.")


def _on_stop_test(master: MasterRunner, _identity: str, message: m.StopTest) -> None:
    master.stop_test(message.reason)


def _on_custom(master: MasterRunner, identity: str, custom: m.Custom) -> None:
    node = master.clients.by_identity(identity)
    master.deliver(CustomMessage(custom.type, custom.data, node.id if node else identity))


def _on_logs(master: MasterRunner, identity: str, logs: m.Logs) -> None:
    node = master.clients.by_identity(identity)
    if node is not None:
        lines = master.worker_logs.setdefault(node.id, [])
        lines += logs.lines
        del lines[: -tunables.MAX_LOG_LINES]


def _on_source_request(master: MasterRunner, identity: str, _: m.SourceRequest) -> None:
    master.server.send(identity, master.source())


def _refusal(hello: m.Hello, node: WorkerNode | None) -> str:
    if hello.protocol != m.PROTOCOL:
        return (
            f"it speaks protocol {hello.protocol} and the master {m.PROTOCOL} (katydid "
            f"{hello.engine} and {katydid.__version__}); use the same version of Katydid on both"
        )
    if node is not None and hello.incarnation < node.incarnation and node.active:
        return "a newer process with the same worker id has taken its place"
    return ""


Handler = Callable[["MasterRunner", str, Any], None]

HANDLERS: dict[type[Any], Handler] = {
    m.Hello: _on_hello,
    m.Beat: _on_beat,
    m.Report: _on_report,
    m.Settled: _on_settled,
    m.Stopped: _on_stopped,
    m.Bye: _on_bye,
    m.StopTest: _on_stop_test,
    m.Custom: _on_custom,
    m.Logs: _on_logs,
    m.SourceRequest: _on_source_request,
}
"""What a worker may say."""
