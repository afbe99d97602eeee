"""Who may read and who may change: the token, its browser session, log-in, foreign origins.

Reading is open unless the locustfile asks for a log-in (`--web-login`). Changing needs, where the
run has a token, that token as a bearer header, or the cookie that the log-in form gives for it, or
a logged-in user. The cookie carries a value derived from the token, so neither a log line nor a
stolen cookie tells the token itself. A change that another site's page asks for is refused: by its
Origin, and on a listener that only this machine reaches also by a Host that is not ours (DNS
rebinding).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from typing import Any
from urllib.parse import urlsplit

from flask import request
from flask_login import current_user
from werkzeug.wrappers import Response

from katydid.web.answers import Refusal

CHANGING_METHODS = {"POST", "PUT", "PATCH", "DELETE"}
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Access:
    """The rules of one web UI; every check raises Refusal with a sentence."""

    def __init__(self, token: str | None, web_login: bool, loopback_only: bool) -> None:
        self.web_login = web_login
        self._token = token or None
        self._loopback_only = loopback_only
        self._cookie_name, self._cookie_value = _cookie_of(self._token)

    @property
    def needs_token(self) -> bool:
        return self._token is not None

    def may_change(self) -> bool:
        """Whether the running request carries what a change needs."""
        if self._token is None:
            return not self.web_login or self.logged_in()
        return self._has_token() or self.logged_in()

    def may_read(self) -> bool:
        return not self.web_login or self._has_token() or self.logged_in()

    def check_change(self) -> None:
        """Refuse a change by a foreign page, or without what it needs."""
        self.check_origin()
        if not self.may_change():
            raise Refusal(401, "This needs the token of the run: log in, or send it as a bearer.")

    def check_origin(self) -> None:
        """Refuse what the page of another site asked for."""
        if self._is_foreign():
            raise Refusal(403, "A page of another site may not change this run.")
        if self._loopback_only and self._token is None and not _is_local_name(request.host):
            raise Refusal(403, f"`{request.host}` is not a name of this machine.")

    def is_token(self, text: str) -> bool:
        return self._token is not None and hmac.compare_digest(text.encode(), self._token.encode())

    def give_cookie(self, response: Response, path: str, secure: bool) -> None:
        """Let the browser that gets `response` change the run from now on."""
        response.set_cookie(
            self._cookie_name,
            self._cookie_value,
            path=path,
            secure=secure,
            httponly=True,
            samesite="Strict",
        )

    def logged_in(self) -> bool:
        """Whether the locustfile's own log-in knows who asks."""
        return self.web_login and bool(_authenticated(current_user))

    def _has_token(self) -> bool:
        if self._token is None:
            return False
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.is_token(sent.strip()):
            return True
        cookie = request.cookies.get(self._cookie_name, "")
        return hmac.compare_digest(cookie.encode(), self._cookie_value.encode())

    def _is_foreign(self) -> bool:
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if origin is None:
            # A navigation by GET carries no Origin; browsers say where it came from instead.
            return site not in (None, "none", "same-origin")
        parts = urlsplit(origin)
        default = _DEFAULT_PORTS.get(parts.scheme, "")
        ours = {request.host, *_forwarded_hosts()}
        return parts.netloc.removesuffix(default).lower() not in {
            host.removesuffix(default).lower() for host in ours
        }


def _forwarded_hosts() -> list[str]:
    # A proxy sets it; a foreign page cannot, since that would take a preflight that we refuse.
    header = request.headers.get("X-Forwarded-Host", "")
    return [host.strip() for host in header.split(",") if host.strip()]


def _cookie_of(token: str | None) -> tuple[str, str]:
    """Name and value of the session cookie: one name per token, since ports share cookies."""
    key = (token or "").encode()
    name = hmac.new(key, b"katydid cookie name", hashlib.sha256).hexdigest()[:8]
    return f"katydid_{name}", hmac.new(key, b"katydid session", hashlib.sha256).hexdigest()


def _is_local_name(host: str) -> bool:
    name = (urlsplit(f"//{host}").hostname or "").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True  # an address cannot be rebound to another


def is_loopback(host: str) -> bool:
    """Whether a listener on `host` is reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _authenticated(user: Any) -> bool:
    return getattr(user, "is_authenticated", False)
