"""What the web asks of a run, and nothing more: the run implements this over its runner.

Reading never changes anything. The changing calls raise UsageError (ManifestError for a live
update) with a sentence where the run cannot do what is asked; the web turns it into an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from katydid.load.spec import Load
from katydid.manifest.live import LiveUpdate
from katydid.run.document import HistoryPoint, Mark, RequestRow, RunDocument, Status


class Controls(Protocol):
    """A run as a person at its web page may see and steer it."""

    @property
    def distributed(self) -> bool:
        """True where workers run the users."""

    def status(self) -> Status:
        """The run now; cheap enough for every second."""

    def document(self, histories: bool = True) -> RunDocument:
        """Everything a report shows; asked for once a second at most, and then without the
        `histories` of names, which are most of the work."""

    def busiest(self, count: int) -> list[RequestRow]:
        """The names with the most requests; cheap, however many there are."""

    def names(self) -> int:
        """Request names so far."""

    def task_ratio(self) -> dict[str, Any]:
        """How classes and tasks share the users, as Locust's /tasks answers."""

    def trend(self, method: str, name: str, count: int) -> list[float | None]:
        """95th percentiles of a request in the last `count` seconds; none where unknown."""

    def history(
        self, since: float, width: int = 1, request: tuple[str, str] | None = None
    ) -> list[HistoryPoint]:
        """Intervals that began after `since` (epoch), oldest first, of the whole test or of a
        request (method, name): none for one that has no history of its own.

        Each has at least `width` seconds (1, 10, 60, 600 or 3600); above 1 the last one may
        still change.
        """

    def marks(self) -> list[Mark]:
        """What happened since the test began, oldest first."""

    def start(
        self,
        *,
        users: int | None = None,
        spawn_rate: float | None = None,
        run_time_seconds: float | None = None,
        host: str | None = None,
        user_classes: list[str] | None = None,
        shape_class: str | None = None,
        load: Load | None = None,
    ) -> None:
        """Start the load, or change the one that runs; returns before the users are there.

        None leaves a value as it was configured; `shape_class` "" is a load without a shape.
        `run_time_seconds` counts from this start. `load` is a whole load, instead of users, rate
        and run time; its times count from the start of the test.
        """

    def stop(self) -> None:
        """Stop the load; returns when no user is left."""

    def reset(self) -> None:
        """Forget the statistics so far (Locust's reset_stats)."""

    def apply_live(self, update: LiveUpdate) -> None:
        """Replace the whole live part of the manifest."""

    def update_user_class(self, attributes: dict[str, Any]) -> None:
        """Set attributes of the class named by `user_class_name`, here and on every worker."""


@dataclass(frozen=True)
class Renderers:
    """The outputs that the web offers for download, as functions of a document."""

    html: Callable[[RunDocument], str]
    json: Callable[[RunDocument], str]
    junit: Callable[[RunDocument], str]
    csv: Callable[[RunDocument], Mapping[str, str]]
    """Locust's four files: stats, stats_history, failures, exceptions → text."""
