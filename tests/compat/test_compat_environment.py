"""locust.env.Environment: runners and the web UI, as embedding programs make them."""

import json

import pytest
import requests

from katydid import alias
from katydid.errors import RunnerAlreadyExistsError, UsageError


@pytest.fixture
def environment(shop):
    alias.install()
    from locust import HttpUser, constant, task
    from locust.env import Environment
    from locust.exception import StopUser

    class Buyer(HttpUser):
        host = shop.url
        wait_time = constant(0)

        @task
        def front(self):
            self.client.get("/front")
            raise StopUser()

    made = Environment(user_classes=[Buyer])
    yield made
    if made.web_ui is not None:
        made.web_ui.stop()
    if made.runner is not None:
        made.runner.quit()


def test_a_local_runner_runs_users(environment, shop):
    runner = environment.create_local_runner()
    assert environment.runner is runner
    assert runner.state == "ready"
    runner.spawn_users({"Buyer": 3}, wait=True)
    assert shop.paths == ["/front"] * 3
    assert environment.stats.total.num_requests == 3
    assert environment.stats.get("/front", "GET").num_failures == 0


def test_there_is_one_runner_only(environment):
    environment.create_local_runner()
    with pytest.raises(RunnerAlreadyExistsError, match="already exists \\(LocalRunner\\)"):
        environment.create_local_runner()
    with pytest.raises(RunnerAlreadyExistsError):
        environment.create_master_runner("127.0.0.1", 0)
    with pytest.raises(RunnerAlreadyExistsError):
        environment.create_worker_runner("127.0.0.1", 1)


def test_a_web_ui_shows_the_runner(environment):
    with pytest.raises(UsageError, match="Create a runner before the web UI"):
        environment.create_web_ui("127.0.0.1", 0)
    environment.create_local_runner()
    web_ui = environment.create_web_ui("127.0.0.1", 0, token="secret")
    assert environment.web_ui is web_ui
    base = f"http://127.0.0.1:{web_ui.server.server_port}"
    found = requests.get(f"{base}/stats/requests", timeout=10).json()
    assert (found["state"], found["user_count"]) == ("ready", 0)
    assert requests.post(f"{base}/stop", timeout=10).status_code in (401, 403)  # needs the token
    status = requests.get(f"{base}/api/v1/status", timeout=10).json()
    assert status["state"] == "ready"


def test_a_master_and_a_worker_in_one_process(environment, shop):
    from locust.env import Environment

    master = environment.create_master_runner("127.0.0.1", 0)
    port = master.server.port
    other = Environment(user_classes=environment.user_classes)
    worker = other.create_worker_runner("127.0.0.1", port)
    try:
        assert (worker.worker_index, master.worker_count) == (0, 1)
        assert len(master.clients.ready) == 1
    finally:
        worker.quit()


PROGRAM = """
    import json, sys
    import gevent
    from locust import HttpUser, constant, events, task
    from locust.env import Environment
    from locust.stats import stats_printer, stats_history
    from locust.log import setup_logging

    setup_logging("INFO")

    class Buyer(HttpUser):
        host = sys.argv[1]
        wait_time = constant(0.1)

        @task
        def front(self):
            self.client.get("/front")

    env = Environment(user_classes=[Buyer], events=events)
    runner = env.create_local_runner()
    web_ui = env.create_web_ui("127.0.0.1", 0)
    env.events.init.fire(environment=env, runner=runner, web_ui=web_ui)
    gevent.spawn(stats_printer(env.stats))
    gevent.spawn(stats_history, env.runner)
    runner.start(2, spawn_rate=10)
    gevent.spawn_later(1.5, runner.quit)
    runner.greenlet.join()
    web_ui.stop()
    print(json.dumps([env.stats.total.num_requests, env.stats.total.num_failures]))
"""


def test_the_program_that_locusts_users_start_with(python, shop):
    """Locust's own example of use as a library."""
    done = python("-m", "katydid", "exec", "lib.py", shop.url, files={"lib.py": PROGRAM})
    assert done.returncode == 0, done.stderr
    requests_made, failures = json.loads(done.stdout.splitlines()[-1])
    # quit() does not drain: what its two users had in flight is the server's alone
    assert 0 <= len(shop.paths) - requests_made <= 2
    assert 10 <= requests_made <= 40
    assert failures == 0
    assert "Aggregated" in done.stderr
