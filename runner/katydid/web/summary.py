"""The documents of a run as the API hands them out: rows without their histograms, and pages."""

from __future__ import annotations

from typing import Any

from katydid.run.document import RequestRow, Status
from katydid.web.answers import plain

_HISTOGRAM = ("buckets", "counts")


def status_body(status: Status) -> dict[str, Any]:
    """`GET /api/v1/status`: every field of `run.document.Status`, its total as `request_body`."""
    body: dict[str, Any] = plain(status)
    body["total"] = request_body(status.total)
    return body


def request_body(row: RequestRow, with_histograms: bool = False) -> dict[str, Any]:
    """One request name; its histograms are as large as all the rest, so only when asked for."""
    body: dict[str, Any] = plain(row)
    if not with_histograms:
        for latency in (body["latency"], body["service"]):
            for key in _HISTOGRAM if latency else ():
                del latency[key]
    return body


def page(items: list[Any], offset: int, limit: int) -> dict[str, Any]:
    """A cut of a list: {"count": of all, "offset", "items"}."""
    return {"count": len(items), "offset": offset, "items": items[offset : offset + limit]}
