"""Importing locustfiles: what they define, and what is wrong with them."""

import sys

import pytest

from katydid import events
from katydid.cli.options import build_parser
from katydid.errors import ExitCode, LocustfileError
from katydid.locustfile import find, load, select_shape_class, select_user_classes

USER = "from locust import User, task\nclass {name}(User):\n    @task\n    def t(self): pass\n"


def load_names(*names):
    return load([path for name in names for path in find(name)])


def test_user_and_shape_classes_in_order_without_abstract_ones(write):
    write({
        "shop.py": '"""The shop."""\n'
        "from locust import HttpUser, FastHttpUser, User, LoadTestShape, task\n"
        "class Base(HttpUser):\n    abstract = True\n"
        "class Zed(Base):\n    pass\n"
        "class Amy(FastHttpUser):\n    pass\n"
        "Alias = Amy\n"
        "class Base2(LoadTestShape):\n    abstract = True\n"
        "class Steps(Base2):\n    def tick(self): return None\n"
    })  # fmt: skip
    loaded = load_names("shop.py")
    assert list(loaded.user_classes) == ["Zed", "Amy"]
    assert list(loaded.shape_classes) == ["Steps"]
    assert loaded.docstring == "The shop."
    assert loaded.modules[0].__name__ == "shop"
    assert sys.modules["shop"] is loaded.modules[0]


def test_sibling_modules_and_the_working_directory_are_on_the_path(place, write):
    write({
        "tests/load.py": "import helper\nimport common.api\n" + USER.format(name="A"),
        "tests/helper.py": "",
        "common/__init__.py": "",
        "common/api.py": "",
    })  # fmt: skip
    load_names("tests/load.py")
    assert sys.path[:2] == [str(place / "tests"), str(place)]


def test_a_file_called_locust_py_is_no_obstacle(write):
    write({"locust.py": USER.format(name="A")})
    loaded = load_names("locust.py")
    assert loaded.modules[0].__name__ == "locustfile"
    assert list(loaded.user_classes) == ["A"]


def test_a_name_that_is_taken_gets_a_number(write):
    import json

    write({
        "json.py": USER.format(name="A"),
        "x/locustfile.py": USER.format(name="B"),
        "y/locustfile.py": USER.format(name="C"),
    })  # fmt: skip
    loaded = load_names("json.py,x/locustfile.py,y/locustfile.py")
    assert [module.__name__ for module in loaded.modules] == [
        "json_2",
        "locustfile",
        "locustfile_2",
    ]
    assert list(loaded.user_classes) == ["A", "B", "C"]
    assert sys.modules["json"] is json


def test_loading_again_reads_the_file_again(place, write):
    write({"a.py": USER.format(name="A")})
    load_names("a.py")
    (place / "a.py").write_text("x = 'longer than before'\n" + USER.format(name="B"))
    assert list(load_names("a.py").user_classes) == ["B"]


def test_a_class_imported_from_another_locustfile_is_one_class_and_runs_once(write):
    write({
        "a.py": "import builtins as b\nb.katydid_runs = getattr(b, 'katydid_runs', 0) + 1\n"
        + USER.format(name="A"),
        "b.py": "from a import A\n" + USER.format(name="B"),
    })  # fmt: skip
    import builtins

    try:
        loaded = load_names("b.py,a.py")
        assert list(loaded.user_classes) == ["A", "B"]
        assert builtins.katydid_runs == 1
    finally:
        del builtins.katydid_runs


def test_two_definitions_of_one_name_are_an_error(write):
    write({"a.py": USER.format(name="A"), "b.py": USER.format(name="A")})
    with pytest.raises(LocustfileError) as raised:
        load_names("a.py,b.py")
    assert str(raised.value) == (
        "The user class A is defined twice, in a.py and in b.py: rename one."
    )


