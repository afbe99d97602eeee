#!/usr/bin/env bash
# `make test`: every test that this machine can run, then what was left out and why.
set -eu -o pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
export HYPOTHESIS_PROFILE=ci COVERAGE_FILE=.coverage
step() { printf '\n== %s\n' "$1"; }

step "lint";   $bin/ruff check . ; $bin/ruff format --check .
step "types";  $bin/mypy
step "layers"; $bin/lint-imports
step "tests"
rm -f .coverage .coverage.*
$bin/coverage run -m pytest -p katydid._patch -q tests
$bin/coverage combine --quiet
$bin/coverage report | tail -n 40

step "left out"
echo "Nothing: this part of Katydid needs no cluster, browser or other service."
