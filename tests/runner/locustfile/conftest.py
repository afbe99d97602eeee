"""Locustfiles in an empty working directory; modules and paths they bring go again."""

import sys

import pytest

from katydid import alias


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working directory. `import locust` is ours, as before any load."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    before = dict(sys.modules)
    alias.install()
    yield work
    for name in set(sys.modules) - set(before):
        # Only what the locustfiles brought: a half-forgotten package would be imported twice.
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", None)):
            del sys.modules[name]


@pytest.fixture
def write(place):
    """Write files below the working directory: write({"a.py": text})."""

    def write_files(files):
        for name, text in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write_files
