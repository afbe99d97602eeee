"""The ConfigMaps of a run beside its sources: the manifest that the pods read, and the results."""

from __future__ import annotations

import base64
from typing import Any

import yaml

from katydid_operator import names
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.resources.labels import metadata

MAX_RESULTS_BYTES = 900 * 1024
"""What is kept of the results: base64 and the rest of the object stay below etcd's 1.5 MiB."""


def pod_manifest(test: LoadTest) -> Json:
    """The LoadTest as the pods read it: spec only, the target resolved to its URL."""
    spec: dict[str, Any] = dict(test.spec)
    if (spec.get("target") or {}).get("serviceRef"):
        spec["target"] = {"host": test.target_url}
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {
            "name": test.name,
            "namespace": test.namespace,
            "generation": test.generation,
        },
        "spec": spec,
    }


def spec_config_map(test: LoadTest, run: int, version: str) -> Json:
    text = yaml.safe_dump(
        pod_manifest(test), sort_keys=False, allow_unicode=True, default_flow_style=False
    )
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(test, run, names.spec_config_map(test.name, run), version),
        "immutable": True,
        "data": {names.SPEC_KEY: text},
    }


def results_config_map(test: LoadTest, run: int, archive: bytes, version: str) -> Json:
    """The results of the latest finished run; `archive` has at most MAX_RESULTS_BYTES."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(test, run, names.results_config_map(test.name), version),
        "binaryData": {names.RESULTS_KEY: base64.b64encode(archive).decode()},
    }
