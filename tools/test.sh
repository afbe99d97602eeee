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
step "engine"  # patched for gevent from the start
$bin/coverage run -m pytest -p katydid._patch -q tests/runner tests/compat tests/contract
if [ -d tests/operator ]; then
  step "operator"  # asyncio: a process of its own, without gevent
  $bin/coverage run --concurrency=thread --source=katydid_operator -m pytest -q tests/operator
fi
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
