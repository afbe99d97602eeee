"""events.request: recorders first, then listeners; measure()."""

import gevent
import gevent.event
import pytest

from katydid import events as events_module
from katydid.errors import StopUser
from katydid.events import RequestEvent


class Recorded:
    def __init__(self):
        self.samples = []

    def __call__(self, method, name, response_time, response_length, error, status=None):
        self.samples.append((method, name, response_time, response_length, error, status))


@pytest.fixture
def recorded():
    return Recorded()


@pytest.fixture
def hook(recorded):
    hook = RequestEvent()
    hook.recorders.append(recorded)
    return hook


class Answer:
    status_code = 404


def test_fire_records_once_and_hands_extras_to_listeners(hook, recorded):
    seen = []
    hook.add_listener(lambda **kwargs: seen.append((len(recorded.samples), kwargs)))
    hook.fire(request_type="GRPC", name="/call", response_time=12.5, response_length=3, tokens=9)
    assert recorded.samples == [("GRPC", "/call", 12.5, 3, None, None)]
    assert seen == [
        (
            1,
            {
                "request_type": "GRPC",
                "name": "/call",
                "response_time": 12.5,
                "response_length": 3,
                "tokens": 9,
            },
        )
    ]


def test_status_and_failure_are_recorded(hook, recorded):
    error = ValueError("bad")
    hook.fire(
        request_type="GET",
        name="/x",
        response_time=None,
        response_length=0,
        exception=error,
        response=Answer(),
    )
    hook.fire(request_type="GET", name="/x", response_time=1.0, response_length=None, exception="")
    assert recorded.samples == [
        ("GET", "/x", None, 0, error, 404),
        ("GET", "/x", 1.0, 0, None, None),
    ]


def test_arguments_that_are_missing_are_logged_and_listeners_still_called(hook, recorded, caplog):
    seen = []
    hook.add_listener(lambda **kwargs: seen.append(kwargs))
    hook.fire(request_type="GET", name="/x")
    assert recorded.samples == []
    assert "response_time" in caplog.text
    assert seen == [{"request_type": "GET", "name": "/x"}]
    assert events_module.unhandled_exception is True
    events_module.unhandled_exception = False


def test_notify_does_not_record_again(hook, recorded):
    seen = []
    hook.add_listener(lambda **kwargs: seen.append(kwargs))
    hook.notify(request_type="GET", name="/x")
    assert recorded.samples == []
    assert seen == [{"request_type": "GET", "name": "/x"}]


def test_measure_times_the_block_and_takes_its_changes(hook, recorded):
    with hook.measure("WS", "echo", response_length=4, context={"a": 1}) as meta:
        gevent.sleep(0.01)  # what is measured
        meta["response_length"] = 8
    ((method, name, response_time, length, error, _status),) = recorded.samples
    assert (method, name, length, error) == ("WS", "echo", 8, None)
    assert 10 <= response_time < 1000


def test_measure_swallows_an_error_and_records_it(hook, recorded):
    with hook.measure("WS", "echo"):
        raise ValueError("no echo")
    error = recorded.samples[0][4]
    assert isinstance(error, ValueError)
    assert str(error) == "no echo"


def test_measure_records_an_exception_that_steers_and_lets_it_steer(hook, recorded):
    with pytest.raises(StopUser), hook.measure("WS", "login"):
        raise StopUser
    assert isinstance(recorded.samples[0][4], StopUser)


def test_a_block_that_is_killed_leaves_no_sample(hook, recorded):
    entered = gevent.event.Event()

    def block():
        with hook.measure("WS", "echo"):
            entered.set()
            gevent.event.Event().wait()

    greenlet = gevent.spawn(block)
    entered.wait()
    greenlet.kill()
    assert recorded.samples == []
