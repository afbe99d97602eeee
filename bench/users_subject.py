"""The measured half of `users.py`: the same lines under Locust and under Katydid.

    PYTHON bench/users_subject.py katydid|locust USERS CLASS [HOST]

Starts USERS users in this process and waits until each has run its first task; with HOST that
task gets a page. Prints JSON: memory of a user in KiB, users started per CPU second.
"""

from __future__ import annotations

import sys

if sys.argv[1] == "katydid":
    import katydid.alias

    katydid.alias.install()

# isort: split
import locust  # patches the standard library: before everything else

# isort: split
import gc
import json
import time
from typing import Any

import gevent
from locust.env import Environment
from measuring import cpu_seconds, memory_bytes

USERS = int(sys.argv[2])
BASE: Any = getattr(locust, sys.argv[3])
HOST = sys.argv[4] if len(sys.argv) > 4 else ""
PATIENCE_SECONDS = 120


class Visitor(BASE):
    """Runs one task and waits for the rest of the measurement."""

    wait_time = locust.constant(3600)
    host = HOST or "http://127.0.0.1:1"
    ran = 0

    @locust.task
    def visit(self) -> None:
        if HOST:
            assert self.client.get("/").status_code == 200
        Visitor.ran += 1


def main() -> None:
    environment = Environment(user_classes=[Visitor])
    runner = environment.create_local_runner()
    gevent.sleep(0.2)
    gc.collect()
    memory, cpu = memory_bytes(), cpu_seconds()
    rate = USERS / 10 if HOST else USERS  # gently: connections have to be accepted
    runner.start(USERS, spawn_rate=rate)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Visitor.ran < USERS:
        if time.monotonic() > deadline:
            raise SystemExit(f"{Visitor.ran} of {USERS} users ran their task")
        gevent.sleep(0.02)
    cpu = cpu_seconds() - cpu
    gc.collect()
    memory = memory_bytes() - memory
    assert runner.user_count == USERS
    answer = {"kib_per_user": memory / 1024 / USERS, "users_per_cpu_second": USERS / cpu}
    print(json.dumps(answer), flush=True)
    sys.stdout.flush()
    import os

    os._exit(0)  # ten thousand users need not be stopped one by one


if __name__ == "__main__":
    main()
