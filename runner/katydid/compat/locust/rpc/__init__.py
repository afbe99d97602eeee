"""`locust.rpc`: the message type. Katydid's master and workers speak a protocol of their own."""

from katydid.compat.locust.rpc.protocol import Message

__all__ = ["Message"]
