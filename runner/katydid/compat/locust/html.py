"""`locust.html`: the report of an environment's run."""

from __future__ import annotations

from typing import Any

from katydid.results import report
from katydid.run import snapshot

__all__ = ["get_html_report"]


def get_html_report(environment: Any, *_: Any, **__: Any) -> str:
    """The self-contained HTML report. Locust's flags for links and theme are taken and ignored."""
    return report.render(snapshot.document(environment.runner))
