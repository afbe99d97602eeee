"""The Service that leads to the master of the current run."""

from __future__ import annotations

from katydid_operator import names
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.resources.labels import metadata, selector


def master_service(test: LoadTest, run: int, version: str) -> Json:
    """Headless; it names pods that are not ready, since workers connect before load runs."""
    ports = [
        {
            "name": name,
            "port": port,
            "targetPort": name,
            "protocol": "TCP",
            "appProtocol": names.PORT_PROTOCOLS[name],
        }
        for name, port in names.PORTS.items()
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(test, run, names.master_service(test.name), version, names.MASTER),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": selector(test, run, names.MASTER),
            "ports": ports,
        },
    }
