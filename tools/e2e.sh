#!/usr/bin/env bash
# `make e2e`: the end-to-end tests on a real cluster. Brings up a cluster (tools/cluster.sh) and
# builds the images if they are missing; what this started is ended again. Arguments go to pytest.
set -eu -o pipefail
cd "$(dirname "$0")/.."

if ! tools/cluster.sh running; then
  trap 'tools/cluster.sh down' EXIT
  tools/cluster.sh up
fi
eval "$(tools/cluster.sh env)"
tools/images.sh
.venv/bin/python -m pytest -q -m e2e tests/e2e "$@"
