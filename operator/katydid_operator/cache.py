"""What the watches have shown: LoadTests, and the pods and Jobs that carry our label.

The cache may be old: the planner believes no absence from here. It takes the operator's own
writes too, so that a pass sees what the pass before it has written, whatever the watch is late
with. An older version of an object never replaces a newer one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from katydid_operator import names
from katydid_operator.loadtest import Json
from katydid_operator.workqueue import Key


class Cache:
    """Objects by LoadTest. Nothing here waits or asks. `ignored` namespaces are somebody else's."""

    def __init__(self, ignored: Collection[str] = ()) -> None:
        self._ignored = frozenset(ignored)
        self._tests: dict[Key, Json] = {}
        self._pods: dict[Key, dict[str, Json]] = {}
        self._jobs: dict[Key, dict[str, Json]] = {}
        self._gone: dict[Key, dict[str, Json]] = {}  # last seen masters, by pod name

    def put(self, body: Json) -> Key | None:
        """Take an object in; returns the LoadTest that it belongs to."""
        key = self._key_of(body)
        if key is None:
            return None
        body = _trimmed(body)
        shelf, name = self._shelf(body, key)
        before = shelf.get(name)
        if before is None or not _is_older(body, before):
            shelf[name] = body
        return key

    def remove(self, body: Json) -> Key | None:
        """Forget an object that is gone; a master's last state is kept for its last words."""
        key = self._key_of(body)
        if key is None:
            return None
        shelf, name = self._shelf(body, key)
        before = shelf.get(name)
        if before is not None and _uid(before) != _uid(body):
            return key  # an event about a predecessor of that name
        shelf.pop(name, None)
        self._keep_last(key, name, body)
        self._drop_empty(key)
        return key

    def drop(self, kind: str, key: Key, name: str) -> None:
        """Forget an object that a live GET did not find."""
        shelf = {"Pod": self._pods, "Job": self._jobs}[kind].get(key, {})
        body = shelf.pop(name, None)
        if body is not None:
            self._keep_last(key, name, body)
        self._drop_empty(key)

    def forget(self, key: Key, uid: str | None) -> None:
        """Forget a LoadTest and all that belongs to it; not one of its name that came since."""
        there = self._tests.get(key)
        if there is not None and _uid(there) != uid:
            return
        for shelves in (self._tests, self._pods, self._jobs, self._gone):
            shelves.pop(key, None)

    def test(self, key: Key) -> Json | None:
        return self._tests.get(key)

    def tests(self) -> Iterator[Json]:
        return iter(list(self._tests.values()))

    def known(self) -> dict[Key, str | None]:
        """The UIDs of all LoadTests."""
        return {key: _uid(body) for key, body in self._tests.items()}

    def pod(self, key: Key, name: str) -> Json | None:
        return self._pods.get(key, {}).get(name)

    def pods(self, key: Key) -> list[Json]:
        return list(self._pods.get(key, {}).values())

    def job(self, key: Key, name: str) -> Json | None:
        return self._jobs.get(key, {}).get(name)

    def gone_master(self, key: Key, name: str) -> Json | None:
        """The last seen state of a master pod that is gone."""
        return self._gone.get(key, {}).get(name)

    def _keep_last(self, key: Key, name: str, body: Json) -> None:
        # Of a LoadTest that is gone nothing is asked: what is kept would never be dropped.
        if is_master(body) and key in self._tests:
            self._gone.setdefault(key, {})[name] = _trimmed(body)

    def _drop_empty(self, key: Key) -> None:
        for shelves in (self._pods, self._jobs):
            if not shelves.get(key, True):
                del shelves[key]

    def _key_of(self, body: Json) -> Key | None:
        key = key_of(body)
        return None if key is not None and key[0] in self._ignored else key

    def _shelf(self, body: Json, key: Key) -> tuple[dict[Any, Json], Any]:
        kind, name = body["kind"], body["metadata"]["name"]
        if kind == names.KIND:
            return self._tests, key
        shelves = self._pods if kind == "Pod" else self._jobs
        return shelves.setdefault(key, {}), name


def key_of(body: Json) -> Key | None:
    """The LoadTest that an object belongs to; None for a stranger's."""
    metadata = body.get("metadata") or {}
    if body.get("kind") == names.KIND:
        return metadata["namespace"], metadata["name"]
    test = (metadata.get("labels") or {}).get(names.LABEL_LOADTEST)
    return (metadata["namespace"], test) if test else None


def _uid(body: Json) -> Any:
    return (body.get("metadata") or {}).get("uid")


def is_master(body: Json) -> bool:
    """Whether the object is the master pod of some run."""
    labels = (body.get("metadata") or {}).get("labels") or {}
    return body.get("kind") == "Pod" and labels.get(names.LABEL_ROLE) == names.MASTER


def _is_older(body: Json, before: Json) -> bool:
    """Whether `body` is an earlier version of the same object."""
    if _uid(body) != _uid(before):
        return False
    try:
        return int(body["metadata"]["resourceVersion"]) < int(before["metadata"]["resourceVersion"])
    except (KeyError, ValueError):
        return False  # versions are opaque by the letter; then the later event counts


def _trimmed(body: Json) -> Json:
    metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    return {**body, "metadata": metadata}
