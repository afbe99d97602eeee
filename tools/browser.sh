#!/usr/bin/env bash
# Debian's chromium for tests/ui: exit 0 when a chromium is there, with it installed if need be;
# exit 1 with a sentence where it cannot be had.
set -eu -o pipefail
command -v chromium >/dev/null && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "There is no chromium here, and only root can install it with apt."
  exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
