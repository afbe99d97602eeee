#!/usr/bin/env bash
# `make test`: the tests that this machine can run, then what was left out and why.
set -eu -o pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
step() { printf '\n== %s  (after %d min %d s)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60)); }

step "lint";   $bin/ruff check . ; $bin/ruff format --check .
step "types";  $bin/mypy
step "layers"; $bin/lint-imports

step "page"; make ui || echo "Without Node the engine's plain page and report take its place."

logs=$(mktemp -d)
building='' beside=''
trap 'kill $building $beside 2>/dev/null || true; rm -rf "$logs"' EXIT

# What later steps need is fetched and built beside the tests, at the lowest priority: Kubernetes
# alone takes about 10 minutes once. A build that fails is tried again, and heard, by its step.
no_cluster=$(tools/e2e.sh --cannot)
prepare() {
  tools/prometheus.sh get || true
  [ -z "$no_cluster" ] || return 0
  [ "$(tools/cluster.sh kind)" != own ] || cluster/cluster build || true
  tools/images.sh --no-load || true
}
nice -n 19 bash -c "$(declare -f prepare); no_cluster='$no_cluster' prepare" >"$logs/building" 2>&1 </dev/null &
building=$!

rm -f .coverage .coverage.*
# Most tests of processes wait for real seconds, so the others run beside them. The engine's are
# patched for gevent from the start, the operator's are not: never in one process. A group that
# fails lets the others run and fails at the end.
failed=()
engine() { $bin/coverage run -m pytest -p katydid._patch -q "$@"; }
engine tests/runner/faults tests/runner/demo tests/runner/run tests/runner/metrics >"$logs/beside" 2>&1 &
beside=$!
step "engine: command line, broken input"
engine tests/runner/cli tests/runner/broken || failed+=(cli)
step "engine: parts"
engine tests/runner tests/compat tests/contract tests/docs \
  --ignore={tests/runner/faults,tests/runner/demo,tests/runner/run,tests/runner/metrics} \
  --ignore={tests/runner/cli,tests/runner/broken} || failed+=(parts)
step "operator"
$bin/coverage run --concurrency=thread --source=katydid_operator -m pytest -q tests/operator tests/operator_kubectl ||
  failed+=(operator)
step "engine: faults, examples, runs, metrics"
wait $beside || failed+=(faults)
beside=''
cat "$logs/beside"

step "what the next steps need"
wait $building || true
building=''
tail -n 5 "$logs/building"

step "metrics: dashboards and alerts, by a real Prometheus"
engine tests/metrics_prometheus || failed+=(metrics)
step "web page and report, in a real browser"
no_browser=0
tools/test-ui.sh || no_browser=$?
[ $no_browser = 0 ] || [ $no_browser = 75 ] || failed+=(ui)
step "chart"
$bin/python -m pytest -q tests/chart || failed+=(chart)
step "end to end, on Kubernetes"
[ -n "$no_cluster" ] || tools/e2e.sh || failed+=(Kubernetes)

step "coverage"
$bin/coverage combine --quiet
$bin/coverage report | tail -n 60 || failed+=(coverage)

step "left out"
command -v helm >/dev/null || ls ~/.cache/katydid-cluster/bin-*/helm >/dev/null 2>&1 ||
  echo "What Helm renders of the chart: there is no helm here (\`make cluster\` builds one)."
tools/prometheus.sh bin >/dev/null ||
  echo "What Prometheus makes of metrics, dashboards and alerts: it could not be fetched here."
[ $no_browser != 75 ] || echo "The web page and the report in a browser: what it needs is told above."
[ -z "$no_cluster" ] || echo "The end-to-end tests on Kubernetes: $no_cluster."

step "done"
if [ ${#failed[@]} -gt 0 ]; then
  printf '\nFailed: %s\n' "${failed[*]}"
  exit 1
fi
