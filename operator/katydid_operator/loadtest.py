"""A LoadTest as the operator reads it: a frozen view of the resource, defaults filled in.

Shapes of core/v1 (env, resources, pod overlays) stay as they are. The API server has checked and
defaulted the rest; a missing optional field is read as its default all the same. The status part
is the operator's own earlier writing; `status` reads it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from katydid_operator.errors import LoadTestError

Json = dict[str, Any]

_TIMESPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
LIVE_WORKER_FIELDS = ("replicas", "readyTimeout", "maxLost")


def seconds_of(timespan: str | float) -> float:
    """Seconds of `90`, `90s`, `1h30m`; LoadTestError for anything else."""
    text = str(timespan)
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    match = _TIMESPAN.fullmatch(text)
    if match is None or not text:
        raise LoadTestError(f"{text!r} is not a time span such as 90s, 10m or 1h30m.")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@dataclass(frozen=True)
class ConfigMapSource:
    name: str


@dataclass(frozen=True)
class InlineSource:
    files: Mapping[str, str]


@dataclass(frozen=True)
class GitSource:
    url: str
    ref: str  # "": the default branch
    path: str  # "": the root
    secret: str  # "": no credentials


@dataclass(frozen=True)
class ImageSource:
    path: str


@dataclass(frozen=True)
class ClaimSource:
    claim: str
    path: str  # "": the root


Origin = ConfigMapSource | InlineSource | GitSource | ImageSource | ClaimSource


@dataclass(frozen=True)
class Library:
    config_map: str
    path: str  # relative to the sources, without a final slash


@dataclass(frozen=True)
class Role:
    """What the master or the workers have of their own."""

    resources: Json
    args: tuple[str, ...]
    env: tuple[Json, ...]
    pod: Json  # spec.pod with the role's overlay over it


@dataclass(frozen=True)
class LoadTest:
    """One LoadTest. `resource` is the object as the API server gave it; never changed."""

    resource: Json = field(repr=False)

    @property
    def metadata(self) -> Json:
        return self.resource.get("metadata") or {}

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def namespace(self) -> str:
        return str(self.metadata["namespace"])

    @property
    def uid(self) -> str:
        return str(self.metadata["uid"])

    @property
    def generation(self) -> int:
        return int(self.metadata.get("generation", 0))

    @property
    def is_deleted(self) -> bool:
        return bool(self.metadata.get("deletionTimestamp"))

    @property
    def created_at(self) -> str | None:
        return self.metadata.get("creationTimestamp")

    @property
    def spec(self) -> Json:
        return self.resource.get("spec") or {}

    @property
    def status(self) -> Json:
        return self.resource.get("status") or {}

    @cached_property
    def origin(self) -> Origin:
        source = self.spec.get("source") or {}
        for kind, read in _ORIGINS.items():
            if source.get(kind) is not None:
                return read(source[kind])
        raise LoadTestError("spec.source names no source.")

    @property
    def entrypoint(self) -> str:
        return str((self.spec.get("source") or {}).get("entrypoint") or "locustfile.py")

    @cached_property
    def libraries(self) -> tuple[Library, ...]:
        libs = (self.spec.get("source") or {}).get("libs") or []
        return tuple(Library(lib["configMap"]["name"], lib["path"].rstrip("/")) for lib in libs)

    @property
    def image(self) -> str | None:
        return self.spec.get("image")

    @property
    def target_url(self) -> str | None:
        """Base URL of the system under test; None: the user class's own."""
        target = self.spec.get("target") or {}
        service = target.get("serviceRef")
        if not service:
            return target.get("host")
        host = f"{service['name']}.{service.get('namespace') or self.namespace}.svc"
        port = f":{service['port']}" if service.get("port") else ""
        return f"{service.get('scheme') or 'http'}://{host}{port}"

    @property
    def replicas(self) -> int:
        return int(self._workers.get("replicas", 1))

    @property
    def processes_per_pod(self) -> int:
        return int(self._workers.get("processesPerPod", 1))

    @property
    def ready_timeout_seconds(self) -> float:
        return seconds_of(self._workers.get("readyTimeout", "10m"))

    @property
    def deadline_seconds(self) -> float:
        return seconds_of(self.spec.get("deadline", "24h"))

    @property
    def stop_timeout_seconds(self) -> float:
        return seconds_of((self.spec.get("load") or {}).get("stopTimeout", "30s"))

    @property
    def suspend(self) -> bool:
        return bool(self.spec.get("suspend"))

    @property
    def stop(self) -> bool:
        return bool(self.spec.get("stop"))

    @property
    def rerun_token(self) -> str:
        return str(self.spec.get("rerunToken") or "")

    @property
    def thresholds(self) -> tuple[Json, ...]:
        return tuple(self.spec.get("thresholds") or ())

    @property
    def results_claim(self) -> ClaimSource | None:
        claim = (self.spec.get("results") or {}).get("persistentVolumeClaim")
        return _claim(claim) if claim else None

    @property
    def pod_ttl_seconds(self) -> int:
        return int(self.spec.get("podTTLSecondsAfterFinished", 3600))

    @property
    def ttl_seconds(self) -> int | None:
        value = self.spec.get("ttlSecondsAfterFinished")
        return None if value is None else int(value)

    @property
    def history_limit(self) -> int:
        return int(self.spec.get("historyLimit", 10))

    @property
    def args(self) -> tuple[str, ...]:
        return tuple(self.spec.get("args") or ())

    @property
    def env(self) -> tuple[Json, ...]:
        return tuple(self.spec.get("env") or ())

    @property
    def env_from(self) -> tuple[Json, ...]:
        return tuple(self.spec.get("envFrom") or ())

    @property
    def has_pod_knobs(self) -> bool:
        """Whether the resource has parts of a pod that the schema cannot check fully."""
        roles = (self._workers, self.spec.get("master") or {})
        return bool(
            self.spec.get("pod") or any(role.get("pod") or role.get("resources") for role in roles)
        )

    @cached_property
    def workers(self) -> Role:
        return self._role(self._workers)

    @cached_property
    def master(self) -> Role:
        return self._role(self.spec.get("master") or {})

    @cached_property
    def spec_hash(self) -> str:
        """Hash of the whole spec; two generations with the same content have the same."""
        text = json.dumps(self.spec, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def live_body(self) -> Json:
        """The body of `PUT /api/v1/live`: the live part of this generation, whole."""
        workers = {key: self._workers[key] for key in LIVE_WORKER_FIELDS if key in self._workers}
        body: Json = {
            "generation": self.generation,
            "load": self.spec.get("load") or {},
            "workers": workers,
            "thresholds": list(self.thresholds),
            "stop": self.stop,
        }
        for key in ("deadline", "results"):
            if key in self.spec:
                body[key] = self.spec[key]
        return body

    @property
    def _workers(self) -> Json:
        return self.spec.get("workers") or {}

    def _role(self, own: Json) -> Role:
        return Role(
            resources=own.get("resources") or {},
            args=tuple(own.get("args") or ()),
            env=tuple(own.get("env") or ()),
            pod=overlaid(self.spec.get("pod") or {}, own.get("pod") or {}),
        )


_LIST_KEYS = {
    "imagePullSecrets": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "initContainers": "name",
    "sidecars": "name",
    "hostAliases": "ip",
}
"""Lists of a pod overlay whose items have an identity: merged item by item."""

_MERGED_MAPS = ("labels", "annotations", "nodeSelector", "podSecurityContext", "securityContext")


def overlaid(base: Json, over: Json) -> Json:
    """A pod overlay with another one over it: maps by key, lists by their items' identity.

    Anything else (affinity, tolerations, names) is replaced whole: a half of each would be a
    third thing that nobody wrote.
    """
    merged = dict(base)
    for key, value in over.items():
        if key in _MERGED_MAPS:
            merged[key] = {**(base.get(key) or {}), **value}
        elif key in _LIST_KEYS:
            identity = _LIST_KEYS[key]
            items = {item[identity]: item for item in base.get(key) or ()}
            items.update({item[identity]: item for item in value})
            merged[key] = list(items.values())
        else:
            merged[key] = value
    return merged


def _claim(claim: Json) -> ClaimSource:
    return ClaimSource(claim["claimName"], (claim.get("path") or "").strip("/"))


def _git(git: Json) -> GitSource:
    secret = (git.get("secretRef") or {}).get("name") or ""
    return GitSource(git["url"], git.get("ref") or "", (git.get("path") or "").strip("/"), secret)


_ORIGINS: dict[str, Callable[[Json], Origin]] = {
    "configMap": lambda given: ConfigMapSource(given["name"]),
    "inline": lambda given: InlineSource(dict(given)),
    "git": _git,
    "image": lambda given: ImageSource(given["path"]),
    "persistentVolumeClaim": _claim,
}
