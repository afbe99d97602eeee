"""Small functions that locustfiles and plugins borrow from locust.util and locust.rpc."""

import datetime
import itertools

import pytest

from katydid import alias, errors


@pytest.fixture(autouse=True)
def _alias():
    alias.install()


def test_timespan():
    from locust.util.timespan import parse_timespan

    assert [parse_timespan(text) for text in ("20", "20s", "3m", "1h20m", 5)] == [
        20, 20, 180, 4800, 5,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="soon"):
        parse_timespan("soon")


def test_dates():
    from locust.util import date

    assert date.format_utc_timestamp(0.9) == "1970-01-01T00:00:00Z"
    moment = datetime.datetime(2026, 1, 31, 10, 5).timestamp()
    assert date.format_safe_timestamp(moment) == "2026-01-31-10h05"
    assert date.format_duration(10, 73) == "1 minute and 3 seconds"
    assert date.format_duration(0, 90061) == "1 day, 1 hour, 1 minute and 1 second"
    assert date.format_duration(0, 1) == "1 second"
    assert date.format_duration(5, 5) == "0 seconds"


def test_rounding():
    from locust.util.rounding import proper_round

    assert [proper_round(value) for value in (0.5, 1.5, 2.5, -2.5, 2.4)] == [1, 2, 3, -3, 2]
    assert proper_round(1.005, 2) == 1.01


def test_memoize(monkeypatch):
    from locust.util import cache

    class FakeClock:
        now = 0.0

        def monotonic(self):
            return self.now

    clock = FakeClock()
    monkeypatch.setattr(cache, "SYSTEM_CLOCK", clock)
    numbers = itertools.count()

    @cache.memoize(timeout=2)
    def number():
        return next(numbers)

    assert (number(), number()) == (0, 0)
    clock.now = 2.0
    assert number() == 1
    number.clear_cache()
    assert number() == 2


def test_retry(monkeypatch):
    from locust.util.exception_handler import retry

    calls = []

    @retry(delays=(0, 0), exception=KeyError)
    def fail():
        calls.append(1)
        raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert len(calls) == 3


def test_urls_and_directories(tmp_path):
    from locust.util.directory import get_abspaths_in
    from locust.util.url import is_url

    assert is_url("http://a")
    assert is_url("https://a/b")
    assert not any(is_url(text) for text in ("ftp://a", "a.py", "http://["))
    (tmp_path / "d").mkdir()
    for name in ("a.py", "_b.py", "d/c.py", "e.txt"):
        (tmp_path / name).write_text("")
    assert get_abspaths_in(str(tmp_path), ".py") == [
        str(tmp_path / "a.py"), str(tmp_path / "d/c.py"),
    ]  # fmt: skip


def test_load_locustfile(tmp_path, monkeypatch):
    from locust import LoadTestShape, User
    from locust.util.load_locustfile import is_user_class, load_locustfile

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "shop_for_util.py").write_text(
        "from locust import User, LoadTestShape\nclass A(User): pass\n"
        "class S(LoadTestShape): pass\n"
    )
    users, shapes = load_locustfile(str(tmp_path / "shop_for_util.py"))
    assert list(users) == ["A"]
    assert isinstance(shapes[0], LoadTestShape)
    assert is_user_class(users["A"])
    assert not is_user_class(User)
    assert not is_user_class("User")


def test_messages():
    from locust.rpc import Message
    from locust.rpc.zmqrpc import Client

    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 6)
    message = Message("greeting", {"at": moment, 1: ["x"]}, "node")
    again = Message.unserialize(message.serialize())
    assert (again.type, again.data, again.node_id) == ("greeting", {"at": moment, 1: ["x"]}, "node")
    assert repr(again) == "<Message greeting:node>"
    with pytest.raises(TypeError, match="a object cannot be sent"):
        Message("x", object(), None).serialize()
    with pytest.raises(errors.RPCError, match=r"locust\.rpc\.zmqrpc\.Client is not offered"):
        Client("localhost", 5557, "me")


def test_names_of_locust_before_1_0(recwarn):
    from locust.util import deprecation

    with pytest.raises(ImportError, match="HttpLocust class has been renamed to HttpUser"):
        type("Mine", (deprecation.DeprecatedHttpLocustClass,), {})
    deprecation.check_for_deprecated_task_set_attribute({})
    with pytest.warns(UserWarning, match="task_set is deprecated"):
        deprecation.check_for_deprecated_task_set_attribute({"task_set": 1})


def test_task_ratio_as_text_and_json(capsys):
    import json

    from locust import User, task
    from locust.user.inspectuser import print_task_ratio, print_task_ratio_json

    class A(User):
        weight = 3

        @task(3)
        def often(self):
            pass

        @task
        def rarely(self):
            pass

    class B(User):
        @task
        def only(self):
            pass

    print_task_ratio([A, B], None, total=True)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["75.0%", "A"], ["56.2%", "often"], ["18.8%", "rarely"], ["25.0%", "B"], ["25.0%", "only"],
    ]  # fmt: skip
    print_task_ratio_json([A, B], 4)
    found = json.loads(capsys.readouterr().out)
    assert found["per_class"]["A"]["tasks"]["often"]["ratio"] == 0.75
