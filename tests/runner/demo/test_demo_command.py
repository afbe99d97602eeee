"""`katydid demo`: options, the shop as a child process, the exit code of what ran beside it."""

from __future__ import annotations

import signal
import subprocess
import sys

import gevent
import pytest
import requests

from katydid.cli.demo import demo
from katydid.demo.behaviour import Settings
from katydid.demo.launch import run_against_shop, shop_process
from katydid.demo.options import DemoOptions, parse


def test_options_have_sensible_defaults():
    assert parse([]) == DemoOptions(
        host="127.0.0.1",
        port=None,
        settings=Settings(0.020, 0.010, 0.01),
        seed=None,
        run=None,
        flags=(),
        follow_stdin=False,
    )


def test_options_of_the_shop_and_flags_of_the_test():
    options = parse(
        ["--run", "t.yaml", "--latency", "5ms", "--error-rate", "0", "--", "--workers", "2"]
    )
    assert (options.run, options.flags) == ("t.yaml", ("--workers", "2"))
    assert options.settings == Settings(0.005, 0.010, 0.0)


def test_options_survive_the_way_to_the_child():
    options = parse(["--latency", "7ms", "--error-rate", "2%", "--seed", "9", "--port", "0"])
    assert parse(options.to_argv()) == options


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--latency", "soon"], "`soon` is not a duration: write 20ms, 1.5s or 2m."),
        (["--error-rate", "200%"], "`200%` is not between 0% and 100%."),
        (["--port", "70000"], "--port 70000 is not between 0 and 65535."),
        (["--porta", "1"], "katydid demo: unrecognized arguments: --porta 1"),
        (["--", "--users", "3"], "What follows `--` goes to `katydid run`"),
        (["--run", "missing.yaml"], "There is no file missing.yaml."),
    ],
)
def test_bad_usage_is_a_sentence_and_64(capsys, argv, sentence):
    assert demo(argv) == 64
    assert capsys.readouterr().err.startswith(sentence)


def test_a_port_in_use_is_a_sentence(shop, capsys):
    assert demo(["--port", shop.url.rpartition(":")[2]]) == 64
    assert "The shop cannot listen there: Address already in use" in capsys.readouterr().err


@pytest.mark.processes
def test_the_shop_serves_for_one_command_and_its_exit_code_is_ours(tmp_path):
    seen = tmp_path / "url"
    script = (
        "import sys, urllib.request\n"
        "urllib.request.urlopen(sys.argv[1] + '/hello').read()\n"
        "open(sys.argv[2], 'w').write(sys.argv[1])\n"
        "sys.exit(3)\n"
    )
    options = parse(["--error-rate", "0"])
    code = run_against_shop(options, lambda url: [sys.executable, "-c", script, url, str(seen)])
    assert code == 3
    with pytest.raises(requests.ConnectionError):
        requests.get(seen.read_text(), timeout=5)


@pytest.mark.processes
def test_a_command_that_a_signal_ended():
    script = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    code = run_against_shop(parse([]), lambda _url: [sys.executable, "-c", script])
    assert code == 128 + signal.SIGTERM


@pytest.mark.processes
def test_the_shop_ends_with_a_parent_that_is_killed():
    script = (
        "import sys, katydid\n"
        "from katydid.demo.launch import shop_process\n"
        "from katydid.demo.options import parse\n"
        "with shop_process(parse([])) as url:\n"
        "    print(url, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert requests.get(f"{url}/_demo/health", timeout=5).json() == {"ok": True}
        parent.kill()
        parent.wait()
    with gevent.Timeout(10):
        while _answers(url):
            gevent.sleep(0.02)


@pytest.mark.processes
def test_the_child_has_the_settings_it_was_given():
    with shop_process(parse(["--latency", "3ms", "--error-rate", "0.5%"])) as url:
        settings = requests.get(f"{url}/_demo/settings", timeout=5).json()
    assert settings == {"latency": "3ms", "jitter": "10ms", "errorRate": "0.5%"}


@pytest.mark.processes
def test_the_shop_alone_ends_by_a_signal():
    with subprocess.Popen(
        [sys.executable, "-m", "katydid.demo", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as shop:
        assert shop.stdout is not None
        url = shop.stdout.readline().strip().rpartition(" ")[2]
        assert requests.get(f"{url}/_demo/health", timeout=5).status_code == 200
        shop.send_signal(signal.SIGTERM)
        assert shop.wait(timeout=10) == 0


def _answers(url: str) -> bool:
    try:
        requests.get(f"{url}/_demo/health", timeout=5)
    except requests.ConnectionError:
        return False
    return True
