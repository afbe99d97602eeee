"""The shop's HTTP server on the wire."""

from __future__ import annotations

import socket

import pytest


def talk(shop, data: bytes) -> bytes:
    """Everything the shop sends back until it closes."""
    port = int(shop.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_an_answer_is_one_head_and_one_body(shop):
    assert talk(shop, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n") == (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n"
        b'{"hello": "world"}'
    )


def test_pipelined_requests_are_answered_in_order(shop):
    both = talk(shop, b"GET /hello HTTP/1.1\r\n\r\nGET /world HTTP/1.1\r\n\r\n")
    assert both.count(b"HTTP/1.1 200 OK") == 2
    assert both.index(b'"hello": "world"') < both.index(b'"world": "hello"')


def test_a_body_that_comes_in_parts(shop):
    port = int(shop.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nContent-Length: 37\r\n\r\n")
        connection.sendall(b'{"username":"a",')
        connection.sendall(b' "password": "demo"} ')
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_expect_continue(shop):
    answer = talk(
        shop, b"POST /login HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}"
    )
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\n")


def test_close_is_kept_when_asked_for(shop):
    answer = talk(
        shop, b"GET /hello HTTP/1.1\r\nConnection: close\r\n\r\nGET /world HTTP/1.1\r\n\r\n"
    )
    assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert b"\r\nConnection: close\r\n" in answer


def test_http_1_0_closes(shop):
    assert b"Connection: close" in talk(shop, b"GET /hello HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400 Bad Request"),
        (b"POST /cart HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400 Bad Request"),
        (b"POST /cart HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411 Length Required"),
        (b"POST /cart HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", b"413 "),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000, b"431 Request Header Fields Too Large"),
    ],
)
def test_what_is_no_request_is_answered_once_and_closed(shop, data, status):
    answer = talk(shop, data)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in answer
