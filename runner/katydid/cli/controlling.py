"""The session of a master or of a local run: start, watch, end, write, exit."""

from __future__ import annotations

import logging

import gevent
from gevent.event import Event

import katydid
from katydid import events
from katydid.cli.keys import watch_keys
from katydid.cli.launch import Role, Surface
from katydid.cli.metricside import Metrics, start_metrics
from katydid.cli.outputs import Outputs
from katydid.cli.prepare import Prepared
from katydid.cli.ready import ReadyFile
from katydid.cli.signals import StopSignals
from katydid.cli.targets import demand_writable
from katydid.cli.webside import listen, make_web
from katydid.errors import ExitCode, UsageError, WorkersNotReady
from katydid.locustfile import collect
from katydid.run import snapshot
from katydid.run.controller import ControllingRunner
from katydid.run.local import LocalRunner
from katydid.run.master import MasterRunner
from katydid.run.states import LOADED
from katydid.run.verdict import Ending
from katydid.wire import messages as m

logger = logging.getLogger(__name__)

CHILD_END_SECONDS = 10.0


def run(prepared: Prepared) -> int:
    """Run a whole session; returns the exit code."""
    demand_writable(prepared)
    runner = _make_runner(prepared)
    resumed = isinstance(runner, MasterRunner) and runner.memory.restore()
    runner.log_lines = lambda: list(prepared.ring.logs)
    environment = prepared.environment
    session = _Session(prepared, runner)
    if resumed and isinstance(runner, MasterRunner):
        runner.wait_returned()
    web = make_web(prepared)
    metrics = start_metrics(prepared, runner, web)
    environment.events.init.fire(environment=environment, runner=runner, web_ui=web)
    if web is not None:
        listen(web, prepared)
    session.admit_children()
    outputs = Outputs(prepared, runner)
    try:
        with ReadyFile(prepared.launch.ready_file, lambda: runner.state in LOADED):
            if isinstance(runner, MasterRunner) and runner.memory.finished:
                logger.info("This run is finished: its results are written again")
            else:
                session.drive(resumed)
    finally:
        code = session.finish(outputs)
    if metrics is not None:
        metrics.send_last()
    session.linger(metrics)
    for server in (web, metrics):
        if server is not None:
            server.stop()
    return code


