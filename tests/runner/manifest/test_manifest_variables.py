from __future__ import annotations

from typing import Any

import pytest

from katydid.errors import ManifestError
from katydid.manifest import Manifest
from katydid.manifest.sources import held_files
from katydid.manifest.variables import parse_env_file, resolve

BESIDE = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {MODE: quick, URL: "http://a"}
---
apiVersion: v1
kind: Secret
metadata: {name: credentials}
stringData: {password: s3cret}
"""


def manifest(parse_spec: Any, lines: str) -> Manifest:
    stream = parse_spec(lines + BESIDE)
    return Manifest(stream.load_tests[0], stream)


def test_variables_are_resolved_as_the_kubelet_does(parse_spec: Any) -> None:
    found = manifest(
        parse_spec,
        """\
  envFrom:
    - configMapRef: {name: settings}
    - prefix: S_
      secretRef: {name: credentials}
  env:
    - {name: EMPTY}
    - {name: MODE, value: slow}
    - {name: BOTH, value: "$(MODE) $(UNKNOWN) $$(MODE)"}
    - name: PASSWORD
      valueFrom: {secretKeyRef: {name: credentials, key: password}}
    - name: MAYBE
      valueFrom: {configMapKeyRef: {name: settings, key: NOTHING, optional: true}}
  workers:
    env:
      - {name: MODE, value: worker}
""",
    )
    test = found.load_test

    assert resolve(found, test.master, {}) == {
        "MODE": "slow",
        "URL": "http://a",
        "S_password": "s3cret",
        "EMPTY": "",
        "BOTH": "slow $(UNKNOWN) $(MODE)",
        "PASSWORD": "s3cret",
    }
    assert resolve(found, test.workers.role, {})["MODE"] == "worker"


def test_keys_that_are_nowhere_are_named_with_their_line(parse_spec: Any) -> None:
    found = manifest(
        parse_spec,
        """\
  envFrom:
    - secretRef: {name: absent}
    - secretRef: {name: absent-too, optional: true}
  env:
    - name: A
      valueFrom: {configMapKeyRef: {name: settings, key: NOTHING}}
    - name: B
      valueFrom: {secretKeyRef: {name: absent, key: token}}
    - name: C
      valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
""",
    )

    with pytest.raises(ManifestError) as caught:
        resolve(found, found.load_test.master, {})

    remedy = "; put it into the same YAML stream or give --env-file"
    assert [str(problem) for problem in caught.value.problems] == [
        f"line 13: spec.envFrom[0]: the Secret absent is not in this file{remedy}",
        "line 16: spec.env[0]: A needs the key NOTHING of the ConfigMap settings, "
        f"which holds MODE, URL{remedy}",
        "line 18: spec.env[1]: B needs the key token of the Secret absent, "
        f"which is not in this file{remedy}",
        f"line 20: spec.env[2]: C comes from spec.nodeName, which exists only in a cluster{remedy}",
    ]
    env_file = {"A": "1", "B": "2", "C": "3"}
    assert resolve(found, found.load_test.master, env_file) == env_file


def test_env_files() -> None:
    text = "# comment\n\nA=1\nexport B = 'two words'\nC=\"x=y\"\nD=\n"

    assert parse_env_file(text, "f") == {"A": "1", "B": "two words", "C": "x=y", "D": ""}
    with pytest.raises(ManifestError, match="f: line 2: is not NAME=value"):
        parse_env_file("A=1\njust text\n", "f")


def test_sources_that_the_stream_holds(parse_spec: Any) -> None:
    text = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: checkout-tests}
data: {locustfile.py: "pass"}
binaryData: {image.png: iVBO}
"""
    stream = parse_spec(text)

    assert held_files(Manifest(stream.load_tests[0], stream)) == {
        "locustfile.py": b"pass",
        "image.png": b"\x89PN",
    }


def test_a_source_that_is_elsewhere_or_lacks_the_entrypoint(parse_spec: Any) -> None:
    alone = parse_spec()
    other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: checkout-tests}\ndata: {a: b}\n"
    without = parse_spec(other)

    with pytest.raises(ManifestError, match="the ConfigMap checkout-tests is not in this file"):
        held_files(Manifest(alone.load_tests[0], alone))
    with pytest.raises(ManifestError, match=r"has no key locustfile\.py; it holds a"):
        held_files(Manifest(without.load_tests[0], without))
