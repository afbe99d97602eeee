"""A LoadTest as values: frozen, defaulted, in seconds. Made only by `manifest.read`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from katydid.load.spec import Load
from katydid.thresholds import Threshold


@dataclass(frozen=True)
class ConfigMapSource:
    """Files are the keys of a ConfigMap in the LoadTest's namespace."""

    name: str


@dataclass(frozen=True)
class InlineSource:
    """Files stand in the manifest: name → text."""

    files: dict[str, str]


@dataclass(frozen=True)
class GitSource:
    """Files come from a repository; `ref` None: its default branch; `path` "": its root."""

    url: str
    ref: str | None = None
    path: str = ""
    secret: str | None = None  # name of the Secret with the credentials


@dataclass(frozen=True)
class ImageSource:
    """Files are baked into the image, in the folder `path`."""

    path: str


@dataclass(frozen=True)
class ClaimSource:
    """Files lie on a volume; `path` "": its root."""

    claim: str
    path: str = ""


Origin = ConfigMapSource | InlineSource | GitSource | ImageSource | ClaimSource


@dataclass(frozen=True)
class Library:
    """A further folder on the Python path, filled from a ConfigMap."""

    config_map: str
    path: str  # relative to the sources, without a final slash


@dataclass(frozen=True)
class Source:
    """Where the locustfile comes from."""

    entrypoint: str  # key, or path relative to the origin's folder
    origin: Origin
    libs: tuple[Library, ...] = ()


@dataclass(frozen=True)
class ServiceTarget:
    """A Service of the cluster as the system under test."""

    name: str
    namespace: str | None = None  # None: the LoadTest's own
    port: int | None = None  # None: the scheme's
    scheme: str = "http"


@dataclass(frozen=True)
class Target:
    """The system under test; both None: the user class's own host."""

    host: str | None = None
    service: ServiceTarget | None = None


@dataclass(frozen=True)
class Role:
    """What the master or the workers have of their own. Shapes as in core/v1."""

    args: tuple[str, ...] = ()
    env: tuple[dict[str, Any], ...] = ()
    resources: dict[str, Any] = field(default_factory=dict)
    pod: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkersLive:
    """The part of `workers` that may change while a run is on."""

    replicas: int = 1
    ready_timeout_seconds: float = 600.0
    max_lost: int | str = "50%"

    def max_lost_of(self, workers: int) -> int:
        """How many of `workers` may be missing at a time; a percentage is rounded down."""
        if isinstance(self.max_lost, int):
            return self.max_lost
        return workers * int(self.max_lost.rstrip("%")) // 100


@dataclass(frozen=True)
class Workers(WorkersLive):
    """The processes that make the load."""

    processes_per_pod: int = 1
    role: Role = Role()

    @property
    def processes(self) -> int:
        """Worker processes over all pods."""
        return self.replicas * self.processes_per_pod


@dataclass(frozen=True)
class Results:
    """The reports that are kept."""

    formats: tuple[str, ...] = ("html", "json", "csv", "junit")
    claim: ClaimSource | None = None


@dataclass(frozen=True)
class LoadTest:
    """One LoadTest, whole."""

    name: str
    namespace: str | None
    generation: int  # metadata.generation; 0 in a file
    image: str | None
    source: Source
    target: Target
    load: Load
    stop_timeout_seconds: float
    user_classes: tuple[str, ...]  # empty: all
    tags: tuple[str, ...]
    exclude_tags: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[dict[str, Any], ...]  # core/v1 EnvVar
    env_from: tuple[dict[str, Any], ...]  # core/v1 EnvFromSource
    workers: Workers
    master: Role
    pod: dict[str, Any]
    suspend: bool
    stop: bool
    rerun_token: str | None
    deadline_seconds: float
    thresholds: tuple[Threshold, ...]
    results: Results
    metrics_buckets: tuple[float, ...]  # upper bounds in seconds, ascending; empty: the usual ones
    pod_ttl_seconds: int
    ttl_seconds: int | None
    history_limit: int
    resource: dict[str, Any] = field(repr=False)  # the whole resource, defaults applied
