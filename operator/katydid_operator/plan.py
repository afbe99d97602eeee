"""The planner: what is observed and the time → what to do and what to write down. Pure.

claimed?   no  → `before`   suspended, stopped, waiting for sources, claiming
           yes → finished?  no  → `during`   launching, running, edits, the end
                            yes → `after`    results, tearing down, times to live
"""

from __future__ import annotations

from datetime import datetime

from katydid_operator.actions import Plan
from katydid_operator.after import plan_after
from katydid_operator.before import plan_before
from katydid_operator.during import plan_during
from katydid_operator.observed import Observed
from katydid_operator.status import is_finished, wants_run


def plan(seen: Observed, now: datetime) -> Plan:
    """What to do about this LoadTest at this time. The same input gives the same plan."""
    if seen.test.is_deleted:
        return Plan(seen.test.status)
    if wants_run(seen.test):
        return plan_before(seen, now)
    if is_finished(seen.test.status):
        return plan_after(seen, now)
    return plan_during(seen, now)
