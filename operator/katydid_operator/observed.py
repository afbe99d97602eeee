"""What was observed of one LoadTest, as plain values: the planner's only input beside the time.

`pod_view` and `job_view` read objects of the API server; everything that the operator learned by
acting (a dry run, a fetched archive, a log's tail) stands in `Learned`, which lives in memory
only: losing it costs a repeated question, never a decision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from katydid_operator import names
from katydid_operator.document import checked
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.resources.sources import GIT_CONTAINER, Snapshot, SourceProblem


def time_of(text: str | None) -> datetime | None:
    """A time as the API server writes it; None for none."""
    if not text:
        return None
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def text_of(time: datetime) -> str:
    """Whole seconds in UTC, as metav1.Time has it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Terminated:
    """How a container ended."""

    exit_code: int
    reason: str = ""
    message: str = ""

    @property
    def document(self) -> Json | None:
        """The final summary that the engine left, or None."""
        try:
            found = checked(json.loads(self.message))
        except (ValueError, RecursionError):
            return None
        return found if found is not None and found.get("final") is True else None


@dataclass(frozen=True)
class ContainerView:
    name: str
    restarts: int = 0
    is_running: bool = False
    waiting_reason: str = ""
    waiting_message: str = ""
    terminated: Terminated | None = None  # its state now
    last: Terminated | None = None  # its end before the latest restart
    image: str = ""
    image_id: str = ""

    @property
    def latest_end(self) -> Terminated | None:
        return self.terminated or self.last


@dataclass(frozen=True)
class PodView:
    name: str
    uid: str = ""
    phase: str = "Pending"
    reason: str = ""  # such as Evicted, DeadlineExceeded
    message: str = ""
    ip: str = ""
    is_ready: bool = False
    ready_since: datetime | None = None
    is_deleted: bool = False
    deleted_at: datetime | None = None  # when its grace period is over
    index: int | None = None  # of a worker
    unschedulable: str = ""  # the scheduler's text
    containers: tuple[ContainerView, ...] = ()
    init_containers: tuple[ContainerView, ...] = ()
    memory_limit: str = ""

    @property
    def engine(self) -> ContainerView:
        """The container `katydid`; an empty view before the kubelet has reported it."""
        for container in self.containers:
            if container.name == names.CONTAINER:
                return container
        return ContainerView(names.CONTAINER)

    @property
    def is_over(self) -> bool:
        return self.phase in ("Succeeded", "Failed")

    @property
    def document(self) -> Json | None:
        """The final summary in the termination message, or None."""
        end = self.engine.terminated
        if end is not None and end.document is not None:
            return end.document
        return self.engine.last.document if self.engine.last else None

    @property
    def source_revision(self) -> str:
        """The commit that the clone left as its termination message, or ""."""
        for container in self.init_containers:
            if container.name == GIT_CONTAINER and container.terminated:
                end = container.terminated
                return end.message.strip() if end.exit_code == 0 else ""
        return ""


@dataclass(frozen=True)
class JobView:
    name: str
    live_part: Mapping[str, Any] = field(default_factory=dict)
    active: int = 0
    failed_indexes: str = ""
    failure: str = ""  # "Reason: message" of the condition Failed
    is_complete: bool = False
    is_deleted: bool = False


@dataclass(frozen=True)
class Reading:
    """What polling a master gave. `document` is the last answer, however old."""

    document: Json | None = None
    at: datetime | None = None  # of the last answer
    failing_since: datetime | None = None  # None: the last poll was answered
    error: str = ""


