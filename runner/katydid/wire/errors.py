"""What goes wrong on the wire: exceptions of the codec and links, and a failure as a value.

RPCError
├── RPCSendError ── EncodeError          a message holds something that cannot travel
├── RPCReceiveError ── DecodeError       frames are not a message
│                      └── UnknownName   a report uses a name that this side never heard
├── LinkRefused                          the other side refuses us for good: keys do not match
└── LinkClosed                           this side closed the link
"""

from __future__ import annotations

from dataclasses import dataclass

from katydid.errors import RPCError, RPCReceiveError, RPCSendError


class EncodeError(RPCSendError):
    """A message holds something that cannot travel; the text names it."""


class DecodeError(RPCReceiveError):
    """Frames are not a message of ours."""


class UnknownName(DecodeError):
    """A report refers to a name that was defined in a report which never arrived."""


class LinkRefused(RPCError):
    """The handshake failed for good: one side has another key, or none."""


class LinkClosed(RPCError):
    """The link was closed on this side."""


@dataclass(frozen=True)
class DecodeFailure:
    """Frames that were no message, as a value: one bad peer must not end the reader's loop."""

    reason: str  # a sentence for the log
    resync: bool = False  # True: names were lost; answer with Welcome, the worker sends again
