"""Files that people give: what is wrong with them is said in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from katydid_operator.kubectl import documents
from katydid_operator.kubectl.exits import CommandError

TEST = "{apiVersion: katydid.dev/v1alpha1, kind: LoadTest, metadata: {name: a, namespace: shop}}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "is no YAML"),
        ("", "there is nothing in it"),
        ("just text", "a document has no kind"),
        ("kind: LoadTest", "the LoadTest has no metadata.name"),
        ("{apiVersion: v1, kind: Pod, metadata: {name: p}}", "give it to kubectl apply"),
        (TEST.replace("v1alpha1", "v9"), "LoadTest a of katydid.dev/v9 is not applied here"),
        (TEST, "LoadTest a says namespace shop, the command line other"),
        (TEST.replace("shop", "other") + f"\n---\n{TEST.replace('shop', 'other')}", "here are 2"),
    ],
)
def test_what_cannot_be_applied(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(CommandError, match=said):
        documents.only_test(documents.placed(documents.read([str(file)]), "other", "default"))


def test_lists_are_opened_and_tests_come_last(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    config_map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, status: {}}"
    file.write_text(f"kind: List\nitems: [{TEST}, {config_map}]")
    made = documents.placed(documents.read([str(file)]), None, "default")
    assert [(one["kind"], one["metadata"]["namespace"]) for one in made] == [
        ("ConfigMap", "default"),
        ("LoadTest", "shop"),
    ]
    assert "status" not in made[0]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"inline": {}}, "needs a LoadTest with spec.source.configMap.name"),
        (
            {"configMap": {"name": "c"}, "entrypoint": "b.py"},
            "There is no b.py in .*, but locustfile.py",
        ),
        ({"configMap": {"name": "c"}}, "too large for a ConfigMap"),
    ],
)
def test_folders_that_are_no_source(tmp_path: Path, source: dict[str, object], said: str) -> None:
    (tmp_path / "locustfile.py").write_text("#" * (documents.MAX_SOURCE_BYTES + 1))
    test = {"metadata": {"name": "a", "namespace": "shop"}, "spec": {"source": source}}
    with pytest.raises(CommandError, match=said):
        documents.source_config_map(test, tmp_path)
    with pytest.raises(CommandError, match=r"is not a folder|needs a LoadTest"):
        documents.source_config_map(test, tmp_path / "none")
