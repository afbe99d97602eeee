"""Environment: what belongs to one test run, held together.

It knows the user classes, the events, the statistics and the options, and checks them; it starts
nothing. The compat layer adds the methods that create runners and the web UI.
"""

from __future__ import annotations

import logging
from typing import Any

from katydid.errors import StopTest
from katydid.events import Events
from katydid.load.dispatch import UsersDispatcher
from katydid.stats import RequestStats
from katydid.user import LoadTestShape, User, filter_tasks_by_tags
from katydid.user.greenlet import take_start_delay
from katydid.user.task import TaskSetMeta

logger = logging.getLogger(__name__)


class Environment:
    """One test run. Keyword arguments only; each becomes the attribute of its name.

    Raises ValueError for two user classes of one name, for user classes that all have weight 0,
    and for a `shape_class` that is not an instance of LoadTestShape.
    """

    def __init__(
        self,
        *,
        user_classes: list[type[User]] | None = None,
        shape_class: LoadTestShape | None = None,
        tags: list[str] | None = None,
        locustfile: str | None = None,
        exclude_tags: list[str] | None = None,
        events: Events | None = None,
        host: str | None = None,
        reset_stats: bool = False,
        stop_timeout: float | None = None,
        catch_exceptions: bool = True,
        parsed_options: Any = None,
        parsed_locustfiles: list[str] | None = None,
        available_user_classes: dict[str, type[User]] | None = None,
        available_shape_classes: dict[str, LoadTestShape] | None = None,
        available_user_tasks: dict[str, list[Any]] | None = None,
        dispatcher_class: type[UsersDispatcher] = UsersDispatcher,
        profile: str | None = None,
    ) -> None:
        self.events = events if events is not None else Events()
        self.user_classes = _with_weight(user_classes or [])
        self.shape_class = shape_class
        self.tags = tags
        self.exclude_tags = exclude_tags
        self.locustfile = locustfile
        self.host = host
        self.reset_stats = reset_stats
        self.stop_timeout = _stop_timeout(stop_timeout, parsed_options)
        self.catch_exceptions = catch_exceptions
        self.parsed_options = parsed_options
        self.parsed_locustfiles = parsed_locustfiles
        self.available_user_classes = available_user_classes
        self.available_shape_classes = available_shape_classes
        if available_user_tasks is None:
            available_user_tasks = {each.__name__: list(each.tasks) for each in self.user_classes}
        self.available_user_tasks = available_user_tasks
        self.dispatcher_class = dispatcher_class
        self.profile = profile

        self.runner: Any = None  # katydid.run is above this layer
        self.web_ui: Any = None  # katydid.web is above this layer
        self.thresholds: Any = (
            None  # katydid.thresholds.ThresholdSet of the run, where there is one
        )
        self.process_exit_code: int | None = None  # beats every verdict
        self.worker_logs: dict[str, list[str]] = {}  # last lines by worker id
        self._tasks_filtered = False

        self.stats = RequestStats(start_delay=take_start_delay)
        self.events.request.recorders.append(self.stats.record)

        _check_names(self.user_classes)
        if shape_class is not None and not isinstance(shape_class, LoadTestShape):
            raise ValueError(
                "shape_class must be an instance of a subclass of LoadTestShape, not "
                f"{shape_class!r}."
            )

    @property
    def user_classes_by_name(self) -> dict[str, type[User]]:
        """The user classes of this run by their names."""
        return {each.__name__: each for each in self.user_classes}

    def update_user_class(self, user_settings: dict[str, Any]) -> None:
        """Set attributes of the class that `user_class_name` names; `tasks` are names of tasks.

        Raises KeyError for a class that this test does not have.
        """
        name = user_settings["user_class_name"]
        user_class = (self.available_user_classes or self.user_classes_by_name)[name]
        for key, value in user_settings.items():
            if key == "user_class_name":
                continue
            if key == "tasks":
                known = self.available_user_tasks.get(name) or user_class.tasks
                user_class.tasks = [task for task in known if task.__name__ in value]
            else:
                setattr(user_class, key, value)

    def assign_equal_weights(self) -> None:
        """Give every user class weight 1, and every task, nested ones included, one share."""
        for user_class in self.user_classes:
            user_class.weight = 1
            user_class.tasks = list(dict.fromkeys(_leaves(user_class.tasks)))

    def stop_test(self, reason: StopTest) -> None:
        """End the whole test soon, as a StopTest raised by a user asks; returns at once."""
        if self.runner is not None:
            self.runner.stop_test(str(reason))

    def _filter_tasks_by_tags(self) -> None:
        """Apply `tags` and `exclude_tags` to the user classes; only the first call does."""
        if self._tasks_filtered:
            return
        self._tasks_filtered = True
        tags = set(self.tags) if self.tags is not None else None
        exclude_tags = set(self.exclude_tags) if self.exclude_tags is not None else None
        if tags is None and exclude_tags is None:
            return
        for user_class in self.user_classes:
            filter_tasks_by_tags(user_class, tags, exclude_tags)


def _with_weight(user_classes: list[type[User]]) -> list[type[User]]:
    used = [each for each in user_classes if each.weight > 0 or each.fixed_count > 0]
    if user_classes and not used:
        raise ValueError("There are no users with weight > 0.")
    for each in user_classes:
        if each not in used:
            logger.info("User class %s has weight 0 and is left out.", each.__name__)
    return used


def _check_names(user_classes: list[type[User]]) -> None:
    seen: dict[str, type[User]] = {}
    for each in user_classes:
        other = seen.setdefault(each.__name__, each)
        if other is not each:
            raise ValueError(
                f"The following user classes have the same class name: {other.fullname()}, "
                f"{each.fullname()}. Statistics and weights go by the name: please rename one."
            )


def _stop_timeout(given: float | None, parsed_options: Any) -> float:
    """Seconds that users may take to finish; the options count where nothing is given."""
    if given is None:
        given = getattr(parsed_options, "stop_timeout", None)
    return float(given or 0.0)


def _leaves(tasks: list[Any]) -> list[Any]:
    leaves: list[Any] = []
    for task in tasks:
        if isinstance(task, TaskSetMeta):
            inner: list[Any] = getattr(task, "tasks", [])
            leaves.extend(_leaves(inner))
        else:
            leaves.append(task)
    return leaves
