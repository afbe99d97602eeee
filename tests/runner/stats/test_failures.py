from __future__ import annotations

from katydid.stats.failures import ErrorLog, StatsError, reason_of, text_of


class HTTPError(Exception):
    pass


class Unprintable(Exception):
    def __repr__(self) -> str:
        raise RuntimeError("not now")


def test_addresses_are_masked_so_that_equal_errors_group() -> None:
    log = ErrorLog()
    for number in (1, 2):
        log.occurred("GET", "/", f"<Socket object at 0x7f{number}> closed", None, 5.0 + number)
    [error] = log.by_key.values()
    assert error.error == "<Socket object at 0x....> closed"
    assert (error.occurrences, error.first_seen, error.last_seen) == (2, 6.0, 7.0)


def test_text_of_an_error() -> None:
    assert text_of("plain") == "plain"
    assert text_of(ValueError("x")) == "ValueError('x')"
    assert text_of(Unprintable()) == "Unprintable(…)"
    assert len(text_of("long" * 5000)) == 4096


def test_reasons_have_few_values() -> None:
    assert reason_of(HTTPError("503 for url"), 503) == "HTTP 503"
    assert reason_of(HTTPError("?"), 200) == "HTTPError"
    assert reason_of(ConnectionError("x"), 0) == "ConnectionError"
    assert reason_of("said the locustfile", 500) == "Failure"


def test_an_error_in_locusts_form() -> None:
    error = StatsError("GET", "/a", Exception("x"), 3)
    error.first_seen = error.last_seen = 0.0
    error.occurred()
    assert error.to_name() == "GET /a: Exception('x')"
    assert error.to_dict() == {
        "method": "GET",
        "name": "/a",
        "error": "Exception('x')",
        "occurrences": 4,
        "first_seen": 0.0,
        "last_seen": 0.0,
    }
    assert StatsError.unserialize(error.serialize()).row() == (*error.row()[:3], "Failure", 4, 0, 0)
    assert StatsError("GET", "/a", "CatchResponseError('bad')").to_name() == "GET /a: 'bad'"
    key = StatsError.create_key("GET", "/a", Exception("x"))
    assert key == StatsError.create_key("GET", "/a", StatsError.parse_error(Exception("x")))
    assert len(key) == 64


def test_taken_failures_are_those_since_the_last_take() -> None:
    log = ErrorLog()
    log.occurred("GET", "/", "a", None, 1.0)
    log.occurred("GET", "/", "a", None, 2.0)
    assert log.take() == (("GET", "/", "a", "Failure", 2, 1.0, 2.0),)
    assert log.take() == ()
    log.merge(("GET", "/", "a", "Failure", 5, 0.5, 9.0))
    assert log.take() == ()
    assert log.rows() == [("GET", "/", "a", "Failure", 7, 0.5, 9.0)]
