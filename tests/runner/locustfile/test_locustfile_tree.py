"""A locustfile with its siblings: collected on a master, unpacked on a worker."""

import logging
from pathlib import Path

import pytest

from katydid.errors import LocustfileError
from katydid.locustfile import collect, find, load, tree, unpack

USER = "from locust import User\nclass A(User): pass\n"


def test_everything_beside_the_locustfile_but_no_clutter(place, write):
    write({
        "locustfile.py": USER,
        "helper.py": "",
        "data/users.csv": "a,b\n",
        "lib/api.py": "",
        ".git/config": "",
        "__pycache__/x.pyc": "",
        "venv/pyvenv.cfg": "",
        "venv/lib/x.py": "",
        "node_modules/x.py": "",
        "run.log": "",
    })  # fmt: skip
    found = collect(find("locustfile.py"))
    assert found.entrypoints == ("locustfile.py",)
    assert sorted(found.files) == ["data/users.csv", "helper.py", "lib/api.py", "locustfile.py"]
    assert found.files["data/users.csv"] == b"a,b\n"


def test_modules_imported_from_the_working_directory_come_along(place, write):
    write({
        "tests/load.py": "import common.api\n" + USER,
        "common/__init__.py": "",
        "common/api.py": "x = 1\n",
        "common/never_imported.py": "",
        "private.txt": "",
    })  # fmt: skip
    paths = find("tests/load.py")
    load(paths)
    found = collect(paths)
    assert found.entrypoints == ("tests/load.py",)
    assert sorted(found.files) == ["common/__init__.py", "common/api.py", "tests/load.py"]


def test_the_unpacked_tree_loads(place, write, tmp_path, monkeypatch):
    write({
        "tests/load.py": "import common\nWORD = common.WORD\n" + USER,
        "common/__init__.py": "import pathlib\nWORD = pathlib.Path('tests/word.txt').read_text()\n",
        "tests/word.txt": "hello",
    })  # fmt: skip
    paths = find("tests/load.py")
    load(paths)
    found = collect(paths)
    root = unpack(found.files, tmp_path / "worker")
    monkeypatch.chdir(root)
    (module,) = load([root / name for name in found.entrypoints]).modules
    assert Path(module.__file__) == root / "tests/load.py"
    assert module.WORD == "hello"


def test_locustfiles_of_several_directories(place, write, tmp_path):
    write({"a/locustfile.py": USER, "b/locustfile.py": USER, "c/other.py": ""})
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "far.py").write_text(USER)
    found = collect(find("a/locustfile.py,b/locustfile.py"))
    assert found.entrypoints == ("a/locustfile.py", "b/locustfile.py")
    found = collect(find(f"a/locustfile.py,{other}/far.py"))
    assert found.entrypoints == ("work/a/locustfile.py", "elsewhere/far.py")
    assert sorted(found.files) == ["elsewhere/far.py", "work/a/locustfile.py"]


def test_a_home_directory_is_not_sent_whole(place, write, monkeypatch):
    monkeypatch.setenv("HOME", str(place))
    write({"locustfile.py": "import helper\n" + USER, "helper.py": "", "diary.txt": "", "x.py": ""})
    paths = find("locustfile.py")
    load(paths)
    assert sorted(collect(paths).files) == ["helper.py", "locustfile.py"]


def test_links_of_a_mounted_configmap_are_followed(place, write):
    write({"..2024/locustfile.py": USER, "..2024/helper.py": "x = 1\n"})
    (place / "..data").symlink_to("..2024")
    for name in ("locustfile.py", "helper.py"):
        (place / name).symlink_to(f"..data/{name}")
    found = collect(find("locustfile.py"))
    assert found.files == {"locustfile.py": USER.encode(), "helper.py": b"x = 1\n"}


def test_what_is_too_large_stays_behind_with_a_line(place, write, caplog, monkeypatch):
    monkeypatch.setattr(tree, "MAX_DATA_FILE_BYTES", 100)
    monkeypatch.setattr(tree, "MAX_BYTES", 200)
    write({"locustfile.py": USER, "big.csv": "x" * 101, "one.csv": "x" * 90, "two.csv": "x" * 90})
    with caplog.at_level(logging.WARNING):
        found = collect(find("locustfile.py"))
    assert sorted(found.files) == ["locustfile.py", "one.csv"]
    assert "big.csv is too large to be sent to workers" in caplog.text
    assert "two.csv is not sent to workers: the tree is too large" in caplog.text
    write({"more.py": "#" * 200})
    with pytest.raises(LocustfileError, match="too much to send to workers"):
        collect(find("locustfile.py"))


def test_the_walk_ends(place, write, caplog, monkeypatch):
    monkeypatch.setattr(tree, "MAX_FILES_SEEN", 3)
    write({"locustfile.py": USER, "a.py": "", "b.py": "", "z.py": ""})
    with caplog.at_level(logging.WARNING):
        found = collect(find("locustfile.py"))
    assert sorted(found.files) == ["a.py", "b.py", "locustfile.py"]
    assert "holds more than 3 files" in caplog.text


@pytest.mark.parametrize("name", ["/etc/passwd", "../x.py", "a/../../x.py", "a\\..\\x.py", ""])
def test_a_path_that_leaves_the_directory_is_refused(tmp_path, name):
    with pytest.raises(LocustfileError, match="unsafe path"):
        unpack({name: b""}, tmp_path / "in")
    assert not (tmp_path / "x.py").exists()
