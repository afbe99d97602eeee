"""What a user needs of its environment: the layer above implements it."""

from __future__ import annotations

from typing import Any, Protocol

from katydid.errors import StopTest
from katydid.events import Events


class UserEnvironment(Protocol):
    """The part of `katydid.environment.Environment` that users and locustfiles read."""

    events: Events
    host: str | None
    catch_exceptions: bool
    stop_timeout: float
    runner: Any  # katydid.run is above this layer
    web_ui: Any  # katydid.web is above this layer
    parsed_options: Any  # an argparse namespace, with whatever the locustfile added
    stats: Any  # katydid.stats.RequestStats; read by locustfiles only

    def stop_test(self, reason: StopTest) -> None:
        """End the whole test soon; returns at once."""
