"""HttpUser, FastHttpUser and PytestUser: their clients."""

import pytest
import requests
from gevent.pool import Group

from katydid.environment import Environment
from katydid.errors import LocustfileError, StopTest, StopUser
from katydid.http import FastHttpSession, HttpSession
from katydid.user import FastHttpUser, HttpUser, PytestUser, pytest_user, task


@pytest.mark.parametrize("base", [HttpUser, FastHttpUser, PytestUser])
def test_no_host_stops_the_test(base):
    class Shopper(base):
        pass

    with pytest.raises(StopTest, match="specify the base host"):
        Shopper(Environment())


@pytest.mark.parametrize(
    ("base", "client"), [(HttpUser, HttpSession), (FastHttpUser, FastHttpSession)]
)
def test_the_client_is_made_at_its_first_use_and_stays(base, client, server, surroundings):
    class Shopper(base):
        host = server.url

    user = Shopper(surroundings)
    assert "client" not in vars(user)
    assert isinstance(user.client, client)
    assert user.client is user.client
    assert vars(user)["client"] is user.client
    assert user.client.user is user
    getattr(user.client, "client", user.client).close()


def test_http_user_s_client_ignores_the_environment_of_the_process(server, surroundings):
    class Shopper(HttpUser):
        host = server.url

    user = Shopper(surroundings)
    assert user.client.trust_env is False
    assert isinstance(user.client, requests.Session)
    user.client.close()


def test_the_client_may_be_replaced(server, surroundings):
    class Shopper(HttpUser):
        host = server.url

    user = Shopper(surroundings)
    user.client = "mine"
    assert user.client == "mine"


def test_a_fast_user_s_attributes_reach_its_client(server, surroundings, samples):
    class Shopper(FastHttpUser):
        host = server.url
        network_timeout = 0.05
        max_redirects = 1
        default_headers = {"X-Shop": "1"}

    user = Shopper(surroundings)
    assert user.client.get("/echo").json()["headers"]["x-shop"] == "1"
    assert user.client.get("/stall").status_code == 0
    assert user.client.get("/redirect/2").status_code == 0
    user.client.client.close()


def test_a_run_records_in_the_environment(server):
    class Shopper(HttpUser):
        host = server.url

        @task
        def buy(self):
            self.client.get("/ok")
            self.client.get("/status/500")
            raise StopUser

    environment = Environment(user_classes=[Shopper])
    group = Group()
    Shopper(environment).start(group)
    group.join(5)
    assert environment.stats.total.num_requests == 2
    assert environment.stats.get("/status/500", "GET").num_failures == 1


def test_pytest_functions_become_users(server):
    calls = []

    def test_shop(session, fastsession):
        calls.append((session.get("/ok").status_code, fastsession.get("/ok").status_code))
        if len(calls) == 2:
            raise StopUser

    user_class = pytest_user(test_shop)
    user_class.host = server.url
    assert issubclass(user_class, PytestUser)
    assert (user_class.__name__, user_class.abstract) == ("test_shop", False)
    environment = Environment(user_classes=[user_class])
    group = Group()
    user_class(environment).start(group)
    group.join(5)
    assert calls == [(200, 200), (200, 200)]
    assert environment.stats.total.num_requests == 4


def test_a_fixture_that_is_not_ours_is_a_sentence():
    def test_shop(tmp_path):
        pass

    with pytest.raises(LocustfileError, match="test_shop asks for the fixture 'tmp_path'"):
        pytest_user(test_shop)


@pytest.mark.parametrize("base", [HttpUser, FastHttpUser])
def test_connections_are_closed_when_the_user_ends(base, server):
    class Shopper(base):
        host = server.url

        @task
        def buy(self):
            self.client.get("/ok")
            raise StopUser

    group = Group()
    Shopper(Environment()).start(group)
    group.join(5)
    assert server.connections == 1
    assert server.all_closed.wait(5)


def test_a_client_of_somebody_else_is_left_open(server, surroundings):
    shared = HttpSession(server.url, surroundings.events.request)

    class Shopper(HttpUser):
        host = server.url

        @task
        def buy(self):
            self.client = shared
            self.client.get("/ok")
            raise StopUser

    group = Group()
    for _ in range(2):
        Shopper(Environment()).start(group)
        group.join(5)
    assert server.connections == 1
    shared.close()
