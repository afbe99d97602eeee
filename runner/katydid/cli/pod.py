"""A manifest in a pod: `katydid run --role master|worker /katydid/loadtest.yaml` (DESIGN §2.8).

Everything lies beside the manifest: sources in `src`, checkpoint and results in `state`. No
config file, no abbreviations; the environment is the container's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from katydid.cli.launch import Launch, Role
from katydid.errors import KatydidError, ManifestError, Problem
from katydid.manifest import Manifest
from katydid.manifest.spec import ImageSource

TERMINATION_LOG = Path("/dev/termination-log")
LINGER_SECONDS = 15.0
METRICS_PORT = 9646
METRICS_LINGER = "60s"
LAST_WORDS_BYTES = 2048  # as the kubelet cuts them where a pod has several containers


@contextlib.contextmanager
def last_words(path: Path = TERMINATION_LOG) -> Iterator[None]:
    """What ends this process is written to `path`, if that exists: whoever watches pods reads it
    there, without the log."""
    try:
        yield
    except Exception as error:
        text = str(error) if isinstance(error, KatydidError) else f"Katydid failed: {error!r}"
        if path.exists():
            with contextlib.suppress(OSError):
                path.write_bytes(text.encode()[:LAST_WORDS_BYTES])
        raise


def complete(launch: Launch, manifest: Manifest, file: Path, role: Role) -> None:
    """Fill `launch` in for this pod."""
    test = manifest.load_test
    base = file.absolute().parent
    state = base / "state"
    launch.role = role
    launch.fork = 0
    launch.config_files = ()
    launch.abbreviations = False
    launch.announce_pod = True
    launch.stop_when_empty = False
    launch.ready_file = state / "ready"
    launch.master_timeout = 0.0
    launch.expected_workers = test.workers.processes
    launch.processes_per_replica = test.workers.processes_per_pod
    origin = test.source.origin
    source = Path(origin.path) if isinstance(origin, ImageSource) else base / "src"
    entrypoint = source / test.source.entrypoint
    launch.python_path = [source / library.path for library in test.source.libs]
    if role is Role.WORKER:
        launch.fork = test.workers.processes_per_pod if test.workers.processes_per_pod > 1 else 0
        launch.argv = ["--worker", *launch.argv]
        if not entrypoint.is_file():
            launch.argv += ["--locustfile", "-"]  # the master has it
            return
    elif not entrypoint.is_file():
        there = sorted(path.name for path in source.iterdir()) if source.is_dir() else []
        raise ManifestError(
            str(file),
            [Problem("spec.source.entrypoint",
                     f'there is no "{test.source.entrypoint}" in {source}; there is '
                     f"{', '.join(there) or 'nothing'}")],
        )  # fmt: skip
    launch.paths = [entrypoint]
    if role is Role.MASTER:
        launch.linger_seconds = LINGER_SECONDS
        launch.results = state / "results"
        summary = TERMINATION_LOG if TERMINATION_LOG.exists() else state / "summary.json"
        launch.argv += ["--checkpoint", str(state / "checkpoint"), "--summary-file", str(summary)]
        launch.argv += ["--metrics-port", str(METRICS_PORT), "--metrics-linger", METRICS_LINGER]
