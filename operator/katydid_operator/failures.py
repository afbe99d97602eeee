"""What is wrong with the pods of a run: a reason in one word and a sentence for a person.

A failure is final when another attempt would end the same way; all others are reported while
Kubernetes goes on trying, until the time for becoming ready is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from katydid_operator.observed import ContainerView, Observed, PodView, Terminated
from katydid_operator.resources.sources import GIT_CONTAINER

MOST_RESTARTS = 5

_PULL = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
     "ImageInspectError", "RegistryUnavailable"}
)  # fmt: skip
_START = frozenset(
    {"RunContainerError", "CreateContainerError", "StartError", "ContainerCannotRun"}
)
_NOT_FOUND = ("executable file not found", "no such file or directory")
_EXIT_REASONS = {
    64: ("InvalidLoadTest", "katydid refused the manifest or its options", True),
    65: ("LocustfileError", "the locustfile cannot be used", True),
    75: ("WorkersNotReady", "the workers were not ready in time", False),
}


@dataclass(frozen=True)
class Failure:
    """What went wrong, and where to look."""

    reason: str
    message: str
    is_final: bool = False
    pod: str = ""
    container: str = ""
    exit_code: int | None = None
    has_restarted: bool = False  # the log is that of the container before


def diagnose(seen: Observed) -> Failure | None:
    """The failure that explains most; the master's before the workers', None if there is none."""
    for failure in _all(seen):
        return failure
    return None


def _all(seen: Observed) -> Iterator[Failure]:
    final: list[Failure] = []
    others: list[Failure] = []
    replaced = {pod.index for pod in seen.workers if pod.is_ready}
    workers = [pod for pod in seen.workers if not (pod.is_over and pod.index in replaced)]
    for pod in (*((seen.master,) if seen.master else ()), *workers):
        failure = of_pod(pod, is_master=pod is seen.master)
        if failure is not None:
            (final if failure.is_final else others).append(failure)
    yield from final
    yield from others
    if seen.job is not None and seen.job.failure:
        yield Failure("WorkersFailed", f"The worker Job failed: {seen.job.failure}.")
    if seen.learned.creation is not None:
        yield Failure(seen.learned.creation.reason, seen.learned.creation.message)
    if seen.learned.trial is not None:
        yield Failure(seen.learned.trial.reason, seen.learned.trial.message)


def of_pod(pod: PodView, is_master: bool) -> Failure | None:
    """What is wrong with this pod, or None."""
    if pod.phase == "Failed" and pod.reason:
        text = f"The pod {pod.name} failed: {pod.reason}. {pod.message}".strip()
        return Failure(pod.reason, text, is_final=is_master, pod=pod.name)
    if pod.unschedulable:
        text = f"The pod {pod.name} cannot be scheduled: {pod.unschedulable}"
        return Failure("Unschedulable", text, pod=pod.name)
    for container in (*pod.init_containers, *pod.containers):
        failure = _of_container(pod, container, is_master)
        if failure is not None:
            return failure
    return None


def _of_container(pod: PodView, container: ContainerView, is_master: bool) -> Failure | None:
    waiting, text = container.waiting_reason, container.waiting_message.strip()
    if waiting in _PULL:
        sentence = f"The image {container.image} cannot be pulled: {text or waiting}"
        return Failure("ImagePullFailed", sentence, False, pod.name, container.name)
    if waiting in _START:
        return _cannot_start(pod, container, text)
    if waiting == "CreateContainerConfigError":
        sentence = f"The container {container.name} of {pod.name} cannot be configured: {text}"
        return Failure("ContainerConfigError", sentence, False, pod.name, container.name)
    end = container.latest_end
    if end is None or end.exit_code == 0:
        return None
    if end.reason in _START:
        return _cannot_start(pod, container, end.message)
    return _ended(pod, container, end, is_master)


def _cannot_start(pod: PodView, container: ContainerView, text: str) -> Failure:
    end = container.latest_end
    code = end.exit_code if end else None
    if "katydid" in text and any(words in text for words in _NOT_FOUND):
        sentence = f"The image {container.image} has no katydid: {text}"
        return Failure("ImageWithoutKatydid", sentence, False, pod.name, container.name, code)
    sentence = f"The container {container.name} of {pod.name} cannot start: {text}"
    return Failure("ContainerStartFailed", sentence, False, pod.name, container.name, code)


def _ended(
    pod: PodView, container: ContainerView, end: Terminated, is_master: bool
) -> Failure | None:
    has_restarted = container.terminated is None
    if has_restarted and container.is_running and container.restarts <= MOST_RESTARTS:
        return None  # it is up again
    reason, text, is_final = _why(pod, container, end, is_master)
    too_often = is_master and container.restarts > MOST_RESTARTS
    if too_often and not is_final:
        reason, is_final = ("OOMKilled" if reason == "OOMKilled" else "CrashLoop"), True
        text += f"; it was restarted {container.restarts} times"
    last_words = end.message.strip()
    tail = f": {last_words}" if last_words and not last_words.startswith("{") else ""
    return Failure(
        reason,
        f"The container {container.name} of {pod.name} ended: {text}{tail}.",
        is_final,
        pod.name,
        container.name,
        end.exit_code,
        has_restarted,
    )


def _why(
    pod: PodView, container: ContainerView, end: Terminated, is_master: bool
) -> tuple[str, str, bool]:
    if container.name == GIT_CONTAINER:
        return "SourceNotCloned", "git could not get the sources", False
    if end.reason == "OOMKilled":
        limit = f" (limit {pod.memory_limit})" if pod.memory_limit else ""
        return "OOMKilled", f"it used more memory than it may{limit}", False
    if end.exit_code in _EXIT_REASONS:
        reason, text, is_final = _EXIT_REASONS[end.exit_code]
        # A worker that gave up waiting for its master is replaced; a master's word is final.
        is_final = is_final or is_master
        return reason, f"{text} (exit code {end.exit_code})", is_final
    return "Crashed", f"exit code {end.exit_code}", False
