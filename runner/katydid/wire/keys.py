"""Keys of a run, derived from one seed: CURVE pairs and the API token.

Master and workers know the seed (a file or the environment) and derive the same keys, so nothing
is exchanged. The server's public key is never sent over the wire by CURVE; only who holds the
seed knows it, and without it no handshake succeeds. Each run has keys of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import zmq
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from zmq.utils import z85


@dataclass(frozen=True)
class CurvePair:
    """A key pair of CURVE, each key as 40 characters of Z85."""

    public: bytes
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class RunKeys:
    """Everything that is derived for one run."""

    server: CurvePair
    client: CurvePair
    api_token: str = field(repr=False)  # 64 hexadecimal digits


def derive_keys(seed: bytes, run: str) -> RunKeys:
    """The keys of `run`; the same for the same seed of at least 16 bytes."""
    if len(seed) < 16:
        raise ValueError("a seed needs at least 16 bytes")
    return RunKeys(
        server=_pair(_derive(seed, run, "curve-server")),
        client=_pair(_derive(seed, run, "curve-client")),
        api_token=derive_api_token(seed, run),
    )


def derive_api_token(seed: bytes, run: str) -> str:
    """The token that guards the master's changing routes during `run`."""
    return _derive(seed, run, "api-token").hex()


def _derive(seed: bytes, run: str, purpose: str) -> bytes:
    """HKDF-SHA256, 32 bytes; the info binds them to run and purpose."""
    info = f"katydid/v1/{purpose}/{run}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(seed)


def _pair(secret: bytes) -> CurvePair:
    encoded = z85.encode(secret)
    return CurvePair(public=zmq.curve_public(encoded), secret=encoded)
