"""WebUI: the Flask application on gevent.pywsgi, under the names that locustfiles use.

`app`, `server`, `template_args`, `userclass_picker_is_active`, `auth_required_if_enabled`,
`login_manager`, `auth_args` are Locust's (LOCUST §3, §9). What is served is in the modules beside:
the API, Locust's routes, the page and the log-in.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

import gevent
from flask import Blueprint, Flask, g, request
from flask_login import LoginManager
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.environment import Environment
from katydid.errors import UsageError
from katydid.page import bundle
from katydid.web import wsgi
from katydid.web.access import Access, is_loopback
from katydid.web.api import Api, answer_http_error
from katydid.web.controls import Controls, Renderers
from katydid.web.locust_routes import LocustRoutes
from katydid.web.pages import Pages
from katydid.web.setup import Setup
from katydid.web.template_args import ExtraOptions, template_args

logger = logging.getLogger(__name__)

STOP_SECONDS = 1.0


class WebUI:
    """The web interface of one run.

    It listens from construction on, unless `delayed_start`; then from `start()` on. `host` "" or
    "*" is every address, `port` 0 a free one (`port` then says which). `token` guards every route
    that changes something; `changes_by_get` also opens `/stop` and `/stats/reset` to GET, as
    Locust up to 2.46 had them. `template_dir` holds another `index.html`, `assets_dir` what is
    served under `/assets`. Raises UsageError where the address or the TLS files cannot be used.
    """

    def __init__(
        self,
        environment: Environment,
        controls: Controls,
        renderers: Renderers,
        *,
        host: str | None = "",
        port: int = 8089,
        web_base_path: str | None = None,
        web_login: bool = False,
        tls_cert: str | None = None,
        tls_key: str | None = None,
        token: str | None = None,
        stats_csv_writer: Any = None,
        delayed_start: bool = False,
        userclass_picker_is_active: bool = False,
        build_path: str | None = None,
        extra_options: ExtraOptions = dict,
        changes_by_get: bool = False,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.environment = environment
        self.controls = controls
        self.host = host or ""
        self.port = port
        self.web_base_path = _base_path(web_base_path)
        self.web_login = web_login
        self.tls_cert = tls_cert
        self.tls_key = tls_key
        self.stats_csv_writer = stats_csv_writer
        self.userclass_picker_is_active = userclass_picker_is_active
        self.auth_args: dict[str, Any] = {}
        self.template_args: dict[str, Any] = {}
        self.server: wsgi.WebServer | None = None
        self.greenlet: gevent.Greenlet[..., Any] | None = None
        self._extra_options = extra_options
        self._access = Access(token, web_login, is_loopback(self.host))
        self._api = Api(
            controls, renderers, self._access, clock, Setup(environment, controls, extra_options)
        )
        self.app = self._make_app(build_path)
        self.login_manager: LoginManager | None = None
        if web_login:
            self.login_manager = LoginManager(self.app)
            self.login_manager.login_view = "locust.login"
        self.app_blueprint = Blueprint("locust", __name__, url_prefix=self.web_base_path or None)
        self._add_routes(renderers, clock, changes_by_get)
        if not delayed_start:
            self.start()

    def start(self) -> None:
        """Listen and serve from now on; a second call does nothing."""
        if self.server is not None:
            return
        context = wsgi.tls_context(self.tls_cert, self.tls_key)
        listener = wsgi.listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self.server = wsgi.serve(listener, self.app, context)
        # Programs written for Locust join this greenlet to wait for the end of the interface.
        self.greenlet = gevent.spawn(self.server.serve_forever)

    def stop(self) -> None:
        """End every stream, let running answers finish for a second, close."""
        self._api.feed.close()
        if self.server is not None:
            self.server.stop(timeout=STOP_SECONDS)

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        scheme = "https" if self.tls_cert else "http"
        name = "localhost" if self.host in ("", "*", "0.0.0.0", "::") else self.host
        name = f"[{name}]" if ":" in name else name
        return f"{scheme}://{name}:{self.port}{self.web_base_path}"

    def update_template_args(self) -> None:
        """Bring Locust's keys in `template_args` up to now; keys of others stay."""
        self.template_args.update(
            template_args(
                self.environment,
                self.controls,
                self.userclass_picker_is_active,
                self._extra_options,
            )
        )

    def auth_required_if_enabled(self, view: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator for a locustfile's own routes: log in first, where --web-login is given."""

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if self.login_manager is not None and not self._access.logged_in():
                return self.login_manager.unauthorized()
            return view(*args, **kwargs)

        return guarded

    def _make_app(self, build_path: str | None) -> Flask:
        app = Flask(
            __name__,
            template_folder=build_path or "templates",
            static_folder=f"{build_path}/assets" if build_path else "assets",
            static_url_path=f"{self.web_base_path}/assets",
        )
        app.jinja_env.add_extension("jinja2.ext.do")
        app.register_error_handler(HTTPException, self._http_error)
        app.context_processor(
            lambda: {"base_path": self.web_base_path, "nonce": _nonce(), "bundle": bundle.find()}
        )
        app.after_request(_harden)
        return app

    def _http_error(self, error: HTTPException) -> BaseResponse | HTTPException:
        if request.path.startswith(f"{self.web_base_path}/api/"):
            return answer_http_error(error)
        return error

    def _add_routes(self, renderers: Renderers, clock: Clock, changes_by_get: bool) -> None:
        LocustRoutes(
            self.environment,
            self.controls,
            renderers,
            self._access,
            clock,
            extra_options=self._extra_options,
            stats_csv_writer=self.stats_csv_writer,
            picks_classes=lambda: self.userclass_picker_is_active,
            changes_by_get=changes_by_get,
        ).add_to(self.app_blueprint)
        Pages(self, self._access).add_to(self.app_blueprint)
        self.app.register_blueprint(self.app_blueprint)
        self.app.register_blueprint(self._api.blueprint(self.web_base_path))


def _base_path(path: str | None) -> str:
    """ "" or a path that begins with / and ends without."""
    if path and not path.startswith("/"):
        raise UsageError(f"--web-base-path {path} must begin with a slash.")
    return (path or "").rstrip("/")


def _nonce() -> str:
    """One value per answer: only the script and style that we wrote run in our pages."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def _harden(response: BaseResponse) -> BaseResponse:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if "nonce" in g:
        response.headers.setdefault(
            "Content-Security-Policy",
            f"default-src 'none'; script-src 'nonce-{g.nonce}' 'self'; "
            f"style-src 'nonce-{g.nonce}' 'self'; connect-src 'self'; img-src 'self' data:; "
            "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
        )
    return response
