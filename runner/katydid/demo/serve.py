"""The shop in the foreground: serves until a signal, or until standard input closes."""

from __future__ import annotations

import signal
import sys

import gevent
from gevent.event import Event
from gevent.os import make_nonblocking, nb_read

from katydid.demo.options import DemoOptions
from katydid.demo.server import DemoServer

USUAL_PORT = 8080


def serve(options: DemoOptions) -> int:
    """Serve as `options` say; the first line on standard output ends with the shop's URL."""
    port = USUAL_PORT if options.port is None else options.port
    server = DemoServer(options.settings, host=options.host, port=port, seed=options.seed)
    server.start()
    ended = Event()
    if options.follow_stdin:
        # The parent decides when: its Ctrl-C reaches this process too, and comes too early.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        gevent.spawn(_wait_for_end_of_input).link(lambda _greenlet: ended.set())
    else:
        gevent.signal_handler(signal.SIGINT, ended.set)
    gevent.signal_handler(signal.SIGTERM, ended.set)
    print(f"The demo shop is open at {server.url}", flush=True)
    if not options.follow_stdin:
        print(f"Settings: {server.url}/_demo/settings  Counts: {server.url}/_demo/counts")
        print("Ctrl-C closes it.", flush=True)
    ended.wait()
    server.stop()
    return 0


def _wait_for_end_of_input() -> None:
    descriptor = sys.stdin.fileno()
    make_nonblocking(descriptor)  # our end of the parent's pipe; nobody else reads it
    while nb_read(descriptor, 4096):
        pass
