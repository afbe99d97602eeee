"""`locust.rpc.protocol`: Locust's message, as custom messages and test suites use it."""

from __future__ import annotations

import datetime
from typing import Any

import msgpack

_FORMAT = "%Y%m%dT%H:%M:%S.%f"


class Message:
    """A type, data and the id of the node it belongs to."""

    def __init__(self, message_type: str, data: Any, node_id: str | None) -> None:
        self.type = message_type
        self.data = data
        self.node_id = node_id

    def __repr__(self) -> str:
        return f"<Message {self.type}:{self.node_id}>"

    def serialize(self) -> bytes:
        """msgpack of (type, data, node id); datetimes as Locust writes them."""
        packed: bytes = msgpack.dumps((self.type, self.data, self.node_id), default=_encode)
        return packed

    @classmethod
    def unserialize(cls, data: bytes) -> Message:
        """The message that `serialize` wrote."""
        return cls(*msgpack.loads(data, strict_map_key=False, object_hook=_decode))


def _encode(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return {"__datetime__": True, "as_str": value.strftime(_FORMAT)}
    raise TypeError(f"a {type(value).__name__} cannot be sent in a message")


def _decode(value: dict[Any, Any]) -> Any:
    if "__datetime__" in value:
        return datetime.datetime.strptime(value["as_str"], _FORMAT)
    return value
