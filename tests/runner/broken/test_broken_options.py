"""Options that cannot be: a sentence that names them, Locust's exit code, no traceback."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.processes

HEADLESS = ("--headless", "-t", "1s")

CASES = [
    dict(id="unknown-option", run=["--spwan-rate", "3"], code=2,
         says=["There is no option --spwan-rate. Did you mean --spawn-rate?"]),
    dict(id="removed-option", run=["--slave"], code=2,
         says=["--slave is called --worker now."]),
    dict(id="stray-word", run=["--headless", "Visitor", "-t", "1s", "Nobody"], code=2,
         says=["'Nobody'"]),
    dict(id="master-and-worker", run=["--master", "--worker"], code=255,
         says=["either --master or --worker, not both"]),
    dict(id="master-and-processes", run=["--master", "--processes", "2"], code=255,
         says=["--processes starts its own master"]),
    dict(id="users-not-a-number", run=["-u", "many"], code=2,
         says=["-u/--users", "'many' is not a whole number of zero or more"]),
    dict(id="spawn-rate-zero", run=["-r", "0"], code=2,
         says=["-r/--spawn-rate", "'0' is not a number greater than zero"]),
    dict(id="run-time", run=["-t", "10 parsecs"], code=2,
         says=["-t/--run-time", "'10 parsecs' is not a time span; write 20, 20s, 3m"]),
    dict(id="history-without-csv", run=["--csv-full-history"], code=2,
         says=["--csv-full-history needs --csv PREFIX"]),
    dict(id="autoquit-without-autostart", run=["--autoquit", "3"], code=1,
         says=["--autoquit needs --autostart"]),
    dict(id="tls-files-missing", run=["--tls-cert", "c.pem", "--tls-key", "k.pem", "-P", "FREE"],
         code=2, says=["c.pem"]),
    dict(id="threshold-text", run=[*HEADLESS, "--threshold", "p95 less than 3"], code=2,
         says=["p95 less than 3"]),
    dict(id="config-users-no-json", run=[*HEADLESS, "--config-users", "{users: 3}"], code=255,
         says=["--config-users is not JSON"]),
    dict(id="config-users-unknown", run=[*HEADLESS, "--config-users", '{"user_class_name": "X"}'],
         code=255, says=["--config-users: there is no user class X."]),
    dict(id="config-file-unknown-key", run=HEADLESS, code=2, files={"locust.conf": "userz = 3\n"},
         says=["There is no option --userz (it stands in locust.conf). Did you mean --users?"]),
    dict(id="config-file-broken-toml", run=HEADLESS, code=2,
         files={"pyproject.toml": "[tool.locust\nusers = 3\n"}, says=["pyproject.toml"]),
    dict(id="variable-not-a-number", run=HEADLESS, code=2, env={"LOCUST_USERS": "few"},
         says=["'few' is not a whole number"]),
    dict(id="abbreviated-locustfile", run=["--locustf", "other.py"], code=2,
         says=["Write --locustfile in full"]),
    dict(id="no-subcommand", run=["rnu", "loadtest.yaml"], code=1,
         says=["Unknown user class rnu, loadtest.yaml"]),
    dict(id="run-without-manifest", run=["run"], code=64, says=["katydid run needs a manifest."]),
    dict(id="run-workers", run=["run", "t.yaml", "--workers", "two"], code=64,
         says=["katydid run: argument --workers: invalid int value: 'two'."]),
    dict(id="run-workers-zero", run=["run", "t.yaml", "--workers", "0"], code=64,
         files={"t.yaml": {}}, says=["--workers must be at least 1."]),
    dict(id="run-unknown-option", run=["run", "t.yaml", "--userz", "3"], code=64,
         files={"t.yaml": {"source": "{inline: {locustfile.py: \"from locust import User\\n"
                                     "class A(User): tasks = [print]\"}}"}},
         says=["There is no option --userz. Did you mean --users?"]),
    dict(id="run-users-for-stages", run=["run", "t.yaml", "--users", "3"], code=64,
         files={"t.yaml": {"source": "{inline: {locustfile.py: \"from locust import User\\n"
                                     "class A(User): tasks = [print]\"}}",
                           "load": "{stages: [{duration: 1s, users: 1}]}"}},
         says=["--users and --spawn-rate do not fit the manifest's load, which is stages."]),
    dict(id="validate-missing-file", run=["validate", "none.yaml"], code=64,
         says=["none.yaml"]),
    dict(id="report-missing-file", run=["report", "none.json"], code=64,
         says=["none.json cannot be read: No such file or directory."]),
    dict(id="report-of-something-else", run=["report", "a.json"], code=64,
         files={"a.json": '{"hello": 1}'}, says=["a.json"]),
    dict(id="demo-of-nothing", run=["demo", "--run", "none.yaml"], code=64,
         says=["There is no file none.yaml."]),
    dict(id="exec-of-nothing", run=["exec", "none.py"], code=64, says=["none.py"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_option(case, check):
    check(case)
