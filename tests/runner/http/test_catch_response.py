"""catch_response: who decides, and what is recorded, at every edge. Both clients alike."""

import pytest

from katydid.errors import CatchResponseError, LocustError, ResponseError, StopUser


@pytest.fixture(params=["client", "fast"])
def any_client(request):
    return request.getfixturevalue(request.param)


def outcome(samples):
    method, name, _ms, length, error, status = samples.only
    return method, name, length, error and (type(error), str(error)), status


def test_nothing_is_recorded_before_the_block_ends(any_client, samples):
    with any_client.get("/ok", catch_response=True) as response:
        assert response.status_code == 200
        assert samples == []
    assert outcome(samples) == ("GET", "/ok", 4, None, 200)


def test_failure_by_a_text(any_client, samples):
    with any_client.get("/ok", catch_response=True) as response:
        response.failure("wrong basket")
    assert outcome(samples) == ("GET", "/ok", 4, (CatchResponseError, "wrong basket"), 200)


def test_failure_by_an_exception(any_client, samples):
    with any_client.get("/ok", catch_response=True) as response:
        response.failure(KeyError("k"))
    assert outcome(samples)[3] == (KeyError, "'k'")


def test_success_beats_the_status(any_client, samples):
    with any_client.get("/status/500", catch_response=True) as response:
        response.success()
    assert outcome(samples) == ("GET", "/status/500", 13, None, 500)


def test_the_last_word_counts(any_client, samples):
    with any_client.get("/ok", catch_response=True) as response:
        response.failure("first")
        response.success()
    with any_client.get("/ok", catch_response=True) as response:
        response.success()
        response.failure("last")
    assert [sample[4] and str(sample[4]) for sample in samples] == [None, "last"]


def test_without_a_word_the_status_decides(any_client, samples):
    with any_client.get("/status/404", name="thing", catch_response=True):
        pass
    assert "thing" in str(samples.only[4])
    assert samples.only[5] == 404


def test_a_response_error_raised_inside_is_a_failure_and_swallowed(any_client, samples):
    with any_client.get("/ok", catch_response=True):
        raise ResponseError("not what I wanted")
    assert outcome(samples)[3] == (ResponseError, "not what I wanted")


@pytest.mark.parametrize("error", [ValueError("bug"), StopUser()])
def test_another_exception_propagates_and_leaves_no_sample(any_client, samples, error):
    with pytest.raises(type(error)), any_client.get("/ok", catch_response=True):
        raise error
    assert samples == []


@pytest.mark.parametrize("error", [ValueError("bug"), ResponseError("too")])
def test_an_exception_after_a_word_is_recorded_and_propagates(any_client, samples, error):
    def judge():
        with any_client.get("/ok", catch_response=True) as response:
            response.failure("said")
            raise error

    with pytest.raises(type(error)):
        judge()
    assert outcome(samples)[3] == (CatchResponseError, "said")


def test_a_word_outside_of_the_block_is_an_error(any_client, samples):
    response = any_client.get("/ok", catch_response=True)
    with pytest.raises(LocustError, match="outside of a with block"):
        response.success()
    with pytest.raises(LocustError, match="outside of a with block"):
        response.failure("x")
    plain = any_client.get("/ok")
    with pytest.raises(LocustError, match="outside of a with block"):
        plain.failure("x")
    assert len(samples) == 1


def test_a_block_without_catch_response_is_an_error(any_client):
    with pytest.raises(LocustError, match="without catch_response=True"), any_client.get("/ok"):
        pass


def test_a_response_that_is_never_entered_is_never_recorded(any_client, samples):
    any_client.get("/ok", catch_response=True)
    assert samples == []


def test_changes_to_request_meta_count(any_client, samples, told):
    with any_client.get("/ok", catch_response=True) as response:
        assert response.request_meta["name"] == "/ok"
        assert response.request_meta["response"] is response
        response.request_meta["name"] = "renamed"
        response.request_meta["response_time"] = 1.5
        response.request_meta["response_length"] = 99
        response.request_meta["extra"] = "x"
    assert samples.only == ("GET", "renamed", 1.5, 99, None, 200)
    (kwargs,) = told
    assert (kwargs["name"], kwargs["extra"], kwargs["exception"]) == ("renamed", "x", None)


def test_an_exception_put_into_request_meta_counts(any_client, samples):
    with any_client.get("/ok", catch_response=True) as response:
        response.request_meta["exception"] = ValueError("own")
    assert str(samples.only[4]) == "own"


def test_a_renamed_failure_carries_its_new_name(any_client, samples):
    with any_client.get("/status/404", catch_response=True) as response:
        response.request_meta["name"] = "renamed"
    assert samples.only[1] == "renamed"


def test_listeners_hear_of_it_at_the_end(any_client, told):
    with any_client.get("/ok", catch_response=True, context={"who": "call"}) as response:
        response.failure("no")
        assert told == []
    (kwargs,) = told
    assert str(kwargs["exception"]) == "no"
    assert kwargs["response"] is response
    assert kwargs["context"] == {"user": "me", "who": "call"}


def test_a_refused_connection_can_be_judged(any_client, samples, free_port):
    url = f"http://127.0.0.1:{free_port}/x"
    with any_client.get(url, name="x", catch_response=True) as response:
        assert response.status_code == 0
        response.success()
    assert samples.only[4] is None
    with any_client.get(url, name="x", catch_response=True):
        pass
    assert isinstance(samples[1][4], ConnectionRefusedError)
    assert samples[1][5] == 0


def test_raise_for_status_inside_the_block(client, samples):
    with client.get("/status/404", catch_response=True) as response:
        try:
            response.raise_for_status()
        except Exception as error:
            response.failure(f"seen: {type(error).__name__}")
    assert str(samples.only[4]) == "seen: HTTPError"
