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
# patched for gevent from the start. A group that fails lets the others run and fails at the end.
failed=()
engine() { $bin/coverage run -m pytest -p katydid._patch -q "$@"; }
log=$(mktemp)
engine tests/runner/faults tests/runner/demo tests/runner/run tests/runner/metrics >"$log" 2>&1 &
beside=$!
trap 'kill $beside 2>/dev/null || true; rm -f "$log"' EXIT
step "engine: command line, broken input"
engine tests/runner/cli tests/runner/broken || failed+=(cli)
step "engine: parts"
engine tests/runner tests/compat tests/contract \
  --ignore={tests/runner/faults,tests/runner/demo,tests/runner/run,tests/runner/metrics} \
  --ignore={tests/runner/cli,tests/runner/broken} || failed+=(parts)
step "engine: faults, examples, runs, metrics"
wait $beside || failed+=(faults)
cat "$log"
step "operator"  # asyncio: a process of its own, without gevent
$bin/coverage run --concurrency=thread --source=katydid_operator -m pytest -q tests/operator tests/operator_kubectl ||
  failed+=(operator)
step "web page and report"  # in a browser
code=0; tools/test-ui.sh || code=$?
[ $code = 0 ] || [ $code = 75 ] || failed+=(ui)

step "chart"
$bin/python -m pytest -q tests/chart || failed+=(chart)

step "coverage"
$bin/coverage combine --quiet
$bin/coverage report | tail -n 60 || failed+=(coverage)

step "left out"
command -v helm >/dev/null || ls ~/.cache/katydid-cluster/bin-*/helm >/dev/null 2>&1 ||
  echo "What Helm renders of the chart: there is no helm here (\`make cluster\` builds one)."
[ $code != 75 ] || echo "The web page and the report in a browser: what it needs is told above."
command -v promtool >/dev/null || echo "promtool's view of the metrics: there is no promtool here."
echo "The tests on a real cluster: \`make e2e\` runs them (it builds Kubernetes once, about 10 minutes)."

if [ ${#failed[@]} -gt 0 ]; then
  printf '\nFailed: %s\n' "${failed[*]}"
  exit 1
fi
