"""The documents of `-f FILE`: what is read from YAML, and what may stand beside a LoadTest."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from katydid_operator import names
from katydid_operator.kubectl.exits import CommandError
from katydid_operator.loadtest import Json

APPLIED = {"ConfigMap": "v1", "Secret": "v1", "Service": "v1", names.KIND: names.API_VERSION}
"""Kinds that are applied, with their apiVersion."""

_KEY = re.compile(r"[-._a-zA-Z0-9]+")
MAX_SOURCE_BYTES = 1_000_000  # a ConfigMap holds 1 MiB in all


def read(files: Sequence[str]) -> list[Json]:
    """All documents of the files (`-`: standard input), as they stand there."""
    found: list[Json] = []
    for file in files:
        try:
            text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
            documents: list[Any] = [one for one in yaml.safe_load_all(text) if one is not None]
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} is no YAML: {error}") from None
        for one in documents:
            items = (
                one.get("items") if isinstance(one, dict) and one.get("kind") == "List" else None
            )
            found += [_object(part, file) for part in (items if items is not None else [one])]
    if not found:
        raise CommandError(f"{', '.join(files)}: there is nothing in it.")
    return found


def _object(document: Any, file: str) -> Json:
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise CommandError(f"{file}: a document has no kind.")
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise CommandError(f"{file}: the {document['kind']} has no metadata.name.")
    return document


def placed(documents: Sequence[Json], namespace: str | None, default: str) -> list[Json]:
    """The documents with their namespace, LoadTests last: what they name comes first.

    `namespace` is the one of the command line, which a document may repeat but not contradict.
    """
    made = []
    for document in documents:
        kind, metadata = document["kind"], document["metadata"]
        if document.get("apiVersion") != APPLIED.get(kind):
            known = ", ".join(f"{kind} ({version})" for kind, version in APPLIED.items())
            raise CommandError(
                f"{kind} {metadata['name']} of {document.get('apiVersion')} is not applied here, "
                f"only {known}: give it to kubectl apply."
            )
        said = metadata.get("namespace")
        if namespace and said and said != namespace:
            raise CommandError(
                f"{kind} {metadata['name']} says namespace {said}, the command line {namespace}."
            )
        place = said or namespace or default
        body = {key: part for key, part in document.items() if key != "status"}
        made.append({**body, "metadata": {**metadata, "namespace": place}})
    return sorted(made, key=lambda document: document["kind"] == names.KIND)


def only_test(documents: Sequence[Json]) -> Json:
    """The one LoadTest of the documents."""
    tests = [one for one in documents if one["kind"] == names.KIND]
    if len(tests) != 1:
        raise CommandError(f"There must be exactly one LoadTest; here are {len(tests)}.")
    return tests[0]


def source_config_map(test: Json, folder: Path) -> Json:
    """The ConfigMap that the LoadTest names as its source, made of the files of a folder.

    Manifests (.yaml, .yml), hidden files and folders within stay out.
    """
    source = (test.get("spec") or {}).get("source") or {}
    name = (source.get("configMap") or {}).get("name")
    if not name:
        raise CommandError("--source-dir needs a LoadTest with spec.source.configMap.name.")
    if not folder.is_dir():
        raise CommandError(f"--source-dir {folder} is not a folder.")
    text: dict[str, str] = {}
    binary: dict[str, str] = {}
    size = 0
    for file in sorted(folder.iterdir()):
        is_key = _KEY.fullmatch(file.name) and not file.name.startswith(".")
        if not file.is_file() or not is_key or file.suffix in (".yaml", ".yml"):
            continue
        raw = file.read_bytes()
        size += len(raw)
        try:
            text[file.name] = raw.decode()
        except UnicodeDecodeError:
            binary[file.name] = base64.b64encode(raw).decode()
    entrypoint = source.get("entrypoint") or "locustfile.py"
    if entrypoint not in text:
        there = ", ".join(text) or "no files"
        raise CommandError(f"There is no {entrypoint} in {folder}, but {there}.")
    if size > MAX_SOURCE_BYTES:
        raise CommandError(f"The files of {folder} are too large for a ConfigMap; use git.")
    made: Json = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": test["metadata"]["namespace"]},
        "data": text,
    }
    return {**made, "binaryData": binary} if binary else made
