"""Placement: how many users of each class each worker shall have, for a total that changes.

Users are added in the order of `ClassSequence`, to workers in turn, and taken away newest first,
so the classes at n users are always the first n of the sequence. When workers come and go, only
the surplus moves: a user on a surviving worker is never restarted for the sake of order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from katydid.load.roster import Roster
from katydid.load.sequence import ClassSequence

Targets = dict[str, dict[str, int]]
"""worker id → class name → users (zeros included)."""


class Placement:
    """The master's view of who should run what. Workers never differ by more than one user."""

    def __init__(self, sequence: ClassSequence) -> None:
        self._sequence = sequence
        self._roster = Roster(sequence.names)
        self._turn: list[str] = []  # workers; the next user goes to the first that is least loaded

    @property
    def total(self) -> int:
        """Users in all, those that wait for a first worker included."""
        return len(self._roster)

    @property
    def workers(self) -> list[str]:
        """Ids of the workers that take part."""
        return self._roster.workers

    @property
    def class_counts(self) -> dict[str, int]:
        """Users of each class on all workers (zeros included)."""
        return self._roster.class_counts

    def targets(self) -> Targets:
        """The absolute number of users of each class, for each worker."""
        return self._roster.counts()

    def set_workers(self, worker_ids: Iterable[str]) -> None:
        """Exactly these workers take part from now on; new ones are served in this order."""
        wanted = list(dict.fromkeys(worker_ids))
        present = set(self._turn)
        self._change(
            add=[worker for worker in wanted if worker not in present],
            remove=present.difference(wanted),
        )

    def add(self, worker_id: str) -> None:
        """A worker joins and takes its share of the surplus; no effect if it is here already."""
        if worker_id not in self._turn:
            self._change(add=[worker_id])

    def remove(self, worker_id: str) -> None:
        """A worker left: its users start on the others; no effect if it is unknown."""
        if worker_id in self._turn:
            self._change(remove={worker_id})

    def resize(self, total: int) -> None:
        """Up in the order of the sequence, down newest first.

        Fewer than `total` users result only when no class may have more (fixed counts are met and
        there are no weights).
        """
        while len(self._roster) < total:
            name = self._sequence.next()
            if name is None:
                break
            self._roster.push(name, self._next_worker())
        if len(self._roster) > max(0, total):
            while len(self._roster) > max(0, total):
                self._sequence.take_back(self._roster.pop(level=True))
            self._roster.level()

    def set_counts(self, class_counts: Mapping[str, int]) -> None:
        """Exactly so many users of the named classes; other classes keep theirs.

        A later `resize` continues with the classes that are then furthest behind their weights.
        """
        for name, wanted in class_counts.items():
            self._roster.add_class(name)
            change = max(0, wanted) - self._roster.class_counts[name]
            for _ in range(change):
                self._roster.push(name, self._next_worker())
            for _ in range(-change):
                self._roster.drop(name)
        self._roster.level()
        self._sequence.resume_at(self._roster.class_counts)

    def set_sequence(self, sequence: ClassSequence) -> None:
        """Later users follow another sequence (classes or weights were changed while running).

        Running users stay. Fixed counts that are met already count as met; the weighted part
        starts from its beginning.
        """
        self._sequence = sequence
        for name in sequence.names:
            self._roster.add_class(name)
        sequence.resume_at(self._roster.class_counts, weighted=False)

    def dump(self) -> dict[str, object]:
        """Plain values for the checkpoint; `load` takes them back."""
        return {
            "sequence": self._sequence.dump(),
            "roster": self._roster.dump(),
            "turn": list(self._turn),
        }

    @classmethod
    def load(cls, dumped: Mapping[str, object]) -> Placement:
        """The placement that `dump` described."""
        sequence, roster, turn = dumped["sequence"], dumped["roster"], dumped["turn"]
        assert isinstance(sequence, dict)
        assert isinstance(roster, dict)
        assert isinstance(turn, list)
        placement = cls(ClassSequence.load(sequence))
        placement._roster = Roster.load(roster)
        placement._turn = list(turn)
        return placement

    def _change(self, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        joined, gone = list(add), set(remove)
        self._roster.change_workers(joined, gone)
        self._turn = [worker for worker in self._turn if worker not in gone] + joined

    def _next_worker(self) -> str | None:
        """In turn, but never to a worker that has more than another."""
        if not self._turn:
            return None
        lowest = self._roster.lowest_load
        position = next(i for i, w in enumerate(self._turn) if self._roster.load_of(w) == lowest)
        worker = self._turn.pop(position)
        self._turn.append(worker)
        return worker
