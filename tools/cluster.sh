#!/usr/bin/env bash
# A Kubernetes cluster to try Katydid on. Which one, the first that applies:
#   given   the one that KUBECONFIG names
#   kind    where a Docker engine answers and `kind` is installed
#   own     the project's own (cluster/README.md): Linux, root, Go
# Usage: tools/cluster.sh up | down | kind | running | env | image ARCHIVE
#   up       start it unless it runs, say how to use it
#   down     end what `up` started; a given cluster is left alone
#   kind     print given, kind, own or none
#   running  true when it answers
#   env      print the shell lines that point kubectl and helm at it
#   image    load an image archive into its node; fails for a given cluster, which pulls
set -eu -o pipefail
cd "$(dirname "$0")/.."
name=katydid
kind_config=$PWD/.tools/kind.kubeconfig

say() { echo "$*" >&2; }

kind_of() {
  if [ -n "${KUBECONFIG:-}" ]; then
    if [ "$KUBECONFIG" = "$(own_config)" ]; then echo own
    elif [ "$KUBECONFIG" = "$kind_config" ]; then echo kind
    else echo given; fi
  elif command -v kind >/dev/null && docker info >/dev/null 2>&1; then echo kind
  elif [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] && command -v go >/dev/null && command -v apt-get >/dev/null &&
    unshare --mount true 2>/dev/null; then echo own  # root of a container without rights is none
  else echo none; fi
}

own_config() { cluster/cluster env | sed -n 's/.*KUBECONFIG=\([^ ]*\).*/\1/p'; }

env_of() {
  case $(kind_of) in
    given) echo "export KUBECONFIG=$KUBECONFIG" ;;
    kind) echo "export KUBECONFIG=$kind_config" ;;
    own) cluster/cluster env ;;
  esac
}

running() {
  [ "$(kind_of)" != none ] || return 1
  eval "$(env_of)"
  [ -s "${KUBECONFIG%%:*}" ] && kubectl get --raw /readyz --request-timeout=5s >/dev/null 2>&1
}

up() {
  case $(kind_of) in
    given)
      running || { say "The cluster that KUBECONFIG names ($KUBECONFIG) does not answer."; exit 1; }
      say "Using the cluster that KUBECONFIG names: $(kubectl config current-context)." ;;
    kind)
      mkdir -p .tools
      running || kind create cluster --name "$name" --kubeconfig "$kind_config" --wait 120s >&2
      say "A kind cluster runs. Use it: eval \"\$(tools/cluster.sh env)\"   End it: make cluster-down" ;;
    own)
      cluster/cluster up
      say "The project's own cluster runs. Use it: eval \"\$(tools/cluster.sh env)\"   End it: make cluster-down" ;;
    none)
      say "No cluster can be had here: set KUBECONFIG, or install Docker and kind, or be root on Debian with Go (cluster/README.md)."
      exit 1 ;;
  esac
}

down() {
  case $(kind_of) in
    given) say "The cluster that KUBECONFIG names was not started by this; it is left alone." ;;
    kind) kind delete cluster --name "$name" --kubeconfig "$kind_config" >&2; rm -f "$kind_config" ;;
    own) cluster/cluster down ;;
    none) ;;
  esac
}

image() { # ARCHIVE
  case $(kind_of) in
    kind) kind load image-archive "$1" --name "$name" >&2 ;;
    own) cluster/cluster image "$1" >/dev/null ;;
    *) say "This cluster pulls its images: set KATYDID_IMAGE_PREFIX to a registry that it can pull from."; return 1 ;;
  esac
}

case ${1:-} in
  up | down | running) "$1" ;;
  kind) kind_of ;;
  env) env_of ;;
  image) image "${2:?an image archive}" ;;
  *) sed -n 2,12p "$0"; exit 64 ;;
esac
