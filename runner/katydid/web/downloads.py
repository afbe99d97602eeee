"""The outputs of a run as files to download: report, JSON, CSV, JUnit, and all of them in one."""

from __future__ import annotations

import io
import re
import tarfile
from datetime import UTC, datetime

from flask import Response

from katydid.run.document import RunDocument, Status
from katydid.web.controls import Renderers

HTML, JSON, CSV, XML = "text/html", "application/json", "text/csv", "application/xml"
LOCUST_KINDS = {"requests": "stats", "failures": "failures", "exceptions": "exceptions"}
"""What Locust calls a CSV in its routes and file names → the key in `Renderers.csv`."""


def attachment(text: str | bytes, mimetype: str, name: str) -> Response:
    """A file that the browser saves under `name`."""
    response = Response(text, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def file_stem(status: Status) -> str:
    """`<test>-<time>-<verdict>`, such as `checkout-20260102T030405Z-passed`."""
    end = (status.verdict or status.state).lower()
    return _safe(f"{status.name or 'test'}-{_stamp(status.finished_at or status.started_at)}-{end}")


def locust_file_name(kind: str, locustfile: str, host: str | None, now: float) -> str:
    """Locust's name of a downloaded CSV: `Locust_<time>_<locustfile>[_host]_<kind>.csv`."""
    time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d-%Hh%M")
    where = f"_{host}" if host else ""
    return _safe(f"Locust_{time}_{locustfile}{where}_{kind}") + ".csv"


def archive(document: RunDocument, renderers: Renderers) -> bytes:
    """A gzipped tar of every output, named as the results folder of a run has them."""
    stem = file_stem(document.status)
    files = {
        "report.html": renderers.html(document),
        "run.json": renderers.json(document),
        "junit.xml": renderers.junit(document),
        **{f"results_{kind}.csv": text for kind, text in renderers.csv(document).items()},
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            data = text.encode()
            entry = tarfile.TarInfo(f"{stem}/{name}")
            entry.size = len(data)
            entry.mtime = int(document.status.finished_at or document.status.started_at or 0)
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def _stamp(time: float | None) -> str:
    return datetime.fromtimestamp(time or 0, UTC).strftime("%Y%m%dT%H%M%SZ")


def _safe(name: str) -> str:
    return re.sub(r"[^-._A-Za-z0-9]+", "_", name)
