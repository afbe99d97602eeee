"""A clean place for options: no config files of this machine, no listeners left behind."""

import pytest

from katydid import events


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working directory that is the home directory too."""
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    work.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    return tmp_path


@pytest.fixture
def on_parser():
    """Add listeners of init_command_line_parser for one test."""
    added = []
    hook = events.events.init_command_line_parser

    def add(listener):
        added.append(hook.add_listener(listener))
        return listener

    yield add
    for listener in added:
        hook.remove_listener(listener)
