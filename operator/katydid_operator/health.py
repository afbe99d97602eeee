"""The operator's own HTTP server: /metrics, /healthz, /readyz."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from katydid_operator.metrics import Metrics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def serve(
    metrics: Metrics, port: int, is_ready: Callable[[], bool], is_alive: Callable[[], bool]
) -> web.AppRunner:
    """Listen on all addresses; returns the runner, to be cleaned up."""

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def healthz(_: web.Request) -> web.Response:
        return _answer(is_alive(), "the work queue has ended")

    async def readyz(_: web.Request) -> web.Response:
        return _answer(is_ready(), "the LoadTests are not listed yet")

    app = web.Application()
    app.add_routes(
        [
            web.get("/metrics", show_metrics),
            web.get("/healthz", healthz),
            web.get("/readyz", readyz),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner


def _answer(is_good: bool, otherwise: str) -> web.Response:
    return web.Response(text="ok" if is_good else otherwise, status=200 if is_good else 503)
