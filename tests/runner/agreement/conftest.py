"""One real run, and what every output says of it.

The run is `katydid run` with two workers against a server that counts what it answered. When it
has ended, its process lingers (`--metrics-linger`), so its API and pages can be read beside the
files and the console. A *reader* takes what one output says; `LIVE` are those that need the
process, in order, `/metrics` last since that scrape lets it go; `SAVED` read what it left behind.
`SHOWN` are read in a browser,
where there is one. A new output joins with a reader of its own.
"""

from __future__ import annotations

import base64
import csv
import gzip
import html
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
import pytest
import requests
from gevent.pywsgi import WSGIServer
from prometheus_client.parser import text_string_to_metric_families

from katydid.results import figures

from . import browser

PATIENCE_SECONDS = 60
ODD = '/search?q=<b>&"x"'  # a name that every format has to escape
LOADTEST = Path(__file__).with_name("loadtest.yaml")

Key = tuple[str, str]  # (method, name)
TOTAL: Key = ("", "Aggregated")


@dataclass(frozen=True)
class Said:
    """What an output says of one request; None where it has no such number."""

    requests: int
    failures: int
    p95: str | None = None  # of the whole run, as the output writes milliseconds


@dataclass(frozen=True)
class Account:
    """What an output says of the whole run."""

    rows: Mapping[Key, Said]
    verdict: str | None = None
    thresholds: Mapping[str, str] | None = None  # name → status
    generator: Mapping[str, Any] | None = None  # its health
    milliseconds: Callable[[float], str] = figures.decimal  # how it writes them


@dataclass
class EndedRun:
    """The run after its end. `answered` is what the server counted."""

    folder: Path
    url: str
    answered: Mapping[Key, Said]
    out: str = ""  # standard output, once the process has ended
    exit_code: int | None = None
    accounts: dict[str, Account] = field(default_factory=dict)
    p95_ms: dict[Key, float] = field(default_factory=dict)  # as run.json has them

    def get(self, path: str) -> requests.Response:
        answer = requests.get(self.url + path, timeout=20)
        answer.raise_for_status()
        return answer


