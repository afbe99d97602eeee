"""HttpSession against a server that behaves."""

import json

import pytest
import requests

from katydid.http import HttpSession


def test_a_sample_is_named_after_path_and_query(client, samples, server):
    response = client.get("/ok?page=2&sort=up")
    assert isinstance(response, requests.Response)
    assert (response.status_code, response.content, response.error) == (200, b"fine", None)
    method, name, milliseconds, length, error, status = samples.only
    assert (method, name, length, error, status) == ("GET", "/ok?page=2&sort=up", 4, None, 200)
    assert 0 < milliseconds < 5000
    assert server.requests[0].target == "/ok?page=2&sort=up"


def test_params_are_part_of_the_name(client, samples):
    client.get("/ok", params={"a": "1 2"})
    assert samples.only[1] == "/ok?a=1+2"


def test_name_and_request_name_and_rename_request(client, samples):
    client.get("/ok?id=1", name="/ok?id=[id]")
    with client.rename_request("outer"):
        client.get("/ok?id=2")
        with client.rename_request("inner"):
            client.get("/ok?id=3")
        client.get("/ok?id=4")
        client.get("/ok?id=5", name="own")
    client.get("/ok")
    client.request_name = "attribute"
    client.get("/ok")
    assert [sample[1] for sample in samples] == [
        "/ok?id=[id]", "outer", "inner", "outer", "own", "/ok", "attribute",
    ]  # fmt: skip


@pytest.mark.parametrize("verb", ["get", "options", "head", "post", "put", "patch", "delete"])
def test_every_verb(client, samples, server, verb):
    getattr(client, verb)("/ok")
    assert samples.only[0] == verb.upper()
    assert server.requests[0].method == verb.upper()


def test_bodies(client, server):
    client.post("/ok", {"a": "1"})
    client.post("/ok", json={"b": 2})
    client.put("/ok", data=b"raw")
    client.patch("/ok", json=[])
    client.delete("/ok", data="gone")
    assert [request.body for request in server.requests] == [
        b"a=1", b'{"b": 2}', b"raw", b"[]", b"gone",
    ]  # fmt: skip


def test_an_absolute_url_is_used_as_it_is(client, samples, server):
    elsewhere = HttpSession("http://nowhere.invalid", client.request_event)
    elsewhere.trust_env = False
    elsewhere.get(server.url + "/ok")
    elsewhere.close()
    assert samples.only[1] == "/ok"


def test_a_relative_url_is_appended_plainly(server, surroundings, samples):
    session = HttpSession(server.url + "/echo", surroundings.events.request)
    assert session.get("/deep").json()["target"] == "/echo/deep"
    session.close()


def test_credentials_of_the_host_become_basic_auth(server, surroundings):
    url = server.url.replace("http://", "http://jo:p%40ss@")
    session = HttpSession(url, surroundings.events.request)
    assert session.base_url == server.url
    headers = session.get("/echo").json()["headers"]
    assert headers["authorization"] == "Basic am86cEBzcw=="
    session.close()


def test_redirects_are_one_sample_named_after_the_first(client, samples, server):
    response = client.get("/redirect/3")
    assert [request.target for request in server.requests] == [
        "/redirect/3", "/redirect/2", "/redirect/1", "/ok",
    ]  # fmt: skip
    assert (samples.only[1], samples.only[5], samples.only[3]) == ("/redirect/3", 200, 4)
    assert len(response.history) == 3


def test_redirects_may_be_refused(client, samples):
    assert client.get("/redirect/1", allow_redirects=False).status_code == 302
    assert client.head("/redirect/1").status_code == 302
    assert [(sample[4], sample[5]) for sample in samples] == [(None, 302), (None, 302)]


def test_the_length_is_that_of_the_decoded_body(client, samples):
    client.get("/gzip")
    client.get("/chunked")
    assert [sample[3] for sample in samples] == [5000, 11]


def test_a_streamed_sample_ends_with_the_head(client, samples):
    response = client.get("/late", stream=True)
    assert samples.only[2] < 50
    assert samples.only[3] == 4
    assert response.content == b"late"
    client.get("/chunked", stream=True).close()
    assert samples[1][3] == 0


def test_an_ordinary_sample_ends_with_the_body(client, samples):
    client.get("/late")
    assert samples.only[2] >= 50


def test_cookies_are_kept(client):
    client.get("/cookie")
    assert client.cookies["basket"] == "7"
    assert client.get("/echo").json()["headers"]["cookie"] == "basket=7"


def test_the_connection_is_kept(client, server):
    for _ in range(5):
        client.get("/ok")
    assert server.connections == 1


def test_a_status_of_400_or_more_is_a_failure_that_names_the_sample(client, samples):
    response = client.get("/status/404?id=1", name="/status/[id]")
    error = samples.only[4]
    assert isinstance(error, requests.HTTPError)
    assert str(error) == "404 Client Error: Reason for url: /status/[id]"
    assert response.url.endswith("/status/404?id=1")
    assert response.error is None
    client.get("/status/503")
    assert str(samples[1][4]) == "503 Server Error: Reason for url: /status/503"
    assert samples[1][5] == 503


def test_listeners_get_everything(client, told, server):
    response = client.get("/ok?a=1", name="ok", context={"who": "request", "more": 1})
    (kwargs,) = told
    assert kwargs.pop("response_time") > 0
    assert kwargs.pop("start_time") > 1_000_000_000
    assert kwargs == {
        "request_type": "GET",
        "name": "ok",
        "response_length": 4,
        "response": response,
        "context": {"user": "me", "who": "request", "more": 1},
        "exception": None,
        "url": server.url + "/ok?a=1",
    }


def test_without_listeners_no_context_is_asked_for(client, samples):
    asked = []
    client.user.context = lambda: asked.append(1) or {}
    client.get("/ok")
    assert asked == []
    assert len(samples) == 1


def test_headers_auth_and_other_settings_of_requests_work(client):
    client.headers["X-Session"] = "s"
    client.auth = ("a", "b")
    told = client.get("/echo", headers={"X-Call": "c"}, cookies={"k": "v"}).json()["headers"]
    assert (told["x-session"], told["x-call"], told["cookie"]) == ("s", "c", "k=v")
    assert told["authorization"].startswith("Basic ")


def test_a_shared_pool_manager_shares_connections(server, surroundings):
    from urllib3 import PoolManager

    manager = PoolManager()
    sessions = [
        HttpSession(server.url, surroundings.events.request, pool_manager=manager) for _ in range(3)
    ]
    for session in sessions:
        session.get("/ok")
        session.close()
    assert server.connections == 1
    manager.clear()


def test_an_unverified_certificate_is_a_failure_and_verify_false_accepts_it(
    tls_server, surroundings, samples
):
    session = HttpSession(tls_server.url, surroundings.events.request)
    assert session.get("/ok").status_code == 0
    assert "CERTIFICATE_VERIFY_FAILED" in str(samples.only[4])
    with pytest.warns(Warning, match="Unverified HTTPS request"):
        assert session.get("/ok", verify=False).status_code == 200
    session.close()


def test_the_response_is_requests_own(client):
    response = client.post("/echo", json={"a": 1})
    assert response.ok
    assert response.json()["body"] == json.dumps({"a": 1})
    assert response.headers["content-type"] == "application/json"
    assert response.request.method == "POST"
    assert response.elapsed.total_seconds() > 0
    response.raise_for_status()
