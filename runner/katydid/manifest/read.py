"""From a checked resource to a LoadTest: the one place that knows the field names of the spec."""

from __future__ import annotations

from typing import Any

from katydid.load.text import load_from_manifest, parse_timespan
from katydid.manifest.spec import (
    ClaimSource,
    ConfigMapSource,
    GitSource,
    ImageSource,
    InlineSource,
    Library,
    LoadTest,
    Origin,
    Results,
    Role,
    ServiceTarget,
    Source,
    Target,
    Workers,
    WorkersLive,
)
from katydid.thresholds import Threshold
from katydid.thresholds import from_manifest as threshold_from_manifest

Fields = dict[str, Any]


def load_test(resource: Fields) -> LoadTest:
    """The LoadTest that a resource (checked, defaults applied) describes."""
    metadata, spec = resource["metadata"], resource["spec"]
    load = spec["load"]
    return LoadTest(
        name=metadata["name"],
        namespace=metadata.get("namespace"),
        generation=metadata.get("generation", 0),
        image=spec.get("image"),
        source=_source(spec["source"]),
        target=_target(spec.get("target", {})),
        load=load_from_manifest(load),
        stop_timeout_seconds=parse_timespan(load["stopTimeout"]),
        user_classes=tuple(load.get("userClasses", ())),
        tags=tuple(load.get("tags", ())),
        exclude_tags=tuple(load.get("excludeTags", ())),
        args=tuple(spec.get("args", ())),
        env=tuple(spec.get("env", ())),
        env_from=tuple(spec.get("envFrom", ())),
        workers=_workers(spec["workers"]),
        master=_role(spec.get("master", {})),
        pod=spec.get("pod", {}),
        suspend=spec["suspend"],
        stop=spec["stop"],
        rerun_token=spec.get("rerunToken"),
        deadline_seconds=parse_timespan(spec["deadline"]),
        thresholds=thresholds(spec.get("thresholds", ())),
        results=results(spec["results"]),
        metrics_buckets=_buckets(spec.get("metrics", {})),
        pod_ttl_seconds=spec["podTTLSecondsAfterFinished"],
        ttl_seconds=spec.get("ttlSecondsAfterFinished"),
        history_limit=spec["historyLimit"],
        resource=resource,
    )


def thresholds(items: Any) -> tuple[Threshold, ...]:
    """`spec.thresholds`."""
    return tuple(threshold_from_manifest(item) for item in items)


def results(fields: Fields) -> Results:
    """`spec.results`."""
    claim = fields.get("persistentVolumeClaim")
    return Results(tuple(fields["formats"]), _claim(claim) if claim else None)


def _buckets(fields: Fields) -> tuple[float, ...]:
    return tuple(sorted({parse_timespan(bound) for bound in fields.get("buckets", ())}))


def workers_live(fields: Fields) -> WorkersLive:
    """The live part of `spec.workers`."""
    return WorkersLive(
        fields["replicas"], parse_timespan(fields["readyTimeout"]), fields["maxLost"]
    )


def _workers(fields: Fields) -> Workers:
    live = workers_live(fields)
    return Workers(
        live.replicas,
        live.ready_timeout_seconds,
        live.max_lost,
        fields["processesPerPod"],
        _role(fields),
    )


def _role(fields: Fields) -> Role:
    return Role(
        args=tuple(fields.get("args", ())),
        env=tuple(fields.get("env", ())),
        resources=fields.get("resources", {}),
        pod=fields.get("pod", {}),
    )


def _claim(fields: Fields) -> ClaimSource:
    return ClaimSource(fields["claimName"], fields.get("path", ""))


def _origin(fields: Fields) -> Origin:
    if "configMap" in fields:
        return ConfigMapSource(fields["configMap"]["name"])
    if "inline" in fields:
        return InlineSource(fields["inline"])
    if "image" in fields:
        return ImageSource(fields["image"]["path"])
    if "persistentVolumeClaim" in fields:
        return _claim(fields["persistentVolumeClaim"])
    git = fields["git"]
    secret = git.get("secretRef", {}).get("name")
    return GitSource(git["url"], git.get("ref"), git.get("path", ""), secret)


def _source(fields: Fields) -> Source:
    libs = (
        Library(lib["configMap"]["name"], lib["path"].rstrip("/")) for lib in fields.get("libs", ())
    )
    return Source(fields["entrypoint"], _origin(fields), tuple(libs))


def _target(fields: Fields) -> Target:
    service = fields.get("serviceRef")
    if service is None:
        return Target(host=fields.get("host"))
    return Target(
        service=ServiceTarget(
            service["name"], service.get("namespace"), service.get("port"), service["scheme"]
        )
    )
