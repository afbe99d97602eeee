from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from katydid_operator import keys


def test_the_token_is_hkdf_of_the_seed() -> None:
    seed = keys.seed_of(b"k" * 32, "uid")
    other = HKDF(hashes.SHA256(), 32, None, b"katydid/v1/api-token/3").derive(seed.encode())
    assert keys.api_token(seed, 3) == other.hex()


def test_seeds_differ_by_uid_and_key() -> None:
    seeds = {keys.seed_of(key, uid) for key in (b"a" * 32, b"b" * 32) for uid in ("1", "2")}
    assert len(seeds) == 4
    assert all(len(seed) == 64 for seed in seeds)