class _Session:
    """What happens between the start and the end of one session."""

    def __init__(self, prepared: Prepared, runner: ControllingRunner) -> None:
        self._prepared = prepared
        self._runner = runner
        self._launch = prepared.launch
        self._over = Event()  # somebody wants this process to end
        self._woken = Event()  # something happened that waiting for workers should see
        self.failure: WorkersNotReady | None = None
        self.signals = StopSignals(self._on_signal)

    def admit_children(self) -> None:
        """Let the workers that this process has forked connect."""
        children, runner = self._prepared.children, self._runner
        if children is not None and isinstance(runner, MasterRunner):
            children.tell_port(runner.server.port)
            children.watch(self._on_children_gone)

    def drive(self, resumed: bool) -> None:
        """From here to the moment when this process should end."""
        options = self._prepared.options
        starts = self._launch.runs_once or options.headless or options.autostart
        if self._launch.surface is Surface.LOCUST:
            logger.info(
                "Starting Locust %s (Katydid %s)", katydid.LOCUST_VERSION, katydid.__version__
            )
        if starts and not resumed:
            self._start()
        called_off = starts and self._runner.load_started_at is None
        if called_off or self._over.is_set():
            return
        watch_keys(self._runner)
        if not starts:
            self._over.wait()
            return
        gevent.wait([self._runner.finished, self._over], count=1)
        if self._over.is_set() or self._launch.runs_once or options.headless:
            return
        if options.autoquit >= 0:
            self._over.wait(timeout=options.autoquit)
        else:
            self._over.wait()

    def finish(self, outputs: Outputs) -> int:
        """Stop what runs, write everything, say goodbye; returns the exit code."""
        runner = self._runner
        runner.stop()
        self._tell_ending()
        runner.conclude()
        if isinstance(runner, MasterRunner):
            runner.memory.finished = True
        outputs.write()
        try:
            return self._say_goodbye()
        finally:
            outputs.tell()

    def _say_goodbye(self) -> int:
        """Let listeners and workers know; returns the exit code."""
        runner, environment = self._runner, self._prepared.environment
        environment.events.quitting.fire(environment=environment, reverse=True)
        code = self.exit_code()
        logger.info("Shutting down (exit code %d)", code)
        runner.quit()
        children = self._prepared.children
        if children is not None:
            if self.failure is not None:
                children.terminate()  # those that never came cannot be told to go
            worst = children.end(CHILD_END_SECONDS)
            if self._launch.surface is Surface.LOCUST and code == 0:
                code = worst
        environment.events.quit.fire(exit_code=code)
        return code

    def exit_code(self) -> int:
        """What this process exits with (DESIGN §2.7)."""
        environment, launch = self._prepared.environment, self._launch
        if launch.announce_pod:
            return 0  # the verdict is in the summary; any other code would start the pod again
        if environment.process_exit_code is not None:
            return int(environment.process_exit_code)
        if self.failure is not None:
            return launch.surface.exit_code_of(self.failure)
        judgement = snapshot.judgement_of(self._runner)
        if launch.surface is Surface.KATYDID:
            return int(judgement.exit_code)
        return self._locust_exit_code(judgement.exit_code)

    def _locust_exit_code(self, code: ExitCode) -> int:
        runner = self._runner
        if code is ExitCode.THRESHOLD_BREACHED:
            return self._launch.surface.exit_code(code)
        if runner.thresholds.thresholds and code is ExitCode.PASSED:
            return 0
        if runner.stats.num_failures or runner.exceptions:
            return int(self._prepared.options.exit_code_on_error)
        ending = runner.ending
        if ending is not None and ending.kind == "error":
            return self._launch.surface.exit_code(ExitCode.INTERNAL)
        if ending is not None and ending.reason == "StopTest" and not runner.stats.num_requests:
            return int(self._prepared.options.exit_code_on_error)  # as for want of a host
        return 2 if events.unhandled_exception else 0

    def linger(self, metrics: Metrics | None) -> None:
        """Keep serving results and metrics, where somebody has to fetch them."""
        if self.signals.received:
            return
        self._over.clear()
        ends = self._runner.clock.monotonic() + self._launch.linger_seconds
        if metrics is not None:
            metrics.linger(self._over, in_pod=self._launch.announce_pod)
        self._over.wait(timeout=max(0.0, ends - self._runner.clock.monotonic()))

    def _start(self) -> None:
        runner = self._runner
        # Before the wait: whoever asks meanwhile would take it for an edit still to be made.
        runner.generation = max(runner.generation, self._launch.generation)
        if isinstance(runner, MasterRunner):
            self._wait_for_workers(runner)
        if self._over.is_set() or runner.ending is not None:
            return
        if runner.settings.load is None:
            raise UsageError("There is no load to start with.")
        runner.begin_load(runner.settings.load)  # a live update may have replaced it
        self._tell_run_time()

    def _wait_for_workers(self, runner: MasterRunner) -> None:
        """Until they are there or nothing will start: `ending` says why."""
        waiting = gevent.spawn(runner.await_workers)
        waiting.link(lambda _: self._woken.set())
        self._woken.wait()
        waiting.kill()
        if self._over.is_set() or runner.ending is not None or waiting.value:
            return
        settings, ours = runner.settings, self._launch.surface is Surface.KATYDID
        setting = "workers.readyTimeout" if ours else "--expect-workers-max-wait"
        self.failure = WorkersNotReady(
            f"{runner.worker_count} of {settings.expected_workers} workers were ready after "
            f"{settings.ready_timeout:g} s ({setting})."
        )
        runner.ending = Ending(
            "error", "WorkersNotReady", str(self.failure), ExitCode.WORKERS_NOT_READY
        )
        runner.finished_at = runner.clock.wall()
        logger.error("%s", self.failure)

    def _tell_run_time(self) -> None:
        ends_at = self._runner.control.ends_at()
        if ends_at is None:
            logger.info("No run time limit set, use CTRL+C to interrupt")
        else:
            logger.info("Run time limit set to %.12g seconds", ends_at)

    def _tell_ending(self) -> None:
        """Why the load ended, where nobody else says it."""
        ending = self._runner.ending
        if (
            ending is not None
            and self.failure is None
            and (ending.reason or ending.kind == "error")
        ):
            logger.error("%s", ending.message)

    def _on_signal(self, name: str) -> None:
        reason = "Terminated" if self._launch.announce_pod else ""  # a pod is ended by nobody's key
        self._give_up(Ending("stopped", reason, f"The test was stopped by {name}."))

    def _on_children_gone(self) -> None:
        self._give_up(Ending("error", "WorkersLost", "All worker processes have ended."))

    def _give_up(self, ending: Ending) -> None:
        self._runner.call_off(ending)
        self._over.set()
        self._woken.set()


def _make_runner(prepared: Prepared) -> LocalRunner | MasterRunner:
    environment, options = prepared.environment, prepared.options
    if prepared.role is Role.LOCAL:
        environment.runner = local = LocalRunner(environment, settings=prepared.settings)
        return local
    loopback = prepared.children is not None and not options.master
    try:
        runner = MasterRunner(
            environment,
            "127.0.0.1" if loopback else options.master_bind_host,
            0 if loopback else options.master_bind_port,
            settings=prepared.settings,
        )
    except UsageError as error:
        if "listen" not in str(error):
            raise
        raise UsageError(f"{error} Choose another with --master-bind-port.") from error
    paths = prepared.loaded.paths

    def source() -> m.Source:
        tree = collect(paths)
        return m.Source(tree.entrypoints, tree.files)

    runner.source = source
    environment.runner = runner
    return runner
