"""How much worse a second run may be than the first, and the form in which people write it.

    [REQUEST: ]METRIC=AMOUNT

    p95=10%           p95 of all requests may rise by a tenth
    failures=1%       the share of failures may rise by one percentage point
    rps=5%            the rate may fall by a twentieth
    POST /checkout: p99=50ms      *: p95=20%      (each request of the first run)

Whether two runs keep a tolerance is judged in results.comparison.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from katydid.errors import UsageError
from katydid.thresholds.expression import format_value, metric_of, scope_of

EACH = "*"
"""The request of a tolerance that holds for each request by itself."""

_EXPRESSION = re.compile(
    r"(?:(?P<scope>.+):\s+)?(?P<metric>[A-Za-z][\w.]*)\s*=\s*(?P<number>\d+(?:\.\d+)?)"
    r"\s*(?P<unit>ms|s|%|/s)?"
)
_UNITS_OF = {"failures": ("%", ""), "rps": ("%", "/s"), "requests": ("%", "")}
_LATENCY_UNITS = ("%", "ms", "s")
_EXAMPLES = {
    "failures": "percentage points such as failures=1%, or a number such as failures=10",
    "rps": "a share such as rps=5%, or a rate such as rps=10/s",
    "requests": "a share such as requests=5%, or a whole number",
}
LESS_IS_WORSE = frozenset({"rps", "requests"})


@dataclass(frozen=True)
class Tolerance:
    """One limit. A change for the better is always tolerated."""

    metric: str  # as of a threshold: p50 … p9999, max, mean, failures, rps, requests
    amount: float  # in `unit`
    unit: str  # "%", "ms", "/s" or "" (a count)
    method: str | None = None  # None: of any method
    request_name: str | None = None  # None: all requests together; EACH: each by itself

    @property
    def relative(self) -> bool:
        """Whether `amount` is a share of the first run's value (else it is a difference)."""
        return self.unit == "%" and self.metric != "failures"

    @property
    def scope(self) -> str:
        """The request as a person writes it, "" for all together."""
        return " ".join(part for part in (self.method, self.request_name) if part)

    @property
    def expression(self) -> str:
        """The whole tolerance; `parse` reads it back."""
        scope = f"{self.scope}: " if self.scope else ""
        return f"{scope}{self.metric}={format_value(self.amount, self.unit)}"

    def exceeded(self, before: float, after: float) -> bool:
        """Whether `after` is worse than `before` by more than the amount.

        Of latencies in ms, rates per second, counts; of failures in % what the unit says.
        """
        worse = before - after if self.metric in LESS_IS_WORSE else after - before
        allowed = abs(before) * self.amount / 100 if self.relative else self.amount
        return worse > allowed + 1e-9 * max(abs(before), abs(after))  # sums of floats


def parse(text: str) -> Tolerance:
    """A `--tolerance` expression; UsageError with a sentence if it is none."""
    match = _EXPRESSION.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f'"{text}" is not a tolerance; write METRIC=AMOUNT, such as "p95=10%", "failures=1%" '
            'or "POST /checkout: p99=50ms".'
        )
    metric = metric_of(match["metric"], f'"{text}"')
    amount, unit = float(match["number"]), match["unit"] or ""
    if unit not in _UNITS_OF.get(metric, _LATENCY_UNITS):
        example = _EXAMPLES.get(metric, f"a share such as {metric}=10%, or a time such as 20ms")
        raise UsageError(f'"{text}": {metric} is tolerated by {example}.')
    if unit == "s":
        amount, unit = round(amount * 1000, 6), "ms"
    method, name = scope_of(match["scope"]) if match["scope"] else (None, None)
    return Tolerance(metric, amount, unit, method, name)
