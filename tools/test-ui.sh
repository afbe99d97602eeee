#!/usr/bin/env bash
# tests/ui: the page and the report in Debian's chromium, against the real engine, and held against
# the other outputs of a run. Exit 75 with a sentence where the browser, Node or its packages cannot
# be had; arguments go to npm.
#   tools/test-ui.sh get   only get the browser and the packages
set -eu -o pipefail
cd "$(dirname "$0")/.."
page() { .venv/bin/python runner/ui/build_ui.py "$@"; }

if ! command -v chromium >/dev/null; then
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "There is no chromium here, and only root can install it with apt."
    exit 75
  fi
  echo "Installing chromium …"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null ||
    { echo "apt cannot install chromium here."; exit 75; }
fi
page
[ -d tests/ui/node_modules ] || page npm tests/ui ci
[ "${1:-}" != get ] || exit 0
[ -d runner/ui/node_modules ] || page npm runner/ui ci
page npm runner/ui run check
page npm tests/ui run test "$@"
# Page and report, as shown, say what all other outputs of a run say.
BROWSER_REQUIRED=1 .venv/bin/python -m pytest -p katydid._patch -q tests/runner/agreement -k shown
