"""A YAML stream sorted by kind: LoadTests, and the ConfigMaps and Secrets beside them.

`validate` accepts or refuses each LoadTest with every problem found, by field and line.
"""

from __future__ import annotations

import base64
import binascii
import sys
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from katydid.errors import ManifestError, Problem, UsageError
from katydid.manifest import checks, document, read, schema
from katydid.manifest.document import Document
from katydid.manifest.spec import LoadTest


@dataclass(frozen=True)
class Stream:
    """What a file holds."""

    file: str
    load_tests: tuple[LoadTest, ...]
    documents: tuple[Document, ...]  # of the LoadTests, in the same order: they know the lines
    config_maps: dict[str, dict[str, bytes]] = field(default_factory=dict)  # name → key → content
    secrets: dict[str, dict[str, bytes]] = field(default_factory=dict)  # name → key → content
    others: tuple[str, ...] = ()  # "Kind/name" of what is left alone
    text: str = field(default="", repr=False)  # the stream as it was written

    @property
    def shown_text(self) -> str:
        """What a report may show: the whole text, or the LoadTests alone beside a Secret."""
        if not self.secrets:
            return self.text
        shown = yaml.safe_dump_all((item.value for item in self.documents), sort_keys=False)
        hidden = ", ".join(sorted(self.secrets))
        return (
            f"# Not shown: the other documents, since Secrets are among them ({hidden}).\n{shown}"
        )


@dataclass(frozen=True)
class Manifest:
    """The one LoadTest to run, with what stands beside it."""

    load_test: LoadTest
    stream: Stream

    @property
    def file(self) -> str:
        return self.stream.file

    @property
    def document(self) -> Document:
        return self.stream.documents[0]


def parse(path: str | FilePath) -> Manifest:
    """The LoadTest of a file (`-`: standard input); ManifestError or UsageError otherwise."""
    stream = parse_stream(*read_text(path))
    if len(stream.load_tests) > 1:
        names = ", ".join(test.name for test in stream.load_tests)
        message = f"holds {len(stream.load_tests)} LoadTests ({names}); one can be run at a time"
        raise ManifestError(stream.file, [Problem("", message)])
    return Manifest(stream.load_tests[0], stream)


def read_text(path: str | FilePath) -> tuple[str, str]:
    """Text and display name of a file; UsageError when it cannot be read."""
    if str(path) == "-":
        return sys.stdin.read(), "<stdin>"
    try:
        return FilePath(path).read_text("utf-8"), str(path)
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a text file (UTF-8).") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.") from None


def parse_stream(text: str, file: str) -> Stream:
    """Everything in `text`; ManifestError with all problems of all its documents."""
    documents = document.load(text, file)
    problems: list[Problem] = []
    accepted: list[Document] = []
    tests: list[LoadTest] = []
    maps: dict[str, dict[str, bytes]] = {}
    secrets: dict[str, dict[str, bytes]] = {}
    others: list[str] = []
    for item in documents:
        if _is_load_test(item):
            found = check(item)
            problems.extend(found)
            if not found:
                accepted.append(item)
                tests.append(read.load_test(_defaulted(item.value)))
        elif item.api_version == "v1" and item.kind == "ConfigMap":
            maps[item.name] = _content(item, "data", "binaryData", problems)
        elif item.api_version == "v1" and item.kind == "Secret":
            secrets[item.name] = _content(item, "stringData", "data", problems)
        else:
            others.append(f"{item.kind or 'document without a kind'}/{item.name}".rstrip("/"))
            problems.extend(_misnamed(item))
    if not problems and not tests:
        held = f" (it holds {', '.join(others)})" if others else ""
        problems.append(Problem("", f"holds no LoadTest{held}"))
    if problems:
        raise ManifestError(file, problems)
    return Stream(file, tuple(tests), tuple(accepted), maps, secrets, tuple(others), text)


def check(item: Document) -> list[Problem]:
    """Every problem of one LoadTest."""
    if item.api_version != schema.API_VERSION:
        message = f'must be {schema.API_VERSION}, not "{item.api_version}"'
        return [item.problem(("apiVersion",), message)]
    if not item.name:
        return [_no_name(item)]
    resource = _defaulted(item.value)
    found = schema.violations(resource, schema.root())
    if not found:
        found = checks.violations(resource)
    return [item.problem(one.path, one.message) for one in found]


def _no_name(item: Document) -> Problem:
    metadata = item.value.get("metadata")
    given = metadata.get("name") if isinstance(metadata, dict) else None
    missing = given is None or given == ""
    message = "is required" if missing else f'must be text; write it in quotes: "{given}"'
    return item.problem(("metadata", "name"), message)


def _defaulted(value: Any) -> Any:
    return schema.with_defaults(value, schema.root())


def _is_load_test(item: Document) -> bool:
    return item.kind == schema.KIND and item.api_version.split("/")[0] == "katydid.dev"


def _misnamed(item: Document) -> list[Problem]:
    """A LoadTest whose kind or group is misspelt is an error, not a stranger to leave alone."""
    if not item.kind or not item.api_version:
        missing = "kind" if not item.kind else "apiVersion"
        return [item.problem((missing,), "is required")]
    if item.api_version.startswith("katydid.dev/"):
        return [item.problem(("kind",), f'must be {schema.KIND}, not "{item.kind}"')]
    if item.kind == schema.KIND:
        message = f'must be {schema.API_VERSION}, not "{item.api_version}"'
        return [item.problem(("apiVersion",), message)]
    return []


def _content(item: Document, text: str, encoded: str, problems: list[Problem]) -> dict[str, bytes]:
    """Keys of a ConfigMap or Secret; `text` holds plain values, `encoded` base64."""
    content: dict[str, bytes] = {}
    if not item.name:
        problems.append(_no_name(item))
    for part in (encoded, text):
        values = item.value.get(part) or {}
        if not isinstance(values, dict):
            problems.append(item.problem((part,), "must be a mapping"))
            continue
        for key, value in values.items():
            if not isinstance(value, str):
                problems.append(item.problem((part, key), "must be text; write it in quotes"))
                continue
            try:
                content[key] = value.encode() if part == text else _decode(value)
            except binascii.Error:
                problems.append(item.problem((part, key), "is not base64"))
    return content


def _decode(value: str) -> bytes:
    return base64.b64decode("".join(value.split()), validate=True)
