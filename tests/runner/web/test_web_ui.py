"""WebUI under Locust's names: listening, base path, TLS, template arguments, own routes."""

from __future__ import annotations

import json
import re
import socket
import ssl
from typing import NamedTuple

import flask
import pytest
import requests
from werkzeug.serving import make_ssl_devcert

from katydid.errors import UsageError


class Option(NamedTuple):
    default_value: object
    is_secret: bool = False
    help_text: str = ""


def template_args(text):
    return json.loads(re.search(r"window\.templateArgs = (.*);", text)[1])


def test_a_free_port_is_found_and_told(start_ui):
    ui = start_ui()
    assert ui.port == ui.server.server_port > 0
    assert ui.url == f"http://127.0.0.1:{ui.port}"
    assert requests.get(ui.url, timeout=10).status_code == 200


def test_a_delayed_start_listens_when_told(start_ui):
    ui = start_ui(delayed_start=True)
    assert (ui.server, ui.greenlet) == (None, None)
    ui.start()
    ui.start()
    assert requests.get(ui.url, timeout=10).status_code == 200
    ui.stop()
    ui.greenlet.join(timeout=5)
    assert ui.greenlet.ready()
    with pytest.raises(requests.ConnectionError):
        requests.get(ui.url, timeout=5)


def test_every_address_is_the_usual(start_ui):
    ui = start_ui(host="")
    assert ui.url == f"http://localhost:{ui.port}"
    assert requests.get(f"http://127.0.0.1:{ui.port}/", timeout=10).status_code == 200


def test_a_port_in_use_is_a_sentence(start_ui):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError) as error:
            start_ui(port=port)
    assert str(error.value) == (
        f"The web interface cannot listen on 127.0.0.1:{port}: Address already in use. "
        "Choose another port with --web-port (0 takes a free one)."
    )


def test_a_base_path_moves_everything(browse, environment):
    browser = browse(web_base_path="/load/", token="t")
    assert environment.web_ui.url.endswith("/load")
    for path in ("/", "/api/v1/status", "/stats/requests", "/login"):
        assert browser.get(path).status_code == 200, path
    page = browser.get("/?plain=1").text  # what `/` is until the bundle is built
    assert 'href="/load/login"' in page
    assert 'window.basePath = "/load"' in page
    browser.base = browser.base.removesuffix("/load")
    answer = browser.get("/load")
    assert answer.status_code == 308
    assert browser.get("/api/v1/status").status_code == 404
    assert browser.get("/load/api/v1/nothing").json() == {"error": "There is no such page."}


def test_a_base_path_without_a_slash_is_a_sentence(start_ui):
    with pytest.raises(UsageError, match="--web-base-path load must begin with a slash"):
        start_ui(web_base_path="load")


