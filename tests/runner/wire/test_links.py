"""Master and worker over real sockets on loopback."""

from __future__ import annotations

import itertools
import logging
import socket
import time

import gevent
import numpy as np
import pytest

from katydid.errors import UsageError
from katydid.stats.delta import StatsDelta
from katydid.wire import messages as m
from katydid.wire.links import (
    DecodeFailure,
    LinkClosed,
    LinkRefused,
    MasterLink,
    WorkerLink,
    worker_of,
)

ACK = m.Ack(1, 1)
# Who sees the mismatch first hangs up; the other side may not learn more than that.
HUNG_UP = (
    "A worker was refused: it hung up during the handshake, as one with another CURVE setting does."
)


def hello(worker: str = "0") -> m.Hello:
    return m.Hello(m.PROTOCOL, "0.1.0", worker, 1, "ready", None, 0, 0, 0.0)


def welcome() -> m.Welcome:
    return m.Welcome(0, "r", True, 0, 0, 0.0, 0.0)


def report(number: int, *names: str) -> m.Report:
    ones, times = np.ones(len(names), dtype=np.int64), np.ones(len(names))
    delta = StatsDelta(
        1, tuple(("GET", name) for name in names), ones, ones * 0, ones * 0, times, times, times,
        ones, times, np.arange(len(names)), ones * 9, ones,
    )  # fmt: skip
    return m.Report(number, "r", "running", {}, delta)


def connected(links, keys=None) -> tuple[MasterLink, WorkerLink]:
    master = links.master(keys=keys)
    worker = links.worker(master.port, keys=keys)
    assert worker.wait_connected(5)
    return master, worker


def heard(master: MasterLink, seconds: float = 5) -> tuple[str, m.Message | DecodeFailure]:
    said = master.receive(seconds)
    assert said is not None
    return said


@pytest.mark.parametrize("encrypted", [False, True])
def test_messages_go_both_ways(links, keys, encrypted: bool) -> None:
    master, worker = connected(links, keys if encrypted else None)
    assert worker.send(hello())
    assert heard(master) == ("0", hello())
    assert master.send("0", ACK)
    assert worker.receive(5) == ACK
    assert (worker.connections, worker.trouble, master.refused_count) == (1, None, 0)


def test_receiving_ends_with_its_timeout(links) -> None:
    master, worker = connected(links)
    assert master.receive(0) is None
    assert master.receive(0.05) is None
    assert worker.receive(0.05) is None


def test_on_connected_is_the_moment_for_hello(links) -> None:
    master = links.master()
    worker = links.worker(master.port, "w#1", on_connected=lambda: worker.send(hello("w")))
    assert heard(master) == ("w#1", hello("w"))


def test_waiting_for_a_connection_that_does_not_come(links) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        worker = links.worker(taken.getsockname()[1])
        assert not worker.wait_connected(0.05)
        assert not worker.connected
        assert worker.send(hello()) is False


def test_a_worker_without_the_key_is_refused_on_both_sides(links, keys, until, caplog) -> None:
    refusals: list[str] = []
    master = links.master(keys=keys, on_refused=refusals.append)
    with caplog.at_level(logging.WARNING, "katydid.wire.links"):
        worker = links.worker(master.port)
        with pytest.raises(
            LinkRefused, match=r"has no CURVE key and the master at .* requires one"
        ):
            worker.receive(30)  # the master may hang up too fast to say why
        until(lambda: bool(refusals))
    assert set(refusals) <= {
        "A worker was refused: it has no CURVE key and this master has one.",
        HUNG_UP,
    }
    assert len(refusals) == len(set(refusals))
    logged = [record.getMessage() for record in caplog.records]
    assert all(logged.count(sentence) == 1 for sentence in refusals)
    with pytest.raises(LinkRefused):
        worker.send(hello())
    with pytest.raises(LinkRefused):
        worker.wait_connected(1)
    assert master.receive(0.05) is None


