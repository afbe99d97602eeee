"""Attempts at a run through its web side: each is refused with a sentence, or harmless.

Who may change a run is test_web_access's; here are paths, bodies, types, names and headers that
somebody hopes we trip over. They go over the wire byte for byte, as no browser would send them.
"""

from __future__ import annotations

import http.client
import io
import json
import re
import tarfile
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

LIMIT = 2 * 1024 * 1024
SCRIPT = '</script><script>alert("katydid")</script><img src=x onerror=alert(1)>'

Wire = Callable[..., http.client.HTTPResponse]


@pytest.fixture
def wire(browse, token) -> Wire:
    """wire("GET", path, headers, body, token=None): one request, its path and headers as given."""
    browsers = {}

    def send(method, path, headers=None, body=None, *, with_token=False, chunked=False):
        if with_token not in browsers:
            browsers[with_token] = browse(token=token if with_token else None)
        connection = http.client.HTTPConnection(
            urlsplit(browsers[with_token].base).netloc, timeout=20
        )
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        sent = {"Host": urlsplit(browsers[with_token].base).netloc, **(headers or {})}
        if body is not None and not chunked:
            sent.setdefault("Content-Length", str(len(body)))
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(body, encode_chunked=chunked)
        answer = connection.getresponse()
        answer.text = answer.read().decode(errors="replace")
        connection.close()
        return answer

    return send


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/%252e%252e/%252e%252e/etc/passwd",
        "/..%5c..%5c..%5cetc%5cpasswd",
        "/api/v1/../../../etc/passwd",
        "/api/v1/report.html/../../../../etc/passwd",
        "/api/v1/report.html%00.png",
        "/api/v1/results.json/..%2f..%2fetc%2fpasswd",
        "/api/v1//etc/passwd",
        "/static/../../../../etc/passwd",
        "/static/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/assets//etc/passwd",
        "/stats/requests/csv/../../../../etc/passwd",
        "/file:///etc/passwd",
        "//evil.example/",
        "//evil.example/%2e%2e",
        "/\\evil.example/",
        "/%0d%0aSet-Cookie:%20a=b",
        "/%ff%fe",
        "/" + "a" * 4000,
    ],
)
def test_no_path_leads_out(wire, path):
    answer = wire("GET", path)
    assert answer.status in (301, 302, 308, 400, 403, 404), answer.text[:200]
    assert "root:" not in answer.text
    assert answer.getheader("Set-Cookie") is None
    assert "Traceback" not in answer.text
    where = urlsplit(answer.getheader("Location") or "/")
    assert where.hostname in (None, "127.0.0.1"), "never to another machine"


def test_a_login_leads_nowhere_but_to_our_page(wire, token):
    body = f"token={token}&next=//evil.example".encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/login", "/login?next=//evil.example", "/login?next=http://evil.example"):
        answer = wire("POST", path, form, body, with_token=True)
        assert (answer.status, answer.getheader("Location")) == (303, "/")


CHANGES = [
    ("POST", "/api/v1/start"),
    ("PUT", "/api/v1/live"),
    ("POST", "/swarm"),
    ("POST", "/user"),
    ("POST", "/login"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_an_oversized_body_changes_nothing(wire, controls, token, method, path, chunked, kind):
    headers = {"Content-Type": kind, "Authorization": f"Bearer {token}"}
    if chunked:
        headers["Transfer-Encoding"] = "chunked"
    body = b"users=" + b"9" * LIMIT
    answer = wire(method, path, headers, body, with_token=True, chunked=chunked)
    if path == "/swarm" and answer.status == 200:  # as Locust tells a refusal
        assert json.loads(answer.text)["success"] is False
    else:
        assert 400 <= answer.status < 500, answer.text[:200]
    assert (controls.started, controls.live, controls.state) == ([], [], "ready")


@pytest.mark.parametrize(
    "length", ["-1", "nonsense", "99999999999999999999", "1e3", "0x10", " ", "12, 13"]
)
def test_a_length_that_lies_is_refused(wire, controls, length):
    answer = wire("POST", "/api/v1/start", {"Content-Length": length, "Connection": "close"}, b"{}")
    assert 400 <= answer.status < 500
    assert controls.started == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b"users=5"),
        ("application/x-www-form-urlencoded", b"users=5"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nusers\r\n--x--"),
        ("multipart/form-data", b"users=5"),
        ("application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
        ("application/json; charset=utf-7", b"+AHsAfQ-"),
        ("application/json", b"\xff\xfe\xfd"),
        ("", b"\x00"),
    ],
)
def test_a_body_of_another_type_is_no_start(wire, controls, kind, body):
    answer = wire("POST", "/api/v1/start", {"Content-Type": kind}, body)
    assert answer.status == 400
    assert json.loads(answer.text) == {"error": "The body is not a JSON object."}
    assert controls.started == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"user_count": 5}'),
        ("multipart/form-data; boundary=x", b"no boundary at all"),
        ("text/plain", b"user_count=5&spawn_rate=5"),
    ],
)
def test_a_swarm_of_another_type_starts_nothing(wire, controls, kind, body):
    answer = wire("POST", "/swarm", {"Content-Type": kind}, body)
    assert json.loads(answer.text)["message"] == "The body is not a form."
    assert controls.started == [], "neither its load nor the configured one"


