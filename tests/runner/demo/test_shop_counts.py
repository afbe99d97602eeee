"""The shop's counters: the other end of the engine's own numbers."""

from __future__ import annotations

from katydid.demo.counts import RequestCounts


def test_counts_per_worker_page_and_code(visitor):
    for worker in ("0.1", "0.1", "1.1"):
        visitor.get("/products/3", headers={"X-Worker": worker})
    visitor.get("/cart")
    visitor.get("/_demo/settings")
    counts = visitor.get("/_demo/counts").json()
    assert (counts["received"], counts["answered"], counts["failed"]) == (4, 4, 1)
    assert counts["workers"] == {
        "0.1": {"received": 2, "answered": 2, "failed": 0, "answered_last_2s": 2},
        "1.1": {"received": 1, "answered": 1, "failed": 0, "answered_last_2s": 1},
        "": {"received": 1, "answered": 1, "failed": 1, "answered_last_2s": 1},
    }
    assert counts["routes"] == {"GET /products/[id]": 3, "GET /cart": 1}
    assert counts["codes"] == {"200": 3, "401": 1}


def test_counts_start_again(visitor):
    visitor.get("/products")
    assert visitor.delete("/_demo/counts").json()["answered"] == 0
    assert visitor.get("/_demo/counts").json()["workers"] == {}


def test_the_last_two_seconds_are_those_before_the_workers_own_last_answer():
    counts = RequestCounts()
    for now in (10.0, 11.0, 12.0, 13.0):
        counts.receive("7.1")
        counts.answer("7.1", "GET /", 200, now)
    counts.receive("8.1")
    counts.answer("8.1", "GET /", 200, 60.0)
    assert counts.to_json()["workers"]["7.1"] == {
        "received": 4,
        "answered": 4,
        "failed": 0,
        "answered_last_2s": 3,
    }
