"""`locust.event`: hooks and the set of all of them."""

from katydid.events import EventHook, Events, RequestEvent

__all__ = ["EventHook", "Events", "RequestEvent"]
