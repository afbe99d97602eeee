"""What the web page may see and steer, over a runner (`katydid.web.controls.Controls`)."""

from __future__ import annotations

from typing import Any

from katydid.errors import UsageError
from katydid.load.spec import ConstantLoad, Load, ShapeLoad
from katydid.manifest.live import LiveUpdate
from katydid.run import snapshot
from katydid.run.controller import ControllingRunner
from katydid.run.document import HistoryPoint, Mark, RequestRow, RunDocument, Status
from katydid.run.master import MasterRunner
from katydid.run.states import LOADED
from katydid.run.verdict import Ending


class RunnerControls:
    """The controls of one runner."""

    def __init__(self, runner: ControllingRunner) -> None:
        self._runner = runner

    @property
    def distributed(self) -> bool:
        """True where workers run the users."""
        return isinstance(self._runner, MasterRunner)

    def status(self) -> Status:
        """The run now."""
        return snapshot.status(self._runner)

    def document(self, histories: bool = True) -> RunDocument:
        """Everything a report shows; without the `histories` of names it is much cheaper."""
        return snapshot.document(self._runner, histories)

    def history(
        self, since: float, width: int = 1, request: tuple[str, str] | None = None
    ) -> list[HistoryPoint]:
        """Intervals of at least `width` seconds that began after `since` (epoch), oldest first."""
        return snapshot.history(self._runner, since, width, request)

    def busiest(self, count: int) -> list[RequestRow]:
        """The names with the most requests."""
        return snapshot.busiest(self._runner, count)

    def names(self) -> int:
        """Request names so far."""
        return len(self._runner.stats.entries)

    def task_ratio(self) -> dict[str, Any]:
        """How classes and tasks share the users, as Locust's /tasks answers."""
        return snapshot.shares(self._runner)

    def trend(self, method: str, name: str, count: int) -> list[float | None]:
        """95th percentiles of a request in the last `count` seconds, milliseconds."""
        return self._runner.stats.p95_trend(method, name, count)

    def marks(self) -> list[Mark]:
        """What happened since the test began, oldest first."""
        return list(self._runner.marks)

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
        """Start the load, or change the one that runs; None leaves a value as it was."""
        runner = self._runner
        if host is not None:
            runner.environment.host = host or None
        if user_classes is not None or shape_class is not None:
            self._choose(user_classes, shape_class)
        if load is not None:
            runner.begin_load(load)
            return
        wanted = runner.environment.shape_class is not None and users is None
        if isinstance(runner.settings.load, ShapeLoad) or wanted:
            runner.begin_load(ShapeLoad(shape_class))
            return
        current = runner.control.load or runner.settings.load or ConstantLoad(1, 1.0)
        if not isinstance(current, ConstantLoad):
            if users is not None or spawn_rate is not None:
                raise UsageError("This test's load is not a number of users; edit its manifest.")
            if runner.state not in LOADED:
                runner.begin_load(current)
            return
        runner.begin_load(
            ConstantLoad(
                current.users if users is None else users,
                current.spawn_rate if spawn_rate is None else spawn_rate,
                self._run_time(current, run_time_seconds),
            )
        )

    def stop(self) -> None:
        """Stop the load; returns when no user is left."""
        self._runner.end(Ending("stopped", message="The test was stopped at its web page."))
        self._runner.stop()

    def reset(self) -> None:
        """Forget the statistics so far."""
        self._runner.reset_stats()

    def apply_live(self, update: LiveUpdate) -> None:
        """Replace the live part of the manifest."""
        self._runner.apply_live(update)

    def update_user_class(self, attributes: dict[str, Any]) -> None:
        """Set attributes of a class, here and on every worker."""
        runner = self._runner
        if isinstance(runner, MasterRunner):
            runner.update_user_class(attributes)
        else:
            runner.environment.update_user_class(attributes)

    def _run_time(self, current: ConstantLoad, asked: float | None) -> float | None:
        """The run time from the start of load; the page counts it from now."""
        if asked is None:
            return current.run_time_seconds
        if self._runner.state in LOADED:
            return self._runner.control.elapsed + asked
        return asked

    def _choose(self, user_classes: list[str] | None, shape_class: str | None) -> None:
        runner, environment = self._runner, self._runner.environment
        present = [user_class.__name__ for user_class in environment.user_classes]
        if user_classes is not None and sorted(user_classes) == sorted(present):
            user_classes = None  # a page sends them with every edit
        if user_classes is None and not shape_class and environment.shape_class is None:
            return
        if runner.state in LOADED:
            raise UsageError("Classes cannot change while the test runs; stop it first.")
        if user_classes is not None:
            known = environment.available_user_classes or environment.user_classes_by_name
            if unknown := [name for name in user_classes if name not in known]:
                raise UsageError(f"There is no user class {unknown[0]}.")
            environment.user_classes = [known[name] for name in user_classes]
        if shape_class is not None:
            shapes = environment.available_shape_classes or {}
            if shape_class and shape_class not in shapes:
                raise UsageError(f"There is no shape class {shape_class}.")
            environment.shape_class = shapes.get(shape_class)
