"""Config files of options: INI-like (`locust.conf`) and the `[tool.locust]` table of a TOML file.

Keys are long option names without their dashes. Which files are read, and in which order, is
decided by `options`; ConfigArgParse merges them.
"""

from __future__ import annotations

import tomllib
from typing import Any, TextIO

import configargparse


class OptionFileParser(configargparse.ConfigFileParser):  # type: ignore[misc] # untyped
    """Reads either format, told apart by the file's name."""

    def __init__(self) -> None:
        super().__init__()
        self._ini = configargparse.DefaultConfigFileParser()

    def get_syntax_description(self) -> str:
        return "Lines are `key = value`, lists are `[a, b]`; in TOML the table is [tool.locust]."

    def parse(self, stream: TextIO) -> dict[str, Any]:
        """Option name → text, or list of texts. ConfigFileParserException names the file."""
        name = str(getattr(stream, "name", "config file"))
        if not name.endswith(".toml"):
            return dict(self._ini.parse(stream))
        try:
            document = tomllib.loads(stream.read())
        except tomllib.TOMLDecodeError as error:
            raise configargparse.ConfigFileParserException(f"{name}: {error}") from error
        table = document.get("tool", {}).get("locust", {})
        return {key: _as_text(value) for key, value in table.items()}

    def serialize(self, items: dict[str, Any]) -> str:
        return str(self._ini.serialize(items))


def _as_text(value: object) -> str | list[str]:
    """A TOML value as it would be typed: true, 10, 0.5, a list of such."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return [str(_as_text(item)) for item in value]
    return str(value)
