"""Tasks and TaskSets: what a user does, and the loop that does it.

Here are `@task`, the collection of tasks when a class is made, the TaskSet loop and its states.
The user's own life cycle (start, stop, on_start) is in `users`.
"""

from __future__ import annotations

import enum
import inspect
import logging
import random
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, final, overload

import gevent
from gevent import GreenletExit

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.errors import (
    InterruptTaskSet,
    MissingWaitTimeError,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from katydid.events import CONTROL_FLOW

if TYPE_CHECKING:
    from katydid.user.users import User

logger = logging.getLogger(__name__)

TASK_ERRORS = (Exception, gevent.Timeout)
"""What counts as an error of user code: gevent's Timeout is none of Exception, yet ends a task."""

Task = TypeVar("Task", bound=Callable[..., Any])


class UserState(enum.StrEnum):
    """Where a user is. A user that has not started has no state.

    | from            | to       | when                                           |
    |-----------------|----------|------------------------------------------------|
    | (none)          | running  | its greenlet begins                            |
    | running         | waiting  | the task is done, `wait()` rests               |
    | waiting         | running  | the rest is over                               |
    | running         | stopping | `stop()`: the task may finish, then on_stop    |
    | waiting         | stopping | `stop()`: the rest is cut short, then on_stop  |
    """

    RUNNING = "running"
    WAITING = "waiting"
    STOPPING = "stopping"


# plain names: looking a member up in an enum class takes longer than the comparison
RUNNING = UserState.RUNNING
WAITING = UserState.WAITING
STOPPING = UserState.STOPPING


@overload
def task(weight: Task) -> Task: ...
@overload
def task(weight: int = 1) -> Callable[[Task], Task]: ...


def task(weight: Task | int = 1) -> Task | Callable[[Task], Task]:
    """Make a method or a nested TaskSet class a task: `@task`, or `@task(3)` for three shares.

    Raises TypeError for a weight that is not a whole number.
    """
    if callable(weight):
        return _mark_as_task(weight, 1)
    share = _whole(weight, "@task")

    def decorate(function: Task) -> Task:
        return _mark_as_task(function, share)

    return decorate


def _whole(weight: object, where: str) -> int:
    if not isinstance(weight, int):
        raise TypeError(f"The weight of {where} must be a whole number, not {weight!r}.")
    return weight


def _mark_as_task(function: Task, weight: int) -> Task:
    name = getattr(function, "__name__", "")
    if name == "run":
        raise Exception(
            "run() is the method that runs the tasks: it cannot be a task itself. Please rename it."
        )
    if name in ("on_start", "on_stop"):
        logger.warning(
            "%s is marked with @task: it will be called as a task as well as at the start or stop.",
            name,
        )
    function.locust_task_weight = weight  # type: ignore[attr-defined]  # functions take attributes
    return function


def expand_weights(tasks: Any) -> Iterator[Any]:
    """Each task of a `tasks` attribute (list, list of (task, weight), or dict), weight times."""
    entries = tasks.items() if isinstance(tasks, dict) else tasks
    for entry in entries:
        if isinstance(entry, tuple):
            each, weight = entry
            yield from [each] * _whole(weight, getattr(each, "__name__", "a task"))
        else:
            yield entry


def weight_of(member: Any) -> int:
    """The weight that `@task` gave to a class member; 0: it is no task."""
    # statically: some objects answer any attribute (a mock), or none (a client that is missing)
    weight = inspect.getattr_static(member, "locust_task_weight", 0)
    return weight if isinstance(weight, int) else 0


def collect_tasks(bases: tuple[type, ...], members: dict[str, Any]) -> list[Any]:
    """Tasks of a class in the making: inherited ones, the `tasks` attribute, decorated members."""
    tasks: list[Any] = []
    for base in bases:
        tasks.extend(expand_weights(getattr(base, "tasks", None) or ()))
    tasks.extend(expand_weights(members.get("tasks") or ()))
    for member in members.values():
        tasks.extend([member] * weight_of(member))
    return tasks


class TaskSetMeta(type):
    """Expands the weights of a TaskSet class into its flat list `tasks`."""

    def __new__(mcs, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> TaskSetMeta:
        members["tasks"] = collect_tasks(bases, members)
        return super().__new__(mcs, name, bases, members)


def no_tasks_message(holder: object) -> str:
    """The sentence for a User or TaskSet, or a class of them, without tasks."""
    hint = ""
    if getattr(holder, "task", None) is not None:
        hint = ", but you have set the attribute 'task': did you mean to set 'tasks'?"
    name = holder.__name__ if isinstance(holder, type) else type(holder).__name__
    return (
        f"No tasks defined on {name}. Use the @task decorator or set the 'tasks' "
        f"attribute of the class{hint}"
    )


class TaskSet(metaclass=TaskSetMeta):
    """A group of tasks that a user runs until one of them interrupts it.

    Tasks are picked at random by weight. A task is a function that takes the TaskSet, or another
    TaskSet class. `wait_time` may be overridden; otherwise the user's own counts.
    """

    tasks: Any = []  # list, list of (task, weight) or dict when written; a flat list once made
    min_wait: float | None = None  # deprecated, milliseconds
    max_wait: float | None = None  # deprecated, milliseconds
    wait_function: Any = None  # deprecated, a method that gives milliseconds
    _clock: Clock = SYSTEM_CLOCK

    def __init__(self, parent: User | TaskSet) -> None:
        self._parent = parent
        self._user: User = parent._user if isinstance(parent, TaskSet) else parent
        self._task_queue: list[Any] = []
        self._cp_last_run = self._clock.monotonic()  # of constant_pacing

    @property
    def user(self) -> User:
        """The user that runs this TaskSet."""
        return self._user

    @property
    def parent(self) -> Any:
        """The TaskSet around this one, or the user at the top."""
        return self._parent

    @property
    def client(self) -> Any:
        """The user's client."""
        return self._user.client

    def on_start(self) -> None:
        """Called when a user enters this TaskSet."""

    def on_stop(self) -> None:
        """Called when a user leaves this TaskSet, however it leaves."""

    @final
    def run(self) -> None:
        """Run tasks until interrupted or stopped; never returns normally but for the root."""
        try:
            self.on_start()
        except InterruptTaskSet as interrupt:
            raise _for_parent(interrupt) from interrupt
        while True:
            try:
                if self._run_task():
                    self.wait()
                else:
                    gevent.sleep(0)  # a task that never blocks must not keep all others waiting
            except InterruptTaskSet as interrupt:
                self._interrupted(interrupt)
            except (StopUser, StopTest, GreenletExit):
                self._leave()
                raise
            except TASK_ERRORS as error:
                # a task's error got here only if nothing catches; otherwise waiting itself failed
                if self._user.environment.catch_exceptions:
                    self._report(error)
                raise

    def run_once(self) -> None:
        """Run one task without a wait: the open model starts iterations by a schedule."""
        try:
            self._run_task()
        except InterruptTaskSet as interrupt:
            self._interrupted(interrupt)
        except (StopUser, StopTest, GreenletExit):
            self._leave()
            raise

    def _run_task(self) -> bool:
        """Run the next task; whether to wait after it. Its errors end here if the test says so."""
        try:
            if not self._task_queue:
                self.schedule_task(self.get_next_task())
            if self._user._state is STOPPING:
                raise StopUser
            self.execute_next_task()
        except RescheduleTaskImmediately:
            return False
        except RescheduleTask:
            return True
        except CONTROL_FLOW:
            raise
        except TASK_ERRORS as error:
            self._report(error)
            if not self._user.environment.catch_exceptions:
                raise
        return True

    def _report(self, error: BaseException) -> None:
        report_user_error(self, error)

    def _interrupted(self, interrupt: InterruptTaskSet) -> None:
        self._leave()
        raise _for_parent(interrupt) from interrupt

    def _leave(self) -> None:
        try:
            self.on_stop()
        except CONTROL_FLOW:
            raise
        except TASK_ERRORS as error:  # boundary: on_stop is user code, the way out is not
            self._report(error)

    def execute_next_task(self) -> None:
        """Run the task at the head of the queue."""
        self.execute_task(self._task_queue.pop(0))

    def execute_task(self, task: Any) -> None:
        """Run one task: a function that takes this TaskSet, a bound method, or a TaskSet class."""
        if isinstance(task, TaskSetMeta):
            task(self).run()
        elif getattr(task, "__self__", None) is self:
            task()
        else:
            task(self)

    def schedule_task(self, task_callable: Any, first: bool = False) -> None:
        """Queue a task behind those scheduled already, or before them if `first`."""
        if first:
            self._task_queue.insert(0, task_callable)
        else:
            self._task_queue.append(task_callable)

    def get_next_task(self) -> Any:
        """Pick a task. Raises Exception if there is none."""
        tasks = self.tasks
        if not tasks:
            raise Exception(no_tasks_message(self))
        return tasks[int(random.random() * len(tasks))]

    def wait_time(self) -> float:
        """Seconds to rest before the next task. Raises MissingWaitTimeError if nobody says."""
        user = self._user
        if user.wait_time:
            seconds: float = user.wait_time()
            return seconds
        return deprecated_wait_time(self, user)

    def wait(self) -> None:
        """Rest for `wait_time()` seconds. A user that is stopped while it rests ends at once."""
        user = self._user
        if user._state is STOPPING:
            raise StopUser
        seconds = self.wait_time()
        user._state = WAITING
        user._resting = True
        self._sleep(seconds)
        user._resting = False
        if user._state is STOPPING:
            raise StopUser
        user._state = RUNNING

    def _sleep(self, seconds: float) -> None:
        gevent.sleep(seconds)

    def interrupt(self, reschedule: bool = True) -> NoReturn:
        """Leave this TaskSet; the parent goes on at once, or after a wait if not `reschedule`."""
        raise InterruptTaskSet(reschedule)


class DefaultTaskSet(TaskSet):
    """The root: runs the tasks of a User class, which take the user itself."""

    def get_next_task(self) -> Any:
        tasks = self._user.tasks
        if not tasks:
            raise Exception(no_tasks_message(self._user))
        return tasks[int(random.random() * len(tasks))]

    def execute_task(self, task: Any) -> None:
        user = self._user
        if isinstance(task, TaskSetMeta):
            task(user).run()
        elif getattr(task, "__self__", None) is user:
            task()
        else:
            task(user)

    def _interrupted(self, interrupt: InterruptTaskSet) -> None:
        """There is no TaskSet to leave: the user goes on with its next task."""
        if interrupt.reschedule:
            gevent.sleep(0)
        else:
            self.wait()


def report_user_error(where: Any, error: BaseException) -> None:
    """Fire user_error for a TaskSet or User; log the error if the test goes on without it."""
    user: User = where._user if isinstance(where, TaskSet) else where
    environment = user.environment
    environment.events.user_error.fire(user_instance=where, exception=error, tb=error.__traceback__)
    if environment.catch_exceptions:
        logger.error("%s\n%s", error, "".join(traceback.format_exception(error)))


def deprecated_wait_time(taskset: TaskSet, user: User) -> float:
    """Seconds by wait_function or min_wait and max_wait: only asked when wait_time is unset."""
    function = taskset.wait_function or user.wait_function
    low = taskset.min_wait if taskset.min_wait is not None else user.min_wait
    high = taskset.max_wait if taskset.max_wait is not None else user.max_wait
    if function is None and (low is None or high is None):
        raise MissingWaitTimeError(
            f"Neither {type(taskset).__name__} nor {type(user).__name__} has a wait_time."
        )
    warnings.warn(
        "wait_function, min_wait and max_wait are deprecated: use wait_time, in seconds.",
        DeprecationWarning,
        stacklevel=2,
    )
    if function is not None:
        return float(function()) / 1000
    assert low is not None
    assert high is not None
    return random.uniform(low, high) / 1000


def _for_parent(interrupt: InterruptTaskSet) -> Exception:
    return RescheduleTaskImmediately() if interrupt.reschedule else RescheduleTask()
