"""The server under load of the fault tests, run as a process of its own.

Usage: counting_target.py PORT CONTROL_PORT

It counts what it answers per `X-Worker` header (`<index>.<incarnation>`), with the time of each
answer, before the answer is sent: so it never counts less than the other side. On the control
port it is told how to behave and asked what it has counted, one JSON line each way. An order for
a worker index travels as the header `X-Order` of the next answer to that worker.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from collections import defaultdict
from time import time

import gevent
from gevent import socket as green_socket
from gevent.pool import Pool
from gevent.server import StreamServer


class Target:
    def __init__(self, port: int) -> None:
        self.port = port
        self.mode = "answer"
        self.latency = 0.02  # seconds
        self.in_flight = 0
        self.answers: dict[str, list[float]] = defaultdict(list)  # key → times, epoch
        self.seen: dict[str, int] = defaultdict(int)  # mode → requests read
        self.last_seen = 0.0  # epoch, whatever the mode
        self.orders: dict[str, str] = {}  # worker index → order
        self._pool = Pool()
        self._server: StreamServer | None = None
        self.listen()

    def listen(self) -> None:
        listener = green_socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(256)
        self._server = StreamServer(listener, self.serve, spawn=self._pool)
        self._server.start()

    def set_mode(self, mode: str) -> None:
        if self.mode == "refuse" and mode != "refuse":
            self.listen()
        self.mode = mode
        if mode == "refuse" and self._server is not None:
            self._server.stop(timeout=0)
            self._pool.kill(block=False)

    def serve(self, connection: socket.socket, _address: object) -> None:
        reader = connection.makefile("rb")
        try:
            while self.one(connection, reader):
                pass
        except OSError:
            pass  # the other side was killed
        finally:
            reader.close()
            connection.close()

    def one(self, connection: socket.socket, reader: object) -> bool:
        if not reader.readline():  # type: ignore[attr-defined]
            return False
        headers: dict[str, str] = {}
        while (line := reader.readline().strip()) != b"":  # type: ignore[attr-defined]
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        self.last_seen = time()
        self.seen[self.mode] += 1
        return getattr(self, f"_{self.mode}")(connection, headers.get("x-worker", ""))

    def _answer(self, connection: socket.socket, worker: str, status: str = "200 OK") -> bool:
        self.in_flight += 1
        gevent.sleep(self.latency)
        self.in_flight -= 1
        order = self.orders.pop(worker.partition(".")[0], "")
        self.answers[worker].append(time())
        self.last_seen = time()
        connection.sendall(
            f"HTTP/1.1 {status}\r\nContent-Length: 2\r\nX-Order: {order}\r\n\r\nok".encode()
        )
        return True

    def _fail(self, connection: socket.socket, worker: str) -> bool:
        return self._answer(connection, worker, "503 Service Unavailable")

    def _stall(self, connection: socket.socket, worker: str) -> bool:
        gevent.sleep(3600)
        return False

    def _reset(self, connection: socket.socket, worker: str) -> bool:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def _garbage(self, connection: socket.socket, worker: str) -> bool:
        gevent.sleep(self.latency)
        connection.sendall(b"\x00\xff this is not HTTP \r\n\r\n\x80" * 8)
        return False

    def _endless(self, connection: socket.socket, worker: str) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")
            gevent.sleep(0.02)

    def control(self, connection: socket.socket, _address: object) -> None:
        with connection, connection.makefile("rw") as file:
            for line in file:
                wanted = json.loads(line)
                if "mode" in wanted:
                    self.set_mode(wanted["mode"])
                self.orders.update(wanted.get("orders", {}))
                self.latency = wanted.get("latency", self.latency)
                answer = {
                    "answers": {key: len(times) for key, times in self.answers.items()},
                    "last_two_seconds": {
                        key: sum(t > times[-1] - 2 for t in times)
                        for key, times in self.answers.items()
                    },
                    "seen": dict(self.seen),
                    "in_flight": self.in_flight,
                    "last_seen": self.last_seen,
                    "now": time(),
                }
                file.write(json.dumps(answer) + "\n")
                file.flush()


def main() -> None:
    target = Target(int(sys.argv[1]))
    StreamServer(("127.0.0.1", int(sys.argv[2])), target.control).serve_forever()


if __name__ == "__main__":
    main()
