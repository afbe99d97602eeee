"""`/api/v1`: the run as JSON, its steering, its outputs (DESIGN §2.8).

Names in answers are those of `run.document`; names in bodies are the manifest's (`spawnRate`,
`runTime`). A refusal is {"error": sentence} with a fitting status, and "field" where one is to
blame. Lists are paged with `offset` and `limit`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from katydid.clock import Clock
from katydid.errors import KatydidError
from katydid.manifest import live
from katydid.page import data
from katydid.run.document import RequestRow
from katydid.web import downloads
from katydid.web.access import CHANGING_METHODS, Access
from katydid.web.answers import (
    Refusal,
    answer,
    json_object,
    number_argument,
    plain,
    refuse,
    refuse_error,
    to_text,
)
from katydid.web.controls import Controls, Renderers
from katydid.web.memo import Memo
from katydid.web.setup import Setup
from katydid.web.startform import parse_start
from katydid.web.stream import Feed
from katydid.web.summary import page, request_body, status_body

logger = logging.getLogger(__name__)

MOST_BODY_BYTES = 2 * 1024 * 1024
USUAL_PAGE = 500
LARGEST_PAGE = 20_000
TOP_ROWS = 10
WIDTHS = (1, 10, 60, 600, 3600)


class Api:
    """The views of the API over one run."""

    def __init__(
        self,
        controls: Controls,
        renderers: Renderers,
        access: Access,
        clock: Clock,
        setup: Setup,
    ) -> None:
        self._controls = controls
        self._setup = setup
        self._renderers = renderers
        self._access = access
        self.feed = Feed(controls, clock)
        self._document = Memo(lambda: controls.document(histories=False), 1.0, clock)
        # Many browsers, or one with many names: the text is made once for all of them.
        self._table = Memo(self._table_text, 1.0, clock)
        self._top = Memo(self._top_text, 1.0, clock)

    def blueprint(self, base_path: str) -> Blueprint:
        """The routes under `<base_path>/api/v1`."""
        blueprint = Blueprint("katydid_api", __name__, url_prefix=f"{base_path}/api/v1")
        blueprint.before_request(self._guard)
        blueprint.register_error_handler(Refusal, refuse)
        blueprint.register_error_handler(KatydidError, refuse_error)
        blueprint.register_error_handler(Exception, _unexpected)
        for path, view in self._reads().items():
            blueprint.add_url_rule(f"/{path}", path.replace(".", "_"), view, methods=["GET"])
        blueprint.add_url_rule("/start", "start", self.start, methods=["POST"])
        blueprint.add_url_rule("/stop", "stop", self.stop, methods=["POST"])
        blueprint.add_url_rule("/reset", "reset", self.reset, methods=["POST"])
        blueprint.add_url_rule("/live", "live", self.live, methods=["PUT"])
        return blueprint

    def _reads(self) -> dict[str, Callable[[], Response]]:
        return {
            "status": self.status,
            "stats": self.stats,
            "history": self.history,
            "failures": lambda: self._page(self._document().failures),
            "exceptions": lambda: self._page(self._document().exceptions),
            "workers": lambda: self._page(self._document().workers),
            "logs": self.logs,
            "table": self.table,
            "request": self.one_request,
            "test": lambda: answer(data.test(self._document())),
            "setup": lambda: answer(self._setup.facts()),
            "stream": self.stream,
            "report.html": self.report,
            "results.json": self.results_json,
            "results.csv": self.results_csv,
            "junit.xml": self.junit,
            "results.tar.gz": self.results_archive,
        }

    def _guard(self) -> None:
        request.max_content_length = MOST_BODY_BYTES
        if request.method in CHANGING_METHODS:
            self._access.check_change()
        elif not self._access.may_read():
            raise Refusal(401, "Log in first.")

    def status(self) -> Response:
        body = status_body(self._controls.status())
        return answer({**body, "may_change": self._access.may_change()})

    def stats(self) -> Response:
        """Rows of all request names; `q` keeps those that contain it, `histograms=1` adds them."""
        document = self._document()
        wanted = request.args.get("q", "").lower()
        rows = [r for r in document.requests if wanted in f"{r.method} {r.name}".lower()]
        full = request.args.get("histograms") == "1"
        cut = self._cut(rows)
        cut["items"] = [request_body(row, full) for row in cut["items"]]
        cut["total"] = request_body(document.status.total, full)
        cut["names_dropped"] = document.names_dropped
        return answer(cut)

    def history(self) -> Response:
        """Intervals after `since`; of one request with `method` and `name`.

        Those of the whole test also coarser (`width` 10, 60, 600, 3600), and as `columns=1`.
        """
        since = number_argument("since", 0)
        name = request.args.get("name")
        if name is None:
            width = number_argument("width", 1)
            if width not in WIDTHS:
                raise Refusal(400, f"`width` is none of {', '.join(map(str, WIDTHS))}.", "width")
            whole = self._controls.history(since, width)
            if request.args.get("columns") == "1":
                return answer(data.columns(whole))
            marks = [mark for mark in self._controls.marks() if mark.time > since]
            return answer({"points": whole, "marks": marks})
        method = request.args.get("method", "GET")
        if not self._controls.history(0, 1, (method, name)):
            raise Refusal(404, f"There is no history of `{method} {name}`.", "name")
        points = self._controls.history(since, 1, (method, name))
        return answer({"points": points, "marks": []})

    def table(self) -> Response:
        """All request names in columns (page.data); with `top=1` the ten busiest."""
        text = self._top() if request.args.get("top") == "1" else self._table()
        response = Response(text, mimetype="application/json")
        response.headers["Cache-Control"] = "no-store"
        return response

    def _table_text(self) -> str:
        document = self._document()
        rows, total = document.requests, document.status.total
        return to_text(data.table(rows, total, self._trend, len(rows), document.names_dropped))

    def _top_text(self) -> str:
        rows, total = self._controls.busiest(TOP_ROWS), self._controls.status().total
        return to_text(data.table(rows, total, self._trend, self._controls.names()))

    def _trend(self, row: RequestRow) -> list[float | None]:
        return self._controls.trend(row.method, row.name, data.SPARK_POINTS)

    def one_request(self) -> Response:
        """One request name (`method`, `name`): its row, histogram, history, failures."""
        method, name = request.args.get("method", "GET"), request.args.get("name", "")
        points = self._controls.history(0, 1, (method, name))
        found = data.request(self._document(), method, name, points)
        if found is None:
            raise Refusal(404, f"There is no request `{method} {name}`.", "name")
        return answer(found)

    def logs(self) -> Response:
        logs = self._document().logs
        node = request.args.get("node")
        if node is not None and node not in logs:
            raise Refusal(404, f"There is no node `{node}`.", "node")
        return answer({"logs": logs if node is None else {node: logs[node]}})

    def stream(self) -> Response:
        events = self.feed.subscribe(request.headers.get("Last-Event-ID"))
        response = Response(events, mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def start(self) -> Response:
        """{users, spawnRate, runTime, host, userClasses, shapeClass, load, arguments}, each
        optional; `load` as in a manifest, `arguments` those that the locustfile added."""
        if self._controls.status().final:
            raise Refusal(409, "The test has ended; a new run starts a new one.")
        body = json_object()
        arguments = body.pop("arguments", None)
        if not isinstance(arguments, dict | None):
            raise Refusal(400, "`arguments` is not an object.", "arguments")
        start = parse_start(body)
        self._setup.apply(arguments)
        self._controls.start(**start)
        return self._changed(202)

    def stop(self) -> Response:
        self._controls.stop()
        return self._changed()

    def reset(self) -> Response:
        self._controls.reset()
        return self._changed()

    def live(self) -> Response:
        """{generation, load, workers, thresholds, deadline, results}: the whole live part."""
        update = live.parse(request.get_data())
        status = self._controls.status()
        if update.generation < status.generation:
            raise Refusal(
                409,
                f"Generation {update.generation} is older than {status.generation}, in force now.",
                "generation",
            )
        if status.final:
            raise Refusal(409, "The test has ended; the next run uses it.")
        self._controls.apply_live(update)
        return self._changed()

    def report(self) -> Response:
        document = self._controls.document()
        text = self._renderers.html(document)
        if request.args.get("download") != "1":
            return Response(text, mimetype=downloads.HTML)
        name = f"{downloads.file_stem(document.status)}.html"
        return downloads.attachment(text, downloads.HTML, name)

    def results_json(self) -> Response:
        return self._download(downloads.JSON, "json", self._renderers.json)

    def results_csv(self) -> Response:
        return self._download(downloads.CSV, "csv", lambda d: self._renderers.csv(d)["stats"])

    def junit(self) -> Response:
        return self._download(downloads.XML, "xml", self._renderers.junit)

    def results_archive(self) -> Response:
        return self._download(
            "application/gzip", "tar.gz", lambda d: downloads.archive(d, self._renderers)
        )

    def _download(
        self, mimetype: str, ending: str, render: Callable[[Any], str | bytes]
    ) -> Response:
        document = self._controls.document()
        name = f"{downloads.file_stem(document.status)}.{ending}"
        return downloads.attachment(render(document), mimetype, name)

    def _page(self, rows: list[Any]) -> Response:
        return answer(self._cut(rows))

    def _cut(self, rows: list[Any]) -> dict[str, Any]:
        limit = number_argument("limit", USUAL_PAGE, LARGEST_PAGE)
        return page(rows, number_argument("offset", 0), limit)

    def _changed(self, status: int = 200) -> Response:
        for memo in (self._document, self._table, self._top):
            memo.clear()
        return answer(status_body(self._controls.status()), status)


def answer_http_error(error: HTTPException) -> Response:
    """What Flask refuses by itself (no such page, wrong method, too large) in the API's form."""
    sentences = {404: "There is no such page.", 413: "The body is too large."}
    status = error.code or 500
    sentence = sentences.get(status, f"{error.name}.")
    response = answer({"error": sentence}, status)
    if status == 405:
        methods = getattr(error, "valid_methods", None) or []
        response.headers["Allow"] = ", ".join(methods)
    return response


def _unexpected(error: Exception) -> Response:
    """The boundary of the API: whatever broke is logged whole and answered with a sentence."""
    if isinstance(error, HTTPException):
        return answer_http_error(error)
    logger.exception("%s %s failed", request.method, request.path)
    return answer(plain({"error": f"This failed inside: {type(error).__name__}."}), 500)
