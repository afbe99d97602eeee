"""The metrics of a session: on the web page's port, on one of their own, sent by remote write."""

from __future__ import annotations

import logging

import gevent
from flask import request
from gevent.event import Event

from katydid.cli.options import katydid_options
from katydid.cli.prepare import Prepared
from katydid.errors import UsageError
from katydid.metrics.catalogue import BUCKETS_SECONDS
from katydid.metrics.collector import EngineCollector
from katydid.metrics.remote_write import RemoteWriter, endpoint
from katydid.metrics.server import PATH, Exposition, MetricsServer
from katydid.metrics.workers import LocalWorker, MasterWorkers
from katydid.run.local import LocalRunner
from katydid.run.master import MasterRunner
from katydid.web.ui import WebUI

logger = logging.getLogger(__name__)

UNSCRAPED_SECONDS = 15.0
"""A pod that nobody ever scraped waits no longer than this for a last scrape."""


class Metrics:
    """Serves and sends the metrics of a runner until `stop`."""

    def __init__(
        self,
        exposition: Exposition,
        server: MetricsServer | None,
        writer: RemoteWriter | None,
        linger: float,
    ) -> None:
        self._exposition = exposition
        self._server = server
        self._writer = writer
        self._linger = linger

    def send_last(self) -> None:
        """The results are complete: send them where metrics are sent to."""
        if self._writer is not None:
            self._writer.finish()

    def linger(self, over: Event, in_pod: bool) -> None:
        """Block until the metrics were scraped once more, or `over` is set."""
        seconds = self._linger
        if in_pod and not self._exposition.scrapes:
            seconds = min(seconds, UNSCRAPED_SECONDS)
        if seconds > 0:
            gevent.wait([self._exposition.next_scrape(), over], timeout=seconds, count=1)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()


def start_metrics(
    prepared: Prepared, runner: LocalRunner | MasterRunner, web: WebUI | None
) -> Metrics | None:
    """Serve the metrics beside `web` and on --metrics-port, and send them to --remote-write; None
    where there is none of these.

    UsageError when the port cannot be had; a pod goes on without it.
    """
    ours = katydid_options(prepared.options)
    if web is None and ours.metrics_port is None and ours.remote_write is None:
        return None
    to = None
    if ours.remote_write is not None:
        to = endpoint(ours.remote_write, ours.remote_write_interval, ours.remote_write_headers)
    local = isinstance(runner, LocalRunner)
    exposition = Exposition(
        EngineCollector(
            runner,
            LocalWorker(runner) if isinstance(runner, LocalRunner) else MasterWorkers(runner),
            "local" if local else "master",
            ours.metrics_buckets or BUCKETS_SECONDS,
        )
    )
    if web is not None:
        _mount(exposition, web)
    server = None if ours.metrics_port is None else _serve(prepared, exposition, ours.metrics_port)
    writer = RemoteWriter(exposition.pieces, to) if to is not None else None
    return Metrics(exposition, server, writer, ours.metrics_linger)


def _mount(exposition: Exposition, web: WebUI) -> None:
    view = web.auth_required_if_enabled(lambda: exposition.answer(request.environ))
    web.app.add_url_rule(f"{web.web_base_path}{PATH}", "katydid_metrics", view)


def _serve(prepared: Prepared, exposition: Exposition, port: int) -> MetricsServer | None:
    options, launch = prepared.options, prepared.launch
    host = "" if options.web_host == "*" else options.web_host
    if launch.runs_once and not launch.announce_pod and not host:
        host = "127.0.0.1"  # a laptop's run is its owner's
    try:
        server = MetricsServer(exposition, host, port)
    except UsageError as error:
        if not launch.announce_pod:
            raise
        logger.error("%s The test goes on without.", error)
        return None
    logger.info("Serving metrics at %s", server.url)
    return server
