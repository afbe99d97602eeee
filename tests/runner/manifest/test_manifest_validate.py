from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from katydid.cli.main import main
from katydid.cli.validate import validate

DATA = Path(__file__).parents[2] / "contract" / "manifests"


def test_a_line_for_each_accepted_loadtest(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["smallest", "stages", "shape", "open-model", "unbounded", "thresholds", "everything"]
    files = [str(DATA / "good" / f"{name}.yaml") for name in names]

    assert validate(files) == 0

    lines = [line.split("LoadTest ")[1] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "smallest accepted: 10 users for 5m, 1 worker",
        "stages accepted: 3 stages over 5490.5s, 1 worker",
        "shape accepted: the locustfile's shape, 1 worker",
        "open-model accepted: 0 iterations/s to 12.5/s for 6m, 1 worker",
        "unbounded accepted: 0 users until stopped, 1 worker",
        "thresholds accepted: 10 users for 5m, 1 worker, 9 thresholds",
        "everything accepted: 500 users for 1h, 10 workers, 1 threshold",
    ]


def test_all_files_are_looked_at_and_problems_are_sentences(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad, good = str(DATA / "bad" / "run-time-number.yaml"), str(DATA / "good" / "smallest.yaml")

    assert validate([bad, "missing.yaml", good]) == 64

    out, err = capsys.readouterr()
    assert out == f"{good}: LoadTest smallest accepted: 10 users for 5m, 1 worker\n"
    assert err.splitlines() == [
        f'{bad}: line 14: spec.load.runTime: must be text, not the number 300; write "300s"',
        "missing.yaml: cannot be read: No such file or directory.",
    ]


def test_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DATA / "good" / "smallest.yaml").read_text()
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    assert validate(["-"]) == 0
    assert capsys.readouterr().out.startswith("<stdin>: LoadTest smallest accepted")


def test_what_a_laptop_ignores_is_said_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    everything, smallest = (str(DATA / "good" / f"{n}.yaml") for n in ("everything", "smallest"))

    assert validate(["--explain", everything, smallest]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == (
        "  on a laptop ignored: spec.image, spec.imagePullPolicy, spec.master.resources, "
        "spec.master.pod, spec.workers.resources, spec.workers.pod, spec.pod, spec.suspend, "
        "spec.rerunToken, spec.results.persistentVolumeClaim, spec.podTTLSecondsAfterFinished, "
        "spec.ttlSecondsAfterFinished, spec.historyLimit"
    )
    assert len(lines) == 3


def test_bad_usage_is_64_and_help_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, sentence in (
        ([], "the following arguments are required: FILE"),
        (["--expl", "a.yaml"], "unrecognized arguments: --expl"),
    ):
        assert main(["validate", *wrong]) == 64
        told = capsys.readouterr().err
        assert told == f"katydid validate: {sentence}. See katydid validate --help.\n"
    with pytest.raises(SystemExit) as leaving:
        main(["validate", "--help"])
    assert leaving.value.code == 0
    assert "usage: katydid validate" in capsys.readouterr().out
