"""The two pages: the instrument panel on `/`, and the log-in that gives a browser the token."""

from __future__ import annotations

import functools
import gzip
from typing import TYPE_CHECKING, Any

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    session,
)
from werkzeug.wrappers import Response as BaseResponse

from katydid.page import bundle
from katydid.web.access import Access

if TYPE_CHECKING:
    from katydid.web.ui import WebUI  # it makes the Pages


class Pages:
    """The views of one web UI."""

    def __init__(self, ui: WebUI, access: Access) -> None:
        self._ui = ui
        self._access = access

    def add_to(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/", "index", self.index, methods=["GET"])
        blueprint.add_url_rule("/ui/<name>", "bundle", self.bundle, methods=["GET"])
        blueprint.add_url_rule("/login", "login", self.login, methods=["GET"])
        blueprint.add_url_rule("/login", "submit_token", self.submit_token, methods=["POST"])

    def index(self) -> Response:
        self._ui.update_template_args()
        text = render_template("index.html", template_args=self._ui.template_args)
        return _fresh(make_response(text))

    def bundle(self, name: str) -> Response:
        """Script and style of the page, under names that change with their content."""
        found = bundle.find()
        files = _files(found) if found is not None else {}
        if name not in files:
            abort(404)
        text, mimetype = files[name]
        if request.accept_encodings["gzip"]:
            response = Response(_packed(text), mimetype=mimetype)
            response.headers["Content-Encoding"] = "gzip"
        else:
            response = Response(text, mimetype=mimetype)
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = "max-age=31536000, immutable"
        return response

    def login(self) -> BaseResponse:
        if not self._access.needs_token and not self._ui.web_login:
            return redirect(self._home())
        return self._form()

    def submit_token(self) -> BaseResponse:
        """Exchange the token of the form for the cookie."""
        self._access.check_origin()
        if not self._access.is_token(request.form.get("token", "").strip()):
            return self._form("That is not the token of this run.", 401)
        response = redirect(self._home(), 303)
        self._access.give_cookie(
            response, self._ui.web_base_path or "/", secure=bool(self._ui.tls_cert)
        )
        return response

    def _form(self, token_error: str = "", status: int = 200) -> Response:
        text = render_template(
            "auth.html",
            auth_args=self._auth_args(),
            takes_token=self._access.needs_token,
            token_error=token_error,
        )
        return _fresh(make_response(text, status))

    def _auth_args(self) -> dict[str, Any]:
        """What the locustfile wants on the form; its callback leaves errors in the session."""
        if not self._ui.web_login:
            return {}
        said = {
            key: session.pop(f"auth_{key}", None)
            for key in ("error", "info")
            if f"auth_{key}" in session
        }
        return {**self._ui.auth_args, **said}

    def _home(self) -> str:
        return f"{self._ui.web_base_path}/"


def _files(found: bundle.Bundle) -> dict[str, tuple[str, str]]:
    return {
        f"app-{found.version}.js": (found.script, "text/javascript"),
        f"app-{found.version}.css": (found.style, "text/css"),
    }


@functools.cache
def _packed(text: str) -> bytes:
    return gzip.compress(text.encode())


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
