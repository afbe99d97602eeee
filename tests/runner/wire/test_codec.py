from __future__ import annotations

import contextlib
import dataclasses
from datetime import date, datetime, timedelta, timezone

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from katydid.stats.delta import StatsDelta
from katydid.wire import messages as m
from katydid.wire.codec import decode, encode
from katydid.wire.errors import DecodeError, EncodeError, UnknownName
from katydid.wire.interner import Interner

TEXT = st.text(max_size=12) | st.just("ünïcödé 🦗 /näme") | st.just("lone \ud800 surrogate")
COUNT = st.integers(0, 300) | st.integers(0, 2**40)
FLOAT = st.floats(allow_nan=False)
WHOLE = st.integers(-(2**63), 2**64 - 1)
PLAIN = st.recursive(
    st.none() | st.booleans() | WHOLE | FLOAT | TEXT | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | WHOLE, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def deltas(draw, nested: bool = False) -> StatsDelta:
    keys = draw(st.lists(st.tuples(TEXT, TEXT), unique=True, max_size=6))
    n = len(keys)

    def ints() -> np.ndarray:
        return np.array(draw(st.lists(COUNT, min_size=n, max_size=n)), dtype=np.int64)

    def floats() -> np.ndarray:
        return np.array(draw(st.lists(st.floats(), min_size=n, max_size=n)), dtype=np.float64)

    rows, buckets, counts = [], [], []
    for row in range(n):
        indexes = sorted(draw(st.sets(st.integers(0, 4095), max_size=12)))
        rows += [row] * len(indexes)
        buckets += indexes
        counts += [draw(st.integers(1, 600) | st.integers(1, 2**40)) for _ in indexes]
    row = st.integers(0, n - 1) if n else st.nothing()
    codes = st.lists(st.tuples(row, st.integers(0, 599), COUNT), max_size=3 if n else 0)
    errors = st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT, COUNT, FLOAT, FLOAT), max_size=3)
    return StatsDelta(
        second=draw(st.integers(0, 2**40)),
        keys=tuple(keys),
        requests=ints(),
        none_requests=ints(),
        failures=ints(),
        total_ms=floats(),
        min_ms=floats(),
        max_ms=floats(),
        length=ints(),
        last_timestamp=floats(),
        bucket_row=np.array(rows, dtype=np.int64),
        bucket=np.array(buckets, dtype=np.int64),
        count=np.array(counts, dtype=np.int64),
        codes=tuple(draw(codes)),
        errors=tuple(draw(errors)),
        service=None if nested else draw(st.none() | deltas(nested=True)),
        names_dropped=draw(COUNT),
    )


def assert_same_delta(one: StatsDelta, other: StatsDelta) -> None:
    for field in dataclasses.fields(StatsDelta):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, field.name
            np.testing.assert_array_equal(a, b, err_msg=field.name)
        elif isinstance(a, StatsDelta) and isinstance(b, StatsDelta):
            assert_same_delta(a, b)
        else:
            assert a == b, field.name


def empty_delta() -> StatsDelta:
    ints, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
    return StatsDelta(
        1, (), ints, ints, ints, floats, floats, floats, ints, floats, ints, ints, ints
    )  # fmt: skip


def report(delta: StatsDelta, **fields) -> m.Report:
    return m.Report(number=1, run="r", state="running", users={"A": 3}, delta=delta, **fields)


def one_request(method: str, name: str) -> StatsDelta:
    one, time = np.ones(1, dtype=np.int64), np.array([12.5])
    zero = one * 0
    return StatsDelta(
        7, ((method, name),), one, zero, zero, time, time, time, one * 10, time + 1e9, zero,
        one * 1700, one,
    )  # fmt: skip


COUNTS = st.dictionaries(TEXT, COUNT, max_size=3)
SMALL = [
    st.builds(
        m.Hello, COUNT, TEXT, TEXT, COUNT, TEXT, st.none() | TEXT, COUNT, COUNT, FLOAT, COUNT, TEXT
    ),
    st.builds(m.Welcome, COUNT, TEXT, st.booleans(), COUNT, COUNT, FLOAT, FLOAT),
    st.builds(m.Refuse, TEXT),
    st.builds(m.SourceRequest),
    st.builds(m.Resync),
    st.builds(m.StopTest, TEXT),
    st.builds(m.Source, st.lists(TEXT).map(tuple), st.dictionaries(TEXT, st.binary()), TEXT),
    st.builds(
        m.Start, TEXT, st.none() | TEXT, FLOAT, st.dictionaries(TEXT, PLAIN, max_size=3),
        st.lists(TEXT).map(tuple), st.booleans(), st.booleans(),
    ),
    st.builds(m.Targets, COUNT, COUNTS, FLOAT),
    st.builds(m.Arrivals, FLOAT, st.binary(), COUNT),
    st.builds(m.Settled, COUNT, COUNTS),
    st.builds(m.SpawningComplete, COUNT),
    st.builds(m.Ack, COUNT, COUNT),
    st.builds(m.Beat, COUNT, TEXT, COUNT, FLOAT, COUNT, FLOAT, FLOAT, FLOAT),
    st.builds(m.BeatReply, FLOAT, TEXT),
    st.builds(m.Stop),
    st.builds(m.Stopped, COUNT),
    st.builds(m.Quit, TEXT),
    st.builds(m.Bye, TEXT, COUNT),
    st.builds(m.Custom, TEXT, PLAIN),
    st.builds(m.Logs, st.lists(TEXT).map(tuple)),
    st.builds(m.ResetStats),
    st.builds(m.StopTimeout, FLOAT),
    st.builds(m.UpdateUserClass, st.dictionaries(TEXT, PLAIN, max_size=3)),
]  # fmt: skip


