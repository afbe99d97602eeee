#!/usr/bin/env bash
# `make e2e`: the end-to-end tests on a real cluster. Brings up a cluster (tools/cluster.sh) and
# builds the images if they are missing; what this started is ended again, whatever happens.
#   tools/e2e.sh [PYTEST ARGUMENTS]
#   tools/e2e.sh --cannot  print why they cannot run here; nothing where they can
#   KATYDID_E2E_PARALLEL   tests at a time (4): most of their time is waiting
set -eu -o pipefail
cd "$(dirname "$0")/.."
at_once=${KATYDID_E2E_PARALLEL:-4} child='' owns_cluster=''

cannot() {
  case $(tools/cluster.sh kind) in
    none) echo "no cluster can be had: set KUBECONFIG, or install Docker and kind, or be root on Debian with Go" ;;
    given) [ -n "${KATYDID_IMAGE_PREFIX:-}" ] || echo "KUBECONFIG's cluster pulls its images: set KATYDID_IMAGE_PREFIX to a registry for them" ;;
  esac
}
[ "${1:-}" != --cannot ] || { cannot; exit; }

finish() {
  trap '' INT TERM  # what was started is ended, however impatient somebody is
  if [ -n "$child" ]; then
    [ -n "$owns_cluster" ] || { kill -INT "$child" && wait "$child"; } 2>/dev/null || true  # it cleans up
    kill -TERM -- "-$child" 2>/dev/null || true
  fi
  [ -z "$owns_cluster" ] || tools/cluster.sh down
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

waited() { # COMMAND…: a group of processes of its own, so that a signal is seen, and passed on, at once
  local code=0
  set -m; "$@" & child=$!; set +m
  wait "$child" || code=$?
  child=''
  return "$code"
}

failed=''
tests() { # TITLE PYTEST ARGUMENTS…
  local code=0
  printf -- '-- %s\n' "$1"; shift
  waited .venv/bin/python -m pytest -q "$@" || code=$?
  [ "$code" = 0 ] || [ "$code" = 5 ] || failed=yes  # 5: the arguments left none of this group
}

if ! tools/cluster.sh running; then
  owns_cluster=yes
  waited tools/cluster.sh up </dev/null
fi
eval "$(tools/cluster.sh env)"
waited tools/images.sh </dev/null
# What is missing says so; the tests of the page, and of Prometheus, are then skipped.
tools/test-ui.sh get </dev/null || true
tools/prometheus.sh get </dev/null || true

tests "the ground: nodes, image, the resource's rules" -n "$at_once" --dist loadscope -m e2e tests/e2e --ignore=tests/e2e/operator "$@"
tests "LoadTests, side by side" -n "$at_once" -m "e2e and not alone" tests/e2e/operator "$@"
tests "what disturbs others, by itself" -m "e2e and alone" tests/e2e/operator "$@"
[ -z "$failed" ]
