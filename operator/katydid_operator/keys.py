"""Keys: the seed of a LoadTest, and the API token of one of its runs.

The operator key never leaves the operator: a LoadTest gets HMAC-SHA256(operator key, UID), so the
operator can compute it again without reading a Secret. The token is derived from that seed as the
engine derives it (HKDF-SHA256, RFC 5869, no salt, 32 bytes); `tests/contract` compares the two.
"""

from __future__ import annotations

import hashlib
import hmac

_LENGTH = hashlib.sha256().digest_size


def seed_of(operator_key: bytes, uid: str) -> str:
    """The seed of the LoadTest with this UID: 64 hexadecimal digits."""
    return hmac.new(operator_key, uid.encode(), hashlib.sha256).hexdigest()


def fingerprint(seed: str) -> str:
    """8 hexadecimal digits that tell seeds apart, and nothing of what they are."""
    return hmac.new(seed.encode(), b"katydid/v1/fingerprint", hashlib.sha256).hexdigest()[:8]


def api_token(seed: str, run: int) -> str:
    """The token that guards the changing routes of this run's master: 64 hexadecimal digits."""
    key = hmac.new(bytes(_LENGTH), seed.encode(), hashlib.sha256).digest()
    info = f"katydid/v1/api-token/{run}".encode()
    # One block of HKDF's expansion is all that 32 bytes need.
    return hmac.new(key, info + b"\x01", hashlib.sha256).hexdigest()
