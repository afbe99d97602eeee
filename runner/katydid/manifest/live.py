"""The live part of a LoadTest: what `PUT /api/v1/live` replaces, whole, while a run is on.

    {"generation": 4, "load": {…}, "workers": {…}, "thresholds": […], "deadline": "2h",
     "results": {…}, "stop": false}

`load`, `thresholds`, `deadline`, `results` and `stop` are the fields of the spec; of `workers`,
replicas, readyTimeout and maxLost. Schema and rules are the CRD's, so a body that comes from an
accepted LoadTest is always accepted.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any

from katydid.errors import ManifestError, Problem
from katydid.load.spec import Load
from katydid.load.text import load_from_manifest, parse_timespan
from katydid.manifest import checks, read, schema
from katydid.manifest.document import dotted
from katydid.manifest.spec import LoadTest, Results, WorkersLive
from katydid.thresholds import Threshold

WORKER_FIELDS = ("replicas", "readyTimeout", "maxLost")


@dataclass(frozen=True)
class LiveUpdate:
    """The live part, as values. It replaces what was in force; a lower generation is stale."""

    generation: int
    load: Load
    stop_timeout_seconds: float
    workers: WorkersLive
    thresholds: tuple[Threshold, ...]
    deadline_seconds: float
    results: Results
    stop: bool
    body: dict[str, Any]  # as it was sent, defaults applied: for the checkpoint and the report


def parse(body: bytes | str) -> LiveUpdate:
    """The update in a request body; ManifestError, without lines, says what is wrong with it."""
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ManifestError("live", [Problem("", f"not JSON: {error}")]) from None
    return from_body(value)


def from_body(value: Any) -> LiveUpdate:
    """The same from the decoded JSON."""
    if isinstance(value, dict):
        value = schema.with_defaults(value, _schema())
    found = schema.violations(value, _schema())
    if not found:
        found = list(checks.part_violations(value, _schema(), ()))
    if found:
        problems = [Problem(dotted(one.path), one.message) for one in found]
        raise ManifestError("live", problems)
    return LiveUpdate(
        generation=value["generation"],
        load=load_from_manifest(value["load"]),
        stop_timeout_seconds=parse_timespan(value["load"]["stopTimeout"]),
        workers=read.workers_live(value["workers"]),
        thresholds=read.thresholds(value.get("thresholds", ())),
        deadline_seconds=parse_timespan(value["deadline"]),
        results=read.results(value["results"]),
        stop=value["stop"],
        body=value,
    )


def of(test: LoadTest) -> LiveUpdate:
    """The live part that a LoadTest has."""
    return from_body(body_of(test.resource))


def body_of(resource: dict[str, Any]) -> dict[str, Any]:
    """The body that puts the live part of a resource (defaults applied) in force."""
    spec = resource["spec"]
    return {
        "generation": resource["metadata"].get("generation", 0),
        "load": spec["load"],
        "workers": {name: spec["workers"][name] for name in WORKER_FIELDS},
        "thresholds": spec.get("thresholds", []),
        "deadline": spec["deadline"],
        "results": spec["results"],
        "stop": spec["stop"],
    }


@functools.cache
def _schema() -> schema.Schema:
    spec = schema.at("spec")["properties"]
    workers = spec["workers"]["properties"]
    return {
        "type": "object",
        "required": ["generation", "load"],
        "properties": {
            "generation": {"type": "integer", "minimum": 0},
            "load": spec["load"],
            "workers": {
                "type": "object",
                "default": {},
                "properties": {name: workers[name] for name in WORKER_FIELDS},
            },
            "thresholds": spec["thresholds"],
            "deadline": spec["deadline"],
            "results": spec["results"],
            "stop": spec["stop"],
        },
    }


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
