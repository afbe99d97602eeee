"""The listener of the web UI: gevent.pywsgi with TCP_NODELAY, TLS, and errors as sentences."""

from __future__ import annotations

import errno
import logging
import os
import socket
import ssl
from typing import Any

from gevent.pywsgi import WSGIServer

from katydid.errors import UsageError

logger = logging.getLogger(__name__)

BACKLOG = 256


class WebServer(WSGIServer):
    """pywsgi writes head and body apart: without NODELAY each keep-alive answer takes 40 ms."""

    def handle(self, connection: socket.socket, address: Any) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().handle(connection, address)


def listen(host: str, port: int) -> socket.socket:
    """A bound listener; "" or "*" is every address. UsageError where it cannot be had."""
    try:
        return _bind("" if host == "*" else host, port)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0  # create_server adds the address to strerror
        reason = os.strerror(number) if number > 0 else error
        raise UsageError(
            f"The web interface cannot listen on {host or '*'}:{port}: {reason}. "
            "Choose another port with --web-port (0 takes a free one)."
        ) from error


def _bind(host: str, port: int) -> socket.socket:
    if host == "" and socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
            )
        except OSError as error:
            # Anything else is a kernel that has IPv6 switched off: IPv4 alone will do.
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def tls_context(cert: str | None, key: str | None) -> ssl.SSLContext | None:
    """The server side of TLS from PEM files, None without; UsageError where they do not fit."""
    if not cert and not key:
        return None
    if not cert or not key:
        raise UsageError("--tls-cert and --tls-key need each other.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"The TLS files {cert} and {key} cannot be used: {error}.") from error
    return context


def serve(listener: socket.socket, app: Any, context: ssl.SSLContext | None) -> WebServer:
    """A server that accepts from now on."""
    if context is None:
        server = WebServer(listener, app, log=None, error_log=logger)
    else:
        server = WebServer(listener, app, log=None, error_log=logger, ssl_context=context)
    server.start()
    return server
