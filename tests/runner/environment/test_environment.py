"""Environment: what it checks, what it changes, and that it records."""

import argparse

import gevent
import pytest

from katydid.environment import Environment
from katydid.errors import StopTest
from katydid.events import Events
from katydid.load.dispatch import UsersDispatcher
from katydid.user import LoadTestShape, TaskSet, User, tag, task
from katydid.user.greenlet import UserGreenlet, take_start_delay


def classes():
    class Reader(User):
        weight = 3

        @task(3)
        def read(self):
            pass

        @tag("slow")
        @task
        class Section(TaskSet):
            @task(10)
            def one(self):
                pass

            @task
            def read(self):
                pass

    class Writer(User):
        @task
        def write(self):
            pass

    return Reader, Writer


def names(owner):
    return [each.__name__ for each in owner.tasks]


def test_defaults():
    environment = Environment()
    assert isinstance(environment.events, Events)
    assert environment.user_classes == []
    assert environment.stop_timeout == 0.0
    assert environment.catch_exceptions is True
    assert environment.reset_stats is False
    assert environment.dispatcher_class is UsersDispatcher
    assert environment.runner is None
    assert environment.web_ui is None
    assert environment.process_exit_code is None
    assert environment.worker_logs == {}


def test_each_argument_becomes_an_attribute():
    events = Events()
    given = {
        "events": events,
        "host": "http://shop",
        "tags": ["a"],
        "exclude_tags": ["b"],
        "locustfile": "locustfile.py",
        "reset_stats": True,
        "stop_timeout": 30.0,
        "catch_exceptions": False,
        "parsed_locustfiles": ["locustfile.py"],
        "available_user_classes": {},
        "available_shape_classes": {},
        "available_user_tasks": {},
        "profile": "p",
    }
    environment = Environment(**given)
    assert {name: getattr(environment, name) for name in given} == given


def test_the_stop_timeout_of_the_options_counts_where_none_is_given():
    options = argparse.Namespace(stop_timeout=12)
    assert Environment(parsed_options=options).stop_timeout == 12.0
    assert Environment(parsed_options=options, stop_timeout=3).stop_timeout == 3.0


def test_requests_are_recorded_in_its_statistics():
    environment = Environment()
    environment.events.request.fire(
        request_type="GET", name="/a", response_time=10.0, response_length=5
    )
    environment.events.request.fire(
        request_type="GET", name="/a", response_time=30.0, response_length=5, exception="no"
    )
    entry = environment.stats.get("/a", "GET")
    assert (entry.num_requests, entry.num_failures, entry.total_content_length) == (2, 1, 10)
    assert environment.stats.total.num_requests == 2


def test_two_classes_of_one_name_are_refused():
    first, _ = classes()
    second, _ = classes()
    with pytest.raises(ValueError, match="same class name"):
        Environment(user_classes=[first, second])


def test_weight_zero_leaves_a_class_out_unless_it_has_a_fixed_count():
    reader, writer = classes()
    reader.weight = 0
    assert Environment(user_classes=[reader, writer]).user_classes == [writer]
    reader.fixed_count = 1
    assert Environment(user_classes=[reader, writer]).user_classes == [reader, writer]


def test_only_weight_zero_is_refused():
    _, writer = classes()
    writer.weight = 0
    with pytest.raises(ValueError, match="no users with weight > 0"):
        Environment(user_classes=[writer])


def test_the_shape_must_be_an_instance():
    class Shape(LoadTestShape):
        pass

    shape = Shape()
    assert Environment(shape_class=shape).shape_class is shape
    with pytest.raises(ValueError, match="must be an instance"):
        Environment(shape_class=Shape)


def test_user_classes_by_name():
    reader, writer = classes()
    environment = Environment(user_classes=[reader, writer])
    assert environment.user_classes_by_name == {"Reader": reader, "Writer": writer}


def test_update_user_class():
    reader, writer = classes()
    environment = Environment(user_classes=[reader, writer])
    environment.update_user_class(
        {"user_class_name": "Reader", "host": "http://new", "weight": 7, "tasks": ["Section"]}
    )
    assert (reader.host, reader.weight, names(reader)) == ("http://new", 7, ["Section"])
    environment.update_user_class({"user_class_name": "Reader", "tasks": ["read"]})
    assert names(reader) == ["read", "read", "read"]
    with pytest.raises(KeyError):
        environment.update_user_class({"user_class_name": "Nobody"})


def test_equal_weights():
    reader, writer = classes()
    environment = Environment(user_classes=[reader, writer])
    environment.assign_equal_weights()
    assert (reader.weight, writer.weight) == (1, 1)
    assert sorted(names(reader)) == ["one", "read", "read"]
    assert names(writer) == ["write"]


def test_tags_are_applied_once():
    reader, _ = classes()
    environment = Environment(user_classes=[reader], exclude_tags=["slow"])
    environment._filter_tasks_by_tags()
    assert names(reader) == ["read", "read", "read"]
    environment.exclude_tags = None
    environment.tags = ["slow"]
    environment._filter_tasks_by_tags()
    assert names(reader) == ["read", "read", "read"]


def test_stop_test_reaches_the_runner_if_there_is_one():
    class Runner:
        reasons = ()

        def stop_test(self, reason):
            self.reasons += (reason,)

    environment = Environment()
    environment.stop_test(StopTest("nobody listens"))
    environment.runner = Runner()
    environment.stop_test(StopTest("enough"))
    assert environment.runner.reasons == ("enough",)


def test_the_start_delay_of_an_iteration_counts_for_its_first_sample():
    taken = []

    def iteration():
        gevent.getcurrent().start_delay_ms = 12.5
        taken.extend([take_start_delay(), take_start_delay()])

    greenlet = UserGreenlet(iteration)
    greenlet.start()
    greenlet.join(5)
    assert taken == [12.5, 0.0]
    assert take_start_delay() == 0.0  # no user at all
