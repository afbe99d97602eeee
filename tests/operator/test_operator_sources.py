from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from katydid_operator import names
from katydid_operator.loadtest import LoadTest
from katydid_operator.resources import sources
from katydid_operator.resources.sources import Files, Snapshot, SourceProblem

Make = Callable[..., LoadTest]
MAPS = {
    "main": {"data": {"locustfile.py": "a", "users.py": "b"}, "binaryData": {"logo.png": "AAA="}},
    "lib": {"data": {"helper.py": "c"}},
}
LIBS = [{"configMap": {"name": "lib"}, "path": "shared/lib"}]


def snapshot(test: LoadTest, maps: dict[str, Any] = MAPS) -> Snapshot:
    taken = sources.snapshot(test, maps)
    assert isinstance(taken, Snapshot)
    return taken


@pytest.mark.parametrize(
    ("source", "needed", "prefixes"),
    [
        ({"configMap": {"name": "main"}, "libs": LIBS}, ("main", "lib"), ["", "shared/lib"]),
        ({"inline": {"locustfile.py": "x"}}, (), [""]),
        ({"git": {"url": "https://g/r"}, "libs": LIBS}, ("lib",), ["shared/lib"]),
        ({"image": {"path": "/app"}}, (), []),
        ({"persistentVolumeClaim": {"claimName": "c"}}, (), []),
    ],
)
def test_snapshots(
    make_test: Make, source: dict[str, Any], needed: tuple[str, ...], prefixes: list[str]
) -> None:
    test = make_test({"source": source})
    assert sources.referenced(test) == needed
    taken = snapshot(test)
    assert [one.prefix for one in taken.files] == prefixes
    assert bool(taken.hash) == bool(prefixes)


def test_the_same_map_twice_is_read_once(make_test: Make) -> None:
    test = make_test({"source": {"configMap": {"name": "lib"}, "libs": LIBS}})
    assert sources.referenced(test) == ("lib",)


def test_the_hash_tells_contents_apart(make_test: Make) -> None:
    test = make_test({"source": {"configMap": {"name": "main"}}})
    changed = {"main": {"data": {"locustfile.py": "a2"}}}
    assert snapshot(test).hash != snapshot(test, changed).hash


def test_a_missing_map_is_named(make_test: Make) -> None:
    test = make_test({"source": {"configMap": {"name": "main"}, "libs": LIBS}})
    assert sources.snapshot(test, {"main": MAPS["main"], "lib": None}) == SourceProblem(
        "SourceNotFound",
        'There is no ConfigMap "lib" in the namespace shop; the run starts when it appears.',
    )


def test_a_missing_key_is_named_with_the_keys_that_exist(make_test: Make) -> None:
    test = make_test({"source": {"configMap": {"name": "main"}, "entrypoint": "tests.py"}})
    assert sources.snapshot(test, MAPS) == SourceProblem(
        "SourceKeyNotFound",
        'The ConfigMap "main" has no key "tests.py"; it has locustfile.py, logo.png, users.py.',
    )
    empty = sources.snapshot(test, {"main": {}})
    assert isinstance(empty, SourceProblem)
    assert empty.message.endswith("it has no keys at all.")


def test_copies_are_immutable_owned_and_whole(make_test: Make) -> None:
    test = make_test({"source": {"configMap": {"name": "main"}, "libs": LIBS}})
    first, second = sources.config_maps(test, 2, snapshot(test), "1.0")
    assert first["metadata"]["name"] == "checkout-2-src-0"
    assert first["metadata"]["ownerReferences"][0]["uid"] == test.uid
    assert first["immutable"] is True
    assert first["data"] == MAPS["main"]["data"]
    assert first["binaryData"] == MAPS["main"]["binaryData"]
    assert second["metadata"]["name"] == "checkout-2-src-1"
    assert "binaryData" not in second


def mounted(test: LoadTest, role: str) -> sources.Mounted:
    return sources.mounted(test, 1, snapshot(test), role, {"image": "runner:1"})


