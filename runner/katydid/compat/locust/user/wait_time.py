"""`locust.user.wait_time`: functions that make a wait_time."""

from katydid.user.wait_time import (
    between,
    constant,
    constant_pacing,
    constant_throughput,
    poisson,
)

__all__ = ["between", "constant", "constant_pacing", "constant_throughput", "poisson"]
