"""`kubectl katydid compare`: kept results, rows of the history, saved files, and the engine."""

from __future__ import annotations

import base64
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from katydid_operator.kubectl import compare

STORED = {"type": "ResultsStored", "status": "True", "reason": "ConfigMap", "message": "Kept."}


def _row(number: int, verdict: str = "Passed", **more: str) -> dict[str, Any]:
    return {
        "number": number, "id": f"id-{number}", "verdict": verdict,
        "finishedAt": "2026-01-01T00:01:10Z", "users": 10, "rps": "100.0", "p95Ms": "200.0",
        "failPercent": "0.50", **more,
    }  # fmt: skip


def _document(p95: float, requests: int = 1000) -> bytes:
    """A run.json of the schema, as far as both programs look."""
    latency = {"percentiles_ms": {"p95": p95}}
    total = {"requests": requests, "rps": 100.0, "fail_percent": 0.5, "latency": latency}
    status = {"verdict": "Passed", "load": {"peak_users": 10}, "total": total}
    return json.dumps({"schema": 1, "status": status}).encode()


def _kept(run: int, document: bytes) -> dict[str, Any]:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("checkout/run.json")
        entry.size = len(document)
        tar.addfile(entry, io.BytesIO(document))
    labels = {"katydid.dev/loadtest": "checkout", "katydid.dev/run": str(run)}
    return {
        "kind": "ConfigMap",
        "metadata": {"name": "checkout-results", "namespace": "shop", "labels": labels},
        "binaryData": {"results.tar.gz": base64.b64encode(packed.getvalue()).decode()},
    }


@pytest.fixture
async def two_runs(api: Any, loadtest: Any, finished: Any) -> None:
    """Runs 1 and 2 of checkout are over; the results of 2 are kept."""
    history = [_row(2, "Failed", p95Ms="300.0", rps="90.0"), _row(1)]
    status = finished(2, "Failed", history=history, conditions=[STORED])
    await api.add("loadtests", {**loadtest(), "status": status})
    await api.add("configmaps", _kept(2, _document(300.0)))


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `katydid` on the PATH that writes down how it was called, and ends with 3."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "katydid"
    script.write_text(
        f"#!{sys.executable}\nimport json, sys\nnames = sys.argv[sys.argv.index('--') + 1:]\n"
        "json.dump([sys.argv[1:], [json.load(open(name)) for name in names]], "
        f"open({str(tmp_path / 'called')!r}, 'w'))\nsys.exit(3)\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))  # no katydid beside it
    monkeypatch.setenv("PATH", str(folder))
    return tmp_path / "called"


async def test_the_rows_of_the_last_two_runs(two_runs: None, katydid: Any, capsys: Any) -> None:
    assert await katydid("compare", "checkout") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split() == ["checkout", "run", "1", "checkout", "run", "2", "change"]
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["Verdict", "Passed", "Failed"],
        ["Peak", "users", "10", "10"],
        ["RPS", "100", "90", "-10.0", "%"],
        ["Failures", "%", "0.5", "0.5", "+0.00"],
        ["p95,", "ms", "200", "300", "+50.0", "%"],
    ]
    assert err == (
        "Only these numbers can be compared. The results of checkout run 1 are not in the "
        "cluster.\n"
    )


@pytest.mark.parametrize(
    ("tolerance", "code"),
    [("p95=50%", 0), ("p95=49%", 3), ("rps=10%", 0), ("rps=9%", 3), ("failures=0%", 0)],
)
async def test_tolerances_of_rows(
    two_runs: None, katydid: Any, capsys: Any, tolerance: str, code: int
) -> None:
    assert await katydid("compare", "checkout/1", "checkout", "--tolerance", tolerance) == code
    word = "exceeded" if code else "within"
    assert [word, tolerance] == capsys.readouterr().out.splitlines()[-1].split()[1:]


async def test_rows_as_json(two_runs: None, katydid: Any, capsys: Any) -> None:
    assert await katydid("compare", "checkout", "--json", "--tolerance", "p95=1%") == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["before"]["run"], found["before"]["p95Ms"]) == ("checkout run 1", "200.0")
    assert (found["after"]["verdict"], found["exceeded"]) == ("Failed", ["p95=1%"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["checkout", "--tolerance", "p99=1%"], "--tolerance 'p99=1%' needs the results of both"),
        (["checkout", "--html", "x.html"], "--html needs the results of both runs. The results"),
        (["checkout/7", "checkout"], "The status of checkout has no run 7: it keeps 2, 1 "),
        (["other"], "There is no LoadTest other in namespace shop."),
        (["./nowhere", "checkout"], "nowhere cannot be read: No such file or directory."),
        (["a_b", "checkout"], "'a_b' is neither a run such as checkout or checkout/3, nor a file"),
        (["./nowhere"], "Name a second run to compare ./nowhere with."),
    ],
)
async def test_what_cannot_be_compared_is_a_sentence(
    two_runs: None, katydid: Any, capsys: Any, arguments: list[str], sentence: str
) -> None:
    assert await katydid("compare", *arguments) == 64
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(sentence)


async def test_one_run_is_not_enough(
    api: Any, katydid: Any, loadtest: Any, finished: Any, capsys: Any
) -> None:
    await api.add("loadtests", {**loadtest(), "status": finished(1, history=[_row(1)])})
    assert await katydid("compare", "checkout") == 64
    assert capsys.readouterr().err == "checkout has finished 1 runs; two can be compared.\n"


async def test_a_saved_and_a_kept_run_go_to_the_engine(
    two_runs: None, katydid: Any, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    saved = tmp_path / "checkout-1"
    saved.mkdir()
    (saved / "run.json").write_bytes(_document(200.0))
    code = await katydid(
        "compare", f"{saved}", "checkout", "--tolerance", "p99=10%", "--html",
        "c.html", "--json",
    )  # fmt: skip
    assert code == 3
    argv, documents = json.loads(program.read_text())
    assert argv[:4] == ["compare", "--tolerance=p99=10%", f"--html={tmp_path / 'c.html'}", "--json"]
    assert [argv[4], argv[6]] == ["--", "after/checkout-run-2.json"]
    assert argv[5].endswith("checkout-1.json")
    assert documents == [json.loads(_document(200.0)), json.loads(_document(300.0))]


async def test_without_the_engine_files_are_compared_by_their_rows(
    two_runs: None, katydid: Any, program: Path, tmp_path: Path, capsys: Any
) -> None:
    (program.parent / "bin" / "katydid").unlink()
    assert compare.engine() is None
    file = tmp_path / "old.json"
    file.write_bytes(_document(150.0))
    assert await katydid("compare", str(file), "checkout") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].split() == ["p95,", "ms", "150", "300", "+100.0", "%"]
    assert err == "Only these numbers can be compared. `katydid` is not installed here.\n"
    file.write_text("{}")
    assert await katydid("compare", str(file), "checkout") == 64
    assert capsys.readouterr().err.startswith(f"{file} is not a Katydid result")
