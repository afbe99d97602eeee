"""The listener and the mount: what is answered, and who is told of a scrape."""

from __future__ import annotations

import gzip

import pytest

from katydid.errors import UsageError
from katydid.metrics.server import CONTENT_TYPE, MetricsServer


def test_plain_and_compressed(serve) -> None:
    test = serve()
    test.record("/ü")
    plain = test.get(headers={"Accept-Encoding": "identity"})
    assert plain.headers["Content-Type"] == CONTENT_TYPE
    assert "Content-Encoding" not in plain.headers
    packed = test.get(headers={"Accept-Encoding": "gzip;q=0.5"}, stream=True)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert 'name="/ü"'.encode() in gzip.decompress(packed.raw.read())
    refused = test.get(headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


def test_other_paths_and_methods(serve) -> None:
    test = serve()
    assert test.get("/").status_code == 404
    assert "/metrics" in test.get("/").text
    assert test.get(method="POST").status_code == 405
    head = test.get(method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert test.exposition.scrapes == 0


def test_a_scrape_that_began_before_does_not_count(serve, until) -> None:
    test = serve()
    first = test.exposition.next_scrape()
    response = test.exposition.answer({"REQUEST_METHOD": "GET"})
    later = test.exposition.next_scrape()
    assert not first.is_set()
    response.close()
    assert first.is_set()
    assert not later.is_set()
    test.get()
    until(later.is_set)  # the server closes its answer after the client has read it
    assert test.exposition.scrapes == 2


def test_a_taken_port_is_a_sentence(serve) -> None:
    test = serve()
    with pytest.raises(UsageError, match=r"Metrics cannot be served on 127.0.0.1:\d+: Address"):
        MetricsServer(test.exposition, "127.0.0.1", test.server.port)


def test_every_address(serve) -> None:
    test = serve()
    server = MetricsServer(test.exposition, "", 0)
    try:
        assert server.url == f"http://localhost:{server.port}/metrics"
        assert server.port > 0
    finally:
        server.stop()


def test_two_scrapes_at_once_with_a_new_name_between_them(serve) -> None:
    test = serve()
    test.record("/first")
    slow = test.exposition.pieces()
    begun = next(slow)
    test.record("/second")
    assert "/second" in test.scrape().text
    text = begun + "".join(slow)
    assert '_count{loadtest_namespace="",loadtest="checkout",run="7",method="GET"' in text
    assert "/second" not in text
