"""`compare`: by `katydid compare` where both runs have their results, else what the rows say.

The two halves never import each other, so the engine is a program here, as kubectl is for `ui`.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from katydid_operator.kubectl.exits import CommandError, Exit
from katydid_operator.kubectl.sides import Side
from katydid_operator.loadtest import Json

Say = Callable[[str], None]

# metric → its key in status.history, and how the table calls it
_COLUMNS = {"users": ("users", "Peak users"), "rps": ("rps", "RPS"),
            "failures": ("failPercent", "Failures %"), "p95": ("p95Ms", "p95, ms")}  # fmt: skip
_TOLERANCE = re.compile(r"\s*(rps|failures|p95)\s*=\s*(\d+(?:\.\d+)?)\s*%\s*")


@dataclass(frozen=True)
class Wanted:
    """What was asked for."""

    tolerances: Sequence[str] = ()
    html: Path | None = None
    as_json: bool = False


async def compare(before: Side, after: Side, wanted: Wanted, say: Say, complain: Say) -> int:
    """Show how the runs differ; returns the exit code."""
    program = engine()
    lacking = [side.why_not for side in (before, after) if side.document is None]
    if program is None:
        lacking.append("`katydid` is not installed here.")
    if not lacking and program is not None:
        return await _by_engine(program, before, after, wanted)
    reason = " ".join(lacking)
    if wanted.html is not None:
        raise CommandError(f"--html needs the results of both runs. {reason}")
    limits = [limit(text, reason) for text in wanted.tolerances]
    worse = exceeded(before, after, limits)
    if wanted.as_json:
        both = {"before": _named(before), "after": _named(after), "exceeded": worse}
        say(json.dumps(both, indent=2))
    else:
        for line in table(before, after):
            say(line)
        for text, _, _ in limits:
            say(f"{'✕ exceeded' if text in worse else '✓ within  '}  {text}")
        complain(f"Only these numbers can be compared. {reason}")
    return int(Exit.THRESHOLD_BREACHED if worse else Exit.PASSED)


def engine() -> str | None:
    """The `katydid` of this installation, else that of the PATH."""
    beside = Path(sys.executable).with_name("katydid")
    return str(beside) if beside.is_file() else shutil.which("katydid")


async def _by_engine(program: str, before: Side, after: Side, wanted: Wanted) -> int:
    options = [f"--tolerance={text}" for text in wanted.tolerances]
    if wanted.html is not None:
        options.append(f"--html={wanted.html.absolute()}")
    if wanted.as_json:
        options.append("--json")
    with tempfile.TemporaryDirectory(prefix="katydid-compare-") as folder:
        names = []
        for called, side in (("before", before), ("after", after)):
            # The engine says what it has read: a name that a person knows.
            name = re.sub(r"[^-._A-Za-z0-9]+", "-", side.title).strip("-.") or called
            path = Path(folder, called, f"{name.removesuffix('.json')}.json")
            path.parent.mkdir()
            path.write_bytes(side.document or b"")
            names.append(f"{called}/{path.name}")
        process = await asyncio.create_subprocess_exec(
            program, "compare", *options, "--", *names, cwd=folder
        )
        return await process.wait()


def _named(side: Side) -> Json:
    return {"run": side.title, **side.row}


def _number(side: Side, metric: str) -> float | None:
    value = side.row.get(_COLUMNS[metric][0])
    return None if value is None else float(value)


Limit = tuple[str, str, float]  # as it was written, metric, per cent


def limit(text: str, reason: str) -> Limit:
    """A tolerance of rows; CommandError, with the `reason` for having no more, if it is none."""
    match = _TOLERANCE.fullmatch(text)
    if match is None:
        raise CommandError(
            f"--tolerance {text!r} needs the results of both runs; without them there are "
            f"p95=10%, failures=1% and rps=5%. {reason}"
        )
    return text, match[1], float(match[2])


def exceeded(before: Side, after: Side, limits: Sequence[Limit]) -> list[str]:
    """The tolerances that do not hold, judged as the engine judges (tests/contract)."""
    return [text for text, metric, share in limits if _exceeds(before, after, metric, share)]


def _exceeds(before: Side, after: Side, metric: str, share: float) -> bool:
    """What is missing is not tolerated; failures are percentage points."""
    was, now = _number(before, metric), _number(after, metric)
    if was is None or now is None:
        return True
    worse = was - now if metric == "rps" else now - was
    allowed = share if metric == "failures" else abs(was) * share / 100
    return worse > allowed + 1e-9 * max(abs(was), abs(now))


def table(before: Side, after: Side) -> list[str]:
    """Lines of what both rows have."""
    rows = [
        ["", before.title, after.title, "change"],
        ["Verdict", str(before.row.get("verdict")), str(after.row.get("verdict")), ""],
    ]
    for metric, (_, title) in _COLUMNS.items():
        was, now = _number(before, metric), _number(after, metric)
        rows.append([title, _text(was), _text(now), _change(metric, was, now)])
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in range(1, 4))]
        ).rstrip()
        for row in rows
    ]


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _change(metric: str, was: float | None, now: float | None) -> str:
    if was is None or now is None or metric == "users":
        return ""
    if metric == "failures":
        return f"{now - was:+.2f}"
    if was == 0:
        return "" if now == 0 else "from 0"
    return f"{100 * (now - was) / was:+.1f} %"
