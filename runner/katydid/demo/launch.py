"""A shop for the length of one command: start it, wait for it, run the command, end it.

The shop is a child process, so that it does not share an interpreter with the generator that
measures it. It ends when its standard input closes, which the kernel does for us however this
process dies.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.request import urlopen

import gevent

from katydid.demo.options import DemoOptions
from katydid.errors import InternalError, UsageError

READY_SECONDS = 20.0
END_SECONDS = 5.0


def run_against_shop(options: DemoOptions, command: Callable[[str], list[str]]) -> int:
    """Run `command(url)` while a shop serves at `url`; returns the command's exit code.

    A command that a signal ended gives 128 + its number, as a shell would.
    """
    with shop_process(options) as url:
        child = subprocess.Popen(command(url))
        with _signals_to(child):
            code = child.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def shop_process(options: DemoOptions) -> Iterator[str]:
    """A shop in a child process, answering at the URL that the context gives."""
    shop = subprocess.Popen(
        [sys.executable, "-m", "katydid.demo", *options.to_argv(), "--follow-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield _wait_until_open(shop)
    finally:
        _end(shop)


def _wait_until_open(shop: subprocess.Popen[str]) -> str:
    assert shop.stdout is not None
    try:
        with gevent.Timeout(READY_SECONDS):
            line = shop.stdout.readline()
    except gevent.Timeout:
        line = ""
    url = line.strip().rpartition(" ")[2]
    if not url.startswith("http"):
        # It has said on standard error why; only the exit code is left to pass on.
        with suppress(subprocess.TimeoutExpired):
            if shop.wait(timeout=END_SECONDS) == UsageError.exit_code:
                raise UsageError("So the demo shop could not start.")
        raise InternalError("The demo shop did not start.")
    with urlopen(f"{url}/_demo/health", timeout=READY_SECONDS) as response:
        response.read()
    return url


def _end(shop: subprocess.Popen[str]) -> None:
    assert shop.stdin is not None
    assert shop.stdout is not None
    shop.stdin.close()
    try:
        shop.wait(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        shop.kill()
        shop.wait()
    shop.stdout.close()


@contextmanager
def _signals_to(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """SIGTERM goes on to the child; Ctrl-C reaches it by itself, and this process waits for it."""
    term = signal.signal(signal.SIGTERM, lambda number, _frame: child.send_signal(number))
    interrupt = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, term)
        signal.signal(signal.SIGINT, interrupt)
