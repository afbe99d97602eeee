"""rest(): JSON in, JSON out, assertions as failures."""

import pytest

from katydid.errors import StopUser
from katydid.user import FastHttpUser, HttpUser


@pytest.fixture(params=[HttpUser, FastHttpUser])
def user(request, surroundings, server):
    made = type("Rest", (request.param,), {"host": server.url})(surroundings)
    yield made
    getattr(made.client, "client", made.client).close()


def test_json_is_parsed(user, samples):
    with user.rest("POST", "/echo", json={"a": 1}) as response:
        assert response.js["method"] == "POST"
        assert response.js["headers"]["accept"] == "application/json"
        assert response.js["headers"]["content-type"] == "application/json"
    assert samples.only[:2] == ("POST", "/echo")
    assert samples.only[4] is None


def test_an_assertion_is_a_failure_with_its_text(user, samples):
    with user.rest("GET", "/echo") as response:
        assert response.js["method"] == "PUT", "wrong method"
    assert "wrong method" in str(samples.only[4])
    with user.rest("GET", "/echo"):
        raise AssertionError
    assert str(samples[1][4]) == "Assertion failed"


def test_another_exception_is_a_failure_that_names_its_place(user, samples):
    with user.rest("GET", "/echo") as response:
        response.js["missing"]
    text = str(samples.only[4])
    assert text.startswith("KeyError: 'missing' at test_rest.py:")


def test_exceptions_that_steer_pass_through(user):
    with pytest.raises(StopUser), user.rest("GET", "/echo"):
        raise StopUser


def test_a_body_that_is_no_json(user, samples):
    with user.rest("GET", "/ok") as response:
        assert response.js is None
    text = str(samples.only[4])
    assert text.startswith("Could not parse response as JSON. fine, response code 200, error ")


def test_an_empty_body_is_none_and_the_status_decides(user, samples):
    with user.rest("GET", "/empty") as response:
        assert response.js is None
    assert samples.only[4] is None


def test_a_bad_status_with_json_is_a_failure(user, samples):
    with user.rest("GET", "/status/500") as response:
        assert response.js == {"status": 1}
    assert samples.only[4] is not None
    assert samples.only[5] == 500


def test_no_response(user, samples, free_port):
    with user.rest("GET", f"http://127.0.0.1:{free_port}/x", name="x") as response:
        assert response.js is None
    assert isinstance(samples.only[4], ConnectionRefusedError)


def test_headers_given_are_kept(user):
    with user.rest("GET", "/echo", headers={"accept": "text/x"}) as response:
        assert response.js["headers"]["accept"] == "text/x"


@pytest.mark.parametrize(("url", "joint"), [("/echo", "?"), ("/echo?a=1", "&")])
def test_rest_gets_past_caches(user, samples, server, url, joint):
    with user.rest_("GET", url) as response:
        assert response.js["target"].startswith(f"{url}{joint}_=")
    stamp = server.requests[0].target.rpartition("=")[2]
    assert 1_000_000_000_000 < int(stamp) < 10_000_000_000_000
    assert samples.only[1] == f"{url}{joint}_=..."
