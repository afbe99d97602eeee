"""Locust's routes (LOCUST §3), in a blueprint named `locust` as plugins expect.

They answer as Locust does, with three differences: changing ones are guarded (web.access), `/stop`
and `/stats/reset` take POST only unless GET is allowed by a switch, and there is no CORS.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from typing import Any

import gevent
from flask import Blueprint, Response, redirect, request, send_file, url_for
from werkzeug.wrappers import Response as BaseResponse

from katydid.clock import Clock
from katydid.environment import Environment
from katydid.errors import KatydidError
from katydid.web import downloads, locust_stats, swarm
from katydid.web.access import CHANGING_METHODS, Access
from katydid.web.answers import Refusal, answer, json_object, refuse, refuse_error
from katydid.web.controls import Controls, Renderers
from katydid.web.memo import Memo
from katydid.web.template_args import ExtraOptions

CHANGING_BY_GET = {"locust.stop", "locust.reset_stats"}
OPEN_TO_ALL = {"locust.login", "locust.submit_token", "locust.bundle"}
POLLED_SECONDS = 2.0


class LocustRoutes:
    """The views, over one environment and its run."""

    def __init__(
        self,
        environment: Environment,
        controls: Controls,
        renderers: Renderers,
        access: Access,
        clock: Clock,
        *,
        extra_options: ExtraOptions,
        stats_csv_writer: Any,
        picks_classes: Callable[[], bool],
        changes_by_get: bool,
    ) -> None:
        self._environment = environment
        self._controls = controls
        self._renderers = renderers
        self._access = access
        self._clock = clock
        self._extra_options = extra_options
        self._csv_writer = stats_csv_writer
        self._picks_classes = picks_classes
        self._ending = ["GET", "POST"] if changes_by_get else ["POST"]
        self._requests = Memo(
            lambda: locust_stats.requests_body(environment, controls), POLLED_SECONDS, clock
        )

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the routes and their guard."""
        blueprint.before_request(self._guard)
        blueprint.register_error_handler(Refusal, refuse)
        blueprint.register_error_handler(KatydidError, refuse_error)

        def request_stats() -> Response:
            return answer(self._requests())

        # Test suites written for Locust clear the cache between two looks.
        request_stats.clear_cache = self._requests.clear  # type: ignore[attr-defined]
        routes: list[tuple[str, str, Callable[..., Any], list[str]]] = [
            ("/swarm", "swarm", self.swarm, ["POST"]),
            ("/stop", "stop", self.stop, self._ending),
            ("/stats/reset", "reset_stats", self.reset_stats, self._ending),
            ("/stats/requests", "request_stats", request_stats, ["GET"]),
            ("/stats/report", "stats_report", self.report, ["GET"]),
            ("/stats/requests/csv", "request_stats_csv", self.requests_csv, ["GET"]),
            ("/stats/failures/csv", "failures_stats_csv", self.failures_csv, ["GET"]),
            ("/exceptions/csv", "exceptions_csv", self.exceptions_csv, ["GET"]),
            (
                "/stats/requests_full_history/csv",
                "request_stats_full_history_csv",
                self.full_history_csv,
                ["GET"],
            ),
            ("/exceptions", "exceptions", self.exceptions, ["GET"]),
            ("/tasks", "tasks", self.tasks, ["GET"]),
            ("/logs", "logs", self.logs, ["GET"]),
            ("/user", "update_user", self.update_user, ["POST"]),
            ("/worker-count", "get_worker_count", self.worker_count, ["GET"]),
        ]
        for path, name, view, methods in routes:
            blueprint.add_url_rule(path, name, view, methods=methods)

    def _guard(self) -> BaseResponse | None:
        endpoint = request.endpoint or ""
        request.max_content_length = 2 * 1024 * 1024
        if endpoint in OPEN_TO_ALL:
            return None
        if request.method in CHANGING_METHODS or endpoint in CHANGING_BY_GET:
            self._access.check_change()
        elif not self._access.may_read():
            return redirect(url_for("locust.login"))
        return None

    def swarm(self) -> Response:
        """Locust answers 200 to a form that it does not take, and says why in `message`."""
        environment = self._environment
        sent = request.get_data()  # before the form, which does not say what it left over
        form = request.form
        try:
            if sent and not form:
                raise Refusal(400, "The body is not a form.")
            start = swarm.parse_swarm(form, environment, self._picks_classes())
            changed = swarm.changed_options(form, environment, self._extra_options)
            swarm.apply_options(environment, start, changed, form.get("profile"))
            self._controls.start(**start)
        except (Refusal, KatydidError) as refused:
            return answer({"success": False, "message": str(refused), "host": environment.host})
        shape = environment.shape_class
        message = "Swarming started"
        if shape is not None:
            message = f"Swarming started using shape class '{type(shape).__name__}'"
        body = {"success": True, "message": message, "host": environment.host}
        if "run_time_seconds" in start:
            body["run_time"] = start["run_time_seconds"]
        if self._picks_classes():
            body["user_classes"] = [each.__name__ for each in environment.user_classes]
        return answer(body)

    def stop(self) -> Response:
        self._controls.stop()
        return answer({"success": True, "message": "Test stopped"})

    def reset_stats(self) -> Response:
        self._controls.reset()
        self._requests.clear()
        return Response("ok", mimetype="text/plain")

    def report(self) -> Response:
        document = self._controls.document()
        text = self._renderers.html(document)
        if request.args.get("download"):
            name = f"{downloads.file_stem(document.status)}.html"
            return downloads.attachment(text, downloads.HTML, name)
        return Response(text, mimetype=downloads.HTML)

    def requests_csv(self) -> Response:
        return self._csv("requests")

    def failures_csv(self) -> Response:
        return self._csv("failures")

    def exceptions_csv(self) -> Response:
        return self._csv("exceptions")

    def full_history_csv(self) -> BaseResponse:
        options = self._environment.parsed_options
        if not getattr(options, "stats_history_enabled", False) or self._csv_writer is None:
            sentence = "Error: Server was not started with option to generate full history."
            return Response(sentence, 404, mimetype="text/plain")
        path = os.path.abspath(self._csv_writer.stats_history_file_name())
        return send_file(path, mimetype=downloads.CSV, as_attachment=True)

    def exceptions(self) -> Response:
        return answer(
            {"exceptions": locust_stats.exceptions(self._controls.document(histories=False))}
        )

    def tasks(self) -> Response:
        return answer(self._controls.task_ratio())

    def logs(self) -> Response:
        return answer(locust_stats.logs(self._controls.document(histories=False)))

    def update_user(self) -> Response:
        body = json_object()
        name = body.get("user_class_name")
        known = self._environment.available_user_classes or self._environment.user_classes_by_name
        if name not in known:
            raise Refusal(400, f"There is no user class `{name}`.", "user_class_name")
        self._controls.update_user_class(body)
        return answer({}, 201)

    def worker_count(self) -> Response:
        return answer({"worker_count": self._controls.status().workers_ready})

    def _csv(self, kind: str) -> Response:
        locustfile = self._environment.locustfile or "locustfile"
        name = downloads.locust_file_name(
            kind, os.path.basename(locustfile), self._environment.host, self._clock.wall()
        )
        return downloads.attachment(self._csv_text(kind), downloads.CSV, name)

    def _csv_text(self, kind: str) -> str:
        """From the writer that a program passed to create_web_ui, or from the document."""
        write = getattr(self._csv_writer, f"{kind}_csv", None)
        if write is None:
            return self._renderers.csv(self._controls.document())[downloads.LOCUST_KINDS[kind]]
        text = io.StringIO()
        write(csv.writer(text))
        gevent.sleep(0)  # a long table was written in one go: let others run before the send
        return text.getvalue()
