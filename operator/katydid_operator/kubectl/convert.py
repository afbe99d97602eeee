"""`convert`: LocustTests of other operators as LoadTests.

Three shapes are known: the official operator's v1 (groups locust.io and locust.cloud),
AbdelrhmanHamouda's v2, and his v1, which is first read as a v2. Pure functions; each returns the
LoadTest and sentences about what could not be carried over.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from katydid_operator import names
from katydid_operator.kubectl import locust_flags
from katydid_operator.kubectl.exits import CommandError
from katydid_operator.kubectl.locust_flags import Flags
from katydid_operator.loadtest import Json

KIND = "LocustTest"
OFFICIAL_IMAGE = "locustio/locust"
MAX_NAME = 44


def convert(document: Json) -> tuple[Json, list[str]]:
    """A LocustTest as a LoadTest, and what to know about it."""
    group = str(document.get("apiVersion") or "").partition("/")[0]
    if document.get("kind") != KIND or group not in ("locust.io", "locust.cloud"):
        raise CommandError(
            f"{document.get('kind')} of {document.get('apiVersion')} cannot be converted, "
            "only a LocustTest of locust.io or locust.cloud."
        )
    spec: Json = document.get("spec") or {}
    if "masterCommandSeed" in spec:
        made, notes = _grouped(_grouped_of_seeds(spec))
    elif isinstance(spec.get("master"), dict) and "command" in spec["master"]:
        made, notes = _grouped(spec)
    else:
        made, notes = _official(spec)
    metadata, name_notes = _metadata(document["metadata"])
    test = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": metadata,
        "spec": _without_empty(made),
    }
    return test, [*name_notes, *notes]


def _metadata(old: Json) -> tuple[Json, list[str]]:
    name = re.sub(r"[^a-z0-9]+", "-", str(old["name"]).lower()).strip("-")
    name = name if name[:1].isalpha() else f"test-{name}"
    name = name[:MAX_NAME].rstrip("-")
    notes = [f"The name is {name}: a LoadTest's is a DNS label of at most 44 characters."]
    kept = {key: old[key] for key in ("namespace", "labels") if old.get(key)}
    return {"name": name, **kept}, notes if name != old["name"] else []


def _official(spec: Json) -> tuple[Json, list[str]]:
    """The official operator's: one args for both roles, the locustfile inline or a ConfigMap."""
    words = _words(spec.get("args")) + _words(spec.get("extraArgs"))
    said, env = locust_flags.from_environment(spec.get("env") or [])
    flags = locust_flags.parse([*said, *words])
    if spec.get("host"):
        flags.values.setdefault("host", str(spec["host"]))
    made, notes = _common(flags)
    source, source_notes = _official_source(spec.get("locustfile") or {}, flags)
    by_role = spec.get("resources") or {}
    overlays: dict[str, Json] = {}
    for role in ("master", "worker"):
        own = spec.get(role) or {}
        overlays[role] = {
            "resources": own.get("resources") or by_role.get(role),
            "pod": {"labels": own.get("labels"), "annotations": own.get("annotations")},
        }
    made |= {
        "source": source,
        "env": env,
        "pod": {
            "labels": spec.get("labels"),
            "annotations": spec.get("annotations"),
            "imagePullSecrets": spec.get("imagePullSecrets"),
        },
        "master": overlays["master"],
        "workers": {
            "replicas": spec.get("workers", 1),
            **made.get("workers", {}),
            **overlays["worker"],
        },
    }
    image = _image(spec, source)
    return made | image[0], [*notes, *source_notes, *image[1]]


def _official_source(locustfile: Json, flags: Flags) -> tuple[Json, list[str]]:
    inline = locustfile.get("inline") or locustfile
    config_map = locustfile.get("configMap") or {}
    if inline.get("content"):
        file = str(inline.get("filename") or "locustfile.py")
        return {"entrypoint": file, "inline": {file: inline["content"]}}, []
    if config_map.get("name"):
        entrypoint = config_map.get("key") or _entrypoint(flags)
        return {"entrypoint": entrypoint, "configMap": {"name": config_map["name"]}}, []
    return _baked(flags)


