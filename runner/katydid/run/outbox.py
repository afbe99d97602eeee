"""Reports that the master does not have for good yet.

A report stays here until it is durable on the master. What was sent stays as it was sent, so that
sending it again is recognised; what was never sent may grow (the caller cuts no new report while
`congested`).
"""

from __future__ import annotations

from collections import deque

from katydid.wire.messages import Report

MAX_UNSENT = 30
"""After so many unsent reports, no new one is cut: the samples wait in the statistics."""


class Outbox:
    """Numbered reports of one incarnation in one session."""

    def __init__(self) -> None:
        self._reports: deque[Report] = deque()
        self._sent = 0  # newest number that was sent on the present connection
        self.last_number = 0
        self.applied = 0

    @property
    def first_number(self) -> int:
        """The oldest report kept; 0 when there is none."""
        return self._reports[0].number if self._reports else 0

    @property
    def congested(self) -> bool:
        return sum(report.number > self._sent for report in self._reports) >= MAX_UNSENT

    @property
    def pending(self) -> int:
        """Reports that the master has not merged."""
        return self.last_number - self.applied

    def next_number(self) -> int:
        return self.last_number + 1

    def add(self, report: Report) -> None:
        """Keep a new report."""
        self.last_number = report.number
        self._reports.append(report)

    def unsent(self) -> list[Report]:
        """Reports to send on the present connection, in order."""
        return [report for report in self._reports if report.number > self._sent]

    def mark_sent(self, number: int) -> None:
        """Everything up to `number` is on its way."""
        self._sent = max(self._sent, number)

    @property
    def empty(self) -> bool:
        """True when the master holds everything for good."""
        return not self._reports

    def acknowledge(self, applied: int, durable: int) -> bool:
        """The master has merged up to `applied` and holds up to `durable` for good.

        True when that is more than before.
        """
        progress = applied > self.applied
        self.applied = max(self.applied, applied)
        while self._reports and self._reports[0].number <= durable:
            self._reports.popleft()
            progress = True
        return progress

    def rewind(self, applied: int) -> None:
        """A new connection: what came after `applied` has to be sent again."""
        self._sent = applied
        self.applied = applied

    def clear(self) -> int:
        """Drop everything and number from 1 again; returns how many the master never merged."""
        lost = self.pending
        self._reports.clear()
        self._sent = self.last_number = self.applied = 0
        return lost
