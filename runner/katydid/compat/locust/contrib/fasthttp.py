"""`locust.contrib.fasthttp`: FastHttpUser and its client."""

from katydid.compat.locust.util.deprecation import DeprecatedFastHttpLocustClass as FastHttpLocust
from katydid.http.fast import (
    ErrorResponse,
    FastHttpSession,
    FastResponse,
    LocustBadStatusCode,
)
from katydid.user.http_users import FastHttpUser

__all__ = [
    "ErrorResponse",
    "FastHttpLocust",
    "FastHttpSession",
    "FastHttpUser",
    "FastResponse",
    "LocustBadStatusCode",
]