def test_every_message_is_covered() -> None:
    assert len(SMALL) + 1 == len(m.Message.__args__)


@given(st.one_of(SMALL))
@settings(max_examples=200)
def test_small_messages_come_back_equal(message: m.Message) -> None:
    assert decode(encode(message, Interner()), Interner()) == message


@given(st.lists(deltas(), min_size=1, max_size=4))
@settings(deadline=None)
def test_reports_come_back_exactly(sent: list[StatsDelta]) -> None:
    writer, reader = Interner(), Interner()
    for number, delta in enumerate(sent):
        message = m.Report(
            number=number,
            run="rün",
            state="spawning",
            users={"Büyer": 3, "B": 0},
            delta=delta,
            exceptions=(("boom", "Traceback …", 4),),
            dropped_iterations=number,
            extra={"mine": [1, {"deep": 2.5}]},
            spawned={"Büyer": 2},
            exception_types={"ValueError": number},
        )
        back = decode(encode(message, writer), reader)
        assert isinstance(back, m.Report)
        assert_same_delta(delta, back.delta)
        assert dataclasses.replace(back, delta=delta) == dataclasses.replace(message, delta=delta)


def test_an_empty_delta_comes_back() -> None:
    back = decode(encode(report(empty_delta()), Interner()), Interner())
    assert isinstance(back, m.Report)
    assert_same_delta(back.delta, empty_delta())


def test_names_travel_once() -> None:
    writer, reader = Interner(), Interner()
    first = encode(report(one_request("GET", "/a-rather-long-name")), writer)
    again = encode(report(one_request("GET", "/a-rather-long-name")), writer)
    assert b"/a-rather-long-name" in first[1]
    assert b"/a-rather-long-name" not in again[1]
    decode(first, reader)
    back = decode(again, reader)
    assert isinstance(back, m.Report)
    assert back.delta.keys == (("GET", "/a-rather-long-name"),)


def test_a_reader_without_the_names_says_so_and_a_reset_heals_it() -> None:
    writer, reader = Interner(), Interner()
    encode(report(one_request("GET", "/lost")), writer)
    with pytest.raises(UnknownName):
        decode(encode(report(one_request("GET", "/lost")), writer), reader)
    with pytest.raises(UnknownName):  # a later definition does not hide the gap either
        decode(encode(report(one_request("GET", "/new")), writer), reader)
    writer.reset()
    back = decode(encode(report(one_request("GET", "/lost")), writer), reader)
    assert isinstance(back, m.Report)
    assert back.delta.keys == (("GET", "/lost"),)


def test_numbers_of_another_writer_are_never_mixed_up() -> None:
    reader = Interner()
    old, new = Interner(), Interner()
    decode(encode(report(one_request("GET", "/old")), old), reader)
    encode(report(one_request("GET", "/new")), new)  # lost with its connection
    with pytest.raises(UnknownName):
        decode(encode(report(one_request("GET", "/new")), new), reader)


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 11, 23, 2, 13, 13, 250_000),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-5))),
        date(2026, 11, 23),
        {1: "int keys", "nested": [datetime(2026, 1, 1)]},
    ],
)
def test_custom_payloads_keep_their_types(value: object) -> None:
    back = decode(encode(m.Custom("mine", value), Interner()), Interner())
    assert back == m.Custom("mine", value)


def test_numbers_of_numpy_become_plain() -> None:
    back = decode(encode(m.Custom("n", [np.int64(3), np.float64(0.5)]), Interner()), Interner())
    assert back == m.Custom("n", [3, 0.5])


@pytest.mark.parametrize("value", [object(), {1, 2}, 2**70, lambda: 0, [object()]])
def test_what_cannot_travel_is_named(value: object) -> None:
    with pytest.raises(EncodeError, match="a Custom message cannot be sent"):
        encode(m.Custom("mine", value), Interner())


