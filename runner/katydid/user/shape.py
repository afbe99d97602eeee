"""LoadTestShape: a locustfile that decides, each second, how many users there are."""

from __future__ import annotations

from typing import Any, ClassVar

from katydid.clock import SYSTEM_CLOCK, Clock


class LoadTestShapeMeta(type):
    """A shape class is concrete unless it says otherwise."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], members: dict[str, Any]
    ) -> LoadTestShapeMeta:
        members.setdefault("abstract", False)
        return super().__new__(mcs, name, bases, members)


class LoadTestShape(metaclass=LoadTestShapeMeta):
    """Subclass it and implement `tick`."""

    runner: Any = None  # set before the first tick
    use_common_options: ClassVar[bool] = False  # read users, spawn rate and run time in tick()
    abstract: ClassVar[bool] = True
    clock: ClassVar[Clock] = SYSTEM_CLOCK

    def __init__(self) -> None:
        self._start_time = self.clock.monotonic()

    def reset_time(self) -> None:
        """Count the run time from now."""
        self._start_time = self.clock.monotonic()

    def get_run_time(self) -> float:
        """Seconds since the start of the test."""
        return self.clock.monotonic() - self._start_time

    def get_current_user_count(self) -> int:
        """Users that run now."""
        count: int = self.runner.user_count
        return count

    def tick(self) -> tuple[int, float] | tuple[int, float, list[type] | None] | None:
        """(users, spawn rate[, user classes]) from now on; None ends the test."""
        return None