def test_pytest_functions_are_users_where_there_is_no_user_class(write):
    write({
        "test_shop.py": "def test_front(session):\n    pass\n"
        "def test_other(tmp_path):\n    pass\ndef helper(session):\n    pass\n"
    })  # fmt: skip
    assert list(load_names("test_shop.py").user_classes) == ["test_front"]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"f.py": "x = 1\n"}, "f.py defines no user class: a class that derives from HttpUser or "
         "User and does not set abstract = True (or a function test_…(session))."),
        ({"f.py": "def f(:\n    pass\n"}, "f.py, line 1: invalid syntax: def f(:"),
        ({"f.py": "\nif True:\nx = 1\n"},
         "f.py, line 3: expected an indented block after 'if' statement on line 2: x = 1"),
        ({"f.py": "import nothing_like_it\n"},
         "f.py, line 1: ModuleNotFoundError: No module named 'nothing_like_it'"),
        ({"f.py": "import g\n", "g.py": "\n\n1 / 0\n"},
         "g.py, line 3: ZeroDivisionError: division by zero"),
        ({"f.py": "import g\n", "g.py": "def x(:\n"}, "g.py, line 1: invalid syntax: def x(:"),
        ({"f.py": "import json\n\njson.loads('{')\n"},
         "f.py, line 3: JSONDecodeError: Expecting property name enclosed in double quotes: "
         "line 1 column 2 (char 1)"),
        ({"f.py": "from locust import HttpUserr\n"},
         "f.py, line 1: ImportError: cannot import name 'HttpUserr' from 'locust'"),
        ({"f.py": "import locust.nothing\n"},
         "f.py, line 1: ModuleNotFoundError: No module named 'locust.nothing'"),
        ({"f.py": "from locust import Locust\nclass A(Locust):\n    pass\n"},
         "f.py, line 2: ImportError: The Locust class has been renamed to User in Locust 1.0; "
         "derive A from User."),
        ({"f.py": "from locust import tag\n@tag()\ndef f(): pass\n"}, "f.py, line 2: ValueError: "),
    ],
)  # fmt: skip
def test_a_broken_locustfile_is_a_sentence_with_file_and_line(write, files, sentence):
    write(files)
    with pytest.raises(LocustfileError) as raised:
        load_names("f.py")
    assert str(raised.value).startswith(sentence)
    assert raised.value.exit_code is ExitCode.LOCUSTFILE


def test_the_traceback_is_a_note_and_begins_in_the_locustfile(write):
    write({"f.py": "def burn():\n    return 1 / 0\nburn()\n"})
    with pytest.raises(LocustfileError) as raised:
        load_names("f.py")
    (note,) = raised.value.__notes__
    assert note.startswith("Traceback (most recent call last):\n")
    assert note.splitlines()[1].endswith('f.py", line 3, in <module>')
    assert note.endswith("ZeroDivisionError: division by zero")
    assert "f" not in sys.modules


def test_a_locustfile_that_exits_exits(write):
    write({"f.py": "raise SystemExit(7)\n"})
    with pytest.raises(SystemExit) as raised:
        load_names("f.py")
    assert raised.value.code == 7


def test_choosing_user_classes_by_name(write):
    write({"f.py": USER.format(name="A") + USER.format(name="B")})
    found = load_names("f.py").user_classes
    assert select_user_classes(found, []) == [found["A"], found["B"]]
    assert select_user_classes(found, ["B"]) == [found["B"]]
    with pytest.raises(
        LocustfileError, match=r"Unknown user class X, Y; the locustfile defines A, B\."
    ):
        select_user_classes(found, ["X", "A", "Y"])


def test_choosing_a_shape(write):
    write({
        "f.py": "from locust import LoadTestShape\n" + USER.format(name="A")
        + "class S(LoadTestShape): pass\nclass T(LoadTestShape): pass\n"
    })  # fmt: skip
    shapes = load_names("f.py").shape_classes
    assert select_shape_class(shapes, "T") is shapes["T"]
    assert select_shape_class({}) is None
    assert select_shape_class({"S": shapes["S"]}) is shapes["S"]
    with pytest.raises(LocustfileError, match=r"several shapes \(S, T\)"):
        select_shape_class(shapes)
    with pytest.raises(
        LocustfileError, match=r"Unknown shape class X; the locustfile defines S, T"
    ):
        select_shape_class(shapes, "X")


def test_locust_plugins_are_imported_first_where_they_are_installed(place, write):
    write({
        "site/locust_plugins/__init__.py": "from locust import events\n"
        "def add(parser):\n    parser.add_argument('--of-plugin')\n"
        "events.init_command_line_parser.add_listener(add)\n",
        "f.py": "import sys\nPRESENT = 'locust_plugins' in sys.modules\n" + USER.format(name="A"),
    })  # fmt: skip
    sys.path.append(str(place / "site"))
    loaded = load_names("f.py")
    plugin = sys.modules["locust_plugins"]
    try:
        assert loaded.modules[0].PRESENT is True
        assert "--of-plugin" in build_parser().option_strings()
    finally:
        events.events.init_command_line_parser.remove_listener(plugin.add)


def test_broken_plugins_are_a_sentence(place, write):
    write({"site/locust_plugins/__init__.py": "1 / 0\n", "f.py": USER.format(name="A")})
    sys.path.append(str(place / "site"))
    with pytest.raises(LocustfileError) as raised:
        load_names("f.py")
    assert str(raised.value) == (
        "locust_plugins is installed but cannot be imported: ZeroDivisionError: division by zero"
    )
