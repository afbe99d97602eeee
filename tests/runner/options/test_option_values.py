"""What a command line means: destinations, units, defaults, contradictions."""

import json
import platform
import shlex

import pytest

from katydid.cli import options
from katydid.errors import ExitCode, UsageError

LOCUST_DESTINATIONS = {
    "locustfile", "config", "host", "num_users", "spawn_rate", "run_time", "list_commands",
    "config_users", "web_host", "web_host_display_name", "web_port", "web_base_path",
    "headless", "headful", "autostart", "autoquit", "web_login", "tls_cert", "tls_key",
    "class_picker", "build_path", "master", "master_bind_host", "master_bind_port",
    "expect_workers", "expect_workers_max_wait", "enable_rebalancing", "worker", "processes",
    "master_host", "master_port", "tags", "exclude_tags", "csv_prefix", "stats_history_enabled",
    "print_stats", "only_summary", "reset_stats", "html_file", "json", "json_file",
    "skip_log_setup", "loglevel", "logfile", "show_task_ratio", "show_task_ratio_json",
    "exit_code_on_error", "stop_timeout", "equal_weights", "profile", "otel", "user_classes",
}  # fmt: skip


def parse(*argv, environ=None, **kwargs):
    return options.parse_options(list(argv), environ=environ or {}, **kwargs)


def test_the_namespace_has_every_destination_of_locust_and_defaults_as_documented(place):
    values = vars(parse())
    assert set(values) >= LOCUST_DESTINATIONS
    assert values["locustfile"] == "locustfile.py"
    assert values["num_users"] is None
    assert values["spawn_rate"] is None
    assert values["run_time"] is None
    assert (values["web_host"], values["web_port"], values["web_base_path"]) == ("", 8089, "")
    assert (values["master_bind_host"], values["master_bind_port"]) == ("*", 5557)
    assert (values["master_host"], values["master_port"]) == ("127.0.0.1", 5557)
    assert (values["expect_workers"], values["expect_workers_max_wait"]) == (1, 0)
    assert (values["autoquit"], values["exit_code_on_error"]) == (-1, 1)
    assert (values["loglevel"], values["stop_timeout"]) == ("INFO", 0)
    assert values["tags"] is values["exclude_tags"] is values["csv_prefix"] is None
    assert values["user_classes"] == []


def test_short_and_long_options_of_a_usual_command_line(place):
    values = parse(
        *shlex.split("-f a.py -H http://x -u 10 -r 0.5 -t 1h30m -s 30 -T a b -E c -P 0 -L debug"),
        *shlex.split("--csv out/x --csv-full-history --html r.html --headless --processes -1"),
        "Buyer",
        "Seller",
    )
    assert values.locustfile == "a.py"
    assert values.host == "http://x"
    assert (values.num_users, values.spawn_rate, values.run_time) == (10, 0.5, 5400)
    assert values.stop_timeout == 30
    assert (values.tags, values.exclude_tags) == (["a", "b"], ["c"])
    assert (values.web_port, values.loglevel) == (0, "DEBUG")
    assert (values.csv_prefix, values.stats_history_enabled) == ("out/x", True)
    assert (values.html_file, values.headless, values.processes) == ("r.html", True, -1)
    assert values.user_classes == ["Buyer", "Seller"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("300", 300), ("20s", 20), ("3m", 180), ("2h", 7200), ("1h20m", 4800), ("3h30m10s", 12610)],
)
def test_run_time_is_in_seconds(place, text, seconds):
    assert parse("-t", text).run_time == seconds


def test_our_own_options(place):
    values = parse(
        "--threshold", "p95 < 300ms", "--threshold", "failures < 1%", "--checkpoint", "state",
        "--run-id", "7", "--results", "out", "--junit", "j.xml", "--orphan-timeout", "15s",
        "--metrics-port", "9646", "--metrics-linger", "20s", "--metrics-buckets", "0.1,.5",
        "--remote-write", "http://prometheus/write", "--remote-write-interval", "2s",
        "--remote-write-header", "X-A: b",
        "--summary-file", "sum", "--summary-bytes", "2048",
        environ={
            "KATYDID_CURVE_SEED": "seed",
            "KATYDID_WORKER_ID": "3",
            "KATYDID_API_TOKEN": "token",
        },
    )  # fmt: skip
    assert options.katydid_options(values) == options.KatydidOptions(
        thresholds=["p95 < 300ms", "failures < 1%"],
        results="out",
        junit_file="j.xml",
        summary_file="sum",
        summary_bytes=2048,
        metrics_port=9646,
        metrics_linger=20,
        metrics_buckets=(0.1, 0.5),
        remote_write="http://prometheus/write",
        remote_write_interval=2,
        remote_write_headers=["X-A: b"],
        run_id="7",
        checkpoint="state",
        orphan_timeout=15,
        worker_id="3",
        curve_seed="seed",
        control_token="token",
    )
    shared = options.shareable_options(values)
    assert "seed" not in shared.values()
    assert "token" not in shared.values()
    assert shared["results"] == "out"


