"""What every runner is: Locust's runner surface, and the custom messages.

`LocalRunner`, `MasterRunner` and `WorkerRunner` derive from it. A runner has a state, statistics,
exceptions and users; who decides how many users there are is the business of `run.controller`.
"""

from __future__ import annotations

import hashlib
import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import gevent
from gevent.pool import Group

from katydid import tunables
from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.environment import Environment
from katydid.run.health import Health
from katydid.run.saturation import ProcessSaturation, Saturation
from katydid.run.settings import RunSettings
from katydid.run.states import State, check_transition
from katydid.stats import RequestStats

logger = logging.getLogger(__name__)

OTHER_EXCEPTIONS = "(other)"


@dataclass(frozen=True)
class CustomMessage:
    """What a listener of `register_message` gets as `msg`."""

    type: str
    data: Any
    node_id: str


MessageListener = Callable[..., Any]


class Runner:
    """Common to all runners. Use one of its subclasses."""

    process_name = "This process"  # in sentences
    has_users = True

    def __init__(
        self,
        environment: Environment,
        settings: RunSettings | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.environment = environment
        environment.runner = self  # a worker's first message may come before its constructor ends
        self.settings = settings or RunSettings()
        self.clock = clock
        self.state: State = State.READY
        self.exceptions: dict[str, dict[str, Any]] = {}
        self.exception_types: dict[str, int] = {}  # class → users' exceptions, of all tests
        self.custom_messages: dict[str, tuple[MessageListener, bool]] = {}
        self.greenlet = Group()  # the runner's own background greenlets
        self.shape_greenlet: gevent.Greenlet[..., Any] | None = None
        self.spawning_greenlet: gevent.Greenlet[..., Any] | None = None
        self.final_user_classes_count: dict[str, int] = {}
        self.cpu_warning_emitted = False
        self.saturation = Saturation(self._on_saturated)  # a worker's is judged by its master
        own = ProcessSaturation(self.process_name, self.saturation, queues=self.has_users)
        self.health = Health(environment.events, environment, self._on_hub_tick, clock, own)
        environment.events.cpu_warning.add_listener(self._on_cpu_warning)

    # -- statistics and users, under Locust's names

    @property
    def stats(self) -> RequestStats:
        return self.environment.stats

    @property
    def errors(self) -> Mapping[str, Any]:
        return self.stats.errors

    @property
    def user_classes(self) -> list[type[Any]]:
        return self.environment.user_classes

    @property
    def user_classes_by_name(self) -> dict[str, type[Any]]:
        return self.environment.user_classes_by_name

    @property
    def user_classes_count(self) -> dict[str, int]:
        """Users per class, every class of the test included."""
        raise AttributeError("a subclass provides user_classes_count")

    @property
    def user_count(self) -> int:
        return sum(self.user_classes_count.values())

    @property
    def cpu_usage(self) -> float:
        """Per cent of one core."""
        return self.health.cpu_percent

    current_cpu_usage = cpu_usage

    # -- state

    def update_state(self, new: State | str) -> None:
        """Go to `new`; InternalError when the table has no such move."""
        self.state = check_transition(self.state, State(new))

    # -- exceptions of users

    def log_exception(self, node_id: str, msg: str, formatted_tb: str, count: int = 1) -> None:
        """Count an uncaught exception of a user; equal ones are one entry."""
        text = f"{msg}\n{formatted_tb}"
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        if key not in self.exceptions and len(self.exceptions) >= tunables.MAX_EXCEPTIONS:
            key, msg, formatted_tb = OTHER_EXCEPTIONS, "(other)", ""
        now = self.clock.wall()
        entry = self.exceptions.setdefault(
            key,
            {"count": 0, "msg": msg, "traceback": formatted_tb, "nodes": set(), "first_seen": now},
        )
        entry["count"] += count
        entry["last_seen"] = now
        entry["nodes"].add(node_id)

    def count_exception_type(self, name: str, count: int = 1) -> None:
        """Count uncaught exceptions of users by their class; never starts again from zero."""
        tally(self.exception_types, name, count)

    # -- custom messages

    def register_message(
        self, msg_type: str, listener: MessageListener, concurrent: bool = False
    ) -> None:
        """Call `listener(environment=, msg=)` for messages of `msg_type`.

        A type that has a listener already raises. With `concurrent` each call has a greenlet of
        its own, otherwise the next message waits for it.
        """
        if msg_type in self.custom_messages:
            raise Exception(f"A listener for the message type {msg_type} is registered already")
        self.custom_messages[msg_type] = (listener, concurrent)

    def send_message(self, msg_type: str, data: Any = None, client_id: str | None = None) -> None:
        """Send a custom message; where it goes is the subclass's business."""
        raise AttributeError("a subclass provides send_message")

    def deliver(self, message: CustomMessage) -> None:
        """Hand a custom message to its listener."""
        known = self.custom_messages.get(message.type)
        if known is None:
            logger.warning(
                "A message of the unknown type %r came from %s", message.type, message.node_id
            )
            return
        listener, concurrent = known
        if concurrent:
            gevent.spawn(self._call_listener, listener, message)
        else:
            self._call_listener(listener, message)

    def _call_listener(self, listener: MessageListener, message: CustomMessage) -> None:
        try:
            listener(environment=self.environment, msg=message)
        except Exception:  # the locustfile's code
            logger.exception("The listener for messages of type %r failed", message.type)

    def _on_hub_tick(self, now: float) -> None:
        """Called on every turn of the lag watch; the worker tells its heartbeat thread."""

    def _on_saturated(self, process: str) -> None:
        """The test is saturated from now on; `process` is the first that is."""

    def _on_cpu_warning(self, environment: Environment, cpu_usage: float, **_: Any) -> None:
        self.cpu_warning_emitted = True


def tally(types: dict[str, int], name: str, count: int = 1) -> None:
    """Count exceptions of a class; those beyond MAX_EXCEPTIONS classes together."""
    if name not in types and len(types) >= tunables.MAX_EXCEPTIONS:
        name = OTHER_EXCEPTIONS
    types[name] = types.get(name, 0) + count


def format_exception(exception: BaseException, tb: TracebackType | None) -> tuple[str, str]:
    """(message, traceback text) as they are counted."""
    return str(exception), "".join(traceback.format_tb(tb))
