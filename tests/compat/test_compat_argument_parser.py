"""locust.argument_parser, as plugins and embedding programs use it."""

import pytest

from katydid import alias, events


@pytest.fixture
def place(tmp_path, monkeypatch):
    alias.install()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("LOCUST_HOST", "LOCUST_USERS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def custom():
    def add(parser):
        parser.add_argument("--shop", default="north")
        parser.add_argument("--pin", default="0", is_secret=True, include_in_web_ui=False)

    hook = events.events.init_command_line_parser
    hook.add_listener(add)
    yield
    hook.remove_listener(add)


def test_options_with_those_of_a_locustfile(place, custom):
    from locust.argument_parser import get_parser, parse_options, ui_extra_args_dict

    options = parse_options(["--shop", "west", "-u", "3"])
    assert (options.shop, options.pin, options.num_users) == ("west", "0", 3)
    extra = ui_extra_args_dict(["--shop", "west"])
    assert list(extra) == ["shop"]
    assert extra["shop"].default_value == "west"
    assert list(get_parser().args_included_in_web_ui) == ["shop"]
    with pytest.raises(SystemExit) as raised:
        parse_options(["--shopp=1"])
    assert raised.value.code == 2


def test_where_the_locustfile_is(place, capsys):
    from locust.argument_parser import get_locustfiles_locally, parse_locustfile_option

    (place / "a.py").write_text("")
    options = parse_locustfile_option(["-f", "a.py", "--mine", "1"])
    assert options.locustfile == "a.py"
    assert get_locustfiles_locally(options) == [str(place / "a.py")]
    with pytest.raises(SystemExit):
        get_locustfiles_locally("b.py")
    assert "There is no file b.py." in capsys.readouterr().err


def test_an_empty_parser_reads_config_files_and_defaults_ignore_them(place):
    from locust.argument_parser import default_args_dict, get_empty_argument_parser

    (place / "locust.conf").write_text("users = 7\n")
    parser = get_empty_argument_parser()
    parser.add_argument("--users", type=int)
    assert parser.parse_args([]).users == 7
    defaults = default_args_dict()
    assert (defaults["num_users"], defaults["web_port"]) == (None, 8089)


def test_create_environment_of_options(place):
    from locust import User
    from locust.argument_parser import parse_options
    from locust.main import create_environment

    class A(User):
        pass

    options = parse_options(["-H", "http://x", "-T", "a", "-s", "5", "--reset-stats"])
    environment = create_environment([A], options, locustfile="a.py")
    assert (environment.host, environment.tags, environment.stop_timeout) == ("http://x", ["a"], 5)
    assert (environment.reset_stats, environment.locustfile) == (True, "a.py")
    assert environment.parsed_options is options
