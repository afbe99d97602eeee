"""What a report may show of a manifest: never the Secrets that stand beside it."""

from __future__ import annotations

from katydid.manifest import parse_stream

TEST = """\
# how we test the shop
apiVersion: katydid.dev/v1alpha1
kind: LoadTest
metadata: {name: shop}
spec:
  source: {inline: {locustfile.py: "pass"}}
  load: {users: 1, runTime: 1s}
"""
SECRET = """\
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: hush-hush}
"""


def test_a_stream_without_secrets_is_shown_as_it_was_written() -> None:
    assert parse_stream(TEST, "t.yaml").shown_text == TEST


def test_beside_a_secret_only_the_load_test_is_shown() -> None:
    shown = parse_stream(TEST + SECRET, "t.yaml").shown_text
    assert "hush-hush" not in shown
    assert shown.splitlines()[0].endswith("(login).")
    assert parse_stream(shown, "again.yaml").load_tests[0].name == "shop"


def test_secrets_in_a_list_are_hidden_too() -> None:
    items = "".join(f"- {line}\n" if i == 0 else f"  {line}\n"
                    for text in (TEST.split("\n", 1)[1], SECRET.split("\n", 1)[1])
                    for i, line in enumerate(text.splitlines()))  # fmt: skip
    shown = parse_stream(f"apiVersion: v1\nkind: List\nitems:\n{items}", "t.yaml").shown_text
    assert "hush-hush" not in shown
    assert "name: shop" in shown
