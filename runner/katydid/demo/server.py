"""The demo shop as a server: the shop, its behaviour and its counters behind one port.

Beside the shop's pages stand `/_demo/health`, `/_demo/counts` (GET, DELETE resets),
`/_demo/settings` (GET, PUT {latency, jitter, errorRate}) and `/_demo/stall` (POST {duration});
they are neither counted nor delayed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.demo.behaviour import Behaviour, Settings, parse_duration
from katydid.demo.counts import RequestCounts
from katydid.demo.httpd import HttpServer, Request, Response
from katydid.demo.shop import Shop, json_object, json_response
from katydid.errors import UsageError

CONTROL = "/_demo/"


class DemoServer:
    """A running shop. `start()` binds; `url` is where it answers; `stop()` ends it."""

    def __init__(
        self,
        settings: Settings,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.behaviour = Behaviour(settings, seed)
        self.counts = RequestCounts()
        self._shop = Shop(seed)
        self._clock = clock
        self._host = host
        self._http = HttpServer(self._handle, self._answered, host, port)
        self._controls: dict[str, Callable[[Request], Any]] = {
            "GET health": lambda _request: {"ok": True},
            "GET counts": lambda _request: self.counts.to_json(),
            "DELETE counts": self._reset_counts,
            "GET settings": lambda _request: self.behaviour.settings.to_json(),
            "PUT settings": self._change_settings,
            "POST stall": self._stall,
        }

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._http.port}"

    def start(self) -> None:
        """Bind and serve; UsageError where the address cannot be had."""
        try:
            self._http.start()
        except OSError as error:
            raise UsageError(
                f"The shop cannot listen there: {error.strerror or error}. "
                "Choose another --port, or 0 for a free one."
            ) from error

    def stop(self) -> None:
        self._http.stop()

    def _handle(self, request: Request) -> Response:
        if request.path.startswith(CONTROL):
            return self._control(request)
        self.counts.receive(request.headers.get("x-worker", ""))
        page, rest, cost = self._shop.route(request)
        fails = self.behaviour.fails()
        wait = self.behaviour.wait_seconds(self._clock.monotonic(), cost)
        if wait > 0:
            self._clock.sleep(wait)
        if fails:
            response = json_response(503, {"error": "The shop is out of breath."})
        else:
            response = self._shop.answer(request, page, rest)
        response.page = page
        return response

    def _answered(self, request: Request, response: Response) -> None:
        if response.page:
            client = request.headers.get("x-worker", "")
            self.counts.answer(client, response.page, response.status, self._clock.monotonic())

    def _control(self, request: Request) -> Response:
        view = self._controls.get(f"{request.method} {request.path.removeprefix(CONTROL)}")
        if view is None:
            return json_response(404, {"error": "No such page.", "pages": [*self._controls]})
        try:
            return json_response(200, view(request))
        except UsageError as error:
            return json_response(400, {"error": str(error)})

    def _reset_counts(self, _request: Request) -> Any:
        self.counts.reset()
        return self.counts.to_json()

    def _change_settings(self, request: Request) -> Any:
        settings = self.behaviour.settings.changed(_object(request))
        self.behaviour.settings = settings
        return settings.to_json()

    def _stall(self, request: Request) -> Any:
        seconds = parse_duration(_object(request).get("duration", "1s"))
        self.behaviour.stall(self._clock.monotonic(), seconds)
        return {"stalled_seconds": seconds}


def _object(request: Request) -> dict[str, Any]:
    value = json_object(request.body)
    if value is None:
        raise UsageError("The body is not a JSON object.")
    return value
