#!/usr/bin/env bash
# Prometheus and promtool for tests: those on the PATH, or Debian's package unpacked into .tools.
# Unpacked, not installed: the package would start a service on the machine. Root is only needed
# where apt has no package lists yet.
# Usage: tools/prometheus.sh get | bin
#   get   fetch them unless they are there; fails with a sentence where they cannot be had
#   bin   print the folder that holds both; fails where there is none
set -eu -o pipefail
cd "$(dirname "$0")/.."
unpacked=$PWD/.tools/prometheus/usr/bin

bin() {
  if [ -x "$unpacked/prometheus" ] && [ -x "$unpacked/promtool" ]; then echo "$unpacked"
  elif command -v prometheus >/dev/null && command -v promtool >/dev/null; then dirname "$(command -v prometheus)"
  else return 1; fi
}

get() {
  bin >/dev/null && return
  if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "There is no prometheus here, and no apt to fetch it with: put prometheus and promtool on the PATH." >&2
    return 1
  fi
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  (cd "$work" && apt-get -qq download prometheus 2>/dev/null) ||
    { [ "$(id -u)" = 0 ] && apt-get -qq update >/dev/null && (cd "$work" && apt-get -qq download prometheus 2>/dev/null); } ||
    { echo "apt cannot fetch the package prometheus (as root, \`apt-get update\` may help)." >&2; return 1; }
  dpkg-deb -x "$work"/prometheus_*.deb "$work/root"
  mkdir -p .tools/prometheus/usr/bin
  mv "$work"/root/usr/bin/prom* "$unpacked/"
  "$unpacked/promtool" --version 2>&1 | head -n 1
}

case ${1:-} in
  get | bin) "$1" ;;
  *) sed -n 2,8p "$0"; exit 64 ;;
esac
