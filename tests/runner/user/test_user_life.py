"""The life of a user: start, stop in each state, errors around it."""

import gevent
import pytest
from gevent.event import Event

from katydid.errors import LocustError, StopTest, StopUser
from katydid.user import User, constant, task


class Living(User):
    """Tells what happens to it, and blocks in its task until `go` is set."""

    wait_time = constant(1000)

    def __init__(self, environment):
        super().__init__(environment)
        self.told = []
        self.in_task = Event()
        self.go = Event()

    def on_start(self):
        self.told.append("on_start")

    def on_stop(self):
        self.told.append("on_stop")

    @task
    def work(self):
        self.told.append("task")
        self.in_task.set()
        self.go.wait()
        self.told.append("task done")


def until(condition):
    """Let the others run until something holds."""
    with gevent.Timeout(5):
        while not condition():
            gevent.sleep(0)


def test_start_gives_the_greenlet_and_knows_its_group(environment, group):
    user = Living(environment)
    greenlet = user.start(group)
    assert user.greenlet is greenlet
    assert user.group is group
    assert greenlet in group
    assert greenlet.args[0] is user
    user.in_task.wait(5)
    assert user._state == "running"


def test_a_running_user_is_flagged_and_ends_after_its_task(environment, group):
    user = Living(environment)
    greenlet = user.start(group)
    user.in_task.wait(5)
    assert user.stop() is False
    assert user._state == "stopping"
    assert not greenlet.dead
    user.go.set()
    greenlet.join(5)
    assert user.told == ["on_start", "task", "task done", "on_stop"]
    assert len(group) == 0


def test_a_waiting_user_is_ended_at_once(environment, group):
    user = Living(environment)
    greenlet = user.start(group)
    user.go.set()
    until(lambda: user._state == "waiting")
    assert user.stop() is True
    assert greenlet.dead
    assert user.told == ["on_start", "task", "task done", "on_stop"]


def test_force_ends_a_running_user_at_once(environment, group):
    user = Living(environment)
    greenlet = user.start(group)
    user.in_task.wait(5)
    assert user.stop(force=True) is True
    assert greenlet.dead
    assert user.told == ["on_start", "task", "on_stop"]


def test_force_after_the_flag(environment, group):
    user = Living(environment)
    greenlet = user.start(group)
    user.in_task.wait(5)
    assert user.stop() is False
    assert user.stop(force=True) is True
    assert greenlet.dead
    assert user.told[-1] == "on_stop"


def test_a_user_that_has_not_begun_never_does(environment, group):
    user = Living(environment)
    greenlet = user.start(group)
    assert user.stop() is True
    assert greenlet.dead
    assert user.told == []
    until(lambda: len(group) == 0)


def test_a_user_that_was_never_started_can_be_stopped(environment):
    assert Living(environment).stop() is True


def test_stop_during_on_start_still_runs_on_stop(environment, group):
    class Slow(Living):
        def on_start(self):
            self.in_task.set()
            self.go.wait()

    user = Slow(environment)
    greenlet = user.start(group)
    user.in_task.wait(5)
    assert user.stop() is False
    user.go.set()
    greenlet.join(5)
    assert user.told == ["on_stop"]


def test_on_stop_is_not_cut_when_a_rest_ends_as_the_stop_comes(environment, group):
    """A graceful stop may end a rest, never what comes after it."""

    class Polite(User):
        wait_time = constant(0)
        finished = False

        @task
        def do(self):
            pass

        def on_stop(self):
            for _ in range(3):
                gevent.sleep(0)
            self.finished = True

    users = [Polite(environment) for _ in range(200)]
    for user in users:
        user.start(group)
    for _ in range(3):
        gevent.sleep(0)
    killed = [user.begin_stop() for user in users]
    with gevent.Timeout(5):
        group.join()
    assert any(killed)
    assert all(user.finished for user in users)


def test_a_second_graceful_stop_leaves_on_stop_alone(environment, group):
    class Slow(Living):
        def on_stop(self):
            self.in_task.clear()
            self.in_task.wait()
            self.told.append("on_stop finished")

    user = Slow(environment)
    greenlet = user.start(group)
    user.go.set()
    until(lambda: user._state == "waiting")
    assert user.begin_stop() is True
    until(lambda: not user.in_task.is_set())
    assert user.begin_stop() is False
    user.in_task.set()
    greenlet.join(5)
    assert user.told[-1] == "on_stop finished"


def test_wait_inside_a_task_makes_the_user_killable(environment, group):
    class Resting(Living):
        def rest(self):
            self.wait()
            self.told.append("never")

    user = Resting(environment)
    user.tasks = [user.rest]
    user.start(group)
    until(lambda: user._state == "waiting")
    assert user.stop() is True
    assert user.told == ["on_start", "on_stop"]


def test_a_user_may_stop_itself(run):
    class Once(User):
        told = None

        @task
        def do(self):
            self.told = [self.stop()]

        def on_stop(self):
            self.told.append("on_stop")

    assert run(Once).told == [False, "on_stop"]


def test_an_error_in_on_start_ends_the_user_and_is_told(run, user_errors, caplog):
    class Broken(Living):
        def on_start(self):
            raise ValueError("no login")

    user = run(Broken)
    assert user.told == []
    assert [(where, str(error)) for where, error in user_errors] == [("Broken", "no login")]
    assert "no login" in caplog.text


@pytest.mark.parametrize("steering", [StopUser, StopTest])
def test_on_start_may_end_the_user(run, user_errors, environment, steering):
    class Leaving(Living):
        def on_start(self):
            raise steering("because")

    user = run(Leaving)
    assert user.told == ["on_stop"]
    assert user_errors == []
    assert environment.runner.reasons == (["because"] if steering is StopTest else [])


def test_an_error_in_on_stop_is_told(run, user_errors):
    class Broken(User):
        @task
        def do(self):
            raise StopUser

        def on_stop(self):
            raise ValueError("no logout")

    run(Broken)
    assert [str(error) for _, error in user_errors] == ["no logout"]


def test_forgetting_super_init_is_a_sentence(group):
    class Forgetful(User):
        def __init__(self, environment):
            pass

    with pytest.raises(AssertionError, match="'environment' is missing on user Forgetful"):
        Forgetful(None).start(group)


def test_a_user_without_a_client_says_so(environment):
    with pytest.raises(LocustError, match="Did you intend to inherit from HttpUser"):
        User(environment).client.get("/")


def test_json_and_fullname():
    class Shopper(User):
        host = "http://shop"
        weight = 3

        @task(2)
        def browse(self):
            pass

    assert Shopper.json() == {
        "host": "http://shop",
        "weight": 3,
        "fixed_count": 0,
        "tasks": ["browse", "browse"],
    }
    assert Shopper.fullname().endswith("test_json_and_fullname.Shopper")
    assert "<locals>" not in Shopper.fullname()