DOWNLOADS = [
    "/api/v1/report.html?download=1",
    "/api/v1/results.json",
    "/api/v1/results.csv",
    "/api/v1/junit.xml",
    "/api/v1/results.tar.gz",
    "/stats/requests/csv",
    "/stats/failures/csv",
    "/stats/report?download=1",
]


@pytest.mark.parametrize("path", DOWNLOADS)
def test_names_cannot_write_headers(wire, controls, environment, record, path):
    record(3)
    evil = 'x"; filename="../../.bashrc"\r\nSet-Cookie: a=b\r\n\r\n<script>'
    controls.name = environment.host = environment.locustfile = evil
    answer = wire("GET", path)
    assert answer.status == 200
    assert answer.getheader("Set-Cookie") is None
    disposition = answer.getheader("Content-Disposition") or ""
    assert re.fullmatch(r'attachment; ?filename="?[-._A-Za-z0-9]+"?', disposition), disposition
    assert answer.getheader("X-Content-Type-Options") == "nosniff"


def test_names_in_the_archive_stay_in_its_folder(browse, controls, record):
    record(1)
    controls.name = "../../../etc/cron.d/x"
    answer = browse().get("/api/v1/results.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        for entry in tar:
            assert entry.isfile()
            assert not entry.name.startswith("/")
            assert re.fullmatch(r"[-._A-Za-z0-9]+/[._A-Za-z0-9]+", entry.name), entry.name
            assert ".." not in entry.name.split("/")


PAGES = ["/", "/login", "/api/v1/report.html", "/stats/report", "/api/v1/nothing" + SCRIPT]


@pytest.mark.parametrize("path", PAGES)
def test_script_in_names_and_errors_is_text(wire, controls, environment, path):
    environment.events.request.fire(
        request_type=SCRIPT, name=SCRIPT, response_time=1.0, response_length=1, response=None,
        context={}, exception=ValueError(SCRIPT),
    )  # fmt: skip
    controls.name = environment.host = SCRIPT
    controls.logs = {SCRIPT: [SCRIPT]}
    answer = wire("GET", path.replace(" ", "%20").replace('"', "%22"))
    kind = answer.getheader("Content-Type") or ""
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    if kind.startswith("text/html"):
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
    else:
        assert kind.startswith("application/json"), "or a browser would run it"


@pytest.mark.parametrize("path", ["stats", "failures", "logs", "status", f"logs?node={SCRIPT}"])
def test_script_in_json_is_json(wire, environment, path):
    environment.events.request.fire(
        request_type="GET", name=SCRIPT, response_time=1.0, response_length=1, response=None,
        context={}, exception=ValueError(SCRIPT),
    )  # fmt: skip
    answer = wire("GET", f"/api/v1/{path}".replace(" ", "%20").replace('"', "%22"))
    assert answer.getheader("Content-Type") == "application/json"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    json.loads(answer.text)


def test_a_method_that_nobody_knows(wire, controls):
    for method in ("TRACE", "CONNECT", "PROPFIND", "DEBUG", "A" * 200):
        answer = wire(method, "/api/v1/stop")
        assert 400 <= answer.status < 600
        assert "Traceback" not in answer.text
    assert controls.state == "ready"


def test_a_method_in_a_header_is_not_obeyed(wire, controls):
    """X-HTTP-Method-Override would carry a change past what a page may send."""
    controls.state = "running"
    answer = wire("GET", "/api/v1/stop", {"X-HTTP-Method-Override": "POST"})
    assert answer.status == 405
    assert controls.state == "running"
