"""`locust.util.rounding`."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

__all__ = ["proper_round"]


def proper_round(val: float, digits: int = 0) -> float:
    """Round halves away from zero, as people do; an int when `digits` is 0."""
    rounded = Decimal(str(val)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return float(rounded) if digits > 0 else int(rounded)
