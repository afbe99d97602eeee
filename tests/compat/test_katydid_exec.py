"""`katydid exec`: plain programs that import locust."""


def test_a_plain_script_imports_locust_and_makes_requests(python, shop):
    files = {
        "script.py": """
            import sys
            import helper
            from locust import HttpUser, task, between
            from locust.env import Environment

            class Buyer(HttpUser):
                wait_time = between(1, 5)
                host = sys.argv[1]

                @task
                def hello(self):
                    self.client.get("/hello")

            environment = Environment(user_classes=[Buyer])
            user = Buyer(environment)
            user.hello()
            print(__name__, sys.argv[1:], helper.WORD, environment.stats.total.num_requests)
            sys.exit(7)
        """,
        "helper.py": "WORD = 'helped'\n",
    }
    done = python("-m", "katydid", "exec", "script.py", shop.url, "-x", files=files)
    assert done.stderr == ""
    assert done.stdout == f"__main__ ['{shop.url}', '-x'] helped 1\n"
    assert done.returncode == 7
    assert shop.paths == ["/hello"]


def test_a_module(python):
    files = {"pkg/__init__.py": "", "pkg/tool.py": "import sys, locust; print(sys.argv[1:])\n"}
    done = python("-m", "katydid", "exec", "-m", "pkg.tool", "a", files=files)
    assert (done.returncode, done.stdout, done.stderr) == (0, "['a']\n", "")


def test_without_a_program(python):
    done = python("-m", "katydid", "exec", "nowhere.py")
    assert (done.returncode, done.stderr) == (64, "There is no file nowhere.py.\n")
    done = python("-m", "katydid", "exec")
    assert done.returncode == 64
    assert done.stderr.startswith("katydid exec needs a program.")
    assert python("-m", "katydid", "exec", "--help").stdout.startswith("usage: katydid exec")


def test_an_exception_of_the_program_is_the_programs(python):
    done = python("-m", "katydid", "exec", "script.py", files={"script.py": "1 / 0\n"})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"