@pytest.mark.parametrize("role", [names.MASTER, names.WORKER])
def test_maps_are_one_projected_volume(make_test: Make, role: str) -> None:
    test = make_test({"source": {"configMap": {"name": "main"}, "libs": LIBS}})
    found = mounted(test, role)
    assert found.volumes == [
        {
            "name": "katydid-src",
            "projected": {
                "sources": [
                    {"configMap": {"name": "checkout-1-src-0"}},
                    {
                        "configMap": {
                            "name": "checkout-1-src-1",
                            "items": [{"key": "helper.py", "path": "shared/lib/helper.py"}],
                        }
                    },
                ]
            },
        }
    ]
    assert found.mounts == [{"name": "katydid-src", "mountPath": "/katydid/src", "readOnly": True}]
    assert found.init_containers == []


def test_an_empty_lib_projects_nothing(make_test: Make) -> None:
    # A projection without items would spill the keys into the sources themselves.
    test = make_test({"source": {"inline": {"locustfile.py": ""}, "libs": LIBS}})
    taken = Snapshot((Files("", {"locustfile.py": ""}), Files("lib")))
    found = sources.mounted(test, 1, taken, names.MASTER, {})
    assert len(found.volumes[0]["projected"]["sources"]) == 1


def test_the_image_has_its_files_and_gets_the_libs(make_test: Make) -> None:
    test = make_test({"source": {"image": {"path": "/app/"}, "libs": LIBS}})
    found = mounted(test, names.WORKER)
    assert found.mounts == [
        {"name": "katydid-lib-0", "mountPath": "/app/shared/lib", "readOnly": True}
    ]
    assert found.volumes == [{"name": "katydid-lib-0", "configMap": {"name": "checkout-1-src-0"}}]


@pytest.mark.parametrize(("libs", "read_only"), [([], True), (LIBS, False)])
def test_a_volume_is_mounted_by_the_master_alone(
    make_test: Make, libs: list[Any], read_only: bool
) -> None:
    claim = {"claimName": "tests", "path": "a"}
    test = make_test({"source": {"persistentVolumeClaim": claim, "libs": libs}})
    found = mounted(test, names.MASTER)
    assert found.volumes[0] == {
        "name": "katydid-src",
        "persistentVolumeClaim": {"claimName": "tests", "readOnly": read_only},
    }
    assert found.mounts[0] == {
        "name": "katydid-src",
        "mountPath": "/katydid/src",
        "readOnly": read_only,
        "subPath": "a",
    }
    assert not [v for v in mounted(test, names.WORKER).volumes if "persistentVolumeClaim" in v]


def test_git_is_cloned_by_the_master_alone(make_test: Make) -> None:
    url = 'https://g/r.git"; rm -rf /'
    test = make_test({"source": {"git": {"url": url, "ref": "v1", "path": "load"}}})
    found = mounted(test, names.MASTER)
    (clone,) = found.init_containers
    assert clone["image"] == "runner:1"
    assert clone["command"] == ["sh", "-c", sources.GIT_SCRIPT]
    assert url not in sources.GIT_SCRIPT
    variables = {item["name"]: item["value"] for item in clone["env"]}
    assert (variables["KATYDID_GIT_URL"], variables["KATYDID_GIT_REF"]) == (url, "v1")
    assert "GIT_SSH_COMMAND" not in variables
    assert found.mounts == [{"name": "katydid-src", "mountPath": "/katydid/src", "subPath": "load"}]
    assert mounted(test, names.WORKER) == sources.Mounted()


def test_git_credentials_come_from_the_secret(make_test: Make) -> None:
    test = make_test({"source": {"git": {"url": "u@h:p", "secretRef": {"name": "deploy"}}}})
    found = mounted(test, names.MASTER)
    assert {"name": "katydid-git-credentials", "secret": {"secretName": "deploy"}} in found.volumes
    (clone,) = found.init_containers
    variables = {item["name"]: item["value"] for item in clone["env"]}
    assert variables["KATYDID_GIT_REF"] == "HEAD"
    assert "/katydid/git-credentials/ssh-privatekey" in variables["GIT_SSH_COMMAND"]
    assert variables["GIT_CONFIG_COUNT"] == "2"
    assert variables["GIT_CONFIG_KEY_0"] == "safe.directory"  # the volume is root's
    assert variables["GIT_CONFIG_KEY_1"] == "credential.helper"
    # The engine's own container never sees the credentials.
    assert [mount["name"] for mount in found.mounts] == ["katydid-src"]
