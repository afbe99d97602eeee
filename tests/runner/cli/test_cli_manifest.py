"""`katydid run`: a LoadTest on one machine, with its models, verdicts and precedence."""

from __future__ import annotations

import json
import textwrap

import pytest

pytestmark = pytest.mark.processes

LOCUSTFILE = """
    import os
    from locust import HttpUser, LoadTestShape, constant, events, task

    class Visitor(HttpUser):
        wait_time = constant(0.05)

        @task
        def home(self):
            self.client.get(os.environ.get("START", "/"))

    class Failing(HttpUser):
        wait_time = constant(0.05)

        @task
        def fail(self):
            self.client.get("/fail")

    class Hill(LoadTestShape):
        def tick(self):
            return (2, 20) if self.get_run_time() < 1.5 else None

    @events.test_start.add_listener
    def tell(environment, **_):
        # in one write: the lines of two workers must not mix
        print(f"runs {type(environment.runner).__name__}\\n", end="", flush=True)
"""


def manifest(load, *fields, documents=""):
    lines = [
        "apiVersion: katydid.dev/v1alpha1",
        "kind: LoadTest",
        "metadata: {name: shop-test}",
        "spec:",
        "  target: {host: http://127.0.0.1:9}",
        f"  load: {load}",
        *(f"  {field}" for field in fields),
    ]
    if not any(field.startswith("source:") for field in fields):
        code = textwrap.indent(textwrap.dedent(LOCUSTFILE), " " * 8)
        lines += ["  source:", "    inline:", "      locustfile.py: |", code]
    return "\n".join(lines) + "\n" + documents


@pytest.fixture
def run(katydid, shop):
    """Run a manifest against the shop with one worker; `.saved` is its run.json."""

    def run(text, *options, files=None, env=None):
        process = katydid(
            "run", "t.yaml", "--headless", "--host", shop.url, "--results", "out", "--workers",
            "1", *options, files={"t.yaml": text} | (files or {}), env=env,
        )  # fmt: skip
        saved = process.folder / "out/run.json"
        process.saved = json.loads(saved.read_text()) if saved.exists() else None
        return process

    return run


VISITORS = "userClasses: [Visitor], stopTimeout: 2s"


def test_users(run, shop):
    done = run(manifest(f"{{users: 4, runTime: 1s, {VISITORS}}}"), "--workers", "2")
    assert done.code == 0, done.err
    status = done.saved["status"]
    assert status["total"]["requests"] == shop.paths["/"] == shop.total > 10
    assert (status["verdict"], status["reason"]) == ("Passed", "NoFailures")
    assert (status["name"], status["workers_expected"]) == ("shop-test", 2)
    assert status["load"]["peak_users"] == 4
    assert done.out.count("runs WorkerRunner") == 2
    assert done.saved["manifest"].startswith("apiVersion: katydid.dev/v1alpha1")
    assert "✓ Passed" in done.out
    assert "out/report.html" in done.out
    assert {path.name for path in (done.folder / "out").iterdir()} == {
        "run.json", "report.html", "junit.xml", "results_stats.csv", "results_stats_history.csv",
        "results_failures.csv", "results_exceptions.csv",
    }  # fmt: skip


def test_stages(run, shop):
    stages = "[{duration: 1s, users: 3, spawnRate: 50}, {duration: 1s, users: 1, spawnRate: 50}]"
    done = run(manifest(f"{{stages: {stages}, {VISITORS}}}", "results: {formats: [json]}"))
    assert done.code == 0, done.err
    load = done.saved["status"]["load"]
    assert (load["model"], load["peak_users"], load["run_time_seconds"]) == ("stages", 3, 2)
    assert 2 <= done.saved["status"]["elapsed_seconds"] < 15
    assert [path.name for path in (done.folder / "out").iterdir()] == ["run.json"]


def test_shape(run, shop):
    done = run(manifest(f"{{shape: {{class: Hill}}, {VISITORS}}}"))
    assert done.code == 0, done.err
    assert done.saved["status"]["load"]["model"] == "shape"
    assert done.saved["status"]["load"]["peak_users"] == 2
    assert shop.total > 5


def test_arrival_rate(run, shop):
    done = run(manifest(f"{{arrivalRate: {{rate: 30, maxUsers: 10, runTime: 2s}}, {VISITORS}}}"))
    assert done.code == 0, done.err
    load = done.saved["status"]["load"]
    assert (load["model"], load["max_users"]) == ("arrivalRate", 10)
    assert shop.total + load["dropped_iterations"] == 60
    assert done.saved["status"]["total"]["service"]["percentiles_ms"]["p50"] > 0


