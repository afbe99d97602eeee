"""The documentation as data: its pages, their blocks of code, links, anchors and commands.

Tests here and the end-to-end test of the documentation load this file by its path.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
Json = dict[str, Any]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)")
_HEADING = re.compile(r"^#{1,6} (?P<text>.+?)\s*$")
_LINK = re.compile(r"(?<!!)\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`[^`]*`")
_NO_ANCHOR = re.compile(r"[^\w\- ]")

FRAGMENT_NAME = "fragment"
BASE: Json = {
    "apiVersion": "katydid.dev/v1alpha1",
    "kind": "LoadTest",
    "metadata": {"name": FRAGMENT_NAME},
    "spec": {
        "source": {"configMap": {"name": "tests"}},
        "load": {"users": 1, "runTime": "1m"},
    },
}
"""What a fragment that shows only a part of `spec` stands in."""


@dataclass(frozen=True)
class Block:
    """One fenced block of code."""

    page: Path
    line: int  # of its fence, from 1
    language: str
    text: str

    @property
    def id(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Every page that people read."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    for folder in ("docs", "examples", "charts", "cluster", "bench"):
        found += sorted((ROOT / folder).rglob("*.md"))
    return found


def blocks(page: Path) -> Iterator[Block]:
    lines = iter(enumerate(page.read_text("utf-8").splitlines(), start=1))
    for number, line in lines:
        fence = _FENCE.match(line)
        if fence is None:
            continue
        indent, inside = fence["indent"], []
        for _, text in lines:
            if text.startswith(f"{indent}```"):
                break
            inside.append(text.removeprefix(indent))
        yield Block(page, number, fence["language"], "\n".join(inside) + "\n")


def all_blocks(*languages: str) -> list[Block]:
    return [block for page in pages() for block in blocks(page) if block.language in languages]


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """The lines outside of blocks, with their numbers."""
    is_inside = False
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        if _FENCE.match(line):
            is_inside = not is_inside
        elif not is_inside:
            yield number, line


def anchors(page: Path) -> set[str]:
    """The fragments that a link may name, as GitHub makes them of headings."""
    found: set[str] = set()
    for _, line in prose(page):
        heading = _HEADING.match(line)
        if heading:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading["text"]).replace("`", "")
            anchor = _NO_ANCHOR.sub("", text.lower()).replace(" ", "-")
            number = 1
            while anchor in found:
                anchor, number = f"{anchor}-{number}", number + 1
            found.add(anchor)
    return found


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Targets of links, with their lines; code is no link."""
    text = "\n".join(_CODE.sub(_blank, line) for line in _kept_lines(page))
    for match in _LINK.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match["target"]


def _blank(match: re.Match[str]) -> str:
    return "`" + " " * (len(match.group()) - 2) + "`"


def _kept_lines(page: Path) -> list[str]:
    kept = dict(prose(page))
    total = len(page.read_text("utf-8").splitlines())
    return [kept.get(number, "") for number in range(1, total + 1)]


def documents(block: Block) -> list[Json]:
    """The YAML documents of a block; a part of a spec stands in a whole LoadTest."""
    found = [one for one in yaml.safe_load_all(block.text) if one is not None]
    return [whole(one) for one in found]


def whole(document: Json) -> Json:
    """A document that has only `spec` as the LoadTest that it is a part of."""
    if set(document) != {"spec"}:
        return document
    return {**BASE, "spec": {**BASE["spec"], **document["spec"]}}


def file_of(block: Block) -> str:
    """The name that a block's first line gives it: `# values.yaml`; "" for none."""
    first = block.text.splitlines()[0] if block.text.strip() else ""
    match = re.fullmatch(r"# ([\w./-]+\.ya?ml)", first)
    return match[1] if match else ""


def embedded(document: Json) -> Iterator[Json]:
    """LoadTests that stand as text in a workflow that creates them, named as it would."""
    for template in (document.get("spec") or {}).get("templates") or ():
        text = (template.get("resource") or {}).get("manifest")
        if text:
            made = yaml.safe_load(text)
            metadata = made["metadata"]
            prefix = metadata.pop("generateName", None)
            if prefix:
                metadata["name"] = f"{prefix}x7k2p"
            yield made


def commands(block: Block, programs: Container[str]) -> Iterator[tuple[int, list[str]]]:
    """The commands of a block, as line and words: what stands after `$ `.

    In a block without prompts, the lines that begin with one of `programs`.
    """
    has_prompts = any(line.startswith("$ ") for line in block.text.splitlines())
    for number, line in _joined(block):
        is_command = line.startswith("$ ") if has_prompts else line.split(" ")[0] in programs
        if is_command:
            for words in simple_commands(line.removeprefix("$ ")):
                yield number, words


def _joined(block: Block) -> Iterator[tuple[int, str]]:
    """Lines with what a backslash continues, under the number of the first."""
    begun, parts = 0, []
    for number, line in enumerate(block.text.splitlines(), start=block.line + 1):
        begun = begun if parts else number
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            yield begun, " ".join(parts)
            parts = []


def simple_commands(line: str) -> list[list[str]]:
    """The commands that a shell line joins, each as its words, without variables and redirects."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[list[str]] = [[]]
    skip = False
    for word in lexer:
        if skip:
            skip = False
        elif set(word) <= set("|&;"):
            found.append([])
        elif set(word) <= set("<>&"):
            skip = True
        elif word == "#":
            break
        else:
            found[-1].append(word)
    return [_without_variables(words) for words in found if words]


def _without_variables(words: list[str]) -> list[str]:
    start = 0
    while start < len(words) and re.fullmatch(r"[A-Z_]+=.*", words[start]):
        start += 1
    return words[start:]
