"""A test in one process: the fleet is this process's own node."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.environment import Environment
from katydid.load.spec import ArrivalLoad, Load
from katydid.run.controller import ControllingRunner
from katydid.run.node import Node, classes_of
from katydid.run.runner import CustomMessage, format_exception
from katydid.run.settings import RunSettings

logger = logging.getLogger(__name__)

LOCAL = "local"


class LocalFleet:
    """One node that is always there."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def nodes(self) -> list[str]:
        return [LOCAL]

    def assign(self, targets: Mapping[str, Mapping[str, int]], over_seconds: float) -> None:
        self._node.set_targets(targets[LOCAL], over_seconds)

    def schedule(self, node: str, base: float, offsets_us: bytes, max_users: int) -> None:
        self._node.schedule(base, offsets_us, max_users, wall_offset=0.0)


class LocalRunner(ControllingRunner):
    """Runs the users in this process."""

    worker_index = 0
    worker_count = 1
    incarnation = 0

    def __init__(
        self,
        environment: Environment,
        settings: RunSettings | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._node: Node | None = None
        super().__init__(environment, settings, clock)
        self.client_id = LOCAL
        for watch in self.health.start():
            self.greenlet.add(watch)  # whoever joins the group waits for quit()
        environment.events.user_error.add_listener(self._on_user_error)

    @property
    def node(self) -> Node:
        if self._node is None:
            self._node = Node(self.environment, self.clock)
            self._node.population.on_settled = self.check_complete
        return self._node

    @property
    def user_greenlets(self) -> Any:
        """gevent Group of the users' greenlets."""
        return self.node.population.group

    @property
    def user_classes_count(self) -> dict[str, int]:
        counts = {user_class.__name__: 0 for user_class in self.user_classes}
        return counts | self.node.population.counts()

    def spawn_users(self, user_classes_spawn_count: Mapping[str, int], wait: bool = False) -> Any:
        """Start so many users of each class now; returns them. `wait`: until they have ended."""
        users = self.node.population.spawn_users(user_classes_spawn_count)
        if wait:
            self.user_greenlets.join()
        return users

    def stop_users(self, user_classes_stop_count: Mapping[str, int]) -> None:
        """Stop so many users of each class."""
        self.node.population.stop_users(user_classes_stop_count, self.node.drain_seconds)

    def send_message(self, msg_type: str, data: Any = None, client_id: str | None = None) -> None:
        """Deliver to the listener in this process."""
        self.deliver(CustomMessage(msg_type, data, self.client_id))

    def _fleet(self) -> LocalFleet:
        return LocalFleet(self.node)

    def _fleet_begin(self, load: Load) -> None:
        self.node.begin(classes_of(self.environment), isinstance(load, ArrivalLoad))
        self.environment.events.test_start.fire(environment=self.environment)

    def _fleet_settled(self) -> bool:
        return self.node.settled

    def _fleet_stop(self) -> None:
        self.node.stop_users()

    def _after_second(self) -> None:
        self.count_spawned(self.node.take_spawned())

    def take_dropped(self) -> int:
        return super().take_dropped() + self.node.take_dropped()

    def _on_user_error(
        self, user_instance: Any, exception: BaseException, tb: Any, **_: Any
    ) -> None:
        msg, text = format_exception(exception, tb)
        self.log_exception(LOCAL, msg, text)
        self.count_exception_type(type(exception).__name__)
