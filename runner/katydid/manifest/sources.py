"""The files of a LoadTest's source, as far as the YAML stream itself holds them."""

from __future__ import annotations

from katydid.errors import ManifestError
from katydid.manifest.document import Path
from katydid.manifest.spec import ConfigMapSource, InlineSource
from katydid.manifest.stream import Manifest


def held_files(manifest: Manifest) -> dict[str, bytes] | None:
    """Relative path → content of an inline or ConfigMap source, libs included.

    None for git, image and volume sources, whose files are elsewhere. ManifestError when a
    ConfigMap is not in the stream, or has no key named as the entrypoint.
    """
    source = manifest.load_test.source
    match source.origin:
        case InlineSource(files):
            found = {name: text.encode() for name, text in files.items()}
        case ConfigMapSource(name):
            found = _config_map(manifest, name, ("spec", "source", "configMap"))
            if source.entrypoint not in found:
                keys = ", ".join(sorted(found)) or "nothing"
                message = f"the ConfigMap {name} has no key {source.entrypoint}; it holds {keys}"
                path = ("spec", "source", "entrypoint")
                raise ManifestError(manifest.file, [manifest.document.problem(path, message)])
        case _:
            return None
    return found | library_files(manifest)


def library_files(manifest: Manifest) -> dict[str, bytes]:
    """Relative path → content of the `libs` alone."""
    found: dict[str, bytes] = {}
    for index, library in enumerate(manifest.load_test.source.libs):
        content = _config_map(manifest, library.config_map, ("spec", "source", "libs", index))
        found.update({f"{library.path}/{key}": value for key, value in content.items()})
    return found


def _config_map(manifest: Manifest, name: str, path: Path) -> dict[str, bytes]:
    content = manifest.stream.config_maps.get(name)
    if content is None:
        message = (
            f"the ConfigMap {name} is not in this file; "
            "put it into the same YAML stream or give --source-dir"
        )
        raise ManifestError(manifest.file, [manifest.document.problem(path, message)])
    return content
