from __future__ import annotations

import pytest

from katydid.wire.keys import derive_api_token, derive_keys

SEED = b"0123456789abcdef"


def test_the_same_seed_and_run_give_the_same_keys() -> None:
    assert derive_keys(SEED, "7") == derive_keys(SEED, "7")
    assert derive_keys(SEED, "7").api_token == derive_api_token(SEED, "7")


def test_each_run_seed_and_purpose_has_its_own() -> None:
    all_keys = [derive_keys(SEED, "7"), derive_keys(SEED, "8"), derive_keys(SEED + b"!", "7")]
    secrets = {pair.secret for keys in all_keys for pair in (keys.server, keys.client)}
    assert len(secrets) == 6
    assert len({keys.api_token for keys in all_keys}) == 3


def test_the_derivation_is_fixed() -> None:
    # Operator and engine derive the token apart from each other: these values are a contract.
    assert derive_api_token(SEED, "7") == (
        "5ddc4be842c02b1b5eae513d90d672b941f9749bc99ddd0cce48b6e6db70e7b9"
    )
    keys = derive_keys(SEED, "7")
    assert len(keys.server.public) == len(keys.server.secret) == 40
    assert keys.server.public == b"?}qugs/KFt&9xbe*^MoqLl#e[>FHvDln:=TuBmcZ"


def test_secrets_are_not_printed() -> None:
    keys = derive_keys(SEED, "7")
    assert keys.api_token not in repr(keys)
    assert keys.server.secret.decode() not in repr(keys)


def test_a_short_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        derive_keys(b"short", "7")