def _grouped_of_seeds(spec: Json) -> Json:
    """AbdelrhmanHamouda's v1 in the shape of his v2."""
    labels, annotations = spec.get("labels") or {}, spec.get("annotations") or {}

    def role(name: str) -> Json:
        return {
            "command": spec.get(f"{name}CommandSeed") or "",
            "labels": labels.get(name),
            "annotations": annotations.get(name),
        }

    return {
        "image": spec.get("image"),
        "imagePullSecrets": [
            one if isinstance(one, dict) else {"name": one}
            for one in spec.get("imagePullSecrets") or []
        ],
        "master": role("master"),
        "worker": {**role("worker"), "replicas": spec.get("workerReplicas", 1)},
        "testFiles": {
            "configMapRef": spec.get("configMap"),
            "libConfigMapRef": spec.get("libConfigMap"),
        },
        "scheduling": {
            "affinity": spec.get("affinity"),
            "tolerations": spec.get("tolerations"),
        },
    }


def _grouped(spec: Json) -> tuple[Json, list[str]]:
    """AbdelrhmanHamouda's v2: grouped fields, a command for each role."""
    env: Json = spec.get("env") or {}
    said, variables = locust_flags.from_environment(env.get("variables") or [])
    roles: dict[str, Json] = {role: spec.get(role) or {} for role in ("master", "worker")}
    commands = {
        role: _words(own.get("command")) + _words(own.get("extraArgs"))
        for role, own in roles.items()
    }
    flags = locust_flags.parse([*said, *commands["master"]])
    of_worker = locust_flags.parse(commands["worker"]).rest
    made, notes = _common(flags)
    own_args = {}
    if of_worker != flags.rest:
        made.pop("args", None)
        own_args = {"master": flags.rest, "worker": of_worker}
    source, source_notes = _grouped_source(spec.get("testFiles") or {}, flags)
    overlays: dict[str, Json] = {
        role: {
            "resources": own.get("resources"),
            "args": own_args.get(role),
            "pod": {
                "labels": own.get("labels"),
                "annotations": own.get("annotations"),
                "volumeMounts": _mounts(spec, role),
            },
        }
        for role, own in roles.items()
    }
    made |= {
        "source": source,
        "env": variables,
        "envFrom": _env_from(env),
        "pod": _pod(spec, env),
        "master": overlays["master"],
        "workers": {
            "replicas": roles["worker"].get("replicas", 1),
            **made.get("workers", {}),
            **overlays["worker"],
        },
    }
    image = _image(spec, source)
    if ((spec.get("observability") or {}).get("openTelemetry") or {}).get("enabled"):
        notes.append("observability.openTelemetry is left out: Katydid exports metrics itself.")
    return made | image[0], [*notes, *source_notes, *image[1]]


def _grouped_source(files: Json, flags: Flags) -> tuple[Json, list[str]]:
    if not files.get("configMapRef"):
        return _baked(flags)
    source: Json = {
        "entrypoint": _entrypoint(flags),
        "configMap": {"name": files["configMapRef"]},
    }
    notes = []
    if files.get("libConfigMapRef"):
        source["libs"] = [{"path": "lib", "configMap": {"name": files["libConfigMapRef"]}}]
        notes.append("The library ConfigMap is the folder lib, which is on the Python path.")
    return source, notes


