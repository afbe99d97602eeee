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
step "coverage"
$bin/coverage combine --quiet
$bin/coverage report | tail -n 60

step "left out"
echo "End-to-end tests on a cluster: \`make e2e\` runs them. The operator is being built; this command"
echo "will include them when it is done."
