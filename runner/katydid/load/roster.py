"""Who runs which users: users in the order they were added, and the worker of each.

Users of one class are interchangeable, so a user is its class plus an entry in that class's list
of owners; counts per worker follow from it. Levelling moves the fewest users that make workers
differ by at most one. Which class or worker comes next is decided by the callers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from heapq import heapify, heapreplace


class Roster:
    """Users on workers. A user without a worker (there is none) is owned by None."""

    def __init__(self, classes: Iterable[str], workers: Iterable[str] = ()) -> None:
        self._classes = list(classes)
        self._log: list[str] = []  # class of each user, oldest first
        self._owners: dict[str, list[str | None]] = {name: [] for name in self._classes}
        self._counts: dict[str, dict[str, int]] = {}
        self._loads: dict[str, int] = {}
        self._levels: Counter[int] = Counter()  # load → workers that have it
        self._unplaced = 0
        for worker in workers:
            self._register(worker)

    def __len__(self) -> int:
        return len(self._log)

    @property
    def workers(self) -> list[str]:
        """Worker ids in the order they joined."""
        return list(self._counts)

    @property
    def class_counts(self) -> dict[str, int]:
        """Users of each class on all workers."""
        return {name: len(owners) for name, owners in self._owners.items()}

    def counts(self) -> dict[str, dict[str, int]]:
        """Users of each class (zeros included) on each worker; a copy."""
        return {worker: dict(counts) for worker, counts in self._counts.items()}

    def load_of(self, worker: str) -> int:
        """Users on `worker`."""
        return self._loads[worker]

    @property
    def lowest_load(self) -> int:
        """Users on the least loaded worker; 0 without workers."""
        return min(self._levels, default=0)

    def add_class(self, name: str) -> None:
        """From now on `name` may have users."""
        if name not in self._owners:
            self._classes.append(name)
            self._owners[name] = []
            for counts in self._counts.values():
                counts[name] = 0

    def push(self, name: str, worker: str | None) -> None:
        """One more user of class `name`, on `worker`."""
        self._log.append(name)
        self._owners[name].append(worker)
        if worker is None:
            self._unplaced += 1
        else:
            self._count(worker, name, 1)

    def pop(self, level: bool = False) -> str:
        """Take the newest user away and return its class.

        With `level`, another user of that class goes in its place where its worker is not among
        the most loaded ones.
        """
        name = self._log.pop()
        self._release(name, level)
        return name

    def drop(self, name: str) -> None:
        """Take the newest user of class `name` away."""
        position = len(self._log) - 1 - self._log[::-1].index(name)
        del self._log[position]
        self._release(name, level=True)

    def change_workers(self, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Workers join and leave: users of those that left are placed anew, then levelled.

        Users on surviving workers stay where they are, but for the surplus that a new worker takes.
        """
        gone = {worker for worker in remove if worker in self._counts}
        for worker in gone:
            self._move_level(self._loads.pop(worker), None)
            self._unplaced += sum(self._counts.pop(worker).values())
        if gone:
            for owners in self._owners.values():
                owners[:] = [None if owner in gone else owner for owner in owners]
        for worker in add:
            if worker not in self._counts:
                self._register(worker)
        self.level()

    def level(self) -> None:
        """Place users that have no worker, then move the fewest so that loads differ by ≤ 1."""
        if not self._counts:
            return
        if self._unplaced:
            self._place_unplaced()
        if max(self._levels) - min(self._levels) > 1:
            self._move_surplus()

    def dump(self) -> dict[str, object]:
        """Plain values; `load` takes them back."""
        workers, classes = list(self._counts), list(self._classes)
        worker_index = {worker: i for i, worker in enumerate(workers)}
        class_index = {name: i for i, name in enumerate(classes)}
        return {
            "workers": workers,
            "classes": classes,
            "log": [class_index[name] for name in self._log],
            "owners": [
                [-1 if owner is None else worker_index[owner] for owner in self._owners[name]]
                for name in classes
            ],
        }

    @classmethod
    def load(cls, dumped: Mapping[str, object]) -> Roster:
        """The roster that `dump` described."""
        workers, classes = dumped["workers"], dumped["classes"]
        log, owners = dumped["log"], dumped["owners"]
        assert isinstance(workers, list)
        assert isinstance(classes, list)
        assert isinstance(log, list)
        assert isinstance(owners, list)
        roster = cls(classes, workers)
        taken = [0] * len(classes)
        for index in log:
            owner = owners[index][taken[index]]
            taken[index] += 1
            roster.push(classes[index], None if owner < 0 else workers[owner])
        return roster

    # Counting

    def _register(self, worker: str) -> None:
        self._counts[worker] = dict.fromkeys(self._classes, 0)
        self._loads[worker] = 0
        self._levels[0] += 1

    def _count(self, worker: str, name: str, change: int) -> None:
        self._counts[worker][name] += change
        load = self._loads[worker]
        self._loads[worker] = load + change
        self._move_level(load, load + change)

    def _move_level(self, old: int, new: int | None) -> None:
        self._levels[old] -= 1
        if not self._levels[old]:
            del self._levels[old]
        if new is not None:
            self._levels[new] += 1

    # Taking away

    def _release(self, name: str, level: bool) -> None:
        owners = self._owners[name]
        owner = owners[-1]
        if owner is None:
            owners.pop()
            self._unplaced -= 1
            return
        if level and self._loads[owner] < max(self._levels):
            chosen = max(
                (worker for worker, counts in self._counts.items() if counts[name]),
                key=self._loads.__getitem__,
            )
            if self._loads[chosen] > self._loads[owner]:
                newest = len(owners) - 1 - owners[::-1].index(chosen)
                owners[newest] = owner
                owner = chosen
        owners.pop()
        self._count(owner, name, -1)

    # Levelling

    def _place_unplaced(self) -> None:
        free = [(load, turn, worker) for turn, (worker, load) in enumerate(self._loads.items())]
        heapify(free)
        seen = dict.fromkeys(self._classes, 0)
        for name in self._log:
            position = seen[name]
            seen[name] += 1
            owners = self._owners[name]
            if owners[position] is None:
                load, turn, worker = free[0]
                owners[position] = worker
                self._count(worker, name, 1)
                heapreplace(free, (load + 1, turn, worker))
        self._unplaced = 0

    def _move_surplus(self) -> None:
        """Most loaded to least loaded, until they differ by one at most."""
        poor = [(load, turn, worker) for turn, (worker, load) in enumerate(self._loads.items())]
        rich = [(-load, turn, worker) for load, turn, worker in poor]
        heapify(poor)
        heapify(rich)
        moves: dict[tuple[str, str], list[str]] = defaultdict(list)  # (class, donor) → receivers
        while rich and -rich[0][0] - poor[0][0] > 1:
            (rich_load, rich_turn, donor), (poor_load, poor_turn, receiver) = rich[0], poor[0]
            name = self._class_to_move(donor, receiver)
            moves[name, donor].append(receiver)
            self._count(donor, name, -1)
            self._count(receiver, name, 1)
            heapreplace(rich, (rich_load + 1, rich_turn, donor))
            heapreplace(poor, (poor_load + 1, poor_turn, receiver))
        for (name, donor), receivers in moves.items():
            self._reassign(name, donor, receivers)

    def _class_to_move(self, donor: str, receiver: str) -> str:
        """The class that the receiver lacks most, of those that the donor has."""
        total, load = len(self._log), self._loads[receiver] + 1
        has = self._counts[receiver]

        def lack(name: str) -> float:
            return len(self._owners[name]) * load / total - has[name]

        return max((name for name, n in self._counts[donor].items() if n), key=lack)

    def _reassign(self, name: str, donor: str, receivers: list[str]) -> None:
        """Entries spread over the donor's list, so that later ramp-downs stay level."""
        owners = self._owners[name]
        positions = [i for i, owner in enumerate(owners) if owner == donor]
        step = len(positions) / len(receivers)
        for turn, receiver in enumerate(receivers):
            owners[positions[int((turn + 0.5) * step)]] = receiver


def by_host(worker_ids: Iterable[str]) -> list[str]:
    """Locust's order of workers: in turn over hosts, the host being what precedes the first `_`."""
    seen: Counter[str] = Counter()
    keyed: list[tuple[int, str]] = []
    for worker in sorted(worker_ids):
        host = worker.split("_", 1)[0]
        keyed.append((seen[host], worker))
        seen[host] += 1
    return [worker for _, worker in sorted(keyed)]
