"""`locust.rpc.zmqrpc`: names only. The sockets of Katydid are `katydid.wire.links`."""

from __future__ import annotations

from typing import Any

from katydid.errors import RPCError

__all__ = ["BaseSocket", "Client", "Server"]


class BaseSocket:
    """Raises RPCError when it is made: Locust's own protocol is not spoken here."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise RPCError(
            f"locust.rpc.zmqrpc.{type(self).__name__} is not offered: Katydid's master and workers "
            "speak their own protocol. Use runner.send_message and register_message."
        )


class Server(BaseSocket):
    """See BaseSocket."""


class Client(BaseSocket):
    """See BaseSocket."""
