"""Who may change a run: token, cookie, log-in, foreign pages."""

from __future__ import annotations

import logging

import flask
import flask_login
import pytest

CHANGES = [
    ("POST", "/api/v1/start"),
    ("POST", "/api/v1/stop"),
    ("POST", "/api/v1/reset"),
    ("PUT", "/api/v1/live"),
    ("POST", "/swarm"),
    ("POST", "/stop"),
    ("POST", "/stats/reset"),
    ("POST", "/user"),
]
NO_TOKEN = "This needs the token of the run: log in, or send it as a bearer."


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_change_without_the_token_is_refused(browse, controls, token, method, path):
    browser = browse(token=token)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {token}"}):
        answer = browser.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": NO_TOKEN})
    assert (controls.started, controls.live, controls.state) == ([], [], "ready")


def test_reading_needs_no_token_and_says_what_one_may(browse, token):
    browser = browse(token=token)
    assert browser.get("/api/v1/status").json()["may_change"] is False
    assert browser.get("/stats/requests").status_code == 200
    bearer = {"Authorization": f"Bearer {token}"}
    assert browser.get("/api/v1/status", headers=bearer).json()["may_change"] is True


def test_the_bearer_may_change(browse, controls, token):
    answer = browse(token=token).post(
        "/api/v1/start", json={"users": 3}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 202
    assert controls.started == [{"users": 3}]


def test_the_form_gives_a_cookie_that_is_not_the_token(browse, controls, token, caplog):
    caplog.set_level(logging.DEBUG)
    browser = browse(token=token)
    assert 'name="token"' in browser.get("/login").text
    answer = browser.post("/login", data={"token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert token not in cookie
    assert browser.post("/stop").json() == {"success": True, "message": "Test stopped"}
    assert browser.get("/api/v1/status").json()["may_change"] is True
    assert token not in caplog.text


def test_a_wrong_token_in_the_form(browse, token):
    browser = browse(token=token)
    for wrong in ("", "guess", "gu\u00e9ss"):
        answer = browser.post("/login", data={"token": wrong})
        assert answer.status_code == 401
        assert "That is not the token of this run." in answer.text
        assert "Set-Cookie" not in answer.headers


def test_without_a_token_there_is_nothing_to_log_in_to(browse):
    answer = browse().get("/login")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


@pytest.mark.parametrize(("method", "path"), [*CHANGES, ("POST", "/login")])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_page_changes_nothing(browse, controls, token, method, path, headers):
    bearer = {"Authorization": f"Bearer {token}"}
    answer = browse(token=token).request(method, path, headers={**bearer, **headers})
    assert (answer.status_code, answer.json()) == (
        403,
        {"error": "A page of another site may not change this run."},
    )
    assert (controls.started, controls.live, controls.state) == ([], [], "ready")


def test_our_own_page_may_also_behind_a_proxy(browse, controls):
    browser = browse()
    assert browser.post("/stop", headers={"Origin": browser.base}).status_code == 200
    proxied = {"Origin": "https://load.example", "X-Forwarded-Host": "load.example:443"}
    assert browser.post("/stop", headers=proxied).status_code == 200


def test_a_rebound_name_does_not_reach_a_run_without_a_token(browse, token):
    evil = {"Host": "evil.example", "Origin": "http://evil.example"}
    answer = browse().post("/api/v1/stop", headers=evil)
    assert (answer.status_code, answer.json()) == (
        403,
        {"error": "`evil.example` is not a name of this machine."},
    )
    bearer = {"Authorization": f"Bearer {token}"}
    assert browse(token=token).post("/api/v1/stop", headers=evil | bearer).status_code == 200


def test_no_answer_lets_other_sites_read(browse):
    browser = browse()
    for path in ("/", "/api/v1/status", "/stats/requests", "/swarm"):
        answer = browser.options(path, headers={"Origin": "http://evil.example"})
        assert "Access-Control-Allow-Origin" not in answer.headers
        answer = browser.get(path, headers={"Origin": "http://evil.example"})
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_stop_and_reset_by_get_are_behind_a_switch(browse, controls):
    browser = browse()
    assert browser.get("/stop").status_code == 405
    assert browser.get("/stats/reset").status_code == 405
    old = browse(changes_by_get=True)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert old.get("/stop", headers=foreign).status_code == 403
    assert controls.state == "ready"
    assert old.get("/stop").json()["message"] == "Test stopped"
    assert old.get("/stats/reset").text == "ok"


class Person(flask_login.UserMixin):
    def get_id(self):
        return "ada"


def with_login(ui):
    """What a locustfile does for --web-login (LOCUST §3)."""
    ui.app.secret_key = "of this test"
    ui.login_manager.user_loader(lambda _id: Person())
    ui.auth_args = {"username_password_callback": "/log-in-here"}

    @ui.app.route("/log-in-here", methods=["POST"])
    def log_in():
        if flask.request.form["password"] != "right":
            flask.session["auth_error"] = "Wrong <password>"
            return flask.redirect(flask.url_for("locust.login"))
        flask_login.login_user(Person())
        return flask.redirect(flask.url_for("locust.index"))

    @ui.app.route("/own-page")
    @ui.auth_required_if_enabled
    def own_page():
        return "own"


def test_web_login_guards_reading_and_changing_until_logged_in(browse, environment, controls):
    browser = browse(web_login=True)
    with_login(environment.web_ui)
    assert browser.get("/").headers["Location"] == "/login"
    assert browser.get("/stats/requests").headers["Location"] == "/login"
    assert browser.get("/own-page").headers["Location"].startswith("/login")
    answer = browser.get("/api/v1/status")
    assert (answer.status_code, answer.json()) == (401, {"error": "Log in first."})
    assert browser.post("/swarm").status_code == 401
    assert 'action="/log-in-here"' in browser.get("/login").text
    answer = browser.post("/log-in-here", data={"password": "wrong"})
    assert answer.headers["Location"] == "/login"
    assert "Wrong &lt;password&gt;" in browser.get("/login").text
    assert browser.post("/log-in-here", data={"password": "right"}).headers["Location"] == "/"
    assert browser.get("/").status_code == 200
    assert browser.get("/own-page").text == "own"
    assert browser.get("/api/v1/status").json()["may_change"] is True
    assert browser.post("/stop").status_code == 200


def test_without_web_login_the_decorator_lets_pass(browse, environment):
    browser = browse()
    ui = environment.web_ui
    ui.app.add_url_rule("/own", "own", ui.auth_required_if_enabled(lambda: "own"))
    assert ui.login_manager is None
    assert browser.get("/own").text == "own"
