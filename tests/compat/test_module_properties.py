"""What a locustfile sets on locust.stats or locust.runners reaches the engine."""

from unittest import mock

import pytest

from katydid import alias, events, tunables
from katydid.stats import rounding

SETTABLE = {
    "locust.runners": (
        "WORKER_REPORT_INTERVAL WORKER_LOG_REPORT_INTERVAL CPU_MONITOR_INTERVAL "
        "CPU_WARNING_THRESHOLD HEARTBEAT_INTERVAL HEARTBEAT_LIVENESS HEARTBEAT_DEAD_INTERNAL "
        "MASTER_HEARTBEAT_TIMEOUT FALLBACK_INTERVAL CONNECT_TIMEOUT CONNECT_RETRY_COUNT"
    ),
    "locust.stats": (
        "PERCENTILES_TO_REPORT PERCENTILES_TO_STATISTICS PERCENTILES_TO_CHART "
        "CONSOLE_STATS_INTERVAL_SEC HISTORY_STATS_INTERVAL_SEC CSV_STATS_INTERVAL_SEC "
        "CSV_STATS_FLUSH_INTERVAL_SEC CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW STATS_NAME_WIDTH "
        "STATS_TYPE_WIDTH STATS_AUTORESIZE"
    ),
}
PAIRS = [(module, name) for module, names in SETTABLE.items() for name in names.split()]


@pytest.fixture(autouse=True)
def locust():
    alias.install()
    import locust

    return locust


@pytest.mark.parametrize(("module", "name"), PAIRS)
def test_mock_patch_works_and_gives_back_what_was_there(module, name):
    shipped = getattr(tunables, name)
    with mock.patch(f"{module}.{name}", new="first"):
        assert getattr(tunables, name) == "first"
        with mock.patch(f"{module}.{name}", new="second"):
            assert getattr(tunables, name) == "second"
        assert getattr(tunables, name) == "first"
    assert getattr(tunables, name) is shipped


def test_plain_assignment_and_monkeypatch(locust, monkeypatch):
    before = tunables.PERCENTILES_TO_CHART
    monkeypatch.setattr("locust.stats.PERCENTILES_TO_CHART", [0.9])
    assert tunables.PERCENTILES_TO_CHART == [0.9]
    locust.stats.PERCENTILES_TO_CHART = [0.8]
    assert tunables.PERCENTILES_TO_CHART == [0.8]
    monkeypatch.undo()
    assert tunables.PERCENTILES_TO_CHART is before


def test_an_engine_side_change_is_seen(locust, monkeypatch):
    monkeypatch.setattr(tunables, "WORKER_REPORT_INTERVAL", 0.25)
    assert locust.runners.WORKER_REPORT_INTERVAL == 0.25


def test_bucket_response_time_can_be_replaced(locust):
    with mock.patch("locust.stats.bucket_response_time", new=int):
        assert rounding.bucket_response_time is int
    assert rounding.bucket_response_time(147.3) == 150
    assert locust.stats.bucket_response_time is rounding.bucket_response_time


def test_events_can_be_replaced(locust):
    before = events.events
    fresh = events.Events()
    with mock.patch.object(locust, "events", fresh):
        assert events.events is fresh
    assert locust.events is before is events.events


def test_the_flag_of_unhandled_exceptions(locust, monkeypatch):
    monkeypatch.setattr(events, "unhandled_exception", False)
    assert locust.log.unhandled_greenlet_exception is False
    events.note_unhandled_exception()
    assert locust.log.unhandled_greenlet_exception is True
    locust.log.unhandled_greenlet_exception = False
    assert events.unhandled_exception is False


def test_a_name_that_is_nowhere_is_an_attribute_error(locust):
    with pytest.raises(AttributeError, match="has no attribute 'NO_SUCH_THING'"):
        _ = locust.runners.NO_SUCH_THING


def test_wrong_percentiles_are_a_sentence(locust, monkeypatch):
    from katydid.errors import UsageError

    locust.stats.validate_stats_configuration()
    monkeypatch.setattr(tunables, "PERCENTILES_TO_CHART", [0.5, 95])
    with pytest.raises(UsageError, match=r"stats\.PERCENTILES_TO_CHART holds 95; percentiles are"):
        locust.stats.validate_stats_configuration()
    monkeypatch.setattr(tunables, "PERCENTILES_TO_CHART", [0.1] * 7)
    with pytest.raises(UsageError, match="has 7 percentiles; 6 is the most"):
        locust.stats.validate_stats_configuration()
