"""How the demo shop behaves: latency, jitter, errors, stalls. Pure decisions over a seeded source.

The numbers can be changed while the shop serves, so that a person can watch thresholds break and
recover; the server only asks "how long does this request take, and does it fail".
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from typing import Any

from katydid.errors import UsageError

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}
LONGEST_SECONDS = 600.0


def parse_duration(text: str | float) -> float:
    """Seconds of `20ms`, `1.5s`, `2m` or a bare number of seconds; UsageError otherwise."""
    match = _DURATION.fullmatch(str(text).strip())
    if match is None:
        raise UsageError(f"`{text}` is not a duration: write 20ms, 1.5s or 2m.")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > LONGEST_SECONDS:
        raise UsageError(f"`{text}` is longer than the ten minutes that the shop may wait.")
    return seconds


def parse_share(text: str | float) -> float:
    """A share from 0 to 1 of `1%`, `0.5 %` or a fraction such as `0.01`; UsageError otherwise."""
    plain = str(text).strip()
    try:
        share = float(plain[:-1]) / 100 if plain.endswith("%") else float(plain)
    except ValueError:
        raise UsageError(f"`{text}` is not a share: write 1% or 0.01.") from None
    if not 0 <= share <= 1:
        raise UsageError(f"`{text}` is not between 0% and 100%.")
    return share


@dataclass(frozen=True)
class Settings:
    """What may be changed at start and while the shop serves."""

    latency_seconds: float = 0.020  # of a plain page; search and checkout take a multiple
    jitter_seconds: float = 0.010  # each wait is uniform in latency ± jitter, never below 0
    error_share: float = 0.01  # of all shop requests: they answer 503

    def to_json(self) -> dict[str, Any]:
        return {
            "latency": f"{self.latency_seconds * 1000:g}ms",
            "jitter": f"{self.jitter_seconds * 1000:g}ms",
            "errorRate": f"{self.error_share * 100:g}%",
        }

    def changed(self, body: dict[str, Any]) -> Settings:
        """These settings with the fields of a JSON object replaced; UsageError names a bad one."""
        parsers = {
            "latency": ("latency_seconds", parse_duration),
            "jitter": ("jitter_seconds", parse_duration),
            "errorRate": ("error_share", parse_share),
        }
        unknown = sorted(set(body) - set(parsers))
        if unknown:
            raise UsageError(f"`{unknown[0]}` is no setting; there are {', '.join(parsers)}.")
        values = {parsers[key][0]: parsers[key][1](value) for key, value in body.items()}
        return replace(self, **values)


class Behaviour:
    """Decides wait and failure of each request in turn; the same seed decides the same."""

    def __init__(self, settings: Settings, seed: int | None = None) -> None:
        self.settings = settings
        self._random = random.Random(seed)
        self._stalled_until = 0.0  # monotonic seconds

    def stall(self, now: float, seconds: float) -> None:
        """Hold every request that arrives within `seconds` from `now` until they are over."""
        self._stalled_until = now + seconds

    def wait_seconds(self, now: float, factor: float) -> float:
        """Seconds before the answer of a request that costs `factor` plain pages."""
        settings = self.settings
        jitter = settings.jitter_seconds * (2 * self._random.random() - 1)
        work = max(0.0, settings.latency_seconds + jitter) * factor
        return work + max(0.0, self._stalled_until - now)

    def fails(self) -> bool:
        """Whether the next request answers 503."""
        return self._random.random() < self.settings.error_share
