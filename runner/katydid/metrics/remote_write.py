"""Sends the metrics to an endpoint for remote writes, for Prometheuses that cannot scrape.

One greenlet takes a sample of everything in each interval, another sends what is waiting. Nothing
that the endpoint does reaches the test: it is told once that it fails, samples wait for it within
a bound, and at the end it has some seconds to take the last ones.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import gevent
import requests
from gevent.event import Event

from katydid import __version__
from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.errors import UsageError
from katydid.metrics.collector import without_credentials
from katydid.metrics.write_request import Samples, compressed

logger = logging.getLogger(__name__)

MAX_WAITING = 300
"""Requests that wait for an endpoint; the oldest go first. With 200 names 3 are made in 5 s."""

LAST_SECONDS = 10.0
"""What an endpoint has at the end of a run to take what waits."""

TIMEOUT_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
TOO_MANY_REQUESTS = 429

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "User-Agent": f"katydid/{__version__}",
    "X-Prometheus-Remote-Write-Version": "0.1.0",  # what 1.0 of the protocol calls itself
}


@dataclass(frozen=True)
class Endpoint:
    """Where to send, and how often. `headers` may carry secrets, and so may the URL."""

    url: str
    interval_seconds: float
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def shown(self) -> str:
        """The URL as everybody may see it."""
        return without_credentials(self.url)


def endpoint(url: str, interval_seconds: float, header_lines: list[str]) -> Endpoint:
    """The endpoint that options describe; UsageError for what is wrong with them."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise UsageError(
            f"--remote-write {without_credentials(url)!r} is not a URL such as "
            "http://prometheus.example:9090/api/v1/write."
        )
    if interval_seconds < 1:
        raise UsageError("--remote-write-interval must be at least 1s.")
    headers = {}
    for line in header_lines:
        name, colon, value = line.partition(":")
        if not (colon and name.strip() and name.strip().isascii() and value.strip()):
            raise UsageError('--remote-write-header must be of the form "Name: value".')
        headers[name.strip()] = value.strip()
    return Endpoint(url, interval_seconds, headers)


class RemoteWriter:
    """Sends what `pieces` gives, from now on until `finish`."""

    def __init__(
        self,
        pieces: Callable[[], Iterator[str]],
        to: Endpoint,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._pieces = pieces
        self._to = to
        self._clock = clock
        self._samples = Samples()
        self._last_ms = 0
        self._waiting: deque[bytes] = deque()
        self._wake = Event()  # something waits
        self._dropped = 0
        self._failing = False
        self._session = requests.Session()
        self._greenlets = [gevent.spawn(self._sample), gevent.spawn(self._send)]

    def finish(self) -> None:
        """Send the last values and the end of every series; takes LAST_SECONDS at most."""
        gevent.killall(self._greenlets)
        try:
            with gevent.Timeout(LAST_SECONDS):
                self._take(self._pieces())
                self._take(iter(()))  # all series are gone: each gets its mark
                while self._waiting:
                    self._send_first()
        except gevent.Timeout:
            self._fail("it did not answer in time")
        left = self._dropped + len(self._waiting)
        if left:
            logger.warning(
                "%d requests with metrics did not reach %s; the results are not touched by that.",
                left, self._to.shown,
            )  # fmt: skip
        self._session.close()

    def _sample(self) -> None:
        due = self._clock.monotonic()
        while True:
            self._take(self._pieces())
            due = max(due + self._to.interval_seconds, self._clock.monotonic())
            self._clock.sleep(due - self._clock.monotonic())

    def _take(self, pieces: Iterator[str]) -> None:
        """One sample of everything joins the queue."""
        self._last_ms = max(int(self._clock.wall() * 1000), self._last_ms + 1)
        pool = gevent.get_hub().threadpool
        for series in self._samples.encode(pieces, self._last_ms):
            gevent.sleep(0)
            if series:
                self._waiting.append(pool.apply(compressed, (series,)))
        while len(self._waiting) > MAX_WAITING:
            self._waiting.popleft()
            self._dropped += 1
        self._wake.set()

    def _send(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._waiting:
                self._send_first()

    def _send_first(self) -> None:
        """Send the oldest request until the endpoint has taken or refused it."""
        body = self._waiting[0]
        pause = FIRST_PAUSE_SECONDS
        while problem := self._post(body):
            self._fail(problem)
            self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            if not self._waiting or self._waiting[0] is not body:
                return  # it has made room for newer ones
        if self._waiting and self._waiting[0] is body:
            self._waiting.popleft()

    def _post(self, body: bytes) -> str:
        """Why it has to be tried again; "" when it is done with."""
        try:
            answer = self._session.post(
                self._to.url, data=body, headers=self._to.headers | HEADERS,
                timeout=TIMEOUT_SECONDS, allow_redirects=False,
            )  # fmt: skip
        except requests.RequestException as error:
            return _reason(error)
        if answer.status_code >= 500 or answer.status_code == TOO_MANY_REQUESTS:
            return f"it answered {answer.status_code}"
        if not answer.ok or answer.is_redirect:
            words = " ".join(answer.text.split())[:200]
            self._dropped += 1
            self._fail(f"it answered {answer.status_code} {words}".rstrip())
        elif self._failing:
            self._failing = False
            logger.info("Metrics reach %s again.", self._to.shown)
        return ""

    def _fail(self, problem: str) -> None:
        if not self._failing:
            self._failing = True
            logger.warning(
                "Metrics cannot be written to %s: %s. The test goes on.", self._to.shown, problem
            )


def _reason(error: requests.RequestException) -> str:
    """Half a sentence, without the URL, which may hold a password."""
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not accepted"
    if isinstance(error, requests.ConnectionError):
        return "it cannot be reached"
    return type(error).__name__
