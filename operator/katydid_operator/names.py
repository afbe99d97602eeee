"""Every name that the operator gives or looks for: API, children, labels, files, ports, variables.

Nothing here decides anything. The engine has its own copy of what it must agree on (files, ports,
variables); `tests/contract` compares the two.
"""

from __future__ import annotations

GROUP = "katydid.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "LoadTest"
PLURAL = "loadtests"
FIELD_MANAGER = "katydid-operator"

CONTAINER = "katydid"
MASTER = "master"
WORKER = "worker"
SPEC_KEY = "loadtest.yaml"
SEED_KEY = "seed"
RESULTS_KEY = "results.tar.gz"

LABEL_NAME = "app.kubernetes.io/name"
LABEL_INSTANCE = "app.kubernetes.io/instance"
LABEL_COMPONENT = "app.kubernetes.io/component"
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
LABEL_VERSION = "app.kubernetes.io/version"
LABEL_LOADTEST = f"{GROUP}/loadtest"
LABEL_RUN = f"{GROUP}/run"
LABEL_ROLE = f"{GROUP}/component"
COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"

KEEP_ANNOTATIONS = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}
"""What keeps autoscalers from evicting a pod while it makes load."""

DIRECTORY = "/katydid"
SPEC_FILE = f"{DIRECTORY}/{SPEC_KEY}"
SOURCE_DIRECTORY = f"{DIRECTORY}/src"
STATE_DIRECTORY = f"{DIRECTORY}/state"
RESULTS_DIRECTORY = f"{STATE_DIRECTORY}/results"
READY_FILE = f"{STATE_DIRECTORY}/ready"
CHECKOUT_DIRECTORY = f"{DIRECTORY}/checkout"
GIT_CREDENTIALS_DIRECTORY = f"{DIRECTORY}/git-credentials"
TERMINATION_LOG = "/dev/termination-log"

PORTS = {"rpc": 5557, "http": 8089, "metrics": 9646}
PORT_PROTOCOLS = {"rpc": "kubernetes.io/tcp", "http": "http", "metrics": "http"}
"""appProtocol of each port: a mesh that guesses would treat ZeroMQ as HTTP."""

SEED_VARIABLE = "KATYDID_CURVE_SEED"
RUN_VARIABLE = "KATYDID_RUN"
NAMESPACE_VARIABLE = "KATYDID_NAMESPACE"
MASTER_HOST_VARIABLE = "KATYDID_MASTER_HOST"
WORKER_ID_VARIABLE = "KATYDID_WORKER_ID"
SUMMARY_BYTES_VARIABLE = "KATYDID_SUMMARY_BYTES"
METRICS_PORT_VARIABLE = "KATYDID_METRICS_PORT"


def source_config_map(test: str, run: int, index: int) -> str:
    return f"{test}-{run}-src-{index}"


def spec_config_map(test: str, run: int) -> str:
    return f"{test}-{run}-spec"


def results_config_map(test: str) -> str:
    """One per test: it holds the results of the latest finished run only."""
    return f"{test}-results"


def key_secret(test: str, uid: str, fingerprint: str) -> str:
    """With the seed's fingerprint: a new operator key makes new Secrets, as none can be changed."""
    return f"{test}-keys-{uid[:8]}-{fingerprint}"


def master_pod(test: str, run: int) -> str:
    return f"{test}-{run}-master"


def worker_job(test: str, run: int) -> str:
    return f"{test}-{run}-worker"


def master_service(test: str) -> str:
    return f"{test}-master"


def master_host(test: str, namespace: str) -> str:
    """DNS name of the master, short of the cluster's domain, which the operator cannot know."""
    return f"{master_service(test)}.{namespace}.svc"
