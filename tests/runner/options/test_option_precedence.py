"""Config files < environment < command line, each source over the ones below it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from katydid.cli import options
from katydid.errors import UsageError

LAYERS = ("home", "conf", "pyproject", "config", "environ", "argv")


def write_layers(place, chosen):
    """Each layer sets --users to its own number; returns (argv, environ)."""
    (place / "home" / ".locust.conf").unlink(missing_ok=True)
    for name in ("locust.conf", "pyproject.toml", "extra.conf"):
        (place / "work" / name).unlink(missing_ok=True)
    number = {layer: LAYERS.index(layer) + 1 for layer in chosen}
    argv, environ = [], {}
    if "home" in chosen:
        (place / "home" / ".locust.conf").write_text(f"users = {number['home']}\n")
    if "conf" in chosen:
        (place / "work" / "locust.conf").write_text(f"users = {number['conf']}\n")
    if "pyproject" in chosen:
        text = f"[project]\nname = 'x'\n[tool.locust]\nusers = {number['pyproject']}\n"
        (place / "work" / "pyproject.toml").write_text(text)
    if "config" in chosen:
        (place / "work" / "extra.conf").write_text(f"users: {number['config']}\n")
        argv += ["--config", "extra.conf"]
    if "environ" in chosen:
        environ["LOCUST_USERS"] = str(number["environ"])
    if "argv" in chosen:
        argv += ["-u", str(number["argv"])]
    return argv, environ


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(chosen=st.sets(st.sampled_from(LAYERS)))
def test_the_highest_layer_that_speaks_wins(place, chosen):
    argv, environ = write_layers(place, chosen)
    expected = max((LAYERS.index(layer) + 1 for layer in chosen), default=None)
    assert options.parse_options(argv, environ=environ).num_users == expected


def test_all_files_are_merged(place):
    (place / "home" / ".locust.conf").write_text("users = 1\nhost = http://home\n")
    (place / "work" / "locust.conf").write_text("spawn-rate = 2\nheadless = true\n")
    (place / "work" / "pyproject.toml").write_text(
        '[tool.locust]\nrun-time = "1m"\ntags = ["a", "b"]\nonly-summary = false\n'
    )
    values = options.parse_options([], environ={})
    assert (values.num_users, values.host, values.spawn_rate) == (1, "http://home", 2)
    assert (values.headless, values.run_time, values.tags) == (True, 60, ["a", "b"])
    assert values.only_summary is False


def test_lists_and_quotes_in_a_locust_conf(place):
    (place / "work" / "locust.conf").write_text(
        "# a comment\ntags = [Critical, Normal]\nlocustfile = 'my file.py'\n[section]\n"
    )
    values = options.parse_options([], environ={})
    assert values.tags == ["Critical", "Normal"]
    assert values.locustfile == "my file.py"
    assert options.preliminary_options([], environ={}).locustfile == "my file.py"


def test_a_pyproject_without_our_table_is_of_no_interest(place):
    (place / "work" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert options.parse_options([], environ={}).num_users is None


def test_no_config_files_when_told_so(place):
    (place / "work" / "locust.conf").write_text("users = 9\n")
    assert options.parse_options([], environ={}, config_files=()).num_users is None


def test_a_false_flag_of_the_environment_beats_a_true_one_of_a_file(place):
    (place / "work" / "locust.conf").write_text("headless = true\n")
    assert options.parse_options([], environ={"LOCUST_HEADLESS": "false"}).headless is False


@pytest.mark.parametrize("text", ["a b", "a,b", "a, b", "[a, b]", '["a", "b"]'])
def test_tags_from_the_environment(place, text):
    values = options.parse_options(["-u", "1"], environ={"LOCUST_TAGS": text})
    assert values.tags == ["a", "b"]


def test_user_classes_from_the_environment(place):
    environ = {"LOCUST_USER_CLASSES": "A B"}
    assert options.parse_options([], environ=environ).user_classes == ["A", "B"]
    assert options.parse_options(["C"], environ=environ).user_classes == ["C"]


def test_our_names_of_the_masters_address_win(place):
    environ = {
        "KATYDID_MASTER_HOST": "ours",
        "LOCUST_MASTER_NODE_HOST": "theirs",
        "LOCUST_MASTER_NODE_PORT": "1",
        "KATYDID_THRESHOLD": "p95 < 1s; failures < 1%",
        "KATYDID_RUN": "4",
    }
    values = options.parse_options([], environ=environ)
    assert (values.master_host, values.master_port) == ("ours", 1)
    assert values.thresholds == ["p95 < 1s", "failures < 1%"]
    assert values.run_id == "4"


def test_an_unknown_key_names_its_file(place):
    (place / "work" / "locust.conf").write_text("user-count = 3\n")
    with pytest.raises(UsageError) as raised:
        options.parse_options([], environ={})
    assert str(raised.value).startswith("There is no option --user-count (it stands in locust.conf")


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("pyproject.toml", "[tool.locust\n", "pyproject.toml: "),
        ("locust.conf", "headless = maybe\n", "Unexpected value for headless: 'maybe'"),
        ("locust.conf", "users = many\n", "'many' is not a whole number"),
        ("locust.conf", "= 3\n", "Unexpected line 0 in locust.conf"),
    ],
)
def test_a_broken_config_file_is_a_sentence(place, name, text, sentence):
    (place / "work" / name).write_text(text)
    with pytest.raises(UsageError) as raised:
        options.parse_options([], environ={})
    assert sentence in str(raised.value)


def test_a_config_file_that_is_not_there(place):
    with pytest.raises(UsageError, match=r"Unable to open config file: nowhere\.conf"):
        options.parse_options(["--config", "nowhere.conf"], environ={})
