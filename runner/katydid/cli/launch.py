"""What a session is started with: the layered options, and what options cannot say."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from katydid.cli.options import DEFAULT_CONFIG_FILES
from katydid.errors import LOCUST_EXIT_CODE, ExitCode, KatydidError
from katydid.load.spec import Load
from katydid.thresholds import Threshold


class Surface(enum.Enum):
    """Whose exit codes and habits hold."""

    LOCUST = "locust"  # katydid -f …
    KATYDID = "katydid"  # katydid run …

    def exit_code(self, code: ExitCode) -> int:
        """The number that the process exits with."""
        return LOCUST_EXIT_CODE[code] if self is Surface.LOCUST else int(code)

    def exit_code_of(self, error: KatydidError) -> int:
        """An error may know better what Locust would exit with."""
        known: int | None = getattr(error, "locust_exit_code", None)
        if self is Surface.LOCUST and known is not None:
            return known
        return self.exit_code(error.exit_code)


class Role(enum.Enum):
    """What this process does."""

    LOCAL = "local"
    MASTER = "master"
    WORKER = "worker"


@dataclass
class Launch:
    """Everything `session.run` needs. Without a manifest only `argv` matters."""

    argv: list[str]  # options of lower layers: those of the manifest
    rest: list[str] = field(default_factory=list)  # the command line: it wins
    role_args: Mapping[Role, Sequence[str]] = field(default_factory=dict)  # between the two
    role_environ: Mapping[Role, Mapping[str, str]] = field(default_factory=dict)
    python_path: list[Path] = field(default_factory=list)  # further folders on sys.path
    user_classes: tuple[str, ...] = ()  # of the manifest; empty: all
    surface: Surface = Surface.LOCUST
    config_files: tuple[str, ...] = DEFAULT_CONFIG_FILES
    abbreviations: bool = True
    role: Role | None = None  # None: the options say it
    fork: int | None = None  # worker processes to fork; None: the options say it
    paths: list[Path] | None = None  # locustfiles; None: the options say it
    load: Load | None = None  # where the manifest's load is more than users and a rate
    thresholds: tuple[Threshold, ...] = ()
    name: str = ""  # of the test; "": the locustfile's stem
    manifest: str = ""  # its text
    runs_once: bool = False  # start by itself, end with the load
    results: Path | None = None
    formats: tuple[str, ...] = ()
    deadline: float | None = None  # seconds
    ready_timeout: float | None = None  # seconds; None: the options say it
    max_lost: float = 1.0  # ratio
    expected_workers: int | None = None  # None: the options say it
    processes_per_replica: int = 0  # 0: the manifest's replicas are not the workers that come
    generation: int = 0
    stop_when_empty: bool = True
    master_timeout: float | None = None  # seconds; of a worker
    linger_seconds: float = 0.0  # keep serving the results for so long after the end
    notes: list[str] = field(default_factory=list)  # lines to print at the start
    ready_file: Path | None = None  # exists while this node is ready, for the kubelet's probe
    announce_pod: bool = False  # this is a pod: exit 0 once the summary is written

    def arguments(self, role: Role | None = None) -> list[str]:
        """The whole command line of a process in `role`, lowest layer first."""
        between = list(self.role_args.get(role, ())) if role is not None else []
        return [*self.argv, *between, *self.rest]
