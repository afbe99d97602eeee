"""The watches, as kopf handlers: an event updates the cache and wakes its LoadTest, no more.

kopf logs what an `on.event` handler raises and never retries it, so nothing that can fail is
done here. Only `on.event` is used: other handlers would copy the spec into an annotation or put
a finalizer on the resource.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kopf

from katydid_operator import names
from katydid_operator.cache import Cache, is_master
from katydid_operator.poller import Poller
from katydid_operator.workqueue import WorkQueue

WATCH_SECONDS = 300  # the server ends a watch after this, and kopf begins the next
SILENCE_SECONDS = 75.0  # bookmarks come each minute; a watch without them is dead
CONNECT_SECONDS = 10.0


class NoDiffs(kopf.DiffBaseStorage):
    """kopf copies each body to see what changed in it; nothing here asks for that."""

    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        return None


def register(
    registry: kopf.OperatorRegistry, cache: Cache, queue: WorkQueue, poller: Poller
) -> None:
    """Register the handlers of LoadTests, pods and Jobs."""

    def on(kind: str) -> Callable[..., Any]:
        async def on_change(type: str | None, body: kopf.Body, **_: Any) -> None:
            taken = {"kind": kind, **body}
            key = cache.remove(taken) if type == "DELETED" else cache.put(taken)
            if key is None:
                return
            if type == "DELETED" and kind == names.KIND:
                cache.forget(key, taken["metadata"].get("uid"))
            elif is_master(taken):
                poller.poke(key)
            queue.add(key)

        return on_change

    labels = {names.LABEL_LOADTEST: kopf.PRESENT}
    test = (names.GROUP, names.VERSION, names.PLURAL)
    kopf.on.event(*test, id="loadtest", registry=registry)(on(names.KIND))
    kopf.on.event("", "v1", "pods", id="pod", labels=labels, registry=registry)(on("Pod"))
    kopf.on.event("batch", "v1", "jobs", id="job", labels=labels, registry=registry)(on("Job"))


def configure(settings: kopf.OperatorSettings) -> None:
    """kopf's own settings: quiet, standalone, with watches that end."""
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.client_timeout = WATCH_SECONDS + 30
    settings.watching.connect_timeout = CONNECT_SECONDS
    settings.watching.inactivity_timeout = SILENCE_SECONDS
    settings.networking.request_timeout = 60
    settings.persistence.diffbase_storage = NoDiffs()
    for resource in (("", "v1", "pods"), ("batch", "v1", "jobs")):
        settings.watching.label_selectors[resource] = names.LABEL_LOADTEST
