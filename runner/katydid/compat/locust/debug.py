"""`locust.debug`: one user in the foreground, for a debugger or a first look."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from katydid import events
from katydid.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from katydid.user import User

__all__ = ["PrintListener", "run_single_user"]

RULE = "-" * 120
PAYLOAD_CHARACTERS = 1000


class PrintListener:
    """Prints a line per request to stderr."""

    def __init__(
        self,
        environment: Any,
        include_length: bool = False,
        include_time: bool = False,
        include_context: bool = False,
        include_payload: bool = False,
    ) -> None:
        self.include_length = include_length
        self.include_time = include_time
        self.include_context = include_context
        self.include_payload = include_payload
        environment.events.request.add_listener(self.on_request)
        self._print_head()

    def on_request(
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int,
        exception: BaseException | None = None,
        context: dict[str, Any] | None = None,
        start_time: float | None = None,
        response: Any = None,
        **_: Any,
    ) -> None:
        """Print one sample; what is written depends on the flags given to the constructor."""
        columns = [f"{request_type:<8}"[:8], f"{name:<50}"]
        columns.append(f"{'' if response_time is None else round(response_time):>7}")
        if self.include_time:
            began = SYSTEM_CLOCK.wall() if start_time is None else start_time
            columns.insert(0, f"{began:.3f}")
        if self.include_length:
            columns.append(f"{response_length:>9}")
        if self.include_context:
            columns.append(str(context or ""))
        if self.include_payload:
            columns.append(str(_payload(response))[:PAYLOAD_CHARACTERS])
        if exception:
            columns.append(f"{type(exception).__name__}: {exception}")
        print("  ".join(columns).rstrip(), file=sys.stderr)

    def _print_head(self) -> None:
        columns = ["type    ", f"{'name':<50}", "resp_ms"]
        if self.include_time:
            columns.insert(0, f"{'time':<14}")
        if self.include_length:
            columns.append(f"{'length':>9}")
        columns += ["context"] * self.include_context + ["payload"] * self.include_payload
        print("  ".join([*columns, "exception"]), file=sys.stderr)
        print(RULE, file=sys.stderr)


def _payload(response: Any) -> Any:
    request = getattr(response, "request", None)
    return getattr(request, "body", None) or ""


def run_single_user(
    user_class: type[User],
    include_length: bool = False,
    include_time: bool = False,
    include_context: bool = False,
    include_payload: bool = False,
    loglevel: str | None = "WARNING",
) -> None:
    """Run one user of the class until it ends; without a runner, in this greenlet.

    Reads options from sys.argv, fires init and test_start, prints a line per request. An
    exception in a task is raised, so that a debugger stops at it. `loglevel` None leaves logging
    alone.
    """
    from katydid.compat.locust import argument_parser, log
    from katydid.compat.locust.env import Environment

    if loglevel:
        log.setup_logging(loglevel)
    options = argument_parser.parse_options()
    environment = Environment(
        user_classes=[user_class],
        events=events.events,
        host=options.host,
        tags=options.tags,
        exclude_tags=options.exclude_tags,
        parsed_options=options,
        catch_exceptions=False,
    )
    environment._filter_tasks_by_tags()
    if environment.host:
        user_class.host = environment.host
    PrintListener(environment, include_length, include_time, include_context, include_payload)
    events.events.init.fire(environment=environment, runner=None, web_ui=None)
    events.events.test_start.fire(environment=environment)
    logging.getLogger(__name__).info("Running one %s", user_class.__name__)
    user_class(environment).run()
