"""Locustfiles that cannot run: file, line and name, exit code 1 (65 for our subcommands)."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.processes

RUN = ("--headless", "-t", "2s", "--only-summary")

USER = """
    from locust import User, constant, events, task

    class Visitor(User):
        wait_time = constant(0.05)

        @task
        def visit(self):
            pass
"""

CASES = [
    dict(id="no-file", run=["-f", "none.py", *RUN], code=1,
         says=["There is no file none.py. Name your locustfile with -f FILE; "
               "Python files here: locustfile.py."]),
    dict(id="a-manifest", run=["-f", "t.yaml", *RUN], code=1, files={"t.yaml": {}},
         says=["t.yaml is no Python file; a LoadTest runs with: katydid run t.yaml"]),
    dict(id="no-url", run=["-f", "http://127.0.0.1:1/a.py", *RUN], code=1,
         says=["The locustfile http://127.0.0.1:1/a.py cannot be downloaded"]),
    dict(id="from-master-alone", run=["-f", "-", *RUN], code=1,
         says=["-f - takes the locustfile from the master: only a --worker can."]),
    dict(id="syntax-error", run=RUN, code=1,
         files={"locustfile.py": "from locust import User\n\nclass Visitor(User)\n    pass\n"},
         says=["locustfile.py, line 3: expected ':': class Visitor(User)"]),
    dict(id="import-error", run=RUN, code=1, shows_traceback=True,
         files={"locustfile.py": "import locust\nimport not_installed_here\n"},
         says=["locustfile.py, line 2: ModuleNotFoundError: No module named 'not_installed_here'"]),
    dict(id="import-name", run=RUN, code=1, shows_traceback=True,
         files={"locustfile.py": "from locust import HttpUsr\n"},
         says=["locustfile.py, line 1: ImportError: cannot import name 'HttpUsr' from 'locust'"]),
    dict(id="error-in-a-sibling", run=RUN, code=1, shows_traceback=True,
         files={"locustfile.py": "import pages\n", "pages.py": "\n\nLIMIT = 1 / 0\n"},
         says=["pages.py, line 3: ZeroDivisionError: division by zero"]),
    dict(id="exits-on-import", run=RUN, code=7,
         files={"locustfile.py": "import sys\nsys.exit(7)\n"}, says=[]),
    dict(id="no-user", run=RUN, code=1, files={"locustfile.py": "x = 1\n"},
         says=["locustfile.py defines no user class: a class that derives from HttpUser or User"]),
    dict(id="defined-twice", run=["-f", "a.py,b.py", *RUN], code=1,
         files={"a.py": USER, "b.py": USER},
         says=["The user class Visitor is defined twice, in a.py and in b.py: rename one."]),
    dict(id="unknown-class", run=[*RUN, "Vistor"], code=1,
         says=["Unknown user class Vistor; the locustfile defines Visitor."]),
    dict(id="several-shapes", run=RUN, code=1,
         files={"locustfile.py": USER + """
    from locust import LoadTestShape

    class Hills(LoadTestShape):
        def tick(self):
            return None

    class Steps(Hills):
        pass
"""},
         says=["The locustfile defines several shapes (Hills, Steps)"]),
    dict(id="shape-raises", run=RUN, code=1, shows_traceback=True,
         files={"locustfile.py": USER + """
    from locust import LoadTestShape

    class Hills(LoadTestShape):
        def tick(self):
            return 1 / 0
"""},
         says=["The load shape failed: ZeroDivisionError('division by zero')"]),
    dict(id="bad-tasks", run=RUN, code=1, shows_traceback=True,
         files={"locustfile.py": "from locust import User, task\n\nclass A(User):\n"
                                 "    @task('often')\n    def a(self): pass\n"},
         says=["locustfile.py, line"]),
    dict(id="init-raises", run=RUN, code=1, shows_traceback=True,
         files={"locustfile.py": USER + """
    @events.init.add_listener
    def prepare(environment, **_):
        raise RuntimeError("no data file")
"""},
         says=["A listener of events.init failed: RuntimeError: no data file"]),
    dict(id="required-argument", run=RUN, code=2,
         files={"locustfile.py": USER + """
    @events.init_command_line_parser.add_listener
    def add(parser):
        parser.add_argument("--region", required=True)
"""},
         says=["--region"]),
    dict(id="on-start-raises", run=RUN, code=1, shows_traceback=True,
         files={"locustfile.py": USER + """
        def on_start(self):
            raise RuntimeError("no account left")
"""},
         says=["RuntimeError: no account left"]),
    dict(id="no-tasks", run=RUN, code=1,
         files={"locustfile.py": "from locust import User, constant\n\nclass A(User):\n"
                                 "    wait_time = constant(1)\n"},
         says=["No tasks defined on A. Use the @task decorator or set the 'tasks' attribute"]),
    dict(id="tags-leave-nothing", run=[*RUN, "--tags", "nothing"], code=1,
         says=["Visitor had no tasks left after filtering",
               "No task is left after --tags and --exclude-tags."]),
    dict(id="no-host", run=RUN, code=1,
         files={"locustfile.py": """
    from locust import HttpUser, constant, task

    class Visitor(HttpUser):
        wait_time = constant(0.05)

        @task
        def visit(self):
            self.client.get("/")
"""},
         says=["You must specify the base host: set the attribute 'host' of the user class"]),
    dict(id="real-locust-first", run=["start.py", "--headless", "-t", "1s"], script=True, code=65,
         files={
             "locust/__init__.py": '__version__ = "2.46.4"\n',
             "start.py": "import sys\nsys.path.insert(0, '.')\nimport locust\nimport katydid\n"
                         "from katydid.cli.main import main\nsys.exit(main(sys.argv[1:]))\n",
         },
         says=["locust"]),
    dict(id="plugin-raises", run=RUN, code=1, files={"locust_plugins.py": "1 / 0\n"},
         says=["locust_plugins is installed but cannot be imported: ZeroDivisionError"]),
    dict(id="processes-share-one-message", run=[*RUN, "--processes", "2"], code=1,
         files={"locustfile.py": "x = 1\n"}, says=["locustfile.py defines no user class"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_locustfile(case, check):
    check(case)
