"""A worker without the locustfile gets it, with its sibling modules, from the master."""

from __future__ import annotations

import logging
import socket
import uuid

from katydid import tunables
from katydid.errors import WorkersNotReady
from katydid.run.keys import keys_of
from katydid.run.settings import RunSettings
from katydid.wire import messages as m
from katydid.wire.links import LinkRefused, WorkerLink

logger = logging.getLogger(__name__)

ASK_SECONDS = 1.0


def fetch_source(host: str, port: int, settings: RunSettings) -> m.Source:
    """Ask the master until it answers; WorkersNotReady when it never does or refuses us."""
    identity = f"{socket.gethostname()}_source_{uuid.uuid4().hex}"
    link = WorkerLink(host, port, identity, keys_of(settings))
    try:
        attempts = int(tunables.CONNECT_RETRY_COUNT * tunables.CONNECT_TIMEOUT / ASK_SECONDS)
        for _ in range(attempts):
            link.wait_connected(ASK_SECONDS)
            link.send(m.SourceRequest())
            answer = link.receive(timeout=ASK_SECONDS)
            if isinstance(answer, m.Source):
                return answer
        reason = link.trouble
        raise WorkersNotReady(reason or f"The master at {host}:{port} did not send the locustfile.")
    except LinkRefused as error:
        raise WorkersNotReady(str(error)) from error
    finally:
        link.close()
