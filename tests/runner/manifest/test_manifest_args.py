from __future__ import annotations

import pytest

from katydid.manifest.args import instead_of, managed_option


@pytest.mark.parametrize(
    ("argument", "option"),
    [
        ("--host", "--host"),
        ("--host=https://x", "--host"),
        ("--hos=https://x", "--host"),
        ("--json", "--json"),
        ("--json-f", "--json-file"),
        ("--", "--"),
        ("--w", "--web-base-path"),
        ("-u", "--users"),
        ("-u10", "--users"),
        ("-Hhttps://x", "--host"),
        ("-h", "--help"),
    ],
)
def test_managed_options_are_recognised(argument: str, option: str) -> None:
    assert managed_option(argument) == option


@pytest.mark.parametrize(
    "argument",
    ["--loglevel", "-L", "--config-users", "--csv-full-history", "--profile", "--hosting", "-1",
     "-", "MyUser", "a --host b", "--own-option=--host", ""],
)  # fmt: skip
def test_others_are_let_through(argument: str) -> None:
    assert managed_option(argument) is None


def test_what_to_use_instead() -> None:
    assert instead_of("--run-time") == "use spec.load.runTime"
    assert instead_of("--master") == "it is set for you"
