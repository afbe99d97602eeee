"""From the value of --locustfile to paths."""

import gevent
import pytest
from gevent.pywsgi import WSGIServer

from katydid.errors import ExitCode, LocustfileError
from katydid.locustfile import find


def test_names_paths_lists_and_directories(place, write):
    write({"a.py": "", "b.py": "", "d/c.py": "", "d/e/f.py": "", "d/_g.py": "", "d/.h/i.py": ""})
    assert find("a.py") == [place / "a.py"]
    assert find("a") == [place / "a.py"]
    assert find("a.py, b.py,a.py") == [place / "a.py", place / "b.py"]
    assert find("d") == [place / "d/c.py", place / "d/e/f.py"]
    assert find("d/../b.py") == [place / "b.py"]
    assert find(str(place / "d" / "_g.py")) == [place / "d/_g.py"]  # named, so wanted


def test_a_link_keeps_its_place(place, write):
    """A mounted ConfigMap's files are links into a hidden directory."""
    write({"..data/locustfile.py": ""})
    (place / "locustfile.py").symlink_to("..data/locustfile.py")
    assert find("locustfile.py") == [place / "locustfile.py"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("locustfile.py", "There is no file locustfile.py. Name your locustfile with -f FILE; "
         "Python files here: shop.py."),
        ("nowhere/x.py", "There is no file nowhere/x.py. There is no directory nowhere either."),
        ("empty", "The directory empty holds no Python file."),
        ("empty/x.py", "There is no file empty/x.py. Name your locustfile with -f FILE."),
        ("test.yaml", "test.yaml is no Python file; a LoadTest runs with: katydid run test.yaml"),
        ("-", "-f - takes the locustfile from the master: only a --worker can."),
        (" , ", "--locustfile names no file."),
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_sentence(place, write, name, sentence):
    write({"shop.py": "", "empty/note.txt": "", "test.yaml": ""})
    with pytest.raises(LocustfileError) as raised:
        find(name)
    assert str(raised.value) == sentence
    assert raised.value.exit_code is ExitCode.LOCUSTFILE


@pytest.fixture
def server():
    """Serves /shop.py; anything else is missing."""

    def serve(environ, start_response):
        found = environ["PATH_INFO"] == "/shop.py"
        start_response("200 OK" if found else "404 Not Found", [])
        return [b"x = 1\n"] if found else [b""]

    server = WSGIServer(("127.0.0.1", 0), serve, log=None)
    server.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.stop()
    gevent.sleep(0)


def test_a_url_is_downloaded(place, server):
    (path,) = find(f"{server}/shop.py")
    assert (path.name, path.read_text()) == ("shop.py", "x = 1\n")
    with pytest.raises(LocustfileError, match=r"cannot be downloaded: 404"):
        find(f"{server}/other.py")
