"""Event hooks: what a locustfile may listen to.

Here are the hooks, their names and how a listener's error is treated. Who fires which hook, and
when, is told in the docstrings of `Events`. Statistics are no listeners: they sit in
`RequestEvent.recorders` and are called directly, so that a test without listeners never builds
the keyword arguments of an event.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from katydid.errors import (
    InterruptTaskSet,
    LocustfileError,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)

logger = logging.getLogger(__name__)

CONTROL_FLOW = (
    StopUser,
    StopTest,
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
)
"""Exceptions that steer tasks: whoever catches errors of user code lets these through."""

unhandled_exception = False
"""True once a listener failed (exit code 2 on Locust's surface); who starts a test resets it."""

Listener = TypeVar("Listener", bound=Callable[..., Any])


def note_unhandled_exception() -> None:
    """Set `unhandled_exception`."""
    global unhandled_exception
    unhandled_exception = True


class EventHook:
    """Listeners of one event, called in the order in which they were added."""

    def __init__(self) -> None:
        self._handlers: list[Callable[..., Any]] = []

    @property
    def has_listeners(self) -> bool:
        """Whether `fire` would call anybody."""
        return bool(self._handlers)

    def add_listener(self, handler: Listener) -> Listener:
        """Add a callable that takes the event's keyword arguments; usable as a decorator."""
        self._handlers.append(handler)
        return handler

    def remove_listener(self, handler: Callable[..., Any]) -> None:
        """Remove a listener. Raises ValueError for one that was never added."""
        self._handlers.remove(handler)

    def fire(self, *, reverse: bool = False, **kwargs: Any) -> None:
        """Call every listener; an error in one is logged and the others are still called.

        Exceptions that steer tasks (StopUser, RescheduleTask, …) pass through to the caller.
        """
        if self._handlers:
            self._call_all(kwargs, reverse)

    def _call_all(self, kwargs: dict[str, Any], reverse: bool = False) -> None:
        # over a copy: a listener may remove itself or add another
        handlers = self._handlers[::-1] if reverse else self._handlers[:]
        for handler in handlers:
            try:
                handler(**kwargs)
            except CONTROL_FLOW:
                raise
            except Exception as error:  # noqa: BLE001 - boundary: a listener is user code
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        logger.error("Uncaught exception in event handler: \n%s", traceback.format_exc())
        note_unhandled_exception()


class InitEvent(EventHook):
    """`events.init`: a test must not run without what its listeners set up."""

    def _failed(self, error: Exception) -> None:
        super()._failed(error)
        raise LocustfileError(
            f"A listener of events.init failed: {type(error).__name__}: {error}"
        ) from error


class RequestEvent(EventHook):
    """`events.request`: one sample.

    `recorders` hold the statistics (see `katydid.http.recorder.Recorder`); `fire` feeds them and
    then the listeners. Clients on the hot path call the recorders themselves and `notify` only if
    `has_listeners`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.recorders: list[Callable[..., None]] = []

    def fire(self, *, reverse: bool = False, **kwargs: Any) -> None:
        """Record the sample and tell the listeners.

        Needs request_type, name, response_time (ms or None), response_length (bytes); a truthy
        `exception` makes it a failure. Anything else is handed on to the listeners.
        """
        try:
            self._record(**kwargs)
        except Exception as error:  # noqa: BLE001 - boundary: the arguments are user code
            self._failed(error)
        if self._handlers:
            self._call_all(kwargs, reverse)

    def notify(self, **kwargs: Any) -> None:
        """Tell the listeners only: the sample is recorded already."""
        self._call_all(kwargs)

    def _record(
        self,
        *,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int,
        exception: BaseException | str | None = None,
        response: object = None,
        **_extras: Any,
    ) -> None:
        status = getattr(response, "status_code", None)
        if not isinstance(status, int):
            status = None
        for record in self.recorders:
            record(
                request_type, name, response_time, response_length or 0, exception or None, status
            )

    @contextmanager
    def measure(
        self,
        request_type: str,
        name: str,
        response_length: int = 0,
        context: dict[str, Any] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Time a block as one sample and fire it at the end.

        Yields the event's keyword arguments, which the block may change. An exception of the
        block is swallowed and makes the sample a failure; one that steers tasks is recorded too,
        and goes on to do its work. A block that is killed leaves no sample.
        """
        meta: dict[str, Any] = {
            "request_type": request_type,
            "name": name,
            "response_length": response_length,
            "response": None,
            "context": context if context is not None else {},
            "exception": None,
            "start_time": time.time(),
        }
        started = time.perf_counter()
        steering: Exception | None = None
        try:
            yield meta
        except CONTROL_FLOW as error:
            steering = meta["exception"] = error
        except Exception as error:  # noqa: BLE001 - boundary: the block is user code
            meta["exception"] = error
        meta["response_time"] = (time.perf_counter() - started) * 1000
        self.fire(**meta)
        if steering is not None:
            raise steering


class Events:
    """All hooks of a test. The comment beside each names its keyword arguments."""

    def __init__(self) -> None:
        # request_type, name, response_time, response_length, response, context, exception,
        # start_time, url and any extras: each sample
        self.request = RequestEvent()
        self.user_error = EventHook()  # user_instance, exception, tb: uncaught in a task
        self.report_to_master = EventHook()  # client_id, data: worker, before each report
        self.worker_report = EventHook()  # client_id, data: master, at receipt
        self.worker_connect = EventHook()  # client_id: master
        self.spawning_complete = EventHook()  # user_count: master first, then workers
        self.init = InitEvent()  # environment, runner, web_ui
        self.init_command_line_parser = EventHook()  # parser
        self.test_start = EventHook()  # environment: every node
        self.test_stopping = EventHook()  # environment
        self.test_stop = EventHook()  # environment
        self.reset_stats = EventHook()  # nothing: the reset button
        self.quitting = EventHook()  # environment; fired in reverse order
        self.quit = EventHook()  # exit_code
        self.cpu_warning = EventHook()  # environment, cpu_usage (per cent)
        self.heartbeat_sent = EventHook()  # client_id, timestamp
        self.heartbeat_received = EventHook()  # client_id, timestamp
        self.usage_monitor = EventHook()  # environment, cpu_usage, memory_usage (bytes)


events = Events()
"""The hooks that a locustfile imports."""
