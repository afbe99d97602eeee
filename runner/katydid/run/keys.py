"""The keys of a run, from its settings."""

from __future__ import annotations

from katydid.errors import UsageError
from katydid.run.settings import RunSettings
from katydid.wire.keys import RunKeys, derive_keys

MIN_SEED_BYTES = 16


def keys_of(settings: RunSettings) -> RunKeys | None:
    """CURVE pairs and API token of the run; None without a seed. UsageError for a short one."""
    seed = settings.curve_seed.encode()
    if not seed:
        return None
    if len(seed) < MIN_SEED_BYTES:
        raise UsageError(
            f"The CURVE seed has {len(seed)} bytes; at least {MIN_SEED_BYTES} are needed."
        )
    return derive_keys(seed, settings.run)