def _pod(spec: Json, env: Json) -> Json:
    scheduling, security = spec.get("scheduling") or {}, spec.get("security") or {}
    keys = ("affinity", "tolerations", "nodeSelector", "runtimeClassName")
    mounts: list[Json] = list(_mounts(spec, "both"))
    volumes: list[Json] = list(spec.get("volumes") or [])
    for index, secret in enumerate(env.get("secretMounts") or []):
        volume = f"secret-mount-{index}"
        volumes.append({"name": volume, "secret": {"secretName": secret["name"]}})
        read_only = secret.get("readOnly", True)
        mount = {"name": volume, "mountPath": secret["mountPath"], "readOnly": read_only}
        mounts.append(mount)
    return {
        "imagePullSecrets": spec.get("imagePullSecrets"),
        **{key: scheduling.get(key) for key in keys},
        "podSecurityContext": security.get("podSecurityContext"),
        "securityContext": security.get("containerSecurityContext"),
        "volumes": volumes,
        "volumeMounts": mounts,
    }


def _mounts(spec: Json, target: str) -> list[Json]:
    """The mounts of one target: both, master or worker."""
    return [
        {key: value for key, value in mount.items() if key != "target"}
        for mount in spec.get("volumeMounts") or []
        if (mount.get("target") or "both") == target
    ]


def _env_from(env: Json) -> list[Json]:
    found: list[Json] = []
    for ours, theirs in (("configMapRef", "configMapRefs"), ("secretRef", "secretRefs")):
        for reference in env.get(theirs) or []:
            prefix = {"prefix": reference["prefix"]} if reference.get("prefix") else {}
            found.append({**prefix, ours: {"name": reference["name"]}})
    return found


def _common(flags: Flags) -> tuple[Json, list[str]]:
    """What the options say, whatever operator they were for."""
    load, notes = locust_flags.load_of(flags)
    made: Json = {"load": load}
    if flags.values.get("host"):
        made["target"] = {"host": flags.values["host"]}
    if flags.rest:
        made["args"] = list(flags.rest)
    processes = flags.values.get("processes", "")
    if processes.isdecimal() and int(processes) > 0:
        made["workers"] = {"processesPerPod": int(processes)}
    elif processes:
        notes.append("--processes -1 is left out: set spec.workers.processesPerPod.")
    return made, [*flags.notes, *notes]


def _entrypoint(flags: Flags) -> str:
    first = flags.values.get("locustfile", "").split(",")[0]
    return PurePosixPath(first).name or "locustfile.py"


def _baked(flags: Flags) -> tuple[Json, list[str]]:
    """The locustfile is in the image: where a path says, else in Locust's home."""
    path = PurePosixPath(flags.values.get("locustfile", "").split(",")[0] or "locustfile.py")
    folder = PurePosixPath("/home/locust") / path.parent
    return {"entrypoint": path.name, "image": {"path": str(folder)}}, []


def _image(spec: Json, source: Json) -> tuple[Json, list[str]]:
    image = str(spec.get("image") or "")
    if "image" in source:
        policy = spec.get("imagePullPolicy")
        kept: Json = {"image": image, "imagePullPolicy": policy}
        text = f"The image {image} holds the locustfile: build it on Katydid's runner image."
        return kept, [text]
    if not image or image.split(":")[0].split("@")[0].removeprefix("docker.io/") == OFFICIAL_IMAGE:
        return {}, []
    text = f"The image {image} is left out: spec.image needs one that holds katydid."
    return {}, [text]


def _words(value: Any) -> list[str]:
    """A command line that is text or a list of words."""
    if isinstance(value, str):
        try:
            return shlex.split(value)
        except ValueError as error:
            raise CommandError(f"{value!r} is no command line: {error}") from None
    given: Sequence[Any] = value or ()
    return [str(word) for word in given]


def _without_empty(value: Json) -> Json:
    """The map without keys that say nothing (null, {} or []); lists stay as they are.

    Within lists an empty map has a meaning: `emptyDir: {}`.
    """
    pairs = {k: _without_empty(v) if isinstance(v, dict) else v for k, v in value.items()}
    return {key: part for key, part in pairs.items() if part is not None and part not in ({}, [])}
