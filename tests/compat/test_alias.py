"""The meta-path finder: one module under two names, ours whatever else is installed."""

import importlib
import json

import pytest

from katydid import alias

REAL = {"other/locust/__init__.py": "__version__ = 'real'\n", "other/locust/extra.py": "x = 1\n"}


def test_both_names_are_one_module_and_its_own_spec_stays(python):
    code = """if True:
        import json
        import katydid.alias as alias
        alias.install()
        alias.install()
        import sys, locust, locust.user.task, locust.contrib.fasthttp
        import katydid.compat.locust.user.task as real
        print(json.dumps([
            locust is sys.modules["katydid.compat.locust"],
            locust.user.task is real,
            locust.__spec__.name, locust.__package__, real.__spec__.name,
            sum(isinstance(finder, alias.AliasFinder) for finder in sys.meta_path),
            alias.installed(),
        ]))
    """
    done = python("-c", code)
    assert done.stderr == ""
    assert json.loads(done.stdout) == [
        True, True, "katydid.compat.locust", "katydid.compat.locust",
        "katydid.compat.locust.user.task", 1, True,
    ]  # fmt: skip


def test_an_installed_locust_is_not_seen_not_even_its_submodules(python):
    code = """if True:
        import sys
        sys.path.insert(0, "other")
        import katydid.alias
        katydid.alias.install()
        import locust
        print(locust.__version__)
        import importlib.util
        print(importlib.util.find_spec("locust.extra"), importlib.util.find_spec("locusts"))
        import locust.extra
    """
    done = python("-c", code, files=REAL)
    assert done.stdout == "2.46.4\nNone None\n"
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'locust.extra'\n")


def test_a_lazy_import_in_a_function_gets_ours(python):
    code = """if True:
        import sys
        sys.path.insert(0, "other")
        import katydid.alias
        katydid.alias.install()
        def later():
            from locust.exception import StopUser
            return StopUser
        from katydid.errors import StopUser
        print(later() is StopUser)
    """
    assert python("-c", code, files=REAL).stdout == "True\n"


@pytest.mark.parametrize("script", ["import locust", "x = 1"])
def test_a_real_locust_imported_earlier_is_one_sentence_and_65(python, script):
    code = """if True:
        import sys
        sys.path.insert(0, "other")
        import locust
        from katydid.cli.main import main
        sys.exit(main(["exec", "script.py"]))
    """
    done = python("-c", code, files={**REAL, "script.py": script})
    assert done.returncode == 65
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("Another locust is imported already (")
    assert "other/locust/__init__.py), so its classes and Katydid's would mix" in sentence
    assert sentence.endswith("or run the program with `katydid exec FILE.py`.")


@pytest.mark.parametrize("module", sorted(alias.NOT_OFFERED))
def test_a_module_of_locust_that_we_lack_is_named(module):
    alias.install()
    with pytest.raises(ModuleNotFoundError) as raised:
        importlib.import_module(module)
    missing = alias.NOT_OFFERED[module]
    assert str(raised.value).startswith(f"{module} is not offered: Katydid has no {missing}. ")
    assert raised.value.name == module
