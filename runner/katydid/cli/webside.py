"""The web page of a session, where it has one."""

from __future__ import annotations

import logging

from katydid.cli.options import extra_options, katydid_options
from katydid.cli.prepare import Prepared
from katydid.errors import UsageError
from katydid.run.keys import keys_of
from katydid.web.ui import WebUI

logger = logging.getLogger(__name__)


def make_web(prepared: Prepared) -> WebUI | None:
    """The page, unless --headless. It does not listen yet: locustfiles add routes at init, and
    Flask takes none after the first request."""
    options, launch = prepared.options, prepared.launch
    if options.headless:
        return None
    host = options.web_host
    if launch.runs_once and not launch.announce_pod and host in ("", "*"):
        host = "127.0.0.1"  # a laptop's run is its owner's
    keys = keys_of(prepared.settings)
    return prepared.environment.create_web_ui(
        host,
        options.web_port,
        web_base_path=options.web_base_path,
        web_login=options.web_login,
        tls_cert=options.tls_cert or None,
        tls_key=options.tls_key or None,
        delayed_start=True,
        userclass_picker_is_active=options.class_picker,
        build_path=options.build_path or None,
        token=katydid_options(options).control_token or (keys.api_token if keys else None),
        extra_options=lambda: extra_options(prepared.parser, options),
    )


def listen(web: WebUI, prepared: Prepared) -> None:
    """Serve from now on. UsageError when the port is taken."""
    launch = prepared.launch
    try:
        web.start()
    except OSError as error:
        if not launch.runs_once or launch.announce_pod:
            raise UsageError(
                f"The web page cannot listen on port {web.port}: {error.strerror}. "
                "Choose another with --web-port, or --headless for none."
            ) from error
        web.port = 0  # a busy port must not stop a run
        web.start()
    more = "" if launch.runs_once else ", press enter to open your default browser."
    logger.info("Starting web interface at %s%s", web.url, more)
