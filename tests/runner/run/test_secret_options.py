"""Secret options neither reach the document nor travel to workers."""

from __future__ import annotations

from argparse import Namespace

from katydid.environment import Environment
from katydid.run.local import LocalRunner
from katydid.run.settings import RunSettings
from katydid.run.shared_options import plain_options
from katydid.run.snapshot import document


def test_options_marked_secret_are_not_in_the_document() -> None:
    environment = Environment(parsed_options=Namespace(pin="1234", colour="red"))
    runner = LocalRunner(environment, RunSettings(secret_options=frozenset({"pin"})))
    try:
        assert document(runner).options == {"colour": "red"}
    finally:
        runner.quit()


def test_seed_and_token_do_not_travel() -> None:
    options = Namespace(curve_seed="s" * 16, control_token="t", colour="red", users=[1, 2], odd={})
    assert plain_options(options) == {"colour": "red", "users": [1, 2]}
