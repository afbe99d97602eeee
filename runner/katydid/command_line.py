"""What our subcommands share of argparse: a mistake is one sentence and exit code 64, not usage."""

from __future__ import annotations

import argparse
from typing import NoReturn

from katydid.errors import UsageError


class CommandParser(argparse.ArgumentParser):
    """Options of `prog`, none abbreviated: a new one must not change what an old word means.

    UsageError for what is wrong.
    """

    def __init__(self, prog: str, **keywords: object) -> None:
        super().__init__(prog, allow_abbrev=False, **keywords)  # type: ignore[arg-type] # argparse's

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}. See {self.prog} --help.")