class Target:
    """Answers and counts."""

    def __init__(self) -> None:
        self.counts: Counter[Key] = Counter()
        self._server = WSGIServer(("127.0.0.1", 0), self._answer, log=None)
        self._server.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.stop = self._server.stop

    def _answer(self, environ: Any, start_response: Any) -> list[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        gevent.sleep({"/buy": 0.08}.get(path, 0.01))  # so that percentiles differ
        self.counts[method, ODD if path == "/search" else path] += 1
        start_response("503 No" if path == "/fail" else "200 OK", [("Content-Length", "5")])
        return [b"hello"]

    def answered(self) -> dict[Key, Said]:
        rows = {key: Said(n, n if key[1] == "/fail" else 0) for key, n in self.counts.items()}
        everything = Said(self.counts.total(), self.counts["GET", "/fail"])
        return rows | {TOTAL: everything}


# -- readers of the lingering process


def _of_document(document: Any) -> Account:
    status = document["status"]
    rows = {
        (row["method"], row["name"]): _of_row(row)
        for row in [*document["requests"], status["total"]]
    }
    thresholds = {row["name"]: row["status"] for row in status["thresholds"]}
    return Account(rows, status["verdict"], thresholds, status["generator"])


def _of_row(row: Any) -> Said:
    p95 = row["latency"]["percentiles_ms"]["p95"]
    return Said(row["requests"], row["failures"], figures.decimal(p95))


def api(run: EndedRun) -> Account:
    stats = run.get("/api/v1/stats?limit=100").json()
    status = run.get("/api/v1/status").json()
    assert status["total"] == stats["total"] | {
        key: status["total"][key] for key in status["total"] if key.startswith("current")
    }
    return _of_document({"status": status, "requests": stats["items"]})


def archive(run: EndedRun) -> Account:
    packed = run.get("/api/v1/results.tar.gz").content
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        name = next(name for name in tar.getnames() if name.endswith("/run.json"))
        member = tar.extractfile(name)
        assert member is not None
        return _of_document(json.load(member))


def api_csv(run: EndedRun) -> Account:
    return _of_csv(run.get("/api/v1/results.csv").text)


def api_junit(run: EndedRun) -> Account:
    return _of_junit(run.get("/api/v1/junit.xml").text)


def locust_stats(run: EndedRun) -> Account:
    rows = run.get("/stats/requests").json()["stats"]
    return Account(
        {
            (row["method"] or "", row["name"]): Said(row["num_requests"], row["num_failures"])
            for row in rows
        }
    )


def report_page(run: EndedRun) -> Account:
    return _of_report(run.get("/api/v1/report.html").text)


def metrics(run: EndedRun) -> Account:
    """Their quantiles are of the last ten seconds, so no p95 of the run."""
    counts: dict[Key, Counter[str]] = {}
    met: dict[str, str] = {}
    for family in text_string_to_metric_families(run.get("/metrics").text):
        for sample in family.samples:
            labels = sample.labels
            if sample.name == "katydid_requests_total":
                row = counts.setdefault((labels["method"], labels["name"]), Counter())
                row[labels["outcome"]] += int(sample.value)
            if sample.name == "katydid_threshold_met":
                met[labels["threshold"]] = "Met" if sample.value else "Breached"
    rows = {key: Said(row.total(), row["failure"]) for key, row in counts.items()}
    everything = Said(
        *(sum(getattr(r, f) for r in rows.values()) for f in ("requests", "failures"))
    )
    return Account(rows | {TOTAL: everything}, None, met)


# -- readers of what a browser shows


def live_page(run: EndedRun) -> Account:
    return _of_shown(f"{run.url}/#tab=requests")


def opened_report(run: EndedRun) -> Account:
    return _of_shown((run.folder / "out/report.html").as_uri())


def _of_shown(url: str) -> Account:
    shown = browser.read(url)
    rows = {}
    for key, cells in [*shown["rows"].items(), (" Aggregated", shown["total"])]:
        method, _, name = key.partition(" ")
        rows[method, name] = Said(int(cells["requests"]), int(cells["failures"]), cells["p95"])
    return Account(rows, shown["verdict"], shown["thresholds"], milliseconds=browser.milliseconds)


# -- readers of what the process left behind


def run_json(run: EndedRun) -> Account:
    return _of_document(json.loads((run.folder / "out/run.json").read_text()))


def csv_file(run: EndedRun) -> Account:
    return _of_csv((run.folder / "out/results_stats.csv").read_text())


def _of_csv(text: str) -> Account:
    rows = {}
    for row in csv.DictReader(io.StringIO(text)):
        counts = int(row["Request Count"]), int(row["Failure Count"])
        rows[row["Type"], row["Name"]] = Said(*counts, figures.decimal(float(row["95%"])))
    return Account(rows)


def junit_file(run: EndedRun) -> Account:
    return _of_junit((run.folder / "out/junit.xml").read_text())


def _of_junit(text: str) -> Account:
    rows, thresholds = {}, {}
    for case in ElementTree.fromstring(text).iter("testcase"):
        kind, name = case.attrib["classname"], case.attrib["name"]
        if kind == "katydid.requests":
            method, _, request = name.partition(" ")
            told = re.search(r"^(.+?) of (.+?) requests", case.findtext("system-out") or "")
            p95 = re.search(r"p95 (.+?) ms", case.findtext("system-out") or "")
            assert told
            assert p95
            rows[method, request] = Said(_count(told[2]), _count(told[1]), p95[1])
        elif kind == "katydid.thresholds":
            failed = case.find("failure") is not None
            thresholds[name.partition(":")[0]] = "Breached" if failed else "Met"
    return Account(rows, None, thresholds)


def report_file(run: EndedRun) -> Account:
    return _of_report((run.folder / "out/report.html").read_text())


def _of_report(page: str) -> Account:
    """The data in the built page (tests/ui reads what is shown of it), or the plain page's text."""
    packed = re.search(r'id="katydid-data">([^<]+)<', page)
    return _of_built(packed[1]) if packed else _of_plain(page)


def _of_built(packed: str) -> Account:
    frozen = json.loads(gzip.decompress(base64.b64decode(packed)))
    status, table = frozen["status"], frozen["table"]
    rows = {}
    for cells in [*table["rows"], table["total"]]:
        row = dict(zip(table["fields"], cells, strict=True))
        said = Said(row["requests"], row["failures"], figures.decimal(row["p95"]))
        rows[row["method"], row["name"]] = said
    thresholds = {row["name"]: row["status"] for row in status["thresholds"]}
    return Account(rows, status["verdict"], thresholds, status["generator"])


def _of_plain(page: str) -> Account:
    """The table of requests and its totals, as a person reads them."""
    table = page[page.index('<section id="requests">') :]
    table = table[: table.index("</section>")]
    rows = {}
    for line in re.findall(r"<tr>(<td class=\"m\">.*?)</tr>", table):
        cells = [html.unescape(re.sub(r"<.*?>", "", cell)) for cell in line.split("</td>")]
        rows[cells[0], cells[1]] = Said(_count(cells[2]), _count(cells[3]), cells[8])
    word = re.search(r"<h1 class=\"\w+\"><i>.</i> (\w+)</h1>", page)
    thresholds = re.findall(r"<i>.</i> (Met|Breached|Pending)</td><td>(.*?):", page)
    assert word
    return Account(rows, word[1], {name: status for status, name in thresholds})


def console(run: EndedRun) -> Account:
    """The final summary: the table, the response times, the thresholds, the verdict."""
    lines = run.out.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("Type"))
    second = next(i for i in range(first + 1, len(lines)) if lines[i].startswith("Type"))
    p95_place = re.split(r"  +", lines[second]).index("95%")
    counts = {_key(line): re.split(r"  +", line) for line in _rows(lines, first)}
    times = {_key(line): re.split(r"  +", line) for line in _rows(lines, second)}
    rows = {
        key: Said(_count(cells[2]), _count(cells[3].partition(" (")[0]), times[key][p95_place])
        for key, cells in counts.items()
    }
    word = re.search(r"^[✓✕!] (Passed|Failed|Error|Stopped)\b", run.out, re.MULTILINE)
    assert word
    return Account(rows, word[1])


