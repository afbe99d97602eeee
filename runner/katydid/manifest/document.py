"""YAML streams as plain values that remember the line of every field.

A stream may hold several documents and `kind: List`s. Values come out as the API server would see
them: JSON types only, dates as text, whole floats as integers. What each document means is the
business of the other modules here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from katydid.errors import ManifestError, Problem

Path = tuple[str | int, ...]
"""Where a value stands in its document: keys and list indexes from the root."""

MAX_NODES = 200_000
"""More values than this in one stream, aliases counted each time, are refused."""


def dotted(path: Path) -> str:
    """`spec.load.stages[2].users`, as kubectl writes it; "" for the root."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True)
class Document:
    """One resource of a stream."""

    value: Any  # of JSON types only
    lines: dict[Path, int]  # 1-based line of each value (of its key, where it has one)

    @property
    def kind(self) -> str:
        return _text(self.value, "kind")

    @property
    def api_version(self) -> str:
        return _text(self.value, "apiVersion")

    @property
    def name(self) -> str:
        metadata = self.value.get("metadata") if isinstance(self.value, dict) else None
        return _text(metadata, "name")

    def line(self, path: Path) -> int | None:
        """Line of the value, or of the nearest one around it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None

    def problem(self, path: Path, message: str) -> Problem:
        return Problem(dotted(path), message, self.line(path))


def _text(value: Any, key: str) -> str:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def load(text: str, file: str) -> list[Document]:
    """All resources of a stream; empty documents are left out.

    Raises ManifestError, with the line, on anything that is not plain YAML or JSON.
    """
    try:
        nodes = [node for node in yaml.compose_all(text, Loader=_Loader) if node is not None]
    except yaml.MarkedYAMLError as error:
        raise ManifestError(file, [_syntax_problem(error)]) from None
    except yaml.YAMLError as error:
        raise ManifestError(file, [Problem("", f"not YAML: {error}")]) from None
    reader = _Reader()
    documents = []
    try:
        for node in nodes:
            lines: dict[Path, int] = {}
            value = reader.read(node, (), lines, node.start_mark.line + 1)
            if value is not None:
                documents.append(Document(value, lines))
    except _Refused as refused:
        raise ManifestError(file, [refused.problem]) from None
    return [part for document in documents for part in _flatten(document)]


def _syntax_problem(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    said = " ".join(part for part in (error.context, error.problem) if part)
    return Problem("", f"not YAML: {said}", mark.line + 1 if mark else None)


def _flatten(document: Document) -> Iterator[Document]:
    """`kubectl get -o yaml` wraps resources in a List."""
    items = document.value.get("items") if isinstance(document.value, dict) else None
    if not document.kind.endswith("List") or not isinstance(items, list):
        yield document
        return
    for index, item in enumerate(items):
        inside = {p[2:]: n for p, n in document.lines.items() if p[:2] == ("items", index)}
        yield Document(item, inside)


class _Refused(Exception):
    """Carries the one problem that ends the reading."""

    def __init__(self, path: Path, message: str, line: int) -> None:
        super().__init__(message)
        self.problem = Problem(dotted(path), message, line)


class _Loader(yaml.SafeLoader):
    """Resolves scalars as the API server's YAML does: no dates, no base-60 numbers."""


def _resolvers() -> dict[str, list[tuple[str, Any]]]:
    import re

    drop = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
    table = {
        first: [(tag, regexp) for tag, regexp in rules if tag not in drop]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    integer = re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*)\Z")
    number = re.compile(
        r"([-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?"
        r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z"
    )
    for first in "-+0123456789.":
        rules = table.setdefault(first, [])
        rules.append(("tag:yaml.org,2002:int", integer))
        rules.append(("tag:yaml.org,2002:float", number))
    return table


_Loader.yaml_implicit_resolvers = _resolvers()


class _Reader:
    """Turns nodes into values; one reader counts the nodes of one stream."""

    def __init__(self) -> None:
        self._left = MAX_NODES
        self._open: set[int] = set()  # nodes being read: an alias to one of them is a cycle

    def read(self, node: yaml.Node, path: Path, lines: dict[Path, int], line: int) -> Any:
        lines[path] = line
        self._left -= 1
        if self._left < 0:
            raise _Refused((), f"the document holds more than {MAX_NODES:,} values", line)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node, path, line)
        if id(node) in self._open:
            raise _Refused(path, "an alias refers to a value that holds it", line)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [
                    self.read(item, (*path, index), lines, item.start_mark.line + 1)
                    for index, item in enumerate(node.value)
                ]
            return self._mapping(node, path, lines)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.Node, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
        value: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, item in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == "tag:yaml.org,2002:merge":
                for part in item.value if isinstance(item, yaml.SequenceNode) else [item]:
                    if not isinstance(part, yaml.MappingNode):
                        raise _Refused(path, "<< takes a mapping", line)
                    merged = {**self.read(part, path, {}, line), **merged}
                continue
            key = _key(key_node, path, line)
            if key in value:
                raise _Refused((*path, key), f'"{key}" is given twice', line)
            value[key] = self.read(item, (*path, key), lines, line)
        return {**merged, **value}


def _key(node: yaml.Node, path: Path, line: int) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _Refused(path, "a key must be text", line)
    key = _scalar(node, path, line)
    if isinstance(key, bool):
        return "true" if key else "false"
    return key if isinstance(key, str) else str(node.value)


_MAKERS = {
    "tag:yaml.org,2002:null": yaml.SafeLoader.construct_yaml_null,
    "tag:yaml.org,2002:bool": yaml.SafeLoader.construct_yaml_bool,
    "tag:yaml.org,2002:int": yaml.SafeLoader.construct_yaml_int,
    "tag:yaml.org,2002:float": yaml.SafeLoader.construct_yaml_float,
}


def _scalar(node: yaml.ScalarNode, path: Path, line: int) -> Any:
    if node.tag in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:value"):
        return node.value
    maker = _MAKERS.get(node.tag)
    if maker is None:
        raise _Refused(path, f"the tag {node.tag} is not allowed here", line)
    try:
        value = maker(_Loader(""), _plain_octal(node))
    except ValueError:
        raise _Refused(path, f"{node.value!r} is not a number", line) from None
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _Refused(path, f"{node.value} is not a number that JSON knows", line)
        return int(value) if value.is_integer() else value
    return value


def _plain_octal(node: yaml.ScalarNode) -> yaml.ScalarNode:
    """PyYAML reads 014 as octal, but not the newer 0o14."""
    if node.tag == "tag:yaml.org,2002:int" and "0o" in node.value:
        return yaml.ScalarNode(node.tag, node.value.replace("0o", "0"))
    return node
