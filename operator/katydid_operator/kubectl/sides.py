"""The two runs of a comparison: where each is found, and what is known of it.

Of any finished run there is a row in the LoadTest's history; of the latest one the cluster also
keeps the results; of others they may have been saved as files. See docs/decisions/006.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from katydid_operator.kubectl import results
from katydid_operator.kubectl.door import Door
from katydid_operator.kubectl.exits import CommandError
from katydid_operator.kubectl.runs import load_test
from katydid_operator.loadtest import Json

RUN_JSON = "run.json"
_RUN = re.compile(r"(?P<name>[a-z0-9-]+)(?:/(?P<run>\d+))?")


@dataclass(frozen=True)
class Side:
    """One run."""

    title: str  # as people call it: "checkout run 3", "a/run.json"
    row: Json  # verdict, users, rps, p95Ms, failPercent, as in status.history
    document: bytes | None = None  # its run.json
    why_not: str = ""  # a sentence, where there is no document


async def find(door: Door, namespace: str, before: str, after: str | None) -> tuple[Side, Side]:
    """Both runs; CommandError, with a sentence, for one that is not to be found."""
    if after is not None:
        return await _side(door, namespace, before), await _side(door, namespace, after)
    if _is_file(before):
        raise CommandError(f"Name a second run to compare {before} with.")
    history = await _history(door, namespace, before)
    if len(history) < 2:
        raise CommandError(f"{before} has finished {len(history)} runs; two can be compared.")
    first, second = (f"{before}/{row['number']}" for row in (history[1], history[0]))
    return await _side(door, namespace, first), await _side(door, namespace, second)


def _is_file(text: str) -> bool:
    return text.endswith(".json") or text.startswith((".", "/"))


async def _side(door: Door, namespace: str, text: str) -> Side:
    if _is_file(text):
        return of_file(Path(text))
    match = _RUN.fullmatch(text)
    if match is None:
        raise CommandError(
            f"{text!r} is neither a run such as checkout or checkout/3, nor a file that ends with "
            ".json, nor a ./folder."
        )
    name, history = match["name"], await _history(door, namespace, match["name"])
    if not history:
        raise CommandError(f"No run of {name} has finished yet.")
    number = int(match["run"] or history[0]["number"])
    row = next((one for one in history if one["number"] == number), None)
    if row is None:
        kept = ", ".join(str(one["number"]) for one in history)
        raise CommandError(
            f"The status of {name} has no run {number}: it keeps {kept} (spec.historyLimit)."
        )
    return await _of_cluster(door, namespace, name, row)


async def _of_cluster(door: Door, namespace: str, name: str, row: Json) -> Side:
    number = row["number"]
    title = f"{name} run {number}"
    await results.fetch(door, namespace, name)  # waits while the operator is storing them
    kept, files = await results.kept(door, namespace, name)
    if kept == number and RUN_JSON in files:
        return Side(title, row, files[RUN_JSON])
    if kept == number:
        return Side(title, row, None, f"The results of {title} hold no {RUN_JSON}.")
    return Side(title, row, None, f"The results of {title} are not in the cluster.")


async def _history(door: Door, namespace: str, name: str) -> list[Json]:
    """Finished runs, the latest first."""
    match = _RUN.fullmatch(name)
    test = await load_test(door, namespace, match["name"] if match else name)
    history: list[Json] = (test.get("status") or {}).get("history") or []
    return history


def of_file(path: Path) -> Side:
    """A saved run."""
    source = path / RUN_JSON if path.is_dir() else path
    try:
        data = source.read_bytes()
        status = json.loads(data)["status"]
        row = row_of(status)
    except OSError as error:
        raise CommandError(f"{source} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CommandError(
            f"{source} is not a Katydid result: runs write those as {RUN_JSON}."
        ) from None
    return Side(str(path), row, data)


def row_of(status: Json) -> Json:
    """A run's own status document as a row of status.history."""
    total = status["total"]
    row: Json = {"verdict": status.get("verdict"), "users": status["load"].get("peak_users", 0)}
    numbers = {
        "rps": total.get("rps"),
        "p95Ms": (total["latency"]["percentiles_ms"]).get("p95"),
        "failPercent": total.get("fail_percent"),
    }
    return row | {key: str(value) for key, value in numbers.items() if value is not None}