@dataclass(frozen=True)
class Problem:
    """A reason in one word and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True)
class Refusal(Problem):
    """What the master said to a live edit that it did not take."""

    generation: int
    since: datetime  # of the first refusal of that generation


@dataclass(frozen=True)
class Stored:
    """What became of the results of a run."""

    is_stored: bool
    reason: str
    message: str


@dataclass(frozen=True)
class Learned:
    """Outcomes of earlier actions of this process, about this run or generation."""

    trial: Problem | None = None  # what the API server said to the dry run of the pods
    is_tried: bool = False
    creation: Problem | None = None  # why the latest launch did not succeed
    is_launched: bool = False
    stored: Stored | None = None
    refusal: Refusal | None = None  # of the latest live edit
    log_tail: str | None = None  # None: not asked for yet


@dataclass(frozen=True)
class Observed:
    """One LoadTest and what belongs to its latest run."""

    test: LoadTest
    master: PodView | None = None
    workers: tuple[PodView, ...] = ()
    job: JobView | None = None
    is_confirmed: bool = False  # an absent master or Job was asked for by a live GET
    last_words: Json | None = None  # final summary of a master pod that is gone
    reading: Reading = Reading()
    sources: Snapshot | SourceProblem | None = None  # None: not needed in this phase
    learned: Learned = Learned()


def pod_view(pod: Json) -> PodView:
    """A Pod of the API server as a value."""
    metadata, status = pod.get("metadata") or {}, pod.get("status") or {}
    conditions = {one["type"]: one for one in status.get("conditions") or ()}
    ready = conditions.get("Ready", {})
    scheduled = conditions.get("PodScheduled", {})
    index = (metadata.get("annotations") or {}).get(names.COMPLETION_INDEX)
    is_ready = ready.get("status") == "True"
    return PodView(
        name=metadata.get("name", ""),
        uid=metadata.get("uid", ""),
        phase=status.get("phase", "Pending"),
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        ip=status.get("podIP", ""),
        is_ready=is_ready,
        ready_since=time_of(ready.get("lastTransitionTime")) if is_ready else None,
        is_deleted=bool(metadata.get("deletionTimestamp")),
        deleted_at=time_of(metadata.get("deletionTimestamp")),
        index=int(index) if index is not None else None,
        unschedulable=(
            scheduled.get("message", "") if scheduled.get("reason") == "Unschedulable" else ""
        ),
        containers=tuple(_container(one) for one in status.get("containerStatuses") or ()),
        init_containers=tuple(_container(one) for one in status.get("initContainerStatuses") or ()),
        memory_limit=_memory_limit(pod),
    )


def _container(status: Json) -> ContainerView:
    state, last = status.get("state") or {}, status.get("lastState") or {}
    waiting = state.get("waiting") or {}
    return ContainerView(
        name=status.get("name", ""),
        restarts=int(status.get("restartCount", 0)),
        is_running="running" in state,
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        terminated=_terminated(state),
        last=_terminated(last),
        image=status.get("image", ""),
        image_id=status.get("imageID", ""),
    )


def _terminated(state: Json) -> Terminated | None:
    end = state.get("terminated")
    if not end:
        return None
    return Terminated(int(end.get("exitCode", 0)), end.get("reason", ""), end.get("message", ""))


def _memory_limit(pod: Json) -> str:
    for container in (pod.get("spec") or {}).get("containers") or ():
        if container.get("name") == names.CONTAINER:
            limits = (container.get("resources") or {}).get("limits") or {}
            return str(limits.get("memory", ""))
    return ""


def job_view(job: Json) -> JobView:
    """A Job of the API server as a value."""
    metadata, spec, status = (job.get(key) or {} for key in ("metadata", "spec", "status"))
    failed = next(
        (
            one
            for one in status.get("conditions") or ()
            if one.get("type") == "Failed" and one.get("status") == "True"
        ),
        None,
    )
    live = ("parallelism", "completions", "activeDeadlineSeconds")
    return JobView(
        name=metadata.get("name", ""),
        live_part={key: spec[key] for key in live if key in spec},
        active=int(status.get("active") or 0),
        failed_indexes=status.get("failedIndexes") or "",
        is_complete=any(
            one.get("type") == "Complete" and one.get("status") == "True"
            for one in status.get("conditions") or ()
        ),
        failure=f"{failed.get('reason')}: {failed.get('message')}" if failed else "",
        is_deleted=bool(metadata.get("deletionTimestamp")),
    )
