"""The HTML report: a whole run in one file that opens anywhere and asks the network for nothing.

`page` lays out a page of these looks, `render` is the report; its parts come from html_overview
(what one glance should tell), html_tables (every number) and html_context (what ran, and where).
The document decides the content, report.css the looks, report.js sorting and the cursor: the page
is complete without it. A content security policy names the script by its hash, so nothing else
could ever run.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from katydid.results import html_context, html_overview, html_tables, verdict
from katydid.results.markup import Html, fill, join
from katydid.run.document import RunDocument

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src '{hash}'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Katydid">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{css}</style>
</head>
<body>
{header}
<main>
{main}
</main>
<footer>{footer}</footer>
<script>{js}</script>
</body>
</html>
"""


_FOOTER = """Made by Katydid {version}. Everything here is also in run.json: \
<code>katydid report run.json</code> makes this page again."""


def render(document: RunDocument) -> str:
    """Return the report as one self-contained HTML page."""
    status = document.status
    return page(
        f"{status.name} {verdict.word(status)} \u00b7 Katydid",
        html_overview.header(document),
        join(
            [
                html_overview.overview(document),
                html_tables.tables(document),
                html_context.context(document),
            ],
            "\n",
        ),
        fill(_FOOTER, version=document.versions.get("katydid", "")),
    )


def page(title: str, header: Html, main: Html, footer: Html) -> str:
    """A whole page with the report's looks and its script."""
    script = _part("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return fill(
        _PAGE,
        hash=f"sha256-{digest}",
        title=title,
        css=Html(_part("report.css")),
        header=header,
        main=main,
        footer=footer,
        js=Html(script),
    )


def _part(name: str) -> str:
    """A file of this package that becomes part of the page."""
    return resources.files("katydid.results").joinpath(name).read_text(encoding="utf-8")
