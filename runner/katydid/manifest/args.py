"""Engine options that a LoadTest may not pass in `args`, because a field or the operator decides.

The CRD's rule lists the same options (a test compares the two). Abbreviations are refused too:
every prefix of one of these options counts as the option.
"""

from __future__ import annotations

MANAGED_OPTIONS: dict[str, str] = {
    "--": "spec.load.userClasses",
    "--autoquit": "",
    "--autostart": "",
    "--checkpoint": "",
    "--config": "",
    "--control-token": "",
    "--csv": "spec.results.formats",
    "--curve-seed": "",
    "--env-file": "spec.env",
    "--exclude-tags": "spec.load.excludeTags",
    "--expect-slaves": "spec.workers.replicas",
    "--expect-workers": "spec.workers.replicas",
    "--expect-workers-max-wait": "spec.workers.readyTimeout",
    "--headful": "",
    "--headless": "",
    "--help": "",
    "--host": "spec.target.host",
    "--html": "spec.results.formats",
    "--json": "spec.results.formats",
    "--json-file": "spec.results.formats",
    "--junit": "spec.results.formats",
    "--list": "",
    "--locustfile": "spec.source.entrypoint",
    "--logfile": "",
    "--master": "",
    "--master-bind-host": "",
    "--master-bind-port": "",
    "--master-host": "",
    "--master-port": "",
    "--metrics-buckets": "spec.metrics.buckets",
    "--metrics-port": "",
    "--orphan-timeout": "",
    "--processes": "spec.workers.processesPerPod",
    "--results": "spec.results",
    "--role": "",
    "--run-id": "",
    "--run-time": "spec.load.runTime",
    "--show-task-ratio": "",
    "--show-task-ratio-json": "",
    "--slave": "",
    "--source-dir": "spec.source",
    "--spawn-rate": "spec.load.spawnRate",
    "--stop-timeout": "spec.load.stopTimeout",
    "--summary-bytes": "",
    "--summary-file": "",
    "--tags": "spec.load.tags",
    "--threshold": "spec.thresholds",
    "--tls-cert": "",
    "--tls-key": "",
    "--users": "spec.load.users",
    "--version": "",
    "--web-base-path": "",
    "--web-host": "",
    "--web-login": "",
    "--web-port": "",
    "--worker": "",
    "--worker-id": "",
    "--workers": "spec.workers.replicas",
}
"""Option → the field that decides instead; "" where the operator does."""

MANAGED_LETTERS: dict[str, str] = {
    "f": "--locustfile",
    "H": "--host",
    "u": "--users",
    "r": "--spawn-rate",
    "t": "--run-time",
    "P": "--web-port",
    "T": "--tags",
    "E": "--exclude-tags",
    "s": "--stop-timeout",
    "l": "--list",
    "V": "--version",
    "h": "--help",
}
"""One-letter forms; a value may be glued to them (`-u10`)."""


def managed_option(argument: str) -> str | None:
    """The managed option that `argument` is, abbreviates or starts with; None for all others."""
    if argument[:1] == "-" and argument[1:2] in MANAGED_LETTERS:
        return MANAGED_LETTERS[argument[1:2]]
    if not argument.startswith("--"):
        return None
    name = argument.split("=")[0]
    if name in MANAGED_OPTIONS:
        return name
    return next((option for option in MANAGED_OPTIONS if option.startswith(name)), None)


def instead_of(option: str) -> str:
    """What to use in place of a managed option: half a sentence."""
    field = MANAGED_OPTIONS[option]
    return f"use {field}" if field else "it is set for you"
