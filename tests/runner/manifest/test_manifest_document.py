from __future__ import annotations

import pytest

from katydid.errors import ManifestError
from katydid.manifest.document import MAX_NODES, dotted, load


def test_lines_and_values_of_several_documents() -> None:
    first, second = load("a: 1\nb:\n  - x\n  - {c: d}\n---\n---\nkind: K\n", "f")

    assert first.value == {"a": 1, "b": ["x", {"c": "d"}]}
    assert first.line(("a",)) == 1
    assert first.line(("b", 1, "c")) == 4
    assert first.line(("b", 1, "missing")) == 4  # the nearest value around it
    assert (second.kind, second.line(("kind",))) == ("K", 7)


def test_a_list_of_resources_is_taken_apart() -> None:
    text = "kind: List\nitems:\n- kind: A\n  metadata: {name: one}\n- kind: B\n"

    first, second = load(text, "f")

    assert (first.kind, first.name, second.kind) == ("A", "one", "B")
    assert first.line(("metadata", "name")) == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-10-01", "2026-10-01"),
        ("1:30", "1:30"),
        ("1e3", 1000),
        ("1.50", 1.5),
        ("5.0", 5),
        ("0x10", 16),
        ("0o17", 15),
        ("-7", -7),
        ("~", None),
        ("yes", True),
        ("1h30m", "1h30m"),
        ("'5'", "5"),
    ],
)
def test_scalars_are_what_the_api_server_reads(text: str, value: object) -> None:
    [document] = load(f"a: {text}", "f")

    assert document.value == {"a": value}
    assert type(document.value["a"]) is type(value)


def test_keys_become_text_and_merge_keys_are_followed() -> None:
    [document] = load("x: &x {1: a, b: c}\ny: {<<: *x, b: d}\ntrue: e\n", "f")

    assert document.value == {"x": {"1": "a", "b": "c"}, "y": {"1": "a", "b": "d"}, "true": "e"}


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ("a: 1\na: 2\n", 'a: "a" is given twice', 2),
        ("a:\n  b: [1\n", "not YAML", 3),
        ("a: &a [*a]\n", "a[0]: an alias refers to a value that holds it", 1),
        ("\na: !!python/name:os.system x\n", "is not allowed here", 2),
        ("a: .inf\n", "is not a number that JSON knows", 1),
        ("? [a]\n: b\n", "a key must be text", 1),
        ("a:\n  <<: 5\n", "<< takes a mapping", 2),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_line(text: str, says: str, line: int) -> None:
    with pytest.raises(ManifestError) as caught:
        load(text, "f.yaml")

    [problem] = caught.value.problems
    assert says in str(problem)
    assert problem.line == line
    assert str(caught.value).startswith(f"f.yaml: line {line}: ")


def test_aliases_cannot_grow_without_end() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    for previous, name in zip("abcdef", "bcdefg", strict=True):
        bomb += f"{name}: &{name} [{','.join([f'*{previous}'] * 10)}]\n"

    with pytest.raises(ManifestError, match=f"more than {MAX_NODES:,} values"):
        load(bomb, "f")


def test_paths_are_written_as_kubectl_does() -> None:
    assert dotted(("spec", "load", "stages", 2, "users")) == "spec.load.stages[2].users"
    assert dotted(()) == ""