def test_failures_without_thresholds_are_1(run):
    done = run(manifest("{users: 1, runTime: 1s, userClasses: [Failing]}"))
    assert done.code == 1, done.err
    assert done.saved["status"]["reason"] == "RequestsFailed"


def test_thresholds_of_manifest_and_command_line(run):
    lines = "thresholds: [{name: enough, metric: requests, above: 2}]"
    text = manifest("{users: 2, runTime: 1s, userClasses: [Failing]}", lines)
    done = run(text)
    assert done.code == 0, "thresholds alone decide"
    done = run(text, "--threshold", "failures < 1%")
    assert done.code == 3
    states = {row["expression"]: row["status"] for row in done.saved["status"]["thresholds"]}
    assert states == {"requests > 2": "Met", "failures < 1%": "Breached"}
    assert "✕ Failed" in done.out


def test_stopped_early_is_4(start, shop):
    process = start(
        "run", "t.yaml", "--headless", "--host", shop.url, "--workers", "1", "--results", "out",
        files={"t.yaml": manifest(f"{{users: 2, runTime: 1h, {VISITORS}}}")},
    )  # fmt: skip
    process.until(lambda: shop.total > 5)
    process.send("SIGINT")
    assert process.wait() == 4, process.err
    status = json.loads((process.folder / "out/run.json").read_text())["status"]
    assert status["verdict"] == "Stopped"
    assert status["total"]["requests"] == shop.total


def test_deadline(run):
    done = run(manifest(f"{{users: 1, runTime: 1h, {VISITORS}}}", "deadline: 6s"))
    assert done.code == 70, done.err
    status = done.saved["status"]
    assert (status["verdict"], status["reason"]) == ("Error", "DeadlineExceeded")
    assert status["elapsed_seconds"] < 30
    assert "The run was not over after its deadline of 6 s." in done.out


def test_environment_and_libraries(run, shop):
    """env literal and from an --env-file, ConfigMaps of the stream, libs on the Python path."""
    documents = textwrap.dedent("""\
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: tests}
        data:
          main.py: |
            import os
            from locust import HttpUser, constant, task
            from flows import path_of

            class Visitor(HttpUser):
                wait_time = constant(0.05)

                @task
                def visit(self):
                    self.client.get(path_of(os.environ["START"], os.environ["PASSWORD"]))
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: flows}
        data:
          flows.py: |
            def path_of(start, password):
                return f"/{start}/{password}"
        """)
    text = manifest(
        "{users: 1, runTime: 1s, stopTimeout: 2s}",
        "source: {entrypoint: main.py, configMap: {name: tests},"
        " libs: [{configMap: {name: flows}, path: lib/}]}",
        "env: [{name: START, value: front},"
        " {name: PASSWORD, valueFrom: {secretKeyRef: {name: shop, key: password}}}]",
        documents=documents,
    )
    done = run(text, "--env-file", "vars", files={"vars": "PASSWORD=tulip\n"})
    assert done.code == 0, done.err
    assert list(shop.paths) == ["/front/tulip"]


def test_precedence(run, shop):
    """Config files < environment < manifest < args < args of the role < command line."""
    file = "users = 9\nprofile = of-the-file\nloglevel = ERROR\nexit-code-on-error = 11\n"
    text = manifest(
        "{users: 3, runTime: 30m, userClasses: [Visitor], stopTimeout: 1s}",
        "args: [--exit-code-on-error, '13', --loglevel, INFO]",
        "master: {args: [--exit-code-on-error, '14']}",
    )
    env = {"LOCUST_USERS": "8", "LOCUST_LOGLEVEL": "WARNING", "LOCUST_STOP_TIMEOUT": "7"}
    done = run(text, "--run-time", "1s", files={"locust.conf": file}, env=env)
    assert done.code == 0, done.err
    load, options = done.saved["status"]["load"], done.saved["options"]
    assert options["profile"] == "of-the-file", "nothing else says it"
    assert load["peak_users"] == 3, "the manifest wins over file and variable"
    assert options["stop_timeout"] == 1, "the manifest wins over the variable"
    assert options["loglevel"] == "INFO", "args win over variable and file"
    assert options["exit_code_on_error"] == 14, "the role's args win over all args"
    assert load["run_time_seconds"] == 1, "the command line wins over all"


def test_live_display_without_a_terminal(run):
    done = run(manifest(f"{{users: 1, runTime: 2s, {VISITORS}}}"))
    lines = [line for line in done.err.splitlines() if line.startswith("● Running")]
    assert lines, done.err
    assert "\x1b" not in done.err + done.out
