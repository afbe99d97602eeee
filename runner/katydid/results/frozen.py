"""The web page as a file: the bundle of runner/ui with its data inside.

One file that opens from disk and asks the network for nothing: a content security policy allows
the inlined script by its hash and no connection at all. The data is packed (gzip, base64): the
history of ten minutes and ten names would otherwise be a megabyte.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

from katydid.page.bundle import Bundle
from katydid.results.document_json import to_plain
from katydid.results.markup import Html, fill

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src '{hash}'; img-src data: blob:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Katydid {version}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{css}</style>
</head>
<body>
<div id="katydid"></div>
<noscript>{words}</noscript>
<script type="application/octet-stream" id="katydid-data">{data}</script>
<script>{js}</script>
</body>
</html>
"""


def page(
    found: Bundle, title: str, words: Html, content: Mapping[str, Any], version: str = ""
) -> str:
    """The page that shows `content`; `words` are for readers without JavaScript."""
    return fill(
        _PAGE,
        hash=found.script_hash,
        version=version,
        title=title,
        css=Html(found.style),
        words=words,
        data=Html(_packed(content)),
        js=Html(found.script),
    )


def _packed(content: Mapping[str, Any]) -> str:
    text = json.dumps(to_plain(content), allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(errors="replace"), mtime=0)).decode()
