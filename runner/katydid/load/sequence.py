"""The order in which user classes get their users: fixed counts first, then weights (LOCUST §6).

A pick takes the class whose share of the users given so far is furthest behind its weight, by the
gain in Kullback-Leibler divergence. Here is the order alone; which worker gets a user is decided
in `placement` and `dispatch`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import log2

Classes = Iterable[tuple[str, float, int]]
"""(name, weight ≥ 0, fixed count ≥ 0) of each class; a fixed count > 0 beats the weight."""


class WeightedOrder:
    """Endless picks from weighted names; its whole state is how often each was given."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = {name: float(w) for name, w in weights.items() if w > 0}
        self._given = dict.fromkeys(self._weights, 0)
        self._keys = {name: self._key(name) for name in self._weights}

    @property
    def names(self) -> frozenset[str]:
        """Names that can be picked: those with a weight."""
        return frozenset(self._weights)

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each name that has one."""
        return dict(self._weights)

    @property
    def given(self) -> dict[str, int]:
        """How often each name was given."""
        return dict(self._given)

    def best(self, among: Iterable[str] | None = None) -> str | None:
        """The name whose turn it is, of `among` if given; None where there is none."""
        keys = self._keys
        if among is not None:
            return min((keys[name] for name in among if name in keys), default=(0, 0, 0, None))[3]
        return min(keys.values())[3] if keys else None

    def give(self, name: str, times: int = 1) -> None:
        """Count `name` as given (negative `times`: take it back)."""
        self.set_given(name, self._given[name] + times)

    def set_given(self, name: str, times: int) -> None:
        """`name` was given so often; never less than 0."""
        self._given[name] = max(0, times)
        self._keys[name] = self._key(name)

    def _key(self, name: str) -> tuple[float, float, float, str]:
        weight = self._weights[name]
        reached = weight + self._given[name]
        return weight * log2(reached / (reached + 1)), reached + 1, weight, name


class ClassSequence:
    """The classes of users 1, 2, 3 …: a pure function of the classes, resumable anywhere.

    `take_back` undoes a `next`, in any order, so that after a ramp-down to n users the classes
    are again exactly the first n of the sequence.
    """

    def __init__(self, classes: Classes) -> None:
        listed = sorted(classes)
        self._fixed_counts = {name: fixed for name, _, fixed in listed if fixed > 0}
        self._fixed = WeightedOrder(self._fixed_counts)
        self._weighted = WeightedOrder({name: w for name, w, fixed in listed if fixed <= 0})
        self.names: tuple[str, ...] = tuple(name for name, _, _ in listed)

    def next(self) -> str | None:
        """The class of the next user; None when no class can have one more."""
        missing = self._missing_fixed()
        if missing:
            name = self._fixed.best(missing)
            order = self._fixed
        else:
            name = self._weighted.best()
            order = self._weighted
        if name is not None:
            order.give(name)
        return name

    def take_back(self, name: str) -> None:
        """A user of class `name` that `next` gave is gone again."""
        order = self._fixed if name in self._fixed_counts else self._weighted
        if name in order.names:
            order.give(name, -1)

    def resume_at(self, counts: Mapping[str, int], weighted: bool = True) -> None:
        """Go on as if `counts` had been given; without `weighted`, weights start from zero."""
        for name in self._fixed.names:
            self._fixed.set_given(name, counts.get(name, 0))
        for name in self._weighted.names:
            self._weighted.set_given(name, counts.get(name, 0) if weighted else 0)

    def counts(self, total: int) -> dict[str, int]:
        """Users per class when `total` users run, from the start of the sequence."""
        fresh = ClassSequence(self._classes())
        result = dict.fromkeys(self.names, 0)
        for _ in range(total):
            name = fresh.next()
            if name is None:
                break
            result[name] += 1
        return result

    def dump(self) -> dict[str, object]:
        """Plain values for the checkpoint; `load` takes them back."""
        return {
            "classes": [list(row) for row in self._classes()],
            "given": {**self._fixed.given, **self._weighted.given},
        }

    @classmethod
    def load(cls, dumped: Mapping[str, object]) -> ClassSequence:
        """The sequence that `dump` described."""
        rows, given = dumped["classes"], dumped["given"]
        assert isinstance(rows, list)
        assert isinstance(given, dict)
        sequence = cls((name, weight, fixed) for name, weight, fixed in rows)
        for name, times in given.items():
            order = sequence._fixed if name in sequence._fixed_counts else sequence._weighted
            order.set_given(name, times)
        return sequence

    def _missing_fixed(self) -> list[str]:
        if not self._fixed_counts:
            return []
        given = self._fixed.given
        return [name for name, count in self._fixed_counts.items() if given[name] < count]

    def _classes(self) -> list[tuple[str, float, int]]:
        weights = self._weighted.weights
        fixed = self._fixed_counts
        return [(name, weights.get(name, 0.0), fixed.get(name, 0)) for name in self.names]
