"""Hooks: order, errors of listeners, what passes through."""

import logging

import pytest

from katydid import events as events_module
from katydid.errors import (
    InterruptTaskSet,
    LocustfileError,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from katydid.events import EventHook, Events


@pytest.fixture(autouse=True)
def fresh_flag():
    events_module.unhandled_exception = False
    yield
    events_module.unhandled_exception = False


def test_listeners_are_called_in_order_and_reversed_on_demand():
    hook = EventHook()
    calls = []
    hook.add_listener(lambda value: calls.append(("a", value)))
    hook.add_listener(lambda value: calls.append(("b", value)))
    hook.fire(value=1)
    hook.fire(reverse=True, value=2)
    assert calls == [("a", 1), ("b", 1), ("b", 2), ("a", 2)]


def test_add_listener_is_a_decorator_that_keeps_the_function():
    hook = EventHook()

    @hook.add_listener
    def listener(**_kwargs):
        return 7

    assert listener() == 7
    assert hook.has_listeners
    hook.remove_listener(listener)
    assert not hook.has_listeners


def test_a_listener_may_remove_itself_while_the_event_is_fired():
    hook = EventHook()
    calls = []

    def once():
        calls.append("once")
        hook.remove_listener(once)

    hook.add_listener(once)
    hook.add_listener(lambda: calls.append("always"))
    hook.fire()
    hook.fire()
    assert calls == ["once", "always", "always"]


def test_an_error_is_logged_and_flagged_and_the_others_are_called(caplog):
    hook = EventHook()
    calls = []
    hook.add_listener(lambda: 1 / 0)
    hook.add_listener(lambda: calls.append("second"))
    with caplog.at_level(logging.ERROR):
        hook.fire()
    assert calls == ["second"]
    assert "ZeroDivisionError" in caplog.text
    assert events_module.unhandled_exception is True


@pytest.mark.parametrize(
    "steering",
    [StopUser(), StopTest(), RescheduleTask(), RescheduleTaskImmediately(), InterruptTaskSet()],
)
def test_exceptions_that_steer_tasks_pass_through(steering):
    hook = EventHook()

    @hook.add_listener
    def listener():
        raise steering

    with pytest.raises(type(steering)):
        hook.fire()
    assert events_module.unhandled_exception is False


def test_an_error_of_an_init_listener_is_fatal():
    events = Events()
    events.init.add_listener(lambda **_kwargs: {}["missing"])
    with pytest.raises(LocustfileError, match=r"events\.init failed: KeyError"):
        events.init.fire(environment=None, runner=None, web_ui=None)


def test_every_hook_of_the_documented_list_exists():
    assert set(vars(Events())) == {
        "request",
        "user_error",
        "report_to_master",
        "worker_report",
        "worker_connect",
        "spawning_complete",
        "init",
        "init_command_line_parser",
        "test_start",
        "test_stopping",
        "test_stop",
        "reset_stats",
        "quitting",
        "quit",
        "cpu_warning",
        "heartbeat_sent",
        "heartbeat_received",
        "usage_monitor",
    }
