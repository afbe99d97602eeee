"""Ports, folders, keys, checkpoints and workers that are not as the options say."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.processes

RUN = ("--headless", "-t", "1s")
GOOD = (
    '{inline: {locustfile.py: "from locust import User, constant, task\\nclass A(User):\\n'
    '    wait_time = constant(1)\\n    @task\\n    def a(self): pass\\n"}}'
)
SLOW = (
    '{inline: {locustfile.py: "import os, time\\nfrom locust import User\\n'
    "class A(User): tasks = [print]\\n"
    "time.sleep(3 if os.environ.get('SLOW') else 0)\\n\"}}"
)
WORKERS = "{readyTimeout: 1s, env: [{name: SLOW, value: 'yes'}]}"
IMPATIENT = """
    import locust.runners
    from locust import User

    locust.runners.CONNECT_TIMEOUT = 0.1
    locust.runners.CONNECT_RETRY_COUNT = 2

    class A(User):
        tasks = [print]
"""

CASES = [
    dict(id="web-port-taken", run=["--web-host", "127.0.0.1", "-P", "BUSY"], code=2,
         says=["--web-port"]),
    dict(id="web-host-of-others", run=["--web-host", "203.0.113.7", "-P", "FREE"], code=2,
         says=["203.0.113.7"]),
    dict(id="master-port-taken", code=2,
         run=["--master", *RUN, "--master-bind-host", "127.0.0.1", "--master-bind-port", "BUSY"],
         says=["--master-bind-port"]),
    dict(id="html-into-a-file", run=[*RUN, "--html", "locustfile.py/report.html"], code=2,
         says=["--html locustfile.py/report.html cannot be written"]),
    dict(id="html-is-a-folder", run=[*RUN, "--html", "folder"], code=2,
         files={"folder/a": ""}, says=["--html folder cannot be written: Is a directory."]),
    dict(id="csv-into-a-file", run=[*RUN, "--csv", "locustfile.py/out"], code=2,
         says=["--csv locustfile.py/out cannot be written"]),
    dict(id="results-in-a-file", run=[*RUN, "--results", "locustfile.py"], code=2,
         says=["--results locustfile.py cannot be written"]),
    dict(id="json-into-a-file", run=[*RUN, "--json-file", "locustfile.py/out"], code=2,
         says=["--json-file locustfile.py/out cannot be written"]),
    dict(id="junit-into-a-file", run=[*RUN, "--junit", "locustfile.py/out.xml"], code=2,
         says=["--junit locustfile.py/out.xml cannot be written"]),
    dict(id="logfile-into-a-file", run=[*RUN, "--logfile", "locustfile.py/log"], code=2,
         says=["--logfile locustfile.py/log cannot be written"]),
    dict(id="run-results-in-a-file", code=64, files={"t.yaml": {"source": GOOD}},
         run=["run", "t.yaml", "--headless", "--workers", "1", "--results", "locustfile.py"],
         says=["--results locustfile.py cannot be written"]),
    dict(id="checkpoint-damaged", code=1, files={"state": "KATYDID1 is how it begins"},
         run=["--master", *RUN, "--master-bind-port", "0", "--checkpoint", "state"],
         says=["state is not a checkpoint of Katydid, or it is damaged"]),
    dict(id="checkpoint-in-a-file", code=2,
         run=["--master", *RUN, "--master-bind-port", "0", "--checkpoint", "locustfile.py/c"],
         says=["--checkpoint locustfile.py/c cannot be written"]),
    dict(id="seed-too-short", run=["--master", *RUN, "--master-bind-port", "0"], code=2,
         env={"KATYDID_CURVE_SEED": "short"},
         says=["The CURVE seed has 5 bytes; at least 16 are needed."]),
    dict(id="workers-never-come", code=1,
         run=["--master", *RUN, "--master-bind-port", "0", "--expect-workers", "2",
              "--expect-workers-max-wait", "1"],
         says=["0 of 2 workers were ready after 1 s (--expect-workers-max-wait)."]),
    dict(id="workers-never-come-to-a-manifest", code=75,
         files={"t.yaml": {"source": SLOW, "workers": WORKERS}},
         run=["run", "t.yaml", "--headless", "--workers", "1"],
         says=["0 of 1 workers were ready after 1 s (workers.readyTimeout)."]),
    dict(id="no-master", code=255,
         run=["--worker", "--master-host", "127.0.0.1", "--master-port", "FREE"],
         files={"locustfile.py": IMPATIENT}, says=["127.0.0.1"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_surroundings(case, check):
    check(case)
