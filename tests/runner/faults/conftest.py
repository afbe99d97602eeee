"""The harness of the fault tests: real processes on loopback, counted on both sides.

`target` is the server under load (counting_target.py), `engine` starts katydid processes in a
folder of their own and ends them whatever happens. Requests are named `<index>.<incarnation>`,
so `run.json` says how many of them each incarnation of a worker reported, and the target says how
many it answered.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
import requests

HERE = Path(__file__).parent

LOCUSTFILE = '''
import ctypes, gevent, os, time
import locust.runners
from locust import HttpUser, constant, task

for name in ("HEARTBEAT_INTERVAL", "MASTER_HEARTBEAT_TIMEOUT"):
    if name in os.environ:
        setattr(locust.runners, name, float(os.environ[name]))


def spin(seconds):
    """Pure Python: the hub does not turn, other threads do."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))


def hold(seconds):
    """One C call that keeps the interpreter's lock all the time: PyDLL does not let go of it."""
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))


class Visitor(HttpUser):
    wait_time = constant(0.05)

    @task
    def visit(self):
        runner = self.environment.runner
        key = f"{runner.worker_index}.{runner.incarnation}"
        with self.client.get(
            "/", name=key, headers={"X-Worker": key}, timeout=float(os.environ.get("TIMEOUT", 30)),
            catch_response=True,
        ) as response:
            order = (response.headers or {}).get("X-Order", "")
        if order:
            verb, _, seconds = order.partition(" ")
            {"spin": spin, "hold": hold}[verb](float(seconds))
