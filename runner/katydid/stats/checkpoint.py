"""Statistics as a plain value and back: what a master's checkpoint keeps.

`load(dump())` gives the same totals, failures, status codes, history and service times, bit for
bit. The last seconds for current rates and windows are not kept: they fill again by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from katydid.stats.batch import Batch
from katydid.stats.ledger import Ledger

if TYPE_CHECKING:
    from katydid.stats.request_stats import RequestStats

VERSION = 1

_INTS = ("rows", "counters", "cells", "counts")
_FLOATS = ("total_ms", "min_ms", "max_ms", "last")


def dump_batch(batch: Batch) -> dict[str, Any]:
    """Columns as bytes."""
    state: dict[str, Any] = {
        name: getattr(batch, name).astype(np.int64).tobytes() for name in _INTS
    }
    state |= {name: getattr(batch, name).tobytes() for name in _FLOATS}
    state["codes"] = [list(code) for code in batch.codes]
    return state


def load_batch(state: dict[str, Any]) -> Batch:
    """The inverse of `dump_batch`."""
    ints = {name: np.frombuffer(state[name], dtype=np.int64) for name in _INTS}
    ints["counters"] = ints["counters"].reshape(-1, 4)
    floats = {name: np.frombuffer(state[name], dtype=np.float64) for name in _FLOATS}
    codes = tuple((row, status, count) for row, status, count in state["codes"])
    return Batch(
        rows=ints["rows"],
        counters=ints["counters"],
        cells=ints["cells"],
        counts=ints["counts"],
        codes=codes,
        **floats,
    )


def dump(stats: RequestStats) -> dict[str, Any]:
    """The whole of `stats`; samples that wait are counted first."""
    stats.flush()
    service = stats.service_ledger
    seconds = stats._seconds
    return {
        "version": VERSION,
        "keys": [list(key) for key in stats._keys[1:]],
        "stamps": list(stats._stamps),
        "started": list(stats._started),
        "ledger": _dump_ledger(stats.ledger),
        "service": None if service is None else _dump_ledger(service),
        "errors": [list(row) for row in stats._log.rows()],
        "errors_dropped": stats._log.dropped,
        "names_dropped": stats.names_dropped,
        "closed_through": seconds.closed_through,
        "open": [[second, dump_batch(batch)] for second, batch in seconds.batches().items()],
        "facts": [[second, *facts] for second, facts in stats._facts.items()],
        "latest_facts": list(stats._latest_facts),
        "history": stats._history.dump(),
    }


def load(stats: RequestStats, state: dict[str, Any]) -> None:
    """Replace everything in `stats`. ValueError for a dump of another version."""
    if state["version"] != VERSION:
        raise ValueError(f"statistics of version {state['version']} cannot be read")
    stats.clear_all()
    for method, name in state["keys"]:
        stats.row_of(method, name)
    stats._stamps = list(state["stamps"])
    stats._started = list(state["started"])
    _load_ledger(stats.ledger, state["ledger"])
    if state["service"] is not None:
        stats.enable_service()
        assert stats.service_ledger is not None
        _load_ledger(stats.service_ledger, state["service"])
    for method, name, text, reason, occurrences, first, last in state["errors"]:
        stats._log.merge((method, name, text, reason, occurrences, first, last))
    stats._log.dropped = state["errors_dropped"]
    stats._names_dropped_elsewhere = state["names_dropped"]
    for second, saved in state["open"]:
        batch = load_batch(saved)
        stats._seconds.charge(second, batch, stats.ledger.pages.places(batch.cells), second)
    stats._seconds.closed_through = state["closed_through"]
    stats._facts = {second: (users, workers, n) for second, users, workers, n in state["facts"]}
    users, workers = state["latest_facts"]
    stats._latest_facts = (users, workers)
    stats._history.load(state["history"])


def _dump_ledger(ledger: Ledger) -> list[dict[str, Any]]:
    return [dump_batch(ledger.run.batch()), dump_batch(ledger.fresh.batch())]


def _load_ledger(ledger: Ledger, state: list[dict[str, Any]]) -> None:
    for tally, saved in zip((ledger.run, ledger.fresh), state, strict=True):
        batch = load_batch(saved)
        tally.add(batch, ledger.pages.places(batch.cells))
