"""Print what pyproject.toml requires, a line each: the engine's, or those of the extra given."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extra = sys.argv[1:]
print(*(project["optional-dependencies"][extra[0]] if extra else project["dependencies"]), sep="\n")
