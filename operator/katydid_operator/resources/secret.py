"""The Secret with the seed of a LoadTest's keys."""

from __future__ import annotations

from katydid_operator import names
from katydid_operator.keys import fingerprint
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.resources.labels import metadata


def secret_name(test: LoadTest, seed: str) -> str:
    return names.key_secret(test.name, test.uid, fingerprint(seed))


def key_secret(test: LoadTest, run: int, seed: str, version: str) -> Json:
    """One for all runs: pods read it, the operator never does (it may only create Secrets)."""
    made = metadata(test, run, secret_name(test, seed), version)
    del made["labels"][names.LABEL_RUN]
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": made,
        "immutable": True,
        "type": "Opaque",
        "stringData": {names.SEED_KEY: seed},
    }
