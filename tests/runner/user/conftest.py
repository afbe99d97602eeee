"""An environment and a group for users that run in a test, and a clock that moves by hand."""

import gevent
import pytest
from gevent.pool import Group

from katydid.environment import Environment


class FakeClock:
    """Stands still until told otherwise."""

    def __init__(self):
        self.now = 1000.0

    def wall(self):
        return self.now

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class StopTestRecorder:
    """The one method of a runner that users need."""

    def __init__(self):
        self.reasons = []

    def stop_test(self, reason):
        self.reasons.append(reason)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def environment():
    environment = Environment()
    environment.runner = StopTestRecorder()
    return environment


@pytest.fixture
def user_errors(environment):
    """(class name of what failed, exception) of each user_error."""
    errors = []
    environment.events.user_error.add_listener(
        lambda user_instance, exception, tb: errors.append(
            (type(user_instance).__name__, exception)
        )
    )
    return errors


@pytest.fixture
def group():
    group = Group()
    yield group
    group.kill(timeout=5)
    assert len(group) == 0


@pytest.fixture
def run(environment, group):
    """Runs one user of a class to its end; gives the user."""

    def run_to_the_end(user_class, seconds=10):
        user = user_class(environment)
        greenlet = user.start(group)
        with gevent.Timeout(seconds):
            greenlet.join()
        return user

    return run_to_the_end
