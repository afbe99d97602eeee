"""The health check for Argo CD, run by Lua on what the operator writes; kstatus on the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lupa.lua51 import LuaRuntime

from katydid_operator.status import Phase, Verdict, set_kstatus

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "gitops.md"
KEY = "resource.customizations.health.katydid.dev_LoadTest"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
VERDICTS = {
    Phase.SUCCEEDED: Verdict.PASSED,
    Phase.FAILED: Verdict.FAILED,
    Phase.STOPPED: Verdict.STOPPED,
}


@pytest.fixture(scope="module")
def health(reader: ModuleType) -> Any:
    """The page's check: a LoadTest to (status, message)."""
    [text] = [
        document["data"][KEY]
        for block in reader.blocks(PAGE)
        if block.language == "yaml"
        for document in reader.documents(block)
        if KEY in document.get("data", {})
    ]
    lua = LuaRuntime(unpack_returned_tuples=True)  # 5.1, as Argo CD's own interpreter
    for library in ("os", "io", "string", "table", "math", "pairs", "ipairs", "tostring"):
        lua.execute(f"{library} = nil")  # it opens no libraries for a check
    function = lua.eval(f"function(obj)\n{text}\nend")

    def check(test: dict[str, Any]) -> tuple[str, str]:
        table = function(lua.table_from(test, recursive=True))
        return table["status"], table["message"]

    return check


def load_test(phase: Phase | None, generation: int = 3, observed: int = 3) -> dict[str, Any]:
    """A LoadTest in that phase, its status written by the operator's own code."""
    test: dict[str, Any] = {"metadata": {"name": "checkout", "generation": generation}}
    if phase is None:
        return test
    status = {"observedGeneration": observed, "phase": str(phase), "message": f"It is {phase}."}
    if phase in VERDICTS:
        status["verdict"] = str(VERDICTS[phase])
    set_kstatus(status, NOW)
    return {**test, "status": status}


def table_of_page(column: int) -> dict[Phase, str]:
    """Phase → word, as the page's table says it."""
    found: dict[Phase, str] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0].split(",")[0] in set(Phase):
            for phase in cells[0].split(", "):
                found[Phase(phase)] = cells[column]
    return found


@pytest.mark.parametrize("phase", list(Phase))
def test_argo_cd(health: Any, phase: Phase) -> None:
    expected = table_of_page(1)[phase]
    assert health(load_test(phase)) == (expected, f"It is {phase}.")
    assert health(load_test(phase, generation=4))[0] == "Progressing"


def test_argo_cd_before_the_operator_has_seen_it(health: Any) -> None:
    assert health(load_test(None)) == ("Progressing", "Waiting for the operator.")


@pytest.mark.parametrize("phase", list(Phase))
def test_flux(phase: Phase) -> None:
    """kstatus: Reconciling → InProgress, Stalled → Failed, Ready false → InProgress."""
    conditions = {one["type"]: one["status"] for one in load_test(phase)["status"]["conditions"]}
    if conditions["Reconciling"] == "True":
        said = "InProgress"
    elif conditions["Stalled"] == "True":
        said = "Failed"
    else:
        said = "Current" if conditions["Ready"] == "True" else "InProgress"
    assert said == table_of_page(2)[phase]
