"""locust.log, locust.opentelemetry, locust.input_events: what they do to a program."""

import ast
import os
import re
import subprocess
import sys


def test_setup_logging_formats_lines_and_keeps_them(python):
    code = """if True:
        import katydid.alias; katydid.alias.install()
        import logging
        from locust.log import get_logs, setup_logging
        setup_logging("info")
        logging.getLogger("shop").info("hello")
        logging.getLogger("shop").debug("not shown")
        logging.getLogger("locust.stats_logger").info("a table")
        print(get_logs())
    """
    done = python("-c", code)
    line, table = done.stderr.splitlines()
    assert re.fullmatch(r"\[[-\d]+ [\d:,]+\] [^/]+/INFO/shop: hello", line)
    assert table == "a table"
    kept, kept_table = ast.literal_eval(done.stdout)
    assert kept == line
    assert kept_table.endswith("/INFO/locust.stats_logger: a table")


def test_a_log_file_and_a_failed_greenlet(python, tmp_path):
    code = """if True:
        import katydid.alias; katydid.alias.install()
        import logging, gevent, locust.log
        locust.log.setup_logging("WARNING", "out.log")
        greenlet = gevent.Greenlet(lambda: 1 / 0)
        greenlet.link_exception(locust.log.greenlet_exception_logger(logging.getLogger("x")))
        gevent.get_hub().print_exception = lambda *_: None
        greenlet.start()
        greenlet.join()
        gevent.sleep(0)
        print(locust.log.unhandled_greenlet_exception)
    """
    done = python("-c", code)
    assert (done.stdout, done.stderr) == ("True\n", "")
    text = (tmp_path / "out.log").read_text()
    assert "CRITICAL/x: Unhandled exception in greenlet" in text
    assert text.endswith("ZeroDivisionError: division by zero\n")


def test_opentelemetry_without_its_packages_is_a_sentence(python):
    code = """if True:
        import sys
        sys.modules["opentelemetry"] = None
        import katydid.alias; katydid.alias.install()
        from locust.opentelemetry import setup_opentelemetry
        print(setup_opentelemetry())
    """
    done = python("-c", code)
    assert done.stdout == "False\n"
    assert done.stderr.startswith("--otel needs packages that are not here (opentelemetry.trace): ")


def test_keys_of_a_terminal():
    master, slave = os.openpty()
    code = f"""if True:
        import os, sys
        descriptor = os.open({os.ttyname(slave)!r}, os.O_RDWR)  # a session leader's terminal
        os.dup2(descriptor, 0)
        import katydid.alias; katydid.alias.install()
        import gevent
        from gevent.event import Event
        from locust.input_events import input_listener
        done = Event()
        keys = []
        listener = gevent.spawn(input_listener({{"w": lambda: keys.append("w"), "q": done.set}}))
        print("ready", flush=True)
        done.wait(10)
        listener.kill()
        print(keys)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout.readline() == "ready\n"
        os.write(master, b"wxwq")
        assert process.communicate(timeout=20)[0] == "['w', 'w']\n"
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def test_keys_without_a_terminal(python):
    code = """if True:
        import katydid.alias; katydid.alias.install()
        from locust.input_events import input_listener
        input_listener({})()
        print("went on")
    """
    assert python("-c", code).stdout == "went on\n"
