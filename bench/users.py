"""Users: memory of one that waits, memory after its first request, and how fast they start.

    python bench/users.py [--users 10000] [--rounds 3] [--class HttpUser]

Katydid and Locust (`peers.py`) take turns, each in a process of its own with the same code
(`users_subject.py`); medians. Every user is seen to have run its first task: a greenlet that never
ran has no stack yet and costs next to nothing.

Goals: an idle user takes at most 0.6 of the memory of Locust's, and 4 times as many start per CPU
second. After one request, when both hold a session of requests and a connection: no more than
Locust's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import peers
import plain_server
from measuring import median, run_json, verdict

SUBJECT = Path(__file__).resolve().parent / "users_subject.py"
IDLE_GOAL = 0.6
USED_GOAL = 1.0
SPAWN_GOAL = 4.0
REQUESTING = 2000
"""Users that make a request: each holds a connection, at both ends."""


def measure(who: str, users: int, user_class: str, host: str = "") -> dict[str, Any]:
    python = sys.executable if who == "katydid" else peers.install()
    return run_json([python, SUBJECT, who, str(users), user_class, *([host] if host else [])])


def compare(users: int, rounds: int, user_class: str, host: str = "") -> dict[str, dict[str, Any]]:
    """Subject → medians of its figures."""
    taken: dict[str, list[dict[str, Any]]] = {"katydid": [], "locust": []}
    for _ in range(rounds):
        for who, figures in taken.items():
            figures.append(measure(who, users, user_class, host))
    return {
        who: {name: median([one[name] for one in figures]) for name in figures[0]}
        for who, figures in taken.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--class", dest="user_class", default="HttpUser")
    options = parser.parse_args()
    print(f"{options.users} users of {options.user_class}, {peers.version_of(peers.install())}")
    idle = compare(options.users, options.rounds, options.user_class)
    with plain_server.running() as host:
        used = compare(REQUESTING, options.rounds, options.user_class, host)
    for title, figures in (("waiting", idle), (f"after a request ({REQUESTING} users)", used)):
        for who, one in figures.items():
            print(
                f"     {title}: {who:8} {one['kib_per_user']:6.2f} KiB/user, "
                f"{one['users_per_cpu_second']:8.0f} users/cpu-s"
            )
    met = [
        verdict("memory of an idle user", ratio(idle, "kib_per_user"), IDLE_GOAL, "of Locust's"),
        verdict("memory after a request", ratio(used, "kib_per_user"), USED_GOAL, "of Locust's"),
        verdict(
            "users started per CPU second",
            ratio(idle, "users_per_cpu_second"), SPAWN_GOAL, "times Locust's", at_most=False,
        ),
    ]  # fmt: skip
    return 0 if all(met) else 1


def ratio(figures: dict[str, dict[str, Any]], name: str) -> float:
    return float(figures["katydid"][name] / figures["locust"][name])


if __name__ == "__main__":
    sys.exit(main())
