"""Long work in a greenlet, cut into turns, so that timers and sockets get theirs in between."""

from __future__ import annotations

from katydid.clock import Clock

TURN_SECONDS = 0.01

# No time, yet not 0: after a sleep of 0, gevent may serve fifty callbacks (our own next turn is
# one) before it looks at timers and sockets.
_SHORTEST = 1e-6


class Turns:
    """Call `end_if_due` between two steps of the work; it sleeps when the turn has lasted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """The greenlet has just waited: a new turn begins."""
        self._ends = self._clock.monotonic() + TURN_SECONDS

    @property
    def over(self) -> bool:
        return self._clock.monotonic() > self._ends

    def end_if_due(self) -> None:
        """Let others run if this turn has lasted long enough."""
        if self.over:
            self._clock.sleep(_SHORTEST)
            self.begin()
