"""What open browsers cost the engine, and how soon the page of a running test is there.

One process runs users and page at once: the dearest case, since nothing is apart. Phases without
and with three readers that ask what the page asks (the stream, and the overview's table every 2 s)
take turns; requests per CPU second of each phase are compared. Then Chromium, where it is, opens
the page of a test with 1,000 names.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event, Thread
from urllib.request import urlopen

import measuring
import plain_server
import psutil

HERE = Path(__file__).resolve().parent
READERS = 3
POLL_SECONDS = 2.0
GOAL_RATIO = 0.97
GOAL_PAINT_MS = 1000
LOCUSTFILE = """
from locust import FastHttpUser, constant, task

class Reader(FastHttpUser):
    wait_time = constant(0)

    @task
    def look(self):
        self.client.get("/")
"""


class Reader:
    """One open page: its stream, and its polls."""

    def __init__(self, url: str) -> None:
        self._url, self._closed = url, Event()
        self._threads = [Thread(target=each, daemon=True) for each in (self._stream, self._poll)]
        for thread in self._threads:
            thread.start()

    def _stream(self) -> None:
        with closing(urlopen(f"{self._url}/api/v1/stream", timeout=30)) as stream:
            while not self._closed.is_set():
                stream.readline()

    def _poll(self) -> None:
        while not self._closed.wait(POLL_SECONDS):
            with urlopen(f"{self._url}/api/v1/table?top=1", timeout=30) as answer:
                answer.read()

    def close(self) -> None:
        self._closed.set()
        for thread in self._threads:
            thread.join(timeout=10)


def start(stack: ExitStack, folder: Path, target: str) -> tuple[psutil.Process, str]:
    """The engine, which ends with `stack`, and where its page is."""
    (folder / "locustfile.py").write_text(LOCUSTFILE)
    log = folder / "log"
    command = [sys.executable, "-m", "katydid", "-f", str(folder / "locustfile.py"), "-u", "10"]
    command += ["-r", "10", "--host", target, "--autostart", "--web-host", "127.0.0.1"]
    with log.open("w") as output:
        child = subprocess.Popen(
            [*command, "--web-port", "0"], stdout=output, stderr=subprocess.STDOUT
        )
    stack.callback(child.wait)
    stack.callback(child.terminate)
    for _ in range(300):
        time.sleep(0.1)  # polls a file
        found = re.search(r"Starting web interface at (http:[^\s,]+)", log.read_text())
        if found:
            return psutil.Process(child.pid), found[1]
    raise SystemExit(f"The engine did not start:\n{log.read_text()}")


def requests_and_cpu(process: psutil.Process, url: str) -> tuple[int, float]:
    with urlopen(f"{url}/api/v1/status", timeout=30) as answer:
        requests = json.load(answer)["total"]["requests"]
    times = process.cpu_times()
    return requests, times.user + times.system


def phase(process: psutil.Process, url: str, readers: int, seconds: float) -> float:
    """Requests per CPU second while so many pages are open."""
    opened = [Reader(url) for _ in range(readers)]
    time.sleep(1.5)  # the first event has the whole history
    before, cpu_before = requests_and_cpu(process, url)
    time.sleep(seconds)
    after, cpu_after = requests_and_cpu(process, url)
    for reader in opened:
        reader.close()
    return (after - before) / (cpu_after - cpu_before)


def cost_of_readers(rounds: int, seconds: float) -> bool:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        target = stack.enter_context(plain_server.running())
        engine, page = start(stack, folder, target)
        phase(engine, page, 0, seconds / 2)  # the warm-up counts for nothing
        none, three = [], []
        for number in range(rounds):
            # Who goes first changes, so that a slow change of the machine meets both.
            for readers in (0, READERS) if number % 2 == 0 else (READERS, 0):
                (three if readers else none).append(phase(engine, page, readers, seconds))
        print(f"requests per CPU second: {measuring.median(none):.0f} without, "
              f"{measuring.median(three):.0f} with {READERS} pages open")  # fmt: skip
        ratios = [b / a for a, b in zip(none, three, strict=True)]
    return measuring.verdict(
        f"requests per CPU second with {READERS} pages open, of none",
        measuring.median(ratios),
        GOAL_RATIO,
        "",
        at_most=False,
    )


def first_paint() -> bool:
    tests = HERE.parent / "tests" / "ui"
    if not (
        shutil.which("chromium") and shutil.which("node") and (tests / "node_modules").is_dir()
    ):
        print("first paint: needs chromium and tests/ui/node_modules (`make test-ui`), left out")
        return True
    found = measuring.run_json(["node", HERE / "first_paint.mjs"])
    print(
        f"first contentful paint {found['paint']:.0f} ms, charts and table {found['whole']:.0f} ms"
    )
    return measuring.verdict("page of a running test with 1,000 names", found["whole"],
                             GOAL_PAINT_MS, "ms")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    met = [cost_of_readers(options.rounds, options.seconds), first_paint()]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
