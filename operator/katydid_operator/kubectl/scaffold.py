"""`init`: a locustfile and a LoadTest to begin with."""

from __future__ import annotations

import re
from pathlib import Path

from katydid_operator import names
from katydid_operator.kubectl.exits import CommandError
from katydid_operator.kubectl.results import write

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,42}[a-z0-9])?")

LOCUSTFILE = '''"""What a visitor does."""

from locust import HttpUser, between, task


class Visitor(HttpUser):
    wait_time = between(1, 3)

    @task
    def front_page(self):
        self.client.get("/")
'''

_LOADTEST = """\
apiVersion: {api_version}
kind: LoadTest
metadata:
  name: {name}
spec:
  source:
    entrypoint: locustfile.py
    configMap:
      name: {name}-tests
  target:
    host: {host}
  load:
    users: 10
    spawnRate: 2
    runTime: 2m
  workers:
    replicas: 2
  thresholds:
    - name: most answers are fast
      metric: p95
      below: 500ms
    - name: hardly anything fails
      metric: failures
      below: 1%
"""


def files(name: str, host: str) -> dict[str, str]:
    """The files by name."""
    if not _NAME.fullmatch(name):
        raise CommandError(
            f"{name!r} cannot be a LoadTest's name: at most 44 characters of a-z, 0-9 and -, "
            "a letter first, no dash last."
        )
    if not re.fullmatch(r"https?://[^\s/:'\"#]+(:[0-9]{1,5})?(/[^\s'\"#]*)?", host):
        raise CommandError(f"{host!r} is no base URL such as https://shop.example.")
    text = _LOADTEST.format(api_version=names.API_VERSION, name=name, host=host)
    return {"locustfile.py": LOCUSTFILE, "loadtest.yaml": text}


def create(folder: Path, name: str, host: str) -> list[str]:
    """Write the files, none over one that exists; returns what to say."""
    made = files(name, host)
    there = [file for file in made if (folder / file).exists()]
    if there:
        raise CommandError(f"{folder / there[0]} exists; init overwrites nothing.")
    for file, text in made.items():
        write(folder / file, text.encode())
    manifest = folder / "loadtest.yaml"
    return [
        f"{folder / 'locustfile.py'} and {manifest} written.",
        f"On this machine:   katydid run {manifest} --source-dir {folder}",
        f"In the cluster:    kubectl katydid run -f {manifest} --source-dir {folder} --wait",
    ]