def test_a_worker_with_a_key_that_the_master_has_not(links, keys, until) -> None:
    refusals: list[str] = []
    master = links.master(on_refused=refusals.append)
    worker = links.worker(master.port, keys=keys)
    with pytest.raises(LinkRefused, match=r"has a CURVE key and the master at .* has none"):
        worker.receive(30)
    until(lambda: bool(refusals))
    assert set(refusals) <= {
        "A worker was refused: it has a CURVE key and this master has none.",
        HUNG_UP,
    }


def test_a_worker_with_another_key_never_connects_and_is_logged_once(
    links, keys, other_keys, until
) -> None:
    refusals: list[str] = []
    master = links.master(keys=keys, on_refused=refusals.append)
    worker = links.worker(master.port, keys=other_keys)
    until(lambda: worker.trouble is not None)
    assert "it may have another than this worker" in (worker.trouble or "")
    assert not worker.connected
    assert master.refused_count >= 3
    assert refusals == ["A worker was refused: its CURVE key is not that of this run."]


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_visitor_that_is_no_worker_disturbs_nobody(links, keys, encrypted: bool) -> None:
    keys = keys if encrypted else None
    master = links.master(keys=keys)
    for garbage in (b"", b"GET / HTTP/1.1\r\nHost: master\r\n\r\n" * 50, bytes(range(256)) * 40):
        with socket.create_connection(("127.0.0.1", master.port)) as visitor:
            visitor.sendall(garbage)
    worker = links.worker(master.port, keys=keys)
    assert worker.wait_connected(5)
    assert worker.send(hello())
    said = heard(master)
    while isinstance(said[1], DecodeFailure):  # what ZeroMQ took for a peer of an old version
        said = heard(master)
    assert said == ("0", hello())


def test_frames_that_are_no_message_come_out_as_values(links) -> None:
    master, worker = connected(links)
    worker._link.send([b"Hello"])  # what a peer of another kind might send
    assert heard(master) == ("0", DecodeFailure("1 frames are no message"))
    worker._link.send([b"Ack", b"\x80"])
    identity, failure = heard(master)
    assert identity == "0"
    assert isinstance(failure, DecodeFailure)
    assert failure.reason.startswith("a malformed Ack message")
    assert not failure.resync
    assert worker.send(ACK)
    assert heard(master) == ("0", ACK)


def test_lost_names_ask_for_a_resync_and_a_welcome_heals_them(links) -> None:
    master, worker = connected(links)
    assert worker.send(report(1, "/a"))
    heard(master)
    master.forget("0")  # as a restarted master: it knows no names
    assert worker.send(report(2, "/a", "/b"))
    _, failure = heard(master)
    assert isinstance(failure, DecodeFailure)
    assert failure.resync
    for healing in (welcome(), m.Resync()):
        master.forget("0")
        assert master.send("0", healing)
        assert worker.receive(5) == healing
        assert worker.send(report(2, "/a", "/b"))
        _, message = heard(master)
        assert isinstance(message, m.Report)
        assert message.delta.keys == (("GET", "/a"), ("GET", "/b"))


def test_a_restarted_master_on_the_same_port_is_found_again(links, until) -> None:
    first = links.master()
    worker = links.worker(first.port)
    assert worker.wait_connected(5)
    assert worker.send(report(1, "/a"))
    heard(first)
    first.close(0)
    until(lambda: not worker.connected)
    assert worker.send(hello()) is False  # nothing is queued for a master that is not there
    second = links.master(first.port)
    assert worker.wait_connected(10)
    assert worker.connections == 2
    assert worker.send(report(2, "/a"))
    _, message = heard(second)
    assert isinstance(message, m.Report)
    assert message.number == 2
    assert message.delta.keys == (("GET", "/a"),)
    assert second.send("0", ACK)
    assert worker.receive(5) == ACK


def test_reconnect_delivers_again_under_the_same_identity(links) -> None:
    master, worker = connected(links)
    assert worker.send(hello())
    heard(master)
    worker.reconnect()
    assert worker.wait_connected(5)
    assert worker.send(hello())
    assert heard(master) == ("0", hello())
    assert master.send("0", ACK)
    assert worker.receive(5) == ACK


