"""run_single_user: one user in the foreground."""

SCRIPT = """
    from locust import HttpUser, task, events, run_single_user
    from locust.exception import StopUser

    @events.init.add_listener
    def on_init(environment, runner, web_ui, **_):
        print("init", runner, web_ui)

    @events.test_start.add_listener
    def on_start(environment, **_):
        print("test_start", environment.host)

    class Buyer(HttpUser):
        count = 0

        @task
        def front(self):
            self.client.get("/front")
            self.client.get("/missing")
            Buyer.count += 1
            if Buyer.count == 2:
                raise StopUser()

    if __name__ == "__main__":
        run_single_user(Buyer, include_length=True)
        print("after")
"""


def test_it_prints_a_line_per_request_and_returns(python, shop):
    done = python(
        "-m", "katydid", "exec", "script.py", "--host", shop.url, files={"script.py": SCRIPT}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"init None None\ntest_start {shop.url}\nafter\n"
    head, rule, *lines = done.stderr.splitlines()
    assert head.split() == ["type", "name", "resp_ms", "length", "exception"]
    assert set(rule) == {"-"}
    assert [line.split()[:2] for line in lines] == [["GET", "/front"], ["GET", "/missing"]] * 2
    assert lines[0].split()[3] == "5"
    assert lines[1].endswith("HTTPError: 404 Client Error: Not Found for url: /missing")
    assert shop.paths == ["/front", "/missing"] * 2


def test_an_exception_in_a_task_is_raised(python, shop):
    script = """
        from locust import HttpUser, task, run_single_user

        class Buyer(HttpUser):
            @task
            def burn(self):
                1 / 0

        run_single_user(Buyer)
    """
    done = python("-m", "katydid", "exec", "s.py", "-H", shop.url, files={"s.py": script})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_wrong_options_exit_2_with_a_sentence(python):
    script = "from locust import User, run_single_user\nrun_single_user(User)\n"
    done = python("-m", "katydid", "exec", "s.py", "--hosst=x", files={"s.py": script})
    assert done.returncode == 2
    assert done.stderr == "locust: error: There is no option --hosst. Did you mean --host?\n"
