"""Writes docs/reference/loadtest.md from crds/loadtest.yaml: `python generate_loadtest.py`.

Every described field becomes a row; shapes of core/v1, which carry no descriptions inside, are
named and left to Kubernetes' own reference. A test asserts that the committed page is up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path(__file__).with_name("loadtest.md")

HEAD = """# The LoadTest resource

<!-- Generated from crds/loadtest.yaml by docs/reference/generate_loadtest.py; do not edit. -->

Group `katydid.dev`, version `v1alpha1`, kind `LoadTest`, plural `loadtests`, short name `kdt`,
category `katydid`. `katydid validate FILE` checks a manifest as the API server would, without a
cluster; `katydid run FILE` runs it on this machine.

Time spans are written `90s`, `10m`, `1h30m`; a bare number is seconds and is written in quotes.
*Frozen* fields, with all that is in them, are refused in an edit while the phase is Starting,
Running or Finishing; the others take effect within two seconds, without a restart.

```yaml
apiVersion: katydid.dev/v1alpha1
kind: LoadTest
metadata:
  name: checkout
spec:
  source:
    configMap:
      name: checkout-tests # with the key locustfile.py
  target:
    host: https://shop.example
  load:
    users: 50
    runTime: 10m
  thresholds:
    - name: checkout is fast
      metric: p95
      scope:
        name: /checkout
        method: POST
      below: 300ms
```
"""


def page(crd: dict[str, Any]) -> str:
    """The whole page for a CustomResourceDefinition."""
    version = crd["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    spec, status = schema["properties"]["spec"], schema["properties"]["status"]
    frozen = [rule["fieldPath"][1:] for rule in _transitions(schema)]
    frozen.remove("spec.load")  # of load itself only the choice of model: see the list below
    parts = [HEAD, "## spec\n", spec["description"] + "\n", _table(spec, "spec", frozen)]
    parts += ["## status\n", status["description"] + "\n", _table(status, "status", [])]
    parts += [
        "## Rules\n",
        "What the API server and `katydid validate` check beyond types and bounds.\n",
    ]
    parts += ["| field | rule |\n| --- | --- |\n" + "".join(_rules(schema))]
    parts += ["## Frozen while a run is on\n", "".join(_frozen(schema)) + "\n"]
    parts += ["## Columns of kubectl get\n", _columns(version)]
    return "\n".join(parts).rstrip() + "\n"


def _table(schema: dict[str, Any], path: str, frozen: list[str]) -> str:
    rows = "".join(_rows(schema, path, frozen, {}))
    return f"| field | type | default | description |\n| --- | --- | --- | --- |\n{rows}"


def _rows(
    schema: dict[str, Any], path: str, frozen: list[str], seen: dict[int, str]
) -> Iterator[str]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        if "description" not in field:
            continue
        where = f"{path}.{name}"
        inner = field.get("items", field)
        known = seen.get(id(inner.get("properties")))
        marks = "".join(
            [
                " **Required.**" if name in required else "",
                " *Frozen.*" if where in frozen else "",
                f" As `{known}`." if known else "",
            ]
        )
        text = _cell(field["description"] + marks)
        yield f"| `{where}` | {_type(field)} | {_default(field)} | {text} |\n"
        if "properties" in inner and not known:
            seen[id(inner["properties"])] = where
            nested = f"{where}[]" if inner is not field else where
            yield from _rows(inner, nested, frozen, seen)


def _type(field: dict[str, Any]) -> str:
    if field.get("x-kubernetes-int-or-string"):
        return "number or string"
    kind = field["type"]
    if "enum" in field:
        return "one of " + ", ".join(f"`{item}`" for item in field["enum"])
    if kind == "array":
        most = field["maxItems"]
        items = field["items"]
        if "enum" in items:
            return f"list of {_type(items).removeprefix('one of ')}"
        return f"list of {items.get('type', 'values')}s, at most {most}"
    if kind == "object" and "additionalProperties" in field:
        return f"map, at most {field['maxProperties']} entries"
    return kind + _bounds(field)


def _bounds(field: dict[str, Any]) -> str:
    least, most = field.get("minimum"), field.get("maximum")
    if least is None and most is None:
        return ""
    if most is None:
        return f" ≥ {least:,}"
    if field.get("exclusiveMinimum"):
        return f", more than {least:,}, at most {most:,}"
    return f", {least:,} to {most:,}"


def _default(field: dict[str, Any]) -> str:
    if "default" not in field:
        return ""
    value = field["default"]
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return f"`[{', '.join(value)}]`"
    return f"`{value}`"


def _transitions(schema: dict[str, Any]) -> list[dict[str, str]]:
    rules = schema["x-kubernetes-validations"]
    return [rule for rule in rules if "oldSelf" in rule["rule"]]


def _rules(schema: dict[str, Any]) -> Iterator[str]:
    seen: set[str] = set()
    for path, rule in _walk(schema, ""):
        if "oldSelf" not in rule["rule"] and rule["message"] not in seen:
            seen.add(rule["message"])
            yield f"| `{path + rule.get('fieldPath', '')}` | {_cell(rule['message'])} |\n"


def _walk(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, str]]]:
    for rule in schema.get("x-kubernetes-validations", ()):
        yield path, {**rule, "fieldPath": rule.get("fieldPath", "")[0 if path else 1 :]}
    for name, field in schema.get("properties", {}).items():
        yield from _walk(field, f"{path}.{name}" if path else name)
    if "items" in schema:
        yield from _walk(schema["items"], f"{path}[]")


def _frozen(schema: dict[str, Any]) -> Iterator[str]:
    for rule in _transitions(schema):
        yield f"- {rule['message']}\n"


def _columns(version: dict[str, Any]) -> str:
    rows = [
        f"| {column['name']} | {'wide' if column.get('priority') else ''} | "
        f"`{column['jsonPath']}` | {column['description']} |\n"
        for column in version["additionalPrinterColumns"]
    ]
    return "| column | | from | meaning |\n| --- | --- | --- | --- |\n" + "".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    crd = yaml.safe_load((ROOT / "crds" / "loadtest.yaml").read_text("utf-8"))
    PAGE.write_text(page(crd), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
