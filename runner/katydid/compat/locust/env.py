"""`locust.env`: the Environment with the methods that create runners and the web UI.

These are imported when they are asked for: a locustfile alone needs neither sockets nor Flask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from katydid import environment
from katydid.errors import RunnerAlreadyExistsError, UsageError

if TYPE_CHECKING:
    from katydid.run.local import LocalRunner
    from katydid.run.master import MasterRunner
    from katydid.run.settings import RunSettings
    from katydid.run.worker import WorkerRunner
    from katydid.web.controls import Renderers
    from katydid.web.ui import WebUI

__all__ = ["Environment"]


class Environment(environment.Environment):
    """One test run; see `katydid.environment`. A second runner raises RunnerAlreadyExistsError.

    `settings` is what Locust's API has no word for (thresholds, checkpoint, keys).
    """

    def create_local_runner(self, *, settings: RunSettings | None = None) -> LocalRunner:
        """A runner that runs its users in this process."""
        from katydid.run.local import LocalRunner

        self._check_free()
        self.runner = runner = LocalRunner(self, settings=settings)
        return runner

    def create_master_runner(
        self,
        master_bind_host: str = "*",
        master_bind_port: int = 5557,
        *,
        settings: RunSettings | None = None,
    ) -> MasterRunner:
        """A runner that listens for workers; port 0 lets the system choose."""
        from katydid.run.master import MasterRunner

        self._check_free()
        runner = MasterRunner(self, master_bind_host, master_bind_port, settings=settings)
        self.runner = runner
        return runner

    def create_worker_runner(
        self, master_host: str, master_port: int, *, settings: RunSettings | None = None
    ) -> WorkerRunner:
        """A runner that takes its orders from the master at this address.

        Returns when the master has answered; ConnectionError if it never does.
        """
        from katydid.run.worker import WorkerRunner

        self._check_free()
        # A worker reports deltas: what an earlier test of this process counted is not its own.
        self.stats.clear_all()
        self.runner = runner = WorkerRunner(self, master_host, master_port, settings=settings)
        return runner

    def create_web_ui(
        self,
        host: str = "",
        port: int = 8089,
        web_base_path: str | None = None,
        web_login: bool = False,
        tls_cert: str | None = None,
        tls_key: str | None = None,
        stats_csv_writer: Any = None,
        delayed_start: bool = False,
        userclass_picker_is_active: bool = False,
        build_path: str | None = None,
        *,
        token: str | None = None,
        extra_options: Callable[[], Mapping[str, Any]] = dict,
    ) -> WebUI:
        """A web UI for this environment's runner, listening unless `delayed_start`.

        `token` guards every route that changes something; `extra_options` tells the start form
        of arguments that the locustfile added. UsageError without a runner.
        """
        from katydid.run.controls import RunnerControls
        from katydid.web.ui import WebUI

        if self.runner is None:
            raise UsageError("Create a runner before the web UI: it shows and steers the runner.")
        self.web_ui = web_ui = WebUI(
            self,
            RunnerControls(self.runner),
            renderers(),
            host="" if host == "*" else host,
            port=port,
            web_base_path=web_base_path,
            web_login=web_login,
            tls_cert=tls_cert,
            tls_key=tls_key,
            token=token,
            stats_csv_writer=stats_csv_writer,
            delayed_start=delayed_start,
            userclass_picker_is_active=userclass_picker_is_active,
            build_path=build_path,
            extra_options=extra_options,
        )
        return web_ui

    def _check_free(self) -> None:
        if self.runner is not None:
            raise RunnerAlreadyExistsError(
                f"Environment.runner already exists ({type(self.runner).__name__})"
            )


def renderers() -> Renderers:
    """The outputs of `katydid.results`, as the web UI offers them for download."""
    from katydid.results import csv_files, document_json, junit, report
    from katydid.web.controls import Renderers

    return Renderers(report.render, document_json.to_json, junit.render, csv_files.render)
