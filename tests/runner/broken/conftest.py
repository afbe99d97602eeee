"""Broken input, each case one real process; the cases of a session run a few at a time.

A case is a dict: `run` (the command line), `code`, `says` (texts on standard error), and where
it matters `files`, `env`, `script` (a program instead of `-m katydid`) and `shows_traceback`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import gevent
import pytest
from gevent.lock import BoundedSemaphore

AT_ONCE = 3
OVER_SECONDS = 15
LEFT_SECONDS = 3

LOCUSTFILE = """
    from locust import User, constant, task

    class Visitor(User):
        wait_time = constant(0.05)

        @task
        def visit(self):
            pass
"""


def manifest(**spec: str) -> str:
    """A LoadTest whose `spec` fields are given as YAML in one line."""
    fields = {
        "source": '{inline: {locustfile.py: "import locustfile_of_the_manifest"}}',
        "load": "{users: 1, runTime: 1s}",
    } | spec
    lines = [f"  {name}: {value}" for name, value in fields.items()]
    head = ["apiVersion: katydid.dev/v1alpha1", "kind: LoadTest", "metadata:", "  name: broken"]
    return "\n".join([*head, "spec:", *lines]) + "\n"


class Outcome:
    """How a process ended."""

    def __init__(self, code: int, out: str, err: str, leftover: bool) -> None:
        self.code, self.out, self.err = code, out, err
        self.leftover = leftover  # a process of its group outlived it


@pytest.fixture(scope="session")
def ports():
    """A port that somebody listens on, and one that nobody does."""
    taken = socket.create_server(("127.0.0.1", 0))
    passing = socket.create_server(("127.0.0.1", 0))
    free = passing.getsockname()[1]
    passing.close()
    yield {"BUSY": str(taken.getsockname()[1]), "FREE": str(free)}
    taken.close()


@pytest.fixture(scope="session")
def outcomes(request, tmp_path_factory, ports):
    """Case id → greenlet with its Outcome. Started together, since starting is what costs."""
    slots = BoundedSemaphore(AT_ONCE)
    cases = [
        i.callspec.params["case"] for i in request.session.items if "outcomes" in i.fixturenames
    ]
    started = {
        case["id"]: gevent.spawn(
            run_in_slot, slots, case, tmp_path_factory.mktemp(case["id"]), ports
        )
        for case in cases
    }
    yield started
    gevent.killall(list(started.values()))


def run_in_slot(slots, case, folder, ports):
    with slots:
        return run_case(case, folder, ports)


def run_case(case: dict, folder: Path, ports: dict[str, str]) -> Outcome:
    """Run the command line of `case` in a folder of its own."""
    for name, content in ({"locustfile.py": LOCUSTFILE} | case.get("files", {})).items():
        text = manifest(**content) if isinstance(content, dict) else textwrap.dedent(content)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    words = [ports.get(word, word) for word in case["run"]]
    program = [sys.executable, "-m", "katydid"]
    if case.get("script"):
        program = [sys.executable]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LOCUST_", "KATYDID_"))}
    variables = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    out, err = folder / "stdout.txt", folder / "stderr.txt"
    with out.open("w") as out_file, err.open("w") as err_file:  # no pipe that a child could hold
        process = subprocess.Popen(
            [*program, *words], cwd=folder, env=kept | variables | case.get("env", {}),
            stdin=subprocess.DEVNULL, stdout=out_file, stderr=err_file, start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(timeout=OVER_SECONDS)
        except subprocess.TimeoutExpired:
            code = -1
        leftover = _end_group(process)
    return Outcome(code, out.read_text(), err.read_text(), leftover)


def _end_group(process: subprocess.Popen) -> bool:
    """End what the process left behind; True if there was anything a moment after its end."""
    deadline = time.monotonic() + (LEFT_SECONDS if process.returncode is not None else 0)
    while time.monotonic() < deadline:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.02)  # polled: nobody tells when another's child has gone
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True


@pytest.fixture
def check(outcomes):
    """Assert what the case says: exit code, texts, and no traceback of ours."""

    def check(case: dict) -> Outcome:
        outcome = outcomes[case["id"]].get()
        shown = f"exit code {outcome.code}\n--- stderr\n{outcome.err}\n--- stdout\n{outcome.out}"
        assert outcome.code != -1, f"it goes on and on\n{shown}"
        for text in case["says"]:
            assert text in outcome.err, shown
        assert outcome.code == case["code"], shown
        assert ("Traceback" in outcome.err) is case.get("shows_traceback", False), shown
        assert "Katydid itself failed" not in outcome.err, shown
        assert "katydid/cli" not in outcome.err, shown  # no line of ours in any traceback
        assert not outcome.leftover, f"a process is left\n{shown}"
        return outcome

    return check
