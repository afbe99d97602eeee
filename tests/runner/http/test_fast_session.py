"""FastHttpSession: where it differs from HttpSession."""

import ssl

import pytest
from requests.exceptions import SSLError

from katydid.http import FastHttpSession
from katydid.http.fast_response import LocustBadStatusCode


def test_the_response(fast, server):
    response = fast.post("/echo?a=1", json={"b": 2}, headers={"X-Own": "1"})
    assert (response.status_code, response.ok, response.error) == (200, True, None)
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["body"] == '{"b": 2}'
    assert response.text == response.content.decode()
    assert response.encoding == "utf-8"
    assert response.url == server.url + "/echo?a=1"
    assert response.request.url == response.url
    assert response.request.method == "POST"
    assert response.request.body == b'{"b": 2}'
    assert response.request.headers["X-Own"] == "1"
    assert list(response.cookies) == []
    response.raise_for_status()


def test_the_sample_is_named_as_the_url_was_given(fast, samples, server):
    fast.get("/ok?page=1")
    fast.get(server.url + "/ok")
    fast.get("/ok", name="own")
    with fast.rename_request("block"):
        fast.get("/ok")
    assert [sample[1] for sample in samples] == ["/ok?page=1", server.url + "/ok", "own", "block"]


@pytest.mark.parametrize("verb", ["get", "options", "head", "post", "put", "patch", "delete"])
def test_every_verb(fast, samples, verb):
    getattr(fast, verb)("/ok")
    assert samples.only[0] == verb.upper()


@pytest.mark.parametrize("status", [200, 204, 226, 304])
def test_good_status(fast, samples, status):
    response = fast.get(f"/status/{status}")
    assert response.ok
    assert samples.only[4] is None


@pytest.mark.parametrize("status", [300, 400, 404, 500, 503])
def test_bad_status(fast, samples, status):
    response = fast.get(f"/status/{status}?id=1", name="/status/[id]")
    error = samples.only[4]
    assert repr(error) == f"LocustBadStatusCode('/status/[id]', code={status})"
    assert (response.status_code, response.ok, response.error) == (status, False, error)
    assert response.json() == {"status": 1}
    with pytest.raises(LocustBadStatusCode):
        response.raise_for_status()


def test_headers_that_it_sends(fast, surroundings, server):
    plain = fast.get("/echo").json()["headers"]
    assert plain["accept-encoding"].startswith("gzip, deflate")
    assert "content-type" not in plain
    with_json = fast.post("/echo", json={}).json()["headers"]
    assert (with_json["content-type"], with_json["accept"]) == ("application/json",) * 2
    own = fast.post("/echo", json={}, headers={"content-type": "a/b"}).json()["headers"]
    assert (own["content-type"], own["accept"]) == ("a/b", "application/json")
    session = FastHttpSession(surroundings, server.url, default_headers={"X-Default": "d"})
    assert session.get("/echo").json()["headers"]["x-default"] == "d"
    session.client.close()


def test_auth_per_call_and_of_the_host(fast, surroundings, server):
    told = fast.get("/echo", auth=("a", "b")).json()["headers"]
    assert told["authorization"] == "Basic YTpi"
    session = FastHttpSession(surroundings, server.url.replace("//", "//jo:pw@"))
    assert session.get("/echo").json()["headers"]["authorization"] == "Basic am86cHc="
    session.client.close()


def test_redirects_follow_or_not_without_changing_other_requests(fast, samples, server):
    assert fast.get("/redirect/2").status_code == 200
    assert fast.get("/redirect/2", allow_redirects=False).status_code == 302
    assert fast.get("/redirect/2").status_code == 200
    assert [sample[5] for sample in samples] == [200, 302, 200]
    assert fast.get("/redirect/2").url == server.url + "/ok"


def test_max_redirects(surroundings, server, samples):
    session = FastHttpSession(surroundings, server.url, max_redirects=2)
    assert session.get("/redirect/2").status_code == 200
    assert session.get("/redirect/3").status_code == 0
    assert "2 redirects" in str(samples[1][4])
    session.client.close()


def test_timeouts(surroundings, server, samples):
    session = FastHttpSession(surroundings, server.url, network_timeout=0.05)
    response = session.get("/stall")
    assert (response.status_code, response.headers, response.text) == (0, None, None)
    assert isinstance(response.error, TimeoutError)
    assert samples.only[4] is response.error
    assert response.url == server.url + "/stall"
    session.client.close()


def test_streaming(fast, samples):
    response = fast.get("/late", stream=True)
    assert samples.only[2] < 50
    assert samples.only[3] == 4
    assert b"".join(response.iter_content(2)) == b"late"
    response = fast.get("/late", stream=True)
    assert response.read(2) == b"la"
    assert response.read() == b"te"


def test_iter_lines(fast, samples):
    assert list(fast.iter_lines("/lines")) == ["eins", "zwei", "drei ü"]
    assert samples.only[:2] == ("GET", "/lines")
    with pytest.raises(LocustBadStatusCode):
        list(fast.iter_lines("/status/500", method="POST"))
    assert samples[1][:2] == ("POST", "/status/500")


def test_the_charset_of_the_response_counts(fast):
    response = fast.get("/latin")
    assert response.encoding == "iso-8859-1"
    assert response.text == "ü"
    response.encoding = "utf-8"
    assert response.text == "\ufffd"


def test_cookies_and_closing_connections(fast, server):
    response = fast.get("/cookie")
    assert [cookie.name for cookie in response.cookies] == ["basket"]
    assert [cookie.value for cookie in fast.cookiejar] == ["7"]
    fast.client.clientpool.close()
    assert fast.get("/echo").json()["headers"]["cookie"] == "basket=7"
    assert server.connections == 2
    fast.client.cookiejar.clear()
    assert "cookie" not in fast.get("/echo").json()["headers"]


def test_certificates_are_not_checked_unless_told(surroundings, tls_server, samples):
    loose = FastHttpSession(surroundings, tls_server.url)
    strict = FastHttpSession(surroundings, tls_server.url, insecure=False)
    assert loose.get("/ok").status_code == 200
    assert strict.get("/ok").status_code == 0
    assert isinstance(samples[1][4], ssl.SSLError | SSLError)
    loose.client.close()
    strict.client.close()


def test_an_own_ssl_context_decides(surroundings, tls_server):
    made = []

    def strict():
        made.append(ssl.create_default_context())
        return made[-1]

    session = FastHttpSession(surroundings, tls_server.url, ssl_context_factory=strict)
    assert session.get("/ok").status_code == 0
    assert len(made) == 1
    session.client.close()


def test_users_with_one_client_pool_share_connections(surroundings, server):
    class Pool:
        """Stands for geventhttpclient's HTTPClientPool: only its identity counts."""

    pool = Pool()
    sessions = [FastHttpSession(surroundings, server.url, client_pool=pool) for _ in range(4)]
    for session in sessions:
        assert session.get("/ok").status_code == 200
    assert server.connections == 1
    sessions[0].client.close()


def test_a_proxy_is_used(surroundings, server):
    session = FastHttpSession(
        surroundings, "http://shop.invalid", proxy_host="127.0.0.1", proxy_port=server.port
    )
    assert session.get("/ok").status_code == 200
    session.client.close()
    assert [request.target for request in server.requests] == ["http://shop.invalid/ok"]
