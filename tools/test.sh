#!/usr/bin/env bash
# `make test`: every test that this machine can run, then what was left out and why.
set -eu -o pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
step() { printf '\n== %s\n' "$1"; }

step "lint";   $bin/ruff check . ; $bin/ruff format --check .
step "types";  $bin/mypy
step "layers"; $bin/lint-imports

rm -f .coverage .coverage.*
# Most tests of processes wait for real seconds, so two groups run beside each other. Both are
# patched for gevent from the start.
engine() { $bin/coverage run -m pytest -p katydid._patch -q "$@"; }
log=$(mktemp)
engine tests/runner/faults tests/runner/demo tests/runner/run tests/runner/metrics >"$log" 2>&1 &
beside=$!
trap 'kill $beside 2>/dev/null; rm -f "$log"' EXIT
step "engine: command line, broken input"
engine tests/runner/cli tests/runner/broken
step "engine: parts"
engine tests/runner tests/compat tests/contract \
  --ignore={tests/runner/faults,tests/runner/demo,tests/runner/run,tests/runner/metrics} \
  --ignore={tests/runner/cli,tests/runner/broken}
step "engine: faults, examples, runs, metrics"
wait $beside || failed=1
cat "$log"
[ -z "${failed:-}" ]

step "operator"  # asyncio: a process of its own, without gevent
$bin/coverage run --concurrency=thread --source=katydid_operator -m pytest -q tests/operator
step "chart"
$bin/python -m pytest -q tests/chart

step "coverage"
$bin/coverage combine --quiet
$bin/coverage report | tail -n 60

step "left out"
command -v helm >/dev/null || ls ~/.cache/katydid-cluster/bin-*/helm >/dev/null 2>&1 ||
  echo "What Helm renders of the chart: there is no helm here (\`make cluster\` builds one)."
command -v promtool >/dev/null || echo "promtool's view of the metrics: there is no promtool here."
echo "The tests on a real cluster: \`make e2e\` runs them (it builds Kubernetes once, about 10 minutes)."