def test_a_newer_peers_fields_are_ignored_and_missing_ones_default() -> None:
    ours = m.Hello(1, "0.1.0", "3", 99, "ready", None, 0, 0, 1.5)
    fields = dataclasses.asdict(ours) | {"invented": [1, 2]}
    del fields["pid"], fields["hostname"]
    assert decode([b"Hello", msgpack.packb(fields)], Interner()) == ours


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("Ack", {"applied": 1}),
        ("Ack", {"applied": 1, "durable": "2"}),
        ("Ack", {"applied": True, "durable": 2}),
        ("Ack", [1, 2]),
        ("Ack", None),
        ("Hello", {}),
        ("Targets", {"number": 1, "users": {"A": 1.5}, "over_seconds": 1}),
        ("Targets", {"number": 1, "users": [1], "over_seconds": 1}),
        ("Targets", {"number": 1, "users": {}, "over_seconds": "1"}),
        ("Logs", {"lines": ["a", 1]}),
        ("Logs", {"lines": "ab"}),
        ("Custom", {"type": None, "data": 1}),
        ("Report", {}),
        ("Report", []),
        ("Report", [1] * 9),
        ("Nothing", {}),
        ("_small_from_map", {}),
    ],
)
def test_wrong_content_is_a_decode_error(kind: str, body: object) -> None:
    with pytest.raises(DecodeError):
        decode([kind.encode(), msgpack.packb(body)], Interner())


@pytest.mark.parametrize("frames", [[], [b"Stop"], [b"Stop", b"", b""], [b"\xff\xfe", b"\x80"]])
def test_wrong_frames_are_a_decode_error(frames: list[bytes]) -> None:
    with pytest.raises(DecodeError):
        decode(frames, Interner())


@given(st.sampled_from(sorted(c.__name__ for c in m.Message.__args__)), st.binary(max_size=60))
@settings(max_examples=150)
def test_garbage_is_never_more_than_a_decode_error(kind: str, garbage: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode([kind.encode(), garbage], Interner())


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_reports_are_a_decode_error_or_a_sound_report(data) -> None:
    delta = one_request("GET", "/") if data.draw(st.booleans()) else data.draw(deltas())
    kind, body = encode(report(delta), Interner())
    damage = data.draw(st.sampled_from(["cut", "flip", "swap"]))
    at = data.draw(st.integers(0, len(body) - 1))
    if damage == "cut":
        body = body[:at]
    elif damage == "flip":
        body = body[:at] + bytes([data.draw(st.integers(0, 255))]) + body[at + 1 :]
    else:
        body = body[at:] + body[:at]
    try:
        back = decode([kind, body], Interner())
    except DecodeError:
        return
    assert isinstance(back, m.Report)
    rows = len(back.delta.keys)
    assert len(back.delta.requests) == len(back.delta.min_ms) == rows
    assert len(back.delta.bucket_row) == len(back.delta.bucket) == len(back.delta.count)
    assert ((back.delta.bucket >= 0) & (back.delta.bucket < 4096)).all()
    assert (back.delta.bucket_row < rows).all()


def _damaged(position: int, value: object) -> list[bytes]:
    """A report with one part of its delta replaced."""
    kind, body = encode(report(one_request("GET", "/")), Interner())
    parts = msgpack.unpackb(body)
    parts[8][position] = value
    return [kind, msgpack.packb(parts)]


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (0, "now"),
        (1, b"\x00\x00\x00"),  # two numbers for one row
        (1, b"\x09\x00"),  # no known integer type
        (1, b""),
        (2, [b"\x00\x01"] * 3),
        (2, [b"\x01\x01"] * 4),  # half a number
        (3, [b"1234"] * 4),
        (4, b"\x00\x02"),  # more buckets than there are
        (4, b"\x03" + b"\xff" * 8),
        (5, [b"\xff", b""]),  # the escape is missing
        (5, [b"\x01", b"\x00\x01"]),  # an escape too many
        (5, [b"\xff", b"\x02\x00\x00\x01\x00"]),  # bucket 65536
        (6, [b"\x00", b""]),  # nobody in the bucket
        (6, [b"\x01\x01", b""]),
        (7, [b"\x00\x01", b"\x00\xc8", b"\x00\x01"]),  # row 1 of one
        (7, [b"\x00\x00", b"\x00\xc8", b"\x00"]),
        (7, [b"\x00\x00", b"\x00\xc8"]),
        (8, [["GET"]]),
        (10, None),
    ],
)
def test_unsound_deltas_are_decode_errors(position: int, value: object) -> None:
    with pytest.raises(DecodeError):
        decode(_damaged(position, value), Interner())


def test_a_service_delta_has_none_of_its_own() -> None:
    inner = msgpack.unpackb(encode(report(one_request("GET", "/")), Interner())[1])[8]
    inner[9] = list(inner)
    with pytest.raises(DecodeError, match="service"):
        decode(_damaged(9, inner), Interner())
