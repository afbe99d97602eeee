"""One HTTP sample between the request and the statistics, and the `with` block that judges it.

The keyword arguments of `events.request` are built only for listeners, or when a locustfile asks
for `request_meta`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from katydid.errors import CatchResponseError, LocustError, ResponseError
from katydid.events import RequestEvent


class Sample:
    """What is known of a request once its response is there."""

    __slots__ = (
        "context",
        "hook",
        "name",
        "request_type",
        "response_length",
        "response_time",
        "start_time",
        "url",
        "user",
    )

    def __init__(
        self,
        hook: RequestEvent,
        user: Any,  # a katydid.user.User, which is above this layer; None: no user
        request_type: str,
        name: str,
        response_time: float,  # milliseconds
        response_length: int,  # bytes
        context: Mapping[str, Any] | None,
        start_time: float,  # seconds since the epoch
        url: str,
    ) -> None:
        self.hook = hook
        self.user = user
        self.request_type = request_type
        self.name = name
        self.response_time = response_time
        self.response_length = response_length
        self.context = context
        self.start_time = start_time
        self.url = url

    def meta(self, response: object, error: object) -> dict[str, Any]:
        """The keyword arguments of `events.request`."""
        context = dict(self.user.context()) if self.user is not None else {}
        if self.context:
            context.update(self.context)
        return {
            "request_type": self.request_type,
            "name": self.name,
            "response_time": self.response_time,
            "response_length": self.response_length,
            "response": response,
            "context": context,
            "exception": error,
            "start_time": self.start_time,
            "url": self.url,
        }

    def report(self, response: Any, error: BaseException | None) -> None:
        """Record the sample, and tell the listeners if there are any."""
        hook = self.hook
        for record in hook.recorders:
            record(
                self.request_type,
                self.name,
                self.response_time,
                self.response_length,
                error,
                response.status_code,
            )
        if hook.has_listeners:
            hook.notify(**self.meta(response, error))


class CatchResponse:
    """The `with` block around a response: its body decides what counts as a failure.

    On leaving it a call of `success` or `failure` wins; otherwise a ResponseError raised inside
    is a failure and goes no further, any other exception propagates and leaves no sample, and
    without one the response itself decides.
    """

    error: Exception | None = None  # of the connection
    _sample: Sample
    _meta: dict[str, Any] | None = None
    _catch_response = False
    _entered = False
    _manual_result: bool | Exception | None = None

    @property
    def request_meta(self) -> dict[str, Any]:
        """The keyword arguments that `events.request` will get; changes to them count."""
        if self._meta is None:
            self._meta = self._sample.meta(self, None)
        return self._meta

    def success(self) -> None:
        """Count the request as successful, whatever its status. Raises LocustError outside with."""
        self._demand_block()
        self._manual_result = True

    def failure(self, exc: Exception | str) -> None:
        """Count the request as failed for this reason. Raises LocustError outside with."""
        self._demand_block()
        self._manual_result = exc if isinstance(exc, Exception) else CatchResponseError(exc)

    def _demand_block(self) -> None:
        if not self._entered:
            raise LocustError(
                "The result of a request was set outside of a with block: write "
                "`with self.client.request(..., catch_response=True) as response:`."
            )

    def __enter__(self) -> Self:
        if not self._catch_response:
            raise LocustError(
                "A response was used in a with block without catch_response=True: its result is "
                "recorded already."
            )
        self._entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        manual = self._manual_result
        if manual is not None:
            self._report(manual if isinstance(manual, Exception) else None)
            return False
        if value is None:
            meta = self._meta
            self._report(self._own_error() or (meta["exception"] if meta is not None else None))
            return False
        if isinstance(value, ResponseError):
            self._report(value)
            return True
        return False

    def _own_error(self) -> BaseException | None:
        """Why the response itself counts as a failure."""
        return self.error

    def _report(self, error: BaseException | None) -> None:
        if self._meta is None:
            self._sample.report(self, error)
        else:
            self._meta["exception"] = error
            self._sample.hook.fire(**self._meta)
