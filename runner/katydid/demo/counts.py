"""What the shop received and answered, per client, so that a test can compare both ends.

A client says who it is in `X-Worker` (DESIGN §2.4: `<index>.<incarnation>`); requests without it
are counted under "". `received` grows when a request was read, `answered` when its answer was
handed to the kernel, `answered_last_2s` is what a client got within two seconds of its own last
answer: the most that a killed worker can have failed to report.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

LAST_SECONDS = 2.0
MOST_CLIENTS = 10_000
OTHER = "(other)"


class _Client:
    def __init__(self) -> None:
        self.received = 0
        self.answered = 0
        self.failed = 0
        self.recent: deque[float] = deque()

    def to_json(self) -> dict[str, int]:
        return {
            "received": self.received,
            "answered": self.answered,
            "failed": self.failed,
            "answered_last_2s": len(self.recent),
        }


class RequestCounts:
    """Exact counters of shop requests; the shop's own `/_demo/…` pages are not counted."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._clients: dict[str, _Client] = {}
        self._routes: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._received = self._answered = self._failed = 0

    def receive(self, client: str) -> None:
        self._received += 1
        self._client(client).received += 1

    def answer(self, client: str, route: str, status: int, now: float) -> None:
        """Count an answer sent at `now` (monotonic seconds) for a route such as `GET /cart`."""
        entry = self._client(client)
        entry.answered += 1
        self._answered += 1
        if status >= 400:
            entry.failed += 1
            self._failed += 1
        self._routes[route] += 1
        self._codes[str(status)] += 1
        recent = entry.recent
        recent.append(now)
        while recent[0] < now - LAST_SECONDS:
            recent.popleft()

    def to_json(self) -> dict[str, Any]:
        return {
            "received": self._received,
            "answered": self._answered,
            "failed": self._failed,
            "workers": {name: client.to_json() for name, client in self._clients.items()},
            "routes": dict(self._routes),
            "codes": dict(self._codes),
        }

    def _client(self, name: str) -> _Client:
        entry = self._clients.get(name)
        if entry is None:
            if len(self._clients) >= MOST_CLIENTS:
                name = OTHER
            entry = self._clients.setdefault(name, _Client())
        return entry
