"""How a master judges its workers: who has been silent for too long, and who is gone for good.

What follows from that (users move, the test ends) is the master's business: `MasterRunner.lose`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from katydid import tunables
from katydid.run.absence import ABSENT_SECONDS, Absence
from katydid.run.states import LOADED, State
from katydid.run.verdict import Ending

if TYPE_CHECKING:
    from katydid.run.master import MasterRunner


class Liveness:
    """Watches the workers of one master."""

    def __init__(self, master: MasterRunner) -> None:
        self._master = master
        self._absence = Absence()

    def watch(self) -> None:
        """Judge every worker once a heartbeat; runs for ever."""
        master = self._master
        while True:
            due = master.clock.monotonic() + tunables.HEARTBEAT_INTERVAL
            master.clock.sleep(tunables.HEARTBEAT_INTERVAL)
            master.clock.sleep(0)  # let the socket be drained before anyone is judged
            late = max(0.0, master.clock.monotonic() - due)
            if master.behind:  # their beats may be among what waits
                late += tunables.HEARTBEAT_INTERVAL
            for node in master.clients.active:
                node.last_beat += late  # our own lag is not a worker's silence
                silence = master.clock.monotonic() - node.last_beat
                if silence > tunables.heartbeat_timeout():
                    master.lose(node, f"has not been heard of for {silence:.0f} s")
            if master.clock.monotonic() >= master.hold_until:
                for node in master.clients.awaited:
                    master.lose(node, "did not come back to the restarted master")
            self._check_absence()
            if master.state is State.CLEANUP:
                master.memory.save_if_due()

    def _check_absence(self) -> None:
        master = self._master
        if master.state not in LOADED:
            self._absence = Absence()
            return
        settings, now = master.settings, master.clock.monotonic()
        expected = max(1, settings.expected_workers)
        absent = self._absence.update(now, expected, len(master.nodes()), settings.max_lost)
        if absent:
            text = f"{absent} of {expected} workers have been gone for over {ABSENT_SECONDS:.0f} s."
            master.end(Ending("error", "TooManyWorkersLost", text))
