from __future__ import annotations

import pytest

from katydid_operator import settings
from katydid_operator.errors import SettingsError


def test_every_variable_is_read() -> None:
    found = settings.from_environment(
        {
            "KATYDID_RUNNER_IMAGE": "runner@sha256:1",
            "KATYDID_WATCH_NAMESPACES": "b, a,,b",
            "KATYDID_IGNORE_NAMESPACES": "c",
            "KATYDID_MASTER_RESOURCES": '{"requests": {"cpu": "1"}}',
            "KATYDID_HTTP_PORT": "9090",
            "KATYDID_POLL_SECONDS": "2.5",
            "KATYDID_OPERATOR_NAMESPACE": "katydid",
        }
    )
    assert found.runner_image == "runner@sha256:1"
    assert found.watch_namespaces == ("a", "b")
    assert found.ignore_namespaces == ("c",)
    assert found.master_resources == {"requests": {"cpu": "1"}}
    assert found.worker_resources == {}
    assert (found.http_port, found.poll_seconds, found.namespace) == (9090, 2.5, "katydid")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "KATYDID_RUNNER_IMAGE is not set"),
        ({"KATYDID_RUNNER_IMAGE": "r", "KATYDID_HTTP_PORT": "web"}, "KATYDID_HTTP_PORT='web'"),
        ({"KATYDID_RUNNER_IMAGE": "r", "KATYDID_POD_DEFAULTS": "[]"}, "not a JSON object"),
    ],
)
def test_a_wrong_variable_is_named(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        settings.from_environment(variables)
