"""`python -m katydid_operator`: settings, logging, credentials, signals; then `running.run`."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from typing import Any

import kopf
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from katydid_operator.errors import OperatorError, SettingsError
from katydid_operator.running import run
from katydid_operator.settings import Settings, from_environment

EXIT_USAGE = 64
EXIT_FAILED = 1


class _JsonFormatter(logging.Formatter):
    """One object a line, for log collectors."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def main() -> int:
    """Run the operator; returns the exit code."""
    try:
        settings = from_environment(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    _set_up_logging(settings)
    try:
        asyncio.run(_main(settings))
    except (OperatorError, ConfigException) as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED
    return 0


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    configuration = Configuration()
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the client is half typed
    else:
        await load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # as above
    await run(settings, configuration, _login, stop)


def _login(**given: Any) -> kopf.ConnectionInfo | None:
    """kopf's own credentials: those of the pod, or of the kubeconfig."""
    return kopf.login_with_service_account(**given) or kopf.login_with_kubeconfig(**given)


def _set_up_logging(settings: Settings) -> None:
    handler = logging.StreamHandler()
    if settings.log_format == "json":
        handler.setFormatter(_JsonFormatter())
    else:
        text = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
        handler.setFormatter(logging.Formatter(text))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    logging.getLogger("kopf").setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
