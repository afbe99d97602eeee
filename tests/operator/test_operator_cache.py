from __future__ import annotations

from typing import Any

from katydid_operator.cache import Cache, is_master, key_of

KEY = ("shop", "checkout")
TEST = {"kind": "LoadTest", "metadata": {"name": "checkout", "namespace": "shop", "uid": "t"}}


def pod(version: str, uid: str = "1", role: str = "master", **status: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {
            "name": f"checkout-1-{role}",
            "namespace": "shop",
            "uid": uid,
            "resourceVersion": version,
            "labels": {"katydid.dev/loadtest": "checkout", "katydid.dev/component": role},
            "managedFields": ["large"],
        },
        "status": status,
    }


def test_whose_an_object_is() -> None:
    assert key_of(pod("1")) == KEY
    assert key_of({"kind": "Pod", "metadata": {"name": "x", "namespace": "y"}}) is None
    assert key_of({"kind": "LoadTest", "metadata": {"name": "a", "namespace": "b"}}) == ("b", "a")
    assert is_master(pod("1"))
    assert not is_master(pod("1", role="worker"))


def test_an_older_version_never_replaces_a_newer_one() -> None:
    cache = Cache()
    cache.put(pod("10", phase="Running"))
    cache.put(pod("9", phase="Pending"))
    found = cache.pod(KEY, "checkout-1-master")
    assert found is not None
    assert found["status"] == {"phase": "Running"}
    assert "managedFields" not in found["metadata"]
    cache.put(pod("3", uid="2", phase="Pending"))  # a new pod of that name
    assert (cache.pod(KEY, "checkout-1-master") or {})["metadata"]["uid"] == "2"


def test_a_late_event_about_a_predecessor_removes_nothing() -> None:
    cache = Cache()
    cache.put(pod("10", uid="2"))
    cache.remove(pod("9", uid="1"))
    assert cache.pod(KEY, "checkout-1-master") is not None
    assert cache.gone_master(KEY, "checkout-1-master") is None


def test_the_last_state_of_a_master_is_kept() -> None:
    cache = Cache()
    cache.put(TEST)
    cache.put(pod("1"))
    cache.put(pod("1", role="worker"))
    cache.remove(pod("2", phase="Succeeded"))
    cache.drop("Pod", KEY, "checkout-1-worker")
    assert cache.pods(KEY) == []
    assert (cache.gone_master(KEY, "checkout-1-master") or {})["status"]["phase"] == "Succeeded"
    assert cache.gone_master(KEY, "checkout-1-worker") is None
    cache.forget(KEY, "another")
    assert cache.test(KEY) is not None
    cache.forget(KEY, TEST["metadata"].get("uid"))
    assert cache.gone_master(KEY, "checkout-1-master") is None


def test_nothing_is_kept_of_a_test_that_is_gone() -> None:
    cache = Cache()
    cache.put(TEST)
    cache.put(pod("1"))
    cache.remove(TEST)
    cache.forget(KEY, None)
    cache.put(pod("2", phase="Failed"))  # the garbage collector ends it
    cache.remove(pod("3", phase="Failed"))
    assert (cache.known(), cache.pods(KEY)) == ({}, [])
    assert (cache._pods, cache._jobs, cache._gone) == ({}, {}, {})


def test_namespaces_that_others_look_after_are_not_seen() -> None:
    cache = Cache(["other"])
    test = {"kind": "LoadTest", "metadata": {"name": "a", "namespace": "other"}}
    assert cache.put(test) is None
    assert cache.remove(test) is None
    assert cache.known() == {}
    assert cache.put(pod("1")) == KEY
