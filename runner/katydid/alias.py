"""`import locust` means Katydid: a meta-path finder maps locust.X to katydid.compat.locust.X.

Installed before the first user code and kept for the life of the process, so that lazy imports
and plugins get our modules even where the real locust is installed too. Both names lead to one
module object. No top-level package named locust is shipped.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from katydid.errors import ExitCode, LocustfileError

ALIAS = "locust"
TARGET = "katydid.compat.locust"

NOT_OFFERED = {
    "locust.contrib.dns": "DNSUser",
    "locust.contrib.milvus": "MilvusUser",
    "locust.contrib.mongodb": "MongoDBUser",
    "locust.contrib.mqtt": "MqttUser",
    "locust.contrib.oai": "OpenAIUser",
    "locust.contrib.postgres": "PostgresUser",
    "locust.contrib.qdrant": "QdrantUser",
    "locust.contrib.socketio": "SocketIOUser",
}
"""Modules of Locust that Katydid lacks, and the class that people import from each."""


class AnotherLocustError(LocustfileError):
    """Somebody else's `locust` is imported. Exit code 65 on Locust's surface too: it has none."""

    locust_exit_code = int(ExitCode.LOCUSTFILE)


def install() -> None:
    """Make `locust` ours from now on; installing twice changes nothing.

    Raises LocustfileError if another `locust` has been imported already.
    """
    loaded = sys.modules.get(ALIAS)
    if loaded is not None and loaded is not sys.modules.get(TARGET):
        where = getattr(loaded, "__file__", None) or "an unknown place"
        raise AnotherLocustError(
            f"Another locust is imported already ({where}), so its classes and Katydid's would "
            "mix: put `import katydid.alias; katydid.alias.install()` before the first import of "
            "locust, or run the program with `katydid exec FILE.py`."
        )
    if not installed():
        sys.meta_path.insert(0, AliasFinder())


def installed() -> bool:
    """Whether `import locust` leads here."""
    return any(isinstance(finder, AliasFinder) for finder in sys.meta_path)


class AliasFinder(MetaPathFinder):
    """Finds locust and what we have below it; for the rest of locust.* there is nothing.

    A module that Locust has and we lack raises ModuleNotFoundError with a sentence.
    """

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname != ALIAS and not fullname.startswith(ALIAS + "."):
            return None
        if fullname in NOT_OFFERED:
            raise ModuleNotFoundError(
                f"{fullname} is not offered: Katydid has no {NOT_OFFERED[fullname]}. Derive from "
                "User, call the client's own library, and wrap each call in "
                "environment.events.request.measure(type, name).",
                name=fullname,
            )
        real = importlib.util.find_spec(TARGET + fullname.removeprefix(ALIAS))
        if real is None:
            return None
        is_package = real.submodule_search_locations is not None
        spec = ModuleSpec(fullname, _AliasLoader(real.name), is_package=is_package)
        spec.origin = real.origin
        return spec


class _AliasLoader(Loader):
    """Hands out the module of the other name."""

    def __init__(self, real_name: str) -> None:
        self._real_name = real_name
        self._own: dict[str, object] = {}

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._real_name)
        self._own = {"__spec__": module.__spec__, "__loader__": module.__loader__}
        return module

    def exec_module(self, module: ModuleType) -> None:
        # importlib has put the alias' spec on the module; with it, a relative import inside the
        # module warns that __package__ != __spec__.parent.
        for name, value in self._own.items():
            setattr(module, name, value)
