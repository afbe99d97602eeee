"""The LoadTest manifest: parsed, checked, defaulted and turned into values.

document (YAML with lines) → schema (structure, defaults) → checks (the CEL rules) → read (values
of spec); stream ties them together. Nothing here touches a cluster, the network or a clock.
"""

from __future__ import annotations

from katydid.manifest.live import LiveUpdate
from katydid.manifest.spec import LoadTest
from katydid.manifest.stream import Manifest, Stream, parse, parse_stream, read_text

__all__ = [
    "LiveUpdate", "LoadTest", "Manifest", "Stream", "parse", "parse_stream", "read_text",
]  # fmt: skip
