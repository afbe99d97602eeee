"""What a master remembers across its own death: dumped every few seconds, restored at start.

With a checkpoint, a report is durable only once it is in a file that has been fsynced; the
workers keep it until then and send it again to a master that came back (DESIGN §2.4).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
from gevent.lock import BoundedSemaphore

from katydid.errors import ExitCode
from katydid.load.text import load_from_manifest, load_to_manifest
from katydid.manifest import live
from katydid.run import checkpoint
from katydid.run.document import Mark
from katydid.run.saturation import ProcessSaturation, Saturation
from katydid.run.states import UNFINISHED, State
from katydid.run.verdict import Ending
from katydid.run.workers import WorkerNode

if TYPE_CHECKING:
    from katydid.run.master import MasterRunner

logger = logging.getLogger(__name__)

SAVE_SECONDS = 5.0


class Memory:
    """The checkpoint of one master; does nothing without a path."""

    def __init__(self, master: MasterRunner, path: Path | None) -> None:
        self._master = master
        self._path = path
        self._saved_at = 0.0
        self._writing = BoundedSemaphore()  # one file, one writer
        self.finished = False  # set once the results are written: nothing runs again

    def save_if_due(self) -> None:
        """Save in the background when the last time was `SAVE_SECONDS` ago."""
        if self._master.clock.monotonic() - self._saved_at >= SAVE_SECONDS:
            self.save_soon()

    def save_soon(self) -> None:
        """Save in the background."""
        if self._path is not None:
            self._saved_at = self._master.clock.monotonic()
            gevent.spawn(self.save_now)

    def save_now(self) -> None:
        """Write the checkpoint; what it contains is durable when this returns."""
        if self._path is None:
            return
        with self._writing:
            applied = dict(self._master.applied)
            content = self._dump()
            try:
                gevent.get_hub().threadpool.apply(checkpoint.write, (self._path, content))
            except OSError as error:
                logger.warning("The checkpoint %s could not be written: %s", self._path, error)
                return
            self._master.checkpointed(applied)

    def restore(self) -> bool:
        """Take up the run of the checkpoint; False when there is none, or no load was started.

        InternalError when the file is damaged.
        """
        content = checkpoint.read(self._path) if self._path is not None else None
        if content is None:
            return False
        self._load(content)
        return self.finished or self._master.load_started_at is not None

    def _dump(self) -> dict[str, Any]:
        master = self._master
        return {
            "finished": self.finished,
            "session": master.session,
            "test_number": master.test_number,
            "state": master.state.value,
            "complete": master.complete,
            "workers": [_dump_node(node) for node in master.clients.all],
            "wall": master.clock.wall(),
            "load": load_to_manifest(master.control.load) if master.control.load else None,
            "control": master.control.dump() if master.control.load else None,
            "target": [master.control.target_users, master.control.spawn_rate],
            "applied": [[w, i, n] for (w, i), n in master.applied.items()],
            "indexes": dict(master.indexes),
            "stats": master.stats.dump(),
            "thresholds": master.thresholds.dump(),
            "exceptions": [
                {**entry, "key": key, "nodes": sorted(entry["nodes"])}
                for key, entry in master.exceptions.items()
            ],
            "marks": [[mark.time, mark.kind, mark.text] for mark in master.marks],
            "generation": master.generation,
            "live": master.live.body if master.live is not None else None,
            "created_at": master.created_at,
            "load_started_at": master.load_started_at,
            "finished_at": master.finished_at,
            "peak_users": master.peak_users,
            "dropped": master.dropped_iterations,
            "dropped_before": master.dropped_before,
            "spawned": dict(master.users_spawned),
            "exception_types": dict(master.exception_types),
            "workers_lost": master.workers_lost,
            "partial": master.partial,
            "saturation": [master.saturation.dump(), master.health.saturation.dump()],
            "ending": _dump_ending(master.ending),
        }

    def _load(self, content: dict[str, Any]) -> None:
        master = self._master
        self.finished = bool(content["finished"])
        master.session = content["session"]
        master.test_number = content["test_number"]
        master.applied = {(w, i): n for w, i, n in content["applied"]}
        master.durable = dict(master.applied)
        master.indexes.update(content["indexes"])
        if content["live"] is not None:
            master.take_live(live.from_body(content["live"]))
            master.generation = content["generation"]
        master.stats.load(content["stats"])
        master.thresholds.load(content["thresholds"])
        for entry in content["exceptions"]:
            master.exceptions[entry.pop("key")] = {**entry, "nodes": set(entry["nodes"])}
        master.marks.extend(Mark(*mark) for mark in content["marks"])
        for name in ("created_at", "load_started_at", "finished_at", "peak_users"):
            setattr(master, name, content[name])
        master.dropped_iterations = content["dropped"]
        master.dropped_before = content["dropped_before"]
        master.users_spawned = content["spawned"]
        master.exception_types = content["exception_types"]
        master.workers_lost = content["workers_lost"]
        master.partial = content["partial"]
        whole, own = content["saturation"]
        master.saturation.load(whole)
        master.health.saturation.load(own)
        master.ending = _load_ending(content["ending"])
        state = State(content["state"])
        unfinished = not self.finished and state in UNFINISHED
        for raw in content["workers"]:
            master.clients.add(_load_node(raw, master.saturation, awaited=unfinished))
        if unfinished:
            master.complete = content["complete"]
            self._resume(content, State.RUNNING if state is State.RUNNING else State.SPAWNING)
        elif content["control"] is not None:
            master.control.begin(load_from_manifest(content["load"]))
            master.control.restore(content["control"], content["control"]["elapsed"])
            master.state = State.STOPPED
            master.finished.set()
        master.control.target_users, master.control.spawn_rate = content["target"]

    def _resume(self, content: dict[str, Any], state: State) -> None:
        gap = max(0.0, self._master.clock.wall() - content["wall"])
        self._master.resume(
            load_from_manifest(content["load"]),
            content["control"],
            state,
            elapsed=content["control"]["elapsed"] + gap,
            gap=gap,
        )


_NODE_FIELDS = (
    "id", "index", "identity", "incarnation", "version", "lost_at", "was_stalled",
)  # fmt: skip


def _dump_node(node: WorkerNode) -> dict[str, Any]:
    raw = {name: getattr(node, name) for name in _NODE_FIELDS}
    return {
        **raw,
        "state": node.state.value,
        "expected": node.takes_users,
        "saturation": node.saturation.dump(),
    }


def _load_node(raw: dict[str, Any], test: Saturation, awaited: bool) -> WorkerNode:
    """As it was; if it was there, it is missing until it speaks, where the run goes on."""
    saturation = ProcessSaturation(f"Worker {raw['index']}", test)
    saturation.load(raw["saturation"])
    fields = {name: raw[name] for name in _NODE_FIELDS}
    node = WorkerNode(**fields, saturation=saturation, state=State(raw["state"]))
    if node.active:
        node.state = State.MISSING if awaited else State.LEFT
        node.awaited = awaited and raw["expected"]
    return node


def _dump_ending(ending: Ending | None) -> list[Any] | None:
    if ending is None:
        return None
    return [ending.kind, ending.reason, ending.message, int(ending.exit_code)]


def _load_ending(raw: list[Any] | None) -> Ending | None:
    if raw is None:
        return None
    return Ending(raw[0], raw[1], raw[2], ExitCode(raw[3]))
