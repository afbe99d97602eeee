"""Locust's view of the statistics: the JSON of `/stats/requests`, `/exceptions`, `/logs`."""

from __future__ import annotations

from itertools import islice
from typing import Any

from katydid import tunables
from katydid.environment import Environment
from katydid.run.document import RunDocument
from katydid.web.answers import plain
from katydid.web.controls import Controls

MOST_ROWS = 500
_HERE = ("master", "local")


def requests_body(environment: Environment, controls: Controls) -> dict[str, Any]:
    """`/stats/requests`: at most 500 names, then the total; at most 500 errors."""
    stats = environment.stats
    total = stats.total
    entries = [
        stats.entries[key] for key in sorted(stats.entries, key=lambda key: (key[1], key[0]))
    ]
    status = controls.status()
    body = {
        "stats": [each.to_dict() for each in [*entries[:MOST_ROWS], total]],
        "errors": [_error(each) for each in islice(stats.errors.values(), MOST_ROWS)],
        "current_rps": total.current_rps,
        "current_fail_per_sec": total.current_fail_per_sec,
        "total_rps": total.total_rps,
        "total_fail_per_sec": total.total_fail_per_sec,
        "fail_ratio": total.fail_ratio,
        "current_response_time_percentiles": {
            f"response_time_percentile_{share}": total.get_current_response_time_percentile(share)
            for share in tunables.PERCENTILES_TO_CHART
        },
        "state": status.state,
        "user_count": status.load.users,
    }
    if controls.distributed:
        body["workers"] = workers(controls.document(histories=False))
        body["worker_count"] = status.workers_ready
    return _plain_object(body)


def workers(document: RunDocument) -> list[dict[str, Any]]:
    return [
        {
            "id": worker.id,
            "state": worker.state,
            "user_count": worker.users,
            "cpu_usage": worker.cpu_percent,
            "memory_usage": worker.memory_bytes,
        }
        for worker in document.workers
        if worker.state != "left"
    ]


def exceptions(document: RunDocument) -> list[dict[str, Any]]:
    return [
        {
            "count": row.count,
            "msg": row.message,
            "traceback": row.traceback,
            "nodes": ", ".join(row.nodes),
        }
        for row in document.exceptions
    ]


def logs(document: RunDocument) -> dict[str, Any]:
    """The last 500 lines of this process as `master`, those of the workers by id."""
    own = [line for node in _HERE for line in document.logs.get(node, ())]
    others = {node: lines for node, lines in document.logs.items() if node not in _HERE}
    return {"master": own[-MOST_ROWS:], "workers": others}


def _error(error: Any) -> dict[str, Any]:
    return {
        "method": error.method,
        "name": error.name,
        "error": str(error.error),
        "occurrences": error.occurrences,
        "first_seen": error.first_seen,
        "last_seen": error.last_seen,
    }


def _plain_object(body: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = plain(body)
    return result
