"""LoadTest files that cannot run: file, line and field, exit code 64; locustfiles in them 65."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.processes

RUN = ("run", "t.yaml", "--headless", "--workers", "1")
GOOD = '{inline: {locustfile.py: "from locust import User\\nclass A(User): tasks = [print]\\n"}}'
SECRET = "[{name: PASSWORD, valueFrom: {secretKeyRef: {name: shop, key: password}}}]"


CASES = [
    dict(id="missing-file", run=["run", "none.yaml"], code=64, says=["none.yaml"]),
    dict(id="a-folder", run=["run", "folder"], code=64, files={"folder/a": ""}, says=["folder"]),
    dict(id="a-locustfile", run=["run", "locustfile.py"], code=64, says=["locustfile.py"]),
    dict(id="not-yaml", run=RUN, code=64, files={"t.yaml": "spec: [1, 2\nname: x\n"},
         says=["t.yaml", "line 2"]),
    dict(id="empty", run=RUN, code=64, files={"t.yaml": ""}, says=["t.yaml"]),
    dict(id="wrong-kind", run=RUN, code=64,
         files={"t.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"},
         says=["t.yaml", "Deployment"]),
    dict(id="unknown-field", run=RUN, code=64, files={"t.yaml": {"lod": "{users: 1}"}},
         says=["t.yaml: line 8: spec.lod", "load"]),
    dict(id="two-models", run=RUN, code=64,
         files={"t.yaml": {"load": "{users: 1, runTime: 1s, shape: {}}"}},
         says=["t.yaml: line 7: spec.load"]),
    dict(id="bad-duration", run=RUN, code=64,
         files={"t.yaml": {"load": "{users: 1, runTime: soon}"}},
         says=["t.yaml: line 7: spec.load.runTime"]),
    dict(id="bad-threshold", run=RUN, code=64,
         files={"t.yaml": {"thresholds": "[{name: a, metric: p95, below: 5%}]"}},
         says=["t.yaml: line 8: spec.thresholds"]),
    dict(id="managed-flag", run=RUN, code=64,
         files={"t.yaml": {"args": "[--headless, --master]"}}, says=["spec.args", "--master"]),
    dict(id="missing-configmap", run=RUN, code=64,
         files={"t.yaml": {"source": "{configMap: {name: tests}}"}},
         says=["t.yaml: line 6: spec.source.configMap", "tests"]),
    dict(id="missing-entrypoint", run=RUN, code=64,
         files={"t.yaml": {"source": '{entrypoint: main.py, inline: {locustfile.py: "a = 1"}}'}},
         says=["t.yaml: line 6: spec.source.entrypoint: inline has no file"]),
    dict(id="env-from-nowhere", run=RUN, code=64,
         files={"t.yaml": {"source": GOOD, "env": SECRET}},
         says=["t.yaml: line 8: spec.env", "shop", "--env-file"]),
    dict(id="env-wrong-key", run=[*RUN, "--env-file", "vars"], code=64,
         files={"t.yaml": {"source": GOOD, "env": SECRET}, "vars": "OTHER=1\n"},
         says=["spec.env", "password"]),
    dict(id="env-file-broken", run=[*RUN, "--env-file", "vars"], code=64,
         files={"t.yaml": {"source": GOOD}, "vars": "A=1\nwhat is this\n"},
         says=["vars", "line 2"]),
    dict(id="service-without-host", run=RUN, code=64,
         files={"t.yaml": {"source": GOOD, "target": "{serviceRef: {name: shop, port: 80}}"}},
         says=["t.yaml: line 8: spec.target.serviceRef", "say --host"]),
    dict(id="image-source", run=RUN, code=64,
         files={"t.yaml": {"source": "{image: {path: /tests}}"}},
         says=["t.yaml: line 6: spec.source", "say --source-dir"]),
    dict(id="git-fails", run=RUN, code=64,
         files={"t.yaml": {"source": "{git: {url: 'file:///nowhere/at/all.git'}}"}},
         says=["t.yaml: line 6: spec.source.git", "git failed"]),
    dict(id="locustfile-in-a-manifest", run=RUN, code=65, shows_traceback=True,
         files={"t.yaml": {}},
         says=["line 1: ModuleNotFoundError: No module named 'locustfile_of_the_manifest'"]),
    dict(id="unknown-class-of-a-manifest", run=RUN, code=65,
         files={"t.yaml": {"source": GOOD, "load": "{users: 1, runTime: 1s, userClasses: [B]}"}},
         says=["Unknown user class B; the locustfile defines A."]),
    dict(id="unknown-shape", run=RUN, code=65,
         files={"t.yaml": {"source": GOOD, "load": "{shape: {class: Hills}}"}},
         says=["Unknown shape class Hills; the locustfile defines none."]),
    dict(id="no-shape", run=RUN, code=65,
         files={"t.yaml": {"source": GOOD, "load": "{shape: {}}"}},
         says=["The load is a shape, but the locustfile has no LoadTestShape"]),
    dict(id="pod-without-sources", run=["run", "t.yaml", "--role", "master"], code=64,
         files={"t.yaml": {"source": GOOD}}, says=["spec.source.entrypoint", "locustfile.py"]),
    dict(id="validate-says-all", run=["validate", "t.yaml"], code=64,
         files={"t.yaml": {"lod": "1", "load": "{users: -1, runTime: soon}"}},
         says=["line 8: spec.lod", "line 7: spec.load.users", "line 7: spec.load.runTime"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_manifest(case, check):
    check(case)
