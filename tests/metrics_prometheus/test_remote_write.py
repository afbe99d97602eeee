"""`--remote-write`: a real Prometheus takes it, and what an endpoint does never harms the run."""

from __future__ import annotations

import http.client
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from katydid.errors import UsageError
from katydid.metrics.catalogue import BUCKETS_SECONDS
from katydid.metrics.remote_write import Endpoint, RemoteWriter, endpoint
from katydid.metrics.write_request import Samples, compressed, encoded_labels, varint

LOST = "did not reach"
QUIET = """
from locust import User, constant, task

class Idler(User):
    wait_time = constant(0.1)

    @task
    def idle(self):
        self.environment.events.request.fire(
            request_type="GET", name="/", response_time=12, response_length=7, exception=None
        )
"""


class Gate(ThreadingHTTPServer):
    """Stands before Prometheus: answers as `answers` says, passes on what is not refused."""

    daemon_threads = True

    def __init__(self, behind: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _GateHandler)
        self.behind = behind
        self.answers: list[int] = []  # of the next requests; then 204
        self.always = 0
        self.hang_seconds = 0.0
        self.headers: list[dict[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/api/v1/write"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _GateHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gate

    def do_POST(self) -> None:
        gate = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        gate.headers.append({name.lower(): value for name, value in self.headers.items()})
        time.sleep(gate.hang_seconds)  # an endpoint that hangs
        status = gate.answers.pop(0) if gate.answers else gate.always or 204
        if status == 204 and gate.behind:
            parts = urlsplit(gate.behind)
            connection = http.client.HTTPConnection(parts.netloc, timeout=10)
            connection.request("POST", "/api/v1/write", body, dict(self.headers))
            answer = connection.getresponse()
            status = answer.status
            connection.close()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def make_gate() -> Iterator[Callable[..., Gate]]:
    gates: list[Gate] = []

    def make(behind: str = "") -> Gate:
        gates.append(Gate(behind))
        return gates[-1]

    yield make
    for gate in gates:
        gate.shutdown()
        gate.server_close()


def test_a_run_that_writes(world: Any) -> None:
    """Run 1 wrote to a Prometheus that scrapes nothing."""
    receiver, status, log = world.receiver, world.documents["1"]["status"], world.logs["1"]
    whole = f"{int(world.ended - world.began) + 1}s"

    def value(expr: str) -> float:
        return float(receiver.value(expr.replace("WHOLE", whole), world.ended))

    series = 'katydid_requests_total{loadtest_namespace="shop",loadtest="checkout",run="1"}'
    failures = series.replace("}", ',outcome="failure"}')
    assert value(f"sum(max_over_time({series}[WHOLE]))") == status["total"]["requests"]
    assert value(f"sum(max_over_time({failures}[WHOLE]))") == status["total"]["failures"]
    assert value(f"min(count_over_time({series}[WHOLE]))") >= 4  # while it went, too
    assert value('sum(max_over_time(katydid_users{run="1"}[WHOLE]))') == 8
    assert value('last_over_time(katydid_verdict{run="1",verdict="Passed"}[WHOLE])') == 1
    # Every series got its end: the present knows none of them, though five minutes are not over.
    assert receiver.instant('{run="1",__name__=~"katydid_.*"}', world.ended) == []
    assert "cannot be written" not in log
    assert LOST not in log


def test_bounds_of_a_manifest(world: Any) -> None:
    """Run 1 asked for one more than there are by itself."""
    found = {}
    for run in ("1", "2"):
        series = f'katydid_request_duration_seconds_bucket{{run="{run}"}}'
        span = f"{int(world.ended - world.began) + 1}s"
        answer = world.prometheus.instant(f"last_over_time({series}[{span}])", world.ended)
        found[run] = {float(one["metric"]["le"]) for one in answer}
    assert found["2"] == {*BUCKETS_SECONDS, float("inf")}
    assert found["1"] - found["2"] == {0.2}


FAILING = {
    "refused": "it cannot be reached",
    "server error": "it answered 503",
    "client error": "it answered 400",
    "hangs": "it did not answer in time",
}


@pytest.fixture(scope="module")
def failed_runs(
    tmp_path_factory: pytest.TempPathFactory, processes: Any, free_port: Callable[[], int]
) -> Iterator[dict[str, tuple[int, str]]]:
    """For each way to fail a run of one process: its exit code and its log. All at once."""
    gates = {kind: Gate() for kind in FAILING}
    gates["server error"].always, gates["client error"].always = 503, 400
    gates["hangs"].hang_seconds = 60
    urls = {kind: gate.url for kind, gate in gates.items()}
    urls["refused"] = f"http://somebody:secret@127.0.0.1:{free_port()}/api/v1/write"
    home = tmp_path_factory.mktemp("failing")
    (home / "locustfile.py").write_text(QUIET)
    running = {
        kind: processes.start(
            sys.executable, "-m", "katydid", "--headless", "-u", "1", "-t", "2s", "--remote-write",
            url, "--remote-write-interval", "1s", "--results", home / kind, cwd=home,
            log=home / f"{kind}.log",
        )
        for kind, url in urls.items()
    }  # fmt: skip
    ended = {}
    for kind, process in running.items():
        process.wait(90)
        assert (home / kind / "run.json").exists()
        ended[kind] = process.returncode, (home / f"{kind}.log").read_text("utf-8")
    yield ended
    for gate in gates.values():
        gate.shutdown()
        gate.server_close()


@pytest.mark.parametrize("kind", FAILING)
def test_an_endpoint_that_fails_costs_the_run_nothing(
    failed_runs: dict[str, tuple[int, str]], kind: str
) -> None:
    code, log = failed_runs[kind]
    assert code == 0, log
    [failed] = [line for line in log.splitlines() if "Metrics cannot be written" in line]
    assert FAILING[kind] in failed
    assert failed.endswith("The test goes on.")
    [lost] = [line for line in log.splitlines() if LOST in line]
    assert lost.endswith("the results are not touched by that.")
    assert "secret" not in log
    assert "Traceback" not in log


def test_what_an_outage_holds_up_arrives_later(
    receiver: Any, make_gate: Callable[..., Gate], caplog: Any
) -> None:
    gate = make_gate(receiver.url)
    gate.answers = [503, 429]
    numbers = iter(range(1, 100))
    writer = RemoteWriter(
        lambda: iter([f'katydid_outage{{run="o"}} {next(numbers)}\n']),
        Endpoint(gate.url, 1.0, {"X-Scope-OrgID": "team-a"}),
    )
    deadline = time.monotonic() + 30
    count = 'count_over_time(katydid_outage{run="o"}[1m])'
    while not [one for one in receiver.instant(count) if one["value"] >= 3]:
        assert time.monotonic() < deadline
        time.sleep(0.1)  # asks another process again
    writer.finish()
    assert receiver.value('min_over_time(katydid_outage{run="o"}[1m])') == 1
    assert gate.headers[0]["x-scope-orgid"] == "team-a"
    assert gate.headers[0]["content-encoding"] == "snappy"
    assert gate.headers[0]["content-type"] == "application/x-protobuf"
    assert gate.headers[0]["x-prometheus-remote-write-version"] == "0.1.0"
    messages = [record.getMessage() for record in caplog.records]
    assert len([text for text in messages if "cannot be written" in text]) == 1


HOSTILE = ('a"b', "back\\slash", "two\nlines", "ünïcödé ✓", "{x}, y=", " ", "a" * 256)


def test_every_label_arrives_as_it_is(receiver: Any) -> None:
    def escaped(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    lines = "".join(
        f'katydid_hostile{{zz="1",name="{escaped(value)}",empty=""}} {number}\n'
        for number, value in enumerate(HOSTILE)
    )
    writer = RemoteWriter(lambda: iter([lines]), Endpoint(f"{receiver.url}/api/v1/write", 60.0))
    writer.finish()
    found = receiver.instant("last_over_time(katydid_hostile[1m])")
    assert {one["metric"]["name"]: one["value"] for one in found} == {
        value: number for number, value in enumerate(HOSTILE)
    }
    assert {frozenset(one["metric"]) for one in found} == {frozenset(("__name__", "zz", "name"))}


def test_labels_are_sorted_and_empty_ones_are_none() -> None:
    assert encoded_labels('m{b="2",a="1",c=""}') == (
        b"\x0a\x0d\x0a\x08__name__\x12\x01m"
        b"\x0a\x06\x0a\x01a\x12\x011" b"\x0a\x06\x0a\x01b\x12\x012"
    )  # fmt: skip


def test_numbers_of_protobuf() -> None:
    assert [varint(number) for number in (0, 127, 128, 300)] == [
        b"\x00", b"\x7f", b"\x80\x01", b"\xac\x02"
    ]  # fmt: skip


def test_a_series_that_is_gone_gets_one_mark() -> None:
    samples = Samples()
    stale = b"\x02\x00\x00\x00\x00\x00\xf0\x7f"
    first = b"".join(samples.encode(["# HELP a b\na 1\nb 2\n"], 1000))
    second = b"".join(samples.encode(["a 1\n"], 2000))
    third = b"".join(samples.encode(["a 1\n"], 3000))
    assert [text.count(stale) for text in (first, second, third)] == [0, 1, 0]


def test_many_series_are_several_requests() -> None:
    lines = "".join(f'm{{n="{number}"}} 1\n' for number in range(4500))
    bodies = [body for body in Samples().encode([lines], 1000) if body]
    assert [body.count(b"__name__") for body in bodies] == [2000, 2000, 500]
    assert len(compressed(bodies[0])) < len(bodies[0]) / 3


@pytest.mark.parametrize(
    ("url", "seconds", "headers", "says"),
    [
        ("prometheus:9090", 5, [], "is not a URL such as"),
        ("ftp://prometheus", 5, [], "is not a URL such as"),
        ("http://", 5, [], "is not a URL such as"),
        ("http://me:secret@host:0/", 5, [], "'http://host:0/' is not a URL such as"),
        ("http://host/", 0.5, [], "--remote-write-interval must be at least 1s."),
        ("http://host/", 5, ["Authorization"], '"Name: value"'),
    ],
)
def test_a_wrong_option_is_one_sentence(
    url: str, seconds: float, headers: list[str], says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        endpoint(url, seconds, headers)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_headers_are_secrets(tmp_path: Path) -> None:
    made = endpoint("http://me:pass@host/write", 5, ["Authorization: Bearer abc"])
    assert made.headers == {"Authorization": "Bearer abc"}
    assert "abc" not in repr(made)
    assert made.shown == "http://host/write"
