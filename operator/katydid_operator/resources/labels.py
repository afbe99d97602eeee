"""Labels, owner and metadata of every child."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from katydid_operator import names
from katydid_operator.loadtest import LoadTest


def selector(test: LoadTest, run: int, role: str) -> dict[str, str]:
    """What finds the pods of one role of one run, and nothing else."""
    return {names.LABEL_LOADTEST: test.name, names.LABEL_RUN: str(run), names.LABEL_ROLE: role}


def selector_text(test: LoadTest, run: int, role: str) -> str:
    """The same as kubectl and /scale write it."""
    return ",".join(f"{key}={value}" for key, value in selector(test, run, role).items())


def run_selector(test: LoadTest, run: int) -> str:
    """What finds every pod of a run, as a query writes it."""
    return f"{names.LABEL_LOADTEST}={test.name},{names.LABEL_RUN}={run}"


def labels(test: LoadTest, run: int, role: str, version: str) -> dict[str, str]:
    """All labels of a child; `role` "" for one that belongs to both roles."""
    found = {
        names.LABEL_NAME: "katydid",
        names.LABEL_INSTANCE: test.name,
        names.LABEL_MANAGED_BY: "katydid-operator",
        names.LABEL_VERSION: version,
        names.LABEL_LOADTEST: test.name,
        names.LABEL_RUN: str(run),
    }
    if role:
        found |= {names.LABEL_COMPONENT: role, names.LABEL_ROLE: role}
    return found


def metadata(test: LoadTest, run: int, name: str, version: str, role: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "namespace": test.namespace,
        "labels": labels(test, run, role, version),
        "ownerReferences": [owner(test)],
    }


def owner(test: LoadTest) -> dict[str, Any]:
    """The LoadTest as controller. Blocking its deletion would need a right on its finalizers."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "name": test.name,
        "uid": test.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def is_owned_by(child: Mapping[str, Any], uid: str) -> bool:
    """Whether the controller of `child` is the LoadTest with this UID."""
    owners = (child.get("metadata") or {}).get("ownerReferences") or []
    return any(one.get("controller") and one.get("uid") == uid for one in owners)