def test_tls(start_ui, tmp_path, token):
    cert, key = make_ssl_devcert(str(tmp_path / "dev"), host="127.0.0.1")
    ui = start_ui(tls_cert=cert, tls_key=key, token=token)
    assert ui.url == f"https://127.0.0.1:{ui.port}"
    context = ssl.create_default_context(cafile=cert)
    context.check_hostname = False
    with (
        socket.create_connection(("127.0.0.1", ui.port), timeout=10) as plain,
        context.wrap_socket(plain) as connection,
    ):
        body = f"token={token}".encode()
        connection.sendall(
            b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert received.startswith(b"HTTP/1.1 303 ")
    assert b"; Secure; HttpOnly;" in received


def test_tls_files_that_do_not_fit_are_sentences(start_ui, tmp_path):
    with pytest.raises(UsageError, match="--tls-cert and --tls-key need each other"):
        start_ui(tls_cert="a.pem")
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    with pytest.raises(UsageError, match="cannot be used"):
        start_ui(tls_cert=str(nothing), tls_key=str(nothing))


def test_the_page_carries_locusts_template_arguments(browse, controls, environment, point):
    controls.points = [point(1_700_000_000)]
    args = template_args(browse().get("/").text)
    expected = {
        "locustfile": "locustfile.py",
        "state": "ready",
        "is_distributed": False,
        "user_count": 0,
        "host": "http://shop.example",
        "num_users": 7,
        "spawn_rate": 2.0,
        "version": "2.46.4",
        "worker_count": 0,
        "show_userclass_picker": False,
        "percentiles_to_chart": [0.5, 0.95],
        "is_host_required": False,
        "missing_host_warning": False,
        "extra_options": {},
    }
    assert {key: args[key] for key in expected} == expected
    assert args["history"][0]["user_count"] == ["2023-11-14T22:13:20Z", 5]
    assert args["tasks"]["per_class"]["Customer"]["tasks"]["buy"]["ratio"] == 1.0


def test_the_class_picker_in_the_template_arguments(browse, environment):
    args = template_args(browse(userclass_picker_is_active=True).get("/").text)
    assert args["available_user_classes"] == ["Customer", "Visitor"]
    assert args["users"]["Visitor"]["weight"] == 1
    assert args["available_shape_classes"] == ["Default"]
    assert args["available_user_tasks"]["Customer"] == ["buy"]


def test_custom_arguments_are_shown_and_secrets_stay(browse, environment):
    extra = {"search_for": Option("lamp"), "control_token": Option("t", is_secret=True)}
    browser = browse(extra_options=lambda: extra)
    args = template_args(browser.get("/").text)
    assert args["extra_options"]["search_for"]["default_value"] == "lamp"
    assert args["extra_options"]["control_token"]["default_value"] == ""
    extra["search_for"] = Option("lamp", is_secret=True)
    browser.post("/swarm", data={"user_count": 1, "search_for": ""})
    assert environment.parsed_options.search_for == "lamp"


def test_nothing_from_the_run_is_markup(browse, controls, environment):
    environment.host = "http://x/</script><script>alert(1)</script>"
    environment.profile = "<img src=x onerror=alert(1)>"
    controls.name = '"><b>'
    page = browse().get("/").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert '"><b>' not in page
    assert template_args(page)["profile"] == environment.profile


def test_the_page_runs_only_its_own_scripts(browse):
    answer = browse().get("/")
    policy = answer.headers["Content-Security-Policy"]
    nonces = set(re.findall(r'nonce="([^"]+)"', answer.text))
    assert len(nonces) == 1
    assert f"script-src 'nonce-{nonces.pop()}' 'self'" in policy
    assert "default-src 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text


def test_a_locustfile_adds_routes_and_renders_our_page(browse, environment):
    browser = browse()
    ui = environment.web_ui
    blueprint = flask.Blueprint("extend", "extend")

    @blueprint.route("/own")
    def own():
        ui.update_template_args()
        tabs = [{"title": "Own", "key": "own"}]
        ui.template_args = {**ui.template_args, "extended_tabs": tabs}
        return flask.render_template("index.html", template_args=ui.template_args)

    ui.app.register_blueprint(blueprint)
    ui.app.add_url_rule("/api-of-mine", "mine", lambda: ("gone", 410))
    assert template_args(browser.get("/own").text)["extended_tabs"] == [
        {"title": "Own", "key": "own"}
    ]
    assert (browser.get("/api-of-mine").status_code, browser.get("/api-of-mine").text) == (
        410,
        "gone",
    )
    missing = browser.get("/missing")
    assert missing.status_code == 404
    assert missing.headers["Content-Type"].startswith("text/html")


def test_another_front_end_takes_the_place_of_ours(browse, tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "main.js").write_text("own()")
    (tmp_path / "index.html").write_text("own page of {{ template_args.locustfile }}")
    browser = browse(build_path=str(tmp_path))
    assert browser.get("/").text == "own page of locustfile.py"
    assert browser.get("/assets/main.js").text == "own()"
