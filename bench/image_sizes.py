"""What the images weigh: the runner over its base, and what the operator's adds to the runner's.

    python bench/image_sizes.py [--tag dev] [--prefix localhost] [--base IMAGE]

`make images` builds them. Each image is saved as an archive and its layers are read there: sizes
are unpacked bytes, as a node's disk has them. Goals: the runner at most 250 MB over its base; the
operator's image has every layer of the runner's, so a node that has one pulls the rest alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

GOAL_MB = 250
MB = 1_000_000
TOOLS = ("docker", "podman", "buildah")
OWN_BASE = "localhost/katydid-base:bookworm"
DOCKERFILE = Path(__file__).parents[1] / "Dockerfile"


def tool_with(image: str) -> str | None:
    """The tool whose store has the image."""
    for tool in filter(shutil.which, TOOLS):
        what = ["image"] if tool != "buildah" else []
        kind = ["--type", "image"] if tool == "buildah" else []
        asked = [tool, *what, "inspect", *kind, image]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return tool
    return None


def layers(image: str, folder: Path) -> dict[str, int]:
    """Bytes of each layer by its digest, the lowest first; LookupError without the image."""
    tool = tool_with(image)
    if tool is None:
        raise LookupError(f"There is no image {image} here: `make images` builds it.")
    file = folder / "image.tar"
    file.unlink(missing_ok=True)
    command = (
        ["buildah", "push", "-q", image, f"docker-archive:{file}"]
        if tool == "buildah"
        else [tool, "save", "-o", str(file), image]
    )
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(file) as tar:
        text = tar.extractfile("manifest.json")
        assert text is not None
        (manifest,) = json.load(text)
        text = tar.extractfile(manifest["Config"])
        assert text is not None
        digests = json.load(text)["rootfs"]["diff_ids"]
        sizes = [_size(tar, path) for path in manifest["Layers"]]
    return dict(zip(digests, sizes, strict=True))


def _size(tar: tarfile.TarFile, path: str) -> int:
    entry = tar.getmember(path)
    return tar.getmember(entry.linkname).size if entry.issym() else entry.size


def base_image(given: str | None) -> str:
    """The base that the images were built on: given, made here, or the Dockerfile's own."""
    if given:
        return given
    if tool_with(OWN_BASE):
        return OWN_BASE
    lines = DOCKERFILE.read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("ARG BASE_IMAGE="))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tag", default=os.environ.get("KATYDID_IMAGE_TAG", "dev"))
    parser.add_argument("--prefix", default=os.environ.get("KATYDID_IMAGE_PREFIX", "localhost"))
    parser.add_argument("--base", default=os.environ.get("BASE_IMAGE"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            base = layers(base_image(options.base), folder)
            runner = layers(f"{options.prefix}/katydid-runner:{options.tag}", folder)
            operator = layers(f"{options.prefix}/katydid-operator:{options.tag}", folder)
        except LookupError as error:
            print(error, file=sys.stderr)
            return 64
    own = sum(size for digest, size in runner.items() if digest not in base)
    more = sum(size for digest, size in operator.items() if digest not in runner)
    print(f"base {sum(base.values()) / MB:.0f} MB, runner {sum(runner.values()) / MB:.0f} MB, "
          f"operator {sum(operator.values()) / MB:.0f} MB")  # fmt: skip
    is_on_base = list(runner)[: len(base)] == list(base)
    small, shared = own <= GOAL_MB * MB, list(operator)[: len(runner)] == list(runner)
    if not is_on_base:
        print("the runner is not built on this base: say which with --base")
    print(f"{'ok  ' if small and is_on_base else 'MISS'} runner over its base: "
          f"{own / MB:.0f} MB (goal: {GOAL_MB})")  # fmt: skip
    print(f"{'ok  ' if shared else 'MISS'} operator's image has all {len(runner)} layers of the "
          f"runner's, and adds {more / MB:.0f} MB")  # fmt: skip
    return 0 if small and shared and is_on_base else 1


if __name__ == "__main__":
    sys.exit(main())
