"""Files on disk, the termination message and `katydid report`."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from katydid.cli.report import report
from katydid.errors import UsageError
from katydid.results import document_json, summary, write
from katydid.results import report as html_report
from katydid.run.document import RunDocument

FILES = ["run.json", "report.html", "results_stats.csv", "results_stats_history.csv",
         "results_failures.csv", "results_exceptions.csv", "junit.xml"]  # fmt: skip


def test_every_sample_is_written_whole(any_sample: RunDocument, tmp_path: Path) -> None:
    complaints: list[str] = []
    paths = write.write_all(any_sample, tmp_path / "new" / "folder", on_error=complaints.append)
    assert complaints == []
    assert [path.name for path in paths] == FILES
    assert sorted(os.listdir(tmp_path / "new" / "folder")) == sorted(FILES)
    assert document_json.from_json(paths[0].read_bytes()) == any_sample
    assert paths[0].stat().st_mode & 0o777 == 0o644


def test_only_the_formats_asked_for(samples: Any, tmp_path: Path) -> None:
    paths = write.write_all(samples.passed(), tmp_path, ["junit", "json"])
    assert [path.name for path in paths] == ["run.json", "junit.xml"]
    with pytest.raises(UsageError, match="There is no result format 'pdf': choose from json, html"):
        write.write_all(samples.passed(), tmp_path, ["pdf", "html"])
    assert not (tmp_path / "report.html").exists()


def test_one_format_that_fails_costs_only_itself(samples: Any, tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()  # a folder is in the way
    complaints: list[str] = []
    paths = write.write_all(samples.passed(), tmp_path, on_error=complaints.append)
    assert [path.name for path in paths] == [name for name in FILES if name != "report.html"]
    assert len(complaints) == 1
    assert complaints[0].startswith(f"The html results could not be written to {tmp_path}: ")
    assert sorted(os.listdir(tmp_path)) == sorted(FILES)  # and no half-written file is left


def test_a_document_that_one_format_cannot_show(samples: Any, tmp_path: Path) -> None:
    bad = dataclasses.replace(samples.passed(), logs={"master": None})
    complaints: list[str] = []
    paths = write.write_all(bad, tmp_path, on_error=complaints.append)
    assert "junit.xml" in [path.name for path in paths]
    assert len(complaints) == 1


def test_a_file_is_replaced_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    before = path.open()
    write.write_text(path, "new")
    assert before.read() == "old"
    before.close()
    assert path.read_text() == "new"


@settings(max_examples=150, deadline=None)
@given(data=st.data(), size=st.integers(2, 5000))
def test_the_summary_is_always_json_that_fits(samples: Any, data: Any, size: int) -> None:
    document = getattr(samples, data.draw(st.sampled_from(["usual", "hostile", "open_model"])))()
    text = st.text(st.characters(exclude_categories=()), max_size=400)
    status = dataclasses.replace(
        document.status,
        message=data.draw(text),
        reason=data.draw(text),
        run=data.draw(text),
        name=data.draw(text),
        host=data.draw(st.none() | text),
        verdict=data.draw(st.none() | text),
        user_classes=data.draw(st.lists(text, max_size=5)),
    )
    message = summary.termination_message(dataclasses.replace(document, status=status), size)
    assert len(message.encode("utf-8")) <= size
    assert isinstance(json.loads(message), dict)


def test_the_summary_is_the_status_of_the_api(any_sample: RunDocument) -> None:
    plain = json.loads(summary.termination_message(any_sample, 1_000_000))
    expected = document_json.to_plain(any_sample.status)
    assert "shortened" not in plain
    assert plain["total"]["requests"] == any_sample.status.total.requests
    assert plain["total"]["latency"].keys() == expected["total"]["latency"].keys() - {
        "buckets", "counts",
    }  # fmt: skip
    assert plain.keys() == expected.keys()


def test_fields_go_in_a_fixed_order(samples: Any) -> None:
    document = samples.usual()
    kept = {
        size: json.loads(summary.termination_message(document, size))
        for size in (4096, 1400, 1000, 400, 64, 40, 2)
    }
    assert "shortened" not in kept[4096]
    assert kept[1400]["shortened"] is True
    assert "spec" not in kept[1400]["load"]
    assert kept[1000]["total"]["latency"]["percentiles_ms"].keys() == {"p50", "p95", "p99"}
    assert kept[1000]["load"]["peak_users"] == 500
    assert kept[400]["verdict"] == "Failed"
    assert kept[400]["message"] == "p95 < 300ms was 412 ms."
    assert kept[64] == {"run": "1", "final": True, "verdict": "Failed", "shortened": True}
    assert kept[40] == {"final": True, "verdict": "Failed"}
    assert kept[2] == {}


def test_what_fits_more_is_never_less(samples: Any) -> None:
    document = samples.usual()
    lengths = [len(summary.termination_message(document, size)) for size in range(2, 2400, 37)]
    assert lengths == sorted(lengths)


def test_no_object_fits_in_one_byte(samples: Any) -> None:
    with pytest.raises(ValueError, match="No JSON object fits in 1 bytes"):
        summary.termination_message(samples.passed(), 1)


@pytest.fixture
def saved(samples: Any, tmp_path: Path) -> Path:
    return write.write_text(tmp_path / "run.json", document_json.to_json(samples.usual()))


def test_report_makes_the_page_beside_the_file(
    samples: Any, saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report([str(saved)]) == 0
    page = saved.parent / "checkout-20260301-123000-failed.html"
    assert capsys.readouterr().out == f"{page}\n"
    assert page.read_text(encoding="utf-8") == html_report.render(samples.usual())


def test_report_writes_what_is_asked_for(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    argv = [
        str(tmp_path),
        "--html",
        f"{out}/r.html",
        "--junit",
        f"{out}/j.xml",
        "--csv",
        f"{out}/c",
    ]
    assert report(argv) == 0
    names = ["r.html", "j.xml", "c_stats.csv", "c_stats_history.csv", "c_failures.csv",
             "c_exceptions.csv"]  # fmt: skip
    assert capsys.readouterr().out.splitlines() == [str(out / name) for name in names]
    assert sorted(os.listdir(out)) == sorted(names)


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ([], "katydid report: the following arguments are required: run."),
        (["a", "--pdf"], "katydid report: unrecognized arguments: --pdf."),
        (["no-such.json"], "no-such.json cannot be read: No such file or directory."),
        (["wrong.json"], "wrong.json is not JSON: "),
        (["locust.json"], "locust.json is not a Katydid result: "),
        (["newer.json"], "newer.json has schema 9, and this version of Katydid reads schema 1"),
        (["run.json", "--html", "wrong.json/x.html"], "wrong.json cannot be written: "),
    ],
)  # fmt: skip
def test_bad_input_is_a_sentence_and_64(
    saved: Path, capsys: pytest.CaptureFixture[str], argv: list[str], sentence: str
) -> None:
    (saved.parent / "wrong.json").write_text("<html>")
    (saved.parent / "locust.json").write_text('[{"name": "/"}]')
    (saved.parent / "newer.json").write_text('{"schema": 9, "status": {}}')
    before = Path.cwd()
    os.chdir(saved.parent)
    try:
        assert report(argv) == 64
    finally:
        os.chdir(before)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(sentence)
    assert "Traceback" not in printed.err
