"""`katydid run LOADTEST.yaml`: the test that a manifest describes, here or as part of a pod."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from katydid.cli import laptop, pod, session
from katydid.cli.launch import Launch, Role, Surface
from katydid.command_line import CommandParser
from katydid.errors import UsageError
from katydid.load.spec import ConstantLoad
from katydid.manifest import LoadTest, Manifest, parse
from katydid.run.live import lost_ratio

USAGE = """usage: katydid run LOADTEST.yaml [options] [Locust's and Katydid's options]

  --workers N        worker processes on this machine (default: as the manifest says, at most
                     one per core but one)
  --results DIR      where the reports go (default: results/<name>-<time>)
  --source-dir DIR   the locustfile's folder, for sources that only a cluster has
  --env-file FILE    KEY=VALUE lines for env and envFrom that refer to a cluster
  --role ROLE        master or worker: be that part of a test in a pod

All options of `katydid --help` may follow; they win over the manifest. --headless: no web page."""


def run(argv: list[str]) -> int:
    """Run `katydid run ARGV`; returns the exit code. KatydidError for what is wrong."""
    known, rest = _parser().parse_known_args(argv)
    if known.help or known.file is None:
        if known.help:
            print(USAGE)
            return 0
        raise UsageError(f"katydid run needs a manifest.\n{USAGE}")
    if known.role:
        with pod.last_words():
            return _run(known, rest)
    return _run(known, rest)


def _run(known: argparse.Namespace, rest: list[str]) -> int:
    manifest = parse(known.file)
    launch = _launch(manifest, rest)
    if known.role:
        pod.complete(launch, manifest, Path(known.file), Role(known.role))
    else:
        laptop.complete(
            launch,
            manifest,
            laptop.Choices(
                known.workers, known.source_dir, known.env_file, "--host" in _flags(rest)
            ),
        )
        launch.results = Path(known.results or _results_name(manifest.load_test))
    for note in launch.notes:
        print(note)
    return session.run(launch)


def _launch(manifest: Manifest, rest: list[str]) -> Launch:
    """What is the same in a pod and on a laptop."""
    test = manifest.load_test
    argv = ["--stop-timeout", f"{test.stop_timeout_seconds}s"]
    load = None
    if isinstance(test.load, ConstantLoad):
        argv += ["--users", str(test.load.users), "--spawn-rate", str(test.load.spawn_rate)]
        if test.load.run_time_seconds is not None:
            argv += ["--run-time", f"{test.load.run_time_seconds}s"]
    else:
        load = test.load
    if test.target.host:
        argv += ["--host", test.target.host]
    if test.tags:
        argv += ["--tags", *test.tags]
    if test.exclude_tags:
        argv += ["--exclude-tags", *test.exclude_tags]
    if test.metrics_buckets:
        argv += ["--metrics-buckets", ",".join(map(repr, test.metrics_buckets))]
    processes = max(1, test.workers.processes)
    return Launch(
        argv=argv + list(test.args),
        rest=rest,
        surface=Surface.KATYDID,
        role_args={Role.MASTER: test.master.args, Role.WORKER: test.workers.role.args},
        load=load,
        user_classes=test.user_classes,
        thresholds=test.thresholds,
        name=test.name,
        manifest=manifest.stream.shown_text,
        runs_once=True,
        formats=test.results.formats,
        deadline=test.deadline_seconds,
        ready_timeout=test.workers.ready_timeout_seconds,
        max_lost=lost_ratio(test.workers, processes),
        generation=test.generation,
    )


def _parser() -> CommandParser:
    parser = CommandParser(prog="katydid run", add_help=False)
    parser.add_argument("file", nargs="?")
    parser.add_argument("--role", choices=("master", "worker"))
    parser.add_argument("--workers", type=int)
    parser.add_argument("--results")
    parser.add_argument("--source-dir", type=Path)
    parser.add_argument("--env-file", type=Path)
    parser.add_argument("-h", "--help", action="store_true")
    return parser


def _flags(rest: list[str]) -> set[str]:
    names = {word.partition("=")[0] for word in rest}
    return names | ({"--host"} if names & {"-H"} else set())


def _results_name(test: LoadTest) -> str:
    return f"results/{test.name}-{time.strftime('%Y%m%d-%H%M%S')}"
