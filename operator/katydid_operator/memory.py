"""What one operator process remembers of each LoadTest. Losing it costs questions, no decision."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from katydid_operator.loadtest import LoadTest
from katydid_operator.observed import Learned
from katydid_operator.status import run_number, wants_run
from katydid_operator.workqueue import Key

FORGET_REFUSAL_SECONDS = 10.0
"""How long a refusal by a dry run is believed: quotas and policies change without telling us."""


@dataclass
class Memory:
    """Of one run (or, before it is claimed, of one generation)."""

    about: tuple[Any, ...] = ()
    learned: Learned = field(default_factory=Learned)
    tried_at: datetime | None = None
    written_at: datetime | None = None
    looked_at: datetime | None = None  # the last live GETs

    def learn(self, **changes: Any) -> None:
        self.learned = replace(self.learned, **changes)


class Memories:
    """The memory of every LoadTest."""

    def __init__(self) -> None:
        self._memories: dict[Key, Memory] = {}

    def of(self, key: Key, test: LoadTest, now: datetime) -> Memory:
        """The memory about the present run; another run or resource begins with none."""
        memory = self._memories.setdefault(key, Memory())
        # Before a claim every generation is judged anew.
        generation = test.generation if wants_run(test) else None
        about = (test.uid, run_number(test.status), generation)
        if memory.about != about:
            self._memories[key] = memory = Memory(about, written_at=memory.written_at)
        refused = memory.learned.trial is not None and memory.tried_at is not None
        if refused and memory.tried_at is not None:
            age = (now - memory.tried_at).total_seconds()
            if age >= FORGET_REFUSAL_SECONDS:
                memory.learn(trial=None, is_tried=False)
        return memory

    def forget(self, key: Key) -> None:
        self._memories.pop(key, None)