def test_headful_beats_headless_of_a_config_file(place):
    (place / "work" / "locust.conf").write_text("headless = true\n")
    assert parse().headless is True
    assert parse("--headful").headless is False


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ("--userz 3", "There is no option --userz. Did you mean --users?"),
        ("--hatch-rate=3", "There is no option --hatch-rate. Did you mean --spawn-rate?"),
        ("--no-web", "There is no option --no-web. Did you mean --headless?"),
        ("--qqqqq", "There is no option --qqqqq. katydid --help lists all options."),
        ("-u x", "Argument -u/--users: 'x' is not a whole number of zero or more."),
        ("-u -3", "Argument -u/--users: '-3' is not a whole number of zero or more."),
        ("-r 0", "Argument -r/--spawn-rate: '0' is not a number greater than zero."),
        ("-r inf", "Argument -r/--spawn-rate: 'inf' is not a number greater than zero."),
        ("-r nan", "Argument -r/--spawn-rate: 'nan' is not a number greater than zero."),
        (
            "-t soon",
            "Argument -t/--run-time: 'soon' is not a time span; "
            "write 20, 20s, 3m, 2h, 1h20m or 3h30m10s.",
        ),
        ("-P 99999", "Argument -P/--web-port: '99999' is not a port; ports end at 65535."),
        (
            "-L LOUD",
            "Argument -L/--loglevel: 'LOUD' is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL.",
        ),
        ("--web-base-path x", "Argument --web-base-path: 'x' must start with a slash."),
        ("--csv-full-history", "--csv-full-history needs --csv PREFIX, which names the files."),
        ("--tls-cert c", "--tls-cert and --tls-key belong together: give both or none."),
        ("--slave", "--slave is called --worker now."),
        ("--expect-slaves 3", "--expect-slaves is called --expect-workers now."),
        ("--web-auth a:b", "--web-auth is gone; use --web-login with a login of your locustfile."),
        ("--legacy-ui", "There is one web UI; leave --legacy-ui out."),
        (
            "--processes 0",
            "Argument --processes: 0 processes cannot run a test; -1 means one per core.",
        ),
        (
            "Buyer -u 3 Seller",
            "I do not know what to do with 'Seller'. Names of user classes stand together, "
            "at the end of the command line.",
        ),
    ],
)
def test_a_wrong_option_is_a_sentence(place, argv, sentence):
    with pytest.raises(UsageError) as raised:
        parse(*argv.split())
    assert str(raised.value) == sentence
    assert raised.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("argv", "locust_exit_code"),
    [("--master --worker", 255), ("--master --processes 2", 255), ("--autoquit 3", 1)],
)
def test_contradictions_carry_the_exit_code_of_locust(place, argv, locust_exit_code):
    with pytest.raises(UsageError) as raised:
        parse(*argv.split())
    assert raised.value.locust_exit_code == locust_exit_code


def test_abbreviations_work_as_if_only_locust_had_options_and_can_be_switched_off(place):
    assert parse("--spawn", "2").spawn_rate == 2
    assert parse("--res").reset_stats is True  # not ambiguous with our --results
    with pytest.raises(UsageError, match=r"There is no option --spawn\. Did you mean --spawn-rate"):
        parse("--spawn", "2", abbreviations=False)


def test_options_read_before_the_locustfile_must_be_spelled_out(place):
    with pytest.raises(UsageError, match="Write --locustfile in full"):
        parse("--locustf", "x.py")
    assert options.preliminary_options(["--locustfile=x.py"], environ={}).locustfile == "x.py"


def test_the_preliminary_look_ignores_what_a_locustfile_may_add(place):
    early = options.preliminary_options(
        ["--log", "a", "-f", "x.py", "--mine=1", "-z", "Buyer", "--worker", "--help"], environ={}
    )
    assert (early.locustfile, early.worker, early.logfile) == ("x.py", True, None)
    assert early.help_or_version is True


def test_help_and_version_print_and_exit_0(place, capsys):
    with pytest.raises(SystemExit) as raised:
        parse("--help")
    assert raised.value.code == 0
    text = capsys.readouterr().out
    assert "--threshold" in text
    assert "--web-host-display-name" not in text  # hidden
    assert "failures < 1%" in text
    with pytest.raises(SystemExit) as raised:
        parse("-V")
    assert raised.value.code == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("katydid 0.1.0 (Locust API 2.46.4) from ")
    assert line.endswith(f"(Python {platform.python_version()})")


def test_config_users_from_json_and_files(place):
    (place / "work" / "more.json").write_text('[{"user_class_name": "B", "weight": 2}]')
    values = parse("--config-users", '{"user_class_name": "A", "fixed_count": 1}', "more.json")
    assert options.config_users(values.config_users) == [
        {"user_class_name": "A", "fixed_count": 1},
        {"user_class_name": "B", "weight": 2},
    ]
    text = json.dumps([{"user_class_name": "A"}])
    values = parse(environ={"LOCUST_CONFIG_USERS": text})
    assert options.config_users(values.config_users) == [{"user_class_name": "A"}]
    assert options.config_users(None) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nowhere.json", "nowhere.json is neither JSON nor a file I can read"),
        ("{'a': 1}", "--config-users is not JSON"),
        ('{"weight": 3}', 'every object needs a "user_class_name"; this has none'),
        ("[3]", 'every object needs a "user_class_name"; this has none: 3'),
    ],
)
def test_broken_config_users_name_what_is_wrong(place, text, sentence):
    with pytest.raises(UsageError, match=sentence.replace("?", r"\?")) as raised:
        options.config_users([text])
    assert raised.value.locust_exit_code == 255
