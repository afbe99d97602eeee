"""A target that misbehaves: never an exception, always one sample that says why."""

import gc

import gevent
import pytest
import requests
from gevent.event import Event
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema


@pytest.fixture(params=["client", "fast"])
def any_client(request):
    return request.getfixturevalue(request.param)


def test_refused(any_client, samples, free_port):
    response = any_client.get(f"http://127.0.0.1:{free_port}/x?id=1", name="/x")
    assert response.status_code == 0
    assert not response.ok
    assert response.content is None
    assert response.error is not None
    method, name, _ms, length, error, status = samples.only
    assert (method, name, length, status) == ("GET", "/x", 0, 0)
    assert isinstance(error, ConnectionRefusedError)
    with pytest.raises(Exception, match="refused"):
        response.raise_for_status()


def test_the_default_name_of_a_failed_request(client, fast, samples, free_port):
    url = f"http://127.0.0.1:{free_port}/x"
    client.get(url, params={"a": 1})
    fast.get(url)
    assert [sample[1] for sample in samples] == ["/x?a=1", url]


@pytest.mark.parametrize(
    ("path", "kinds", "text"),
    [
        ("/reset", (ConnectionResetError,), "reset"),
        ("/hangup", (Exception,), "without response"),
        ("/garbage", (Exception,), "this is not HTTP"),
        ("/truncated", (Exception,), "IncompleteRead"),
        ("/badgzip", (Exception,), ""),
        ("/loop", (requests.TooManyRedirects,), "redirects"),
        ("/astray", (ConnectionRefusedError,), "refused"),
    ],
)
def test_answers_that_are_none(any_client, samples, path, kinds, text):
    response = any_client.get(path)
    assert response.status_code == 0
    method, name, _ms, length, error, status = samples.only
    assert (method, name, length, status) == ("GET", path, 0, 0)
    assert isinstance(error, kinds)
    assert text in repr(error)
    assert any_client.get("/ok").status_code == 200


@pytest.mark.parametrize("path", ["/stall", "/halfstall"])
def test_a_stall_ends_with_the_timeout(client, samples, path):
    response = client.get(path, timeout=0.05)
    assert response.status_code == 0
    assert isinstance(response.error, requests.RequestException)
    assert isinstance(samples.only[4], TimeoutError)
    assert 50 <= samples.only[2] < 5000


def test_a_name_that_does_not_resolve(client, samples):
    response = client.get("http://does-not-exist.invalid/x")
    assert response.status_code == 0
    assert isinstance(samples.only[4], OSError)


def test_a_stale_connection_is_replaced(any_client, samples, server):
    any_client.get("/ok")
    server.drop_after_next = True
    any_client.get("/ok")
    gevent.sleep(0.02)  # the server's FIN is on its way; there is no answer to wait for
    assert any_client.get("/ok").status_code == 200
    assert [sample[4] for sample in samples] == [None, None, None]
    assert server.connections == 2


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("no-scheme", MissingSchema),
        ("nowhere://x", InvalidSchema),
        ("http://", InvalidURL),
    ],
)
def test_urls_that_are_none_raise(client, samples, url, error):
    client.base_url = ""
    with pytest.raises(error):
        client.get(url)
    assert samples == []


def test_what_the_caller_was_handling_is_no_cause(client, samples, free_port):
    try:
        raise KeyError("the locustfile's own")
    except KeyError:
        client.get(f"http://127.0.0.1:{free_port}/x")
    assert isinstance(samples.only[4], ConnectionRefusedError)


@pytest.mark.parametrize("path", ["/stall", "/halfstall", "/endless"])
def test_a_request_that_hangs_can_be_killed(any_client, samples, server, path):
    greenlet = gevent.spawn(any_client.get, path)
    assert server.stalled.wait(5)
    greenlet.kill(timeout=5)
    assert greenlet.dead
    assert samples == []


def test_a_gevent_timeout_passes_through(client, samples, server):
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.05):
        client.get("/stall")
    assert samples == []


def test_a_failed_request_leaves_no_garbage(client, samples, free_port):
    url = f"http://127.0.0.1:{free_port}/x"
    client.get(url)
    samples.clear()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            client.get(url)
            samples.clear()
        assert _alive(ConnectionRefusedError) <= 1
    finally:
        gc.enable()


def _alive(kind):
    return sum(1 for each in gc.get_objects() if isinstance(each, kind))


def test_many_users_wait_for_one_another_nowhere(server, surroundings, samples):
    from katydid.http import HttpSession

    go = Event()

    def work():
        session = HttpSession(server.url, surroundings.events.request)
        session.trust_env = False
        go.wait()
        session.get("/late")
        session.close()

    greenlets = [gevent.spawn(work) for _ in range(20)]
    go.set()
    with gevent.Timeout(5):
        gevent.joinall(greenlets, raise_error=True)
    assert len(samples) == 20
    assert server.connections == 20