def test_a_reader_survives_a_reconnect(links) -> None:
    master, worker = connected(links)
    reader = gevent.spawn(worker.receive, 10)
    gevent.idle()
    worker.reconnect()
    assert worker.wait_connected(5)
    assert worker.send(hello())
    heard(master)
    assert master.send("0", ACK)
    assert reader.get(timeout=5) == ACK


def test_an_unknown_or_departed_peer_costs_a_false(links, until) -> None:
    master, worker = connected(links)
    assert master.send("nobody", ACK) is False
    assert worker.send(hello())
    heard(master)
    worker.close()
    until(lambda: not master.send("0", ACK))


def test_a_peer_that_reads_nothing_never_blocks_the_sender(links) -> None:
    master, worker = connected(links)
    assert worker.send(hello())
    heard(master)
    message = m.Custom("noise", b"x" * 2_000)
    began = time.monotonic()
    handed_over = 0
    while handed_over < 100_000 and master.send("0", message):
        handed_over += 1
    assert 1_000 < handed_over < 100_000  # its queue is full, and the sender was told at once
    assert time.monotonic() - began < 20
    other = links.worker(master.port, "1")
    assert other.wait_connected(5)
    assert other.send(hello("1"))
    assert heard(master) == ("1", hello("1"))
    assert master.send("1", ACK)
    assert other.receive(5) == ACK


def test_what_was_sent_last_still_arrives_when_a_link_closes(links) -> None:
    master, worker = connected(links)
    worker.send(hello())
    heard(master)
    for _ in range(200):
        assert worker.send(ACK)
    worker.close()
    assert [heard(master)[1] for _ in range(200)] == [ACK] * 200
    with pytest.raises(LinkClosed):
        worker.send(ACK)
    with pytest.raises(LinkClosed):
        worker.receive(1)


def test_closing_releases_a_waiting_reader(links) -> None:
    master, worker = connected(links)
    readers = [gevent.spawn(link.receive) for link in (master, worker)]
    gevent.idle()
    master.close()
    worker.close()
    gevent.joinall(readers, timeout=5)
    assert [type(reader.exception) for reader in readers] == [LinkClosed, LinkClosed]
    master.close()  # twice is once


def test_a_closing_link_does_not_block_the_hub(links, until) -> None:
    with socket.socket() as silent:  # accepts, and never reads
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        worker = links.worker(silent.getsockname()[1])
        ticks: list[float] = []

        def tick() -> None:
            while True:
                ticks.append(time.monotonic())
                gevent.sleep(0.01)

        ticker = gevent.spawn(tick)
        worker.close(0.3)
        until(lambda: len(ticks) > 3)
        ticker.kill()
    gaps = [b - a for a, b in itertools.pairwise(ticks)]
    assert max(gaps) < 0.25


def test_a_port_in_use_is_a_sentence(links) -> None:
    master = links.master()
    with pytest.raises(UsageError, match=r"cannot listen on .*in use"):
        links.master(master.port)


def test_an_impossible_address_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="is no address"):
        WorkerLink("no host", 5557, "0")


def test_ipv6_is_served() -> None:
    try:
        master = MasterLink("::1", 0)
    except UsageError:
        return  # this machine has no IPv6: there is nothing to serve
    worker = WorkerLink("::1", master.port, "0")
    try:
        assert worker.wait_connected(5)
    finally:
        worker.close(0)
        master.close(0)


def test_many_workers_are_told_apart(links) -> None:
    master = links.master()
    workers = {f"w{n}": links.worker(master.port, f"w{n}") for n in range(20)}
    for name, worker in workers.items():
        assert worker.wait_connected(5)
        assert worker.send(report(1, f"/{name}"))
    names = {}
    for _ in workers:
        identity, message = heard(master)
        assert isinstance(message, m.Report)
        names[identity] = message.delta.keys
    assert names == {name: (("GET", f"/{name}"),) for name in workers}


def test_the_heartbeats_routing_id_belongs_to_its_worker() -> None:
    assert worker_of("pod-3/hb") == "pod-3"
    assert worker_of("pod-3") == "pod-3"