'''

MANIFEST = """
apiVersion: katydid.dev/v1alpha1
kind: LoadTest
metadata: {name: faults}
spec:
  source: {inline: {locustfile.py: "# in src"}}
  target: {host: "%(host)s"}
  load: {users: %(users)d, spawnRate: 100, runTime: %(run_time)s, stopTimeout: %(drain)s}
  workers: {replicas: %(workers)d, processesPerPod: %(processes)d}
"""


PATIENCE = 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What has PATIENCE needs more time than other tests before it is given up as a whole."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(400))


def eventually(
    condition: Callable[[], Any], timeout: float = 10.0, what: str = "", every: float = 0.05
) -> Any:
    """What `condition` returns once it is true.

    `timeout` is that of an idle machine; a busy one gets PATIENCE times as long.
    """
    seconds = PATIENCE * timeout
    with gevent.Timeout(seconds, AssertionError(f"{what or condition} within {seconds} s")):
        while not (value := condition()):
            gevent.sleep(every)
        return value


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Process:
    """A process with its output in a file."""

    def __init__(self, name: str, command: list[str], folder: Path, environ: dict[str, str]):
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
                start_new_session=True,
            )  # fmt: skip
        self.pid = self._popen.pid

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def send(self, sign: signal.Signals) -> None:
        self._popen.send_signal(sign)

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        self.send(signal.SIGKILL)
        self._popen.wait()

    def exit_code(self, timeout: float = 15.0) -> int:
        """Wait for its own end."""
        eventually(lambda: not self.alive, timeout, f"{self.name} ends")
        return int(self._popen.returncode)

    def says(self, sentence: str, timeout: float = 10.0) -> None:
        eventually(lambda: sentence in self.text, timeout, f"{self.name} says {sentence!r}")

    def end_group(self) -> None:
        """Finalizer: whatever is left of it and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()


class Target:
    """The server under load."""

    def __init__(self, folder: Path) -> None:
        self.port, self._control = free_ports(2)
        script = str(HERE / "counting_target.py")
        command = [sys.executable, script, str(self.port), str(self._control)]
        self.process = Process("target", command, folder, {})
        self.host = f"http://127.0.0.1:{self.port}"
        self._socket = eventually(self._connect, 10, "the target listens")
        self._file = self._socket.makefile("rw")

    def _connect(self) -> socket.socket | None:
        try:
            return socket.create_connection(("127.0.0.1", self._control))
        except ConnectionRefusedError:
            return None

    def tell(self, **wanted: Any) -> dict[str, Any]:
        self._file.write(json.dumps(wanted) + "\n")
        self._file.flush()
        answer: dict[str, Any] = json.loads(self._file.readline())
        return answer

    @property
    def answers(self) -> dict[str, int]:
        """Answers per `<index>.<incarnation>`."""
        return {key: n for key, n in self.tell()["answers"].items() if key}

    @property
    def total(self) -> int:
        return sum(self.answers.values())

    def quiet_for(self) -> float:
        """Seconds since anything was asked or answered."""
        told = self.tell()
        return float(told["now"] - told["last_seen"])

    def close(self) -> None:
        self._file.close()
        self._socket.close()
        self.process.end_group()


class Master:
    """A running master, seen through its API."""

    def __init__(self, process: Process, web_port: int, results: Path) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{web_port}/api/v1"
        self._results = results
        self.token = ""

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def get(self, path: str) -> dict[str, Any]:
        answer = requests.get(f"{self.url}/{path}", timeout=5)
        assert answer.status_code == 200, answer.text
        value: dict[str, Any] = answer.json()
        return value

    def status(self) -> dict[str, Any] | None:
        """None while it does not answer."""
        try:
            return self.get("status")
        except requests.ConnectionError:
            return None

    @property
    def requests(self) -> int:
        status = self.status()
        return int(status["total"]["requests"]) if status else -1

    def workers(self) -> dict[str, dict[str, Any]]:
        """Rows by worker id."""
        return {row["id"]: row for row in self.get("workers")["items"]}

    def users(self) -> dict[str, int]:
        return {worker: row["users"] for worker, row in self.workers().items()}

    def marks(self, kind: str) -> list[str]:
        return [mark["text"] for mark in self.get("history")["marks"] if mark["kind"] == kind]

    def runs(self, users: int, timeout: float = 15.0) -> None:
        """Wait until so many users run and requests come in."""

        def there() -> bool:
            status = self.status()
            return bool(
                status and status["load"]["users"] == users and status["total"]["requests"] > 0
            )

        eventually(there, timeout, f"{users} users run")

    def put_live(self, **live: Any) -> None:
        answer = requests.put(f"{self.url}/live", json=live, headers=self._headers, timeout=5)
        assert answer.status_code == 200, answer.text

    def stop(self) -> None:
        """Stop the load with its drain; the process then ends by itself."""
        answer = requests.post(f"{self.url}/stop", headers=self._headers, timeout=90)
        assert answer.status_code == 200, answer.text

    def document(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads((self._results / "run.json").read_text())
        return value

    def counts(self) -> dict[str, int]:
        """Requests per `<index>.<incarnation>`, of the written results."""
        return {row["name"]: row["requests"] for row in self.document()["requests"]}


class Engine:
    """Starts katydid processes in one folder."""

    def __init__(self, folder: Path, target: Target, **environ: str) -> None:
        self.folder, self.target, self.environ = folder, target, environ
        (folder / "locustfile.py").write_text(LOCUSTFILE)
        self.port, self.web_port = free_ports(2)
        self.processes: list[Process] = []
        self._numbers: dict[str, int] = {}

    def katydid(self, name: str, *arguments: str, **environ: str) -> Process:
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        command = [sys.executable, "-m", "katydid", *arguments]
        process = Process(
            f"{name}-{number}", command, self.folder, {**self.environ, **environ}
        )  # fmt: skip
        self.processes.append(process)
        return process

    def master(self, *arguments: str, users: int = 10, workers: int = 2, **environ: str) -> Master:
        """`katydid --master`: starts by itself, ends when the load has."""
        process = self.katydid(
            "master", "--master", "--autostart", "--autoquit", "0",
            "--master-bind-host", "127.0.0.1", "--master-bind-port", str(self.port),
            "--web-host", "127.0.0.1", "--web-port", str(self.web_port),
            "--host", self.target.host, "--users", str(users), "--spawn-rate", "100",
            "--expect-workers", str(workers), "--stop-timeout", "20", "--results", "out",
            *arguments, **environ,
        )  # fmt: skip
        return Master(process, self.web_port, self.folder / "out")

    def worker(self, worker: int, *arguments: str, port: int | None = None, **environ: str):
        """Its users outwait a master that a busy machine restarts slowly: an orphan's do not drain,
        and counts could differ by what was in flight. Tests of orphans give their own time.
        """
        return self.katydid(
            f"worker-{worker}", "--worker", "--master-host", "127.0.0.1",
            "--master-port", str(port or self.port), "--worker-id", str(worker),
            "--orphan-timeout", "60", *arguments, **environ,
        )  # fmt: skip

    # -- as pods

    def lay_out(
        self,
        users: int = 10,
        workers: int = 2,
        processes: int = 1,
        run_time: str = "60s",
        drain: str = "20s",
    ) -> None:
        """The folder as the operator mounts it. Users drain at once where the target answers."""
        manifest = MANIFEST % {
            "host": self.target.host, "users": users, "workers": workers, "run_time": run_time,
            "processes": processes, "drain": drain,
        }  # fmt: skip
        (self.folder / "loadtest.yaml").write_text(manifest)
        for name in ("src", "state"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "src" / "locustfile.py").write_text(LOCUSTFILE)

    def master_pod(self, *arguments: str, **environ: str) -> Master:
        process = self.katydid(
            "master", "run", "loadtest.yaml", "--role", "master",
            "--master-bind-port", str(self.port), "--web-host", "127.0.0.1",
            "--web-port", str(self.web_port), *arguments, **environ,
        )  # fmt: skip
        return Master(process, self.web_port, self.folder / "state" / "results")

    def worker_pod(self, index: int, *arguments: str, **environ: str) -> Process:
        return self.katydid(
            f"worker-{index}", "run", "loadtest.yaml", "--role", "worker",
            "--master-host", "127.0.0.1", "--master-port", str(self.port), *arguments,
            KATYDID_WORKER_ID=str(index), **environ,
        )  # fmt: skip

    # -- on a laptop

    def laptop(self, *arguments: str, **environ: str) -> Master:
        """`katydid run loadtest.yaml`: master and workers, one process group."""
        process = self.katydid(
            "run", "run", "loadtest.yaml", "--source-dir", "src", "--results", "out",
            "--web-port", str(self.web_port), *arguments, **environ,
        )  # fmt: skip
        return Master(process, self.web_port, self.folder / "out")

    @staticmethod
    def children_of(process: Process) -> list[int]:
        """Process ids."""
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def close(self) -> None:
        for process in self.processes:
            process.end_group()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    target = Target(tmp_path)
    yield target
    target.close()


@pytest.fixture
def engine(tmp_path: Path, target: Target, request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = Engine(tmp_path, target)
    yield engine
    engine.close()
    for process in engine.processes:  # shown by pytest when the test has failed
        print(f"--- {process.name}\n{process.text}")


@pytest.fixture
def proxied(engine: Engine) -> Iterator[Any]:
    """A proxy in front of the master."""
    spec = importlib.util.spec_from_file_location("faults_proxy", HERE / "proxy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    proxy = module.Proxy(engine.port)
    yield proxy
    proxy.close()


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., Any]:
    return eventually