def _rows(lines: list[str], head: int) -> list[str]:
    end = next(i for i in range(head, len(lines)) if not lines[i])
    return [line for line in lines[head + 1 : end] if not line.startswith("─")]


def _key(line: str) -> Key:
    cells = re.split(r"  +", line)
    return cells[0].strip(), cells[1]


def _count(text: str) -> int:
    return int(text.replace(figures.THIN_SPACE, ""))


Reader = Callable[[EndedRun], Account]
SHOWN: dict[str, Reader] = {"shown page": live_page, "shown report": opened_report}
LIVE: dict[str, Reader] = {
    "api": api, "api archive": archive, "api csv": api_csv, "api junit": api_junit,
    "api report": report_page, "locust's stats": locust_stats, "metrics": metrics,
}  # fmt: skip
SAVED: dict[str, Reader] = {
    "run.json": run_json, "csv": csv_file, "junit": junit_file, "report": report_file,
    "console": console,
}  # fmt: skip


@pytest.fixture(scope="session")
def ended_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndedRun]:
    folder = tmp_path_factory.mktemp("agreement")
    (folder / "loadtest.yaml").write_text(LOADTEST.read_text())
    target = Target()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LOCUST_", "KATYDID_"))}
    with (folder / "stdout").open("w") as out, (folder / "stderr").open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "katydid", "run", "loadtest.yaml", "--host", target.url,
             "--workers", "2", "--results", "out", "--web-port", "0", "--metrics-linger", "300s"],
            cwd=folder, env=kept, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
        )  # fmt: skip
    try:
        yield _read(process, folder, target)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)
        target.stop(timeout=0)


def _read(process: subprocess.Popen[bytes], folder: Path, target: Target) -> EndedRun:
    """Every reader's account of the run, while its process lingers and after that."""

    def told() -> str:
        return (folder / "stderr").read_text()

    deadline = time.monotonic() + PATIENCE_SECONDS
    while "More: katydid report" not in (folder / "stdout").read_text():
        assert process.poll() is None, told()
        assert time.monotonic() < deadline, told()
        gevent.sleep(0.05)  # polls a file
    found = re.search(r"Starting web interface at (http://\S+)", told())
    assert found
    run = EndedRun(folder, found[1].replace("localhost", "127.0.0.1"), target.answered())
    for name, reader in SHOWN.items() if not browser.why_not() else ():
        run.accounts[name] = reader(run)
    for name, reader in LIVE.items():
        run.accounts[name] = reader(run)
    run.exit_code = process.wait(timeout=PATIENCE_SECONDS)
    run.out = (folder / "stdout").read_text()
    for name, reader in SAVED.items():
        run.accounts[name] = reader(run)
    document = json.loads((folder / "out/run.json").read_text())
    for row in [*document["requests"], document["status"]["total"]]:
        p95 = row["latency"]["percentiles_ms"]["p95"]
        run.p95_ms[row["method"], row["name"]] = p95
    return run


@pytest.fixture(params=[*SHOWN, *LIVE, *SAVED])
def account(request: pytest.FixtureRequest, ended_run: EndedRun) -> Account:
    """What one output says of the run."""
    if request.param in SHOWN and (reason := browser.why_not()):
        assert "BROWSER_REQUIRED" not in os.environ, reason
        pytest.skip(reason)
    return ended_run.accounts[request.param]
