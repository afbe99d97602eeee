#!/usr/bin/env bash
# `make images`: build the images (Dockerfile) with docker, podman or buildah, whichever is here,
# and put them into the cluster of tools/cluster.sh if it runs.
#   BASE_IMAGE             the base; default: the Dockerfile's, or where it cannot be pulled a
#                          Debian of our own (debootstrap)
#   KATYDID_IMAGE_PREFIX   default localhost; any other is a registry, and the images are pushed
#   KATYDID_IMAGE_TAG      default dev
set -eu -o pipefail
cd "$(dirname "$0")/.."
prefix=${KATYDID_IMAGE_PREFIX:-localhost} tag=${KATYDID_IMAGE_TAG:-dev}
archives=.tools/images
certificates=/etc/ssl/certs/ca-certificates.crt
export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot} DOCKER_BUILDKIT=1

say() { echo "images: $*" >&2; }

packages() {
  dpkg -s "$@" >/dev/null 2>&1 && return
  say "installing $*"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

builder() {
  if docker info >/dev/null 2>&1; then echo docker
  elif command -v podman >/dev/null; then echo podman
  elif command -v buildah >/dev/null; then echo buildah
  elif command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then packages buildah; echo buildah
  else say "needs docker, podman or buildah"; exit 1; fi
}

base() { # the base image to build on; nothing: the Dockerfile's default
  local own=localhost/katydid-base:bookworm folder
  if [ -n "${BASE_IMAGE:-}" ]; then echo "$BASE_IMAGE"; return; fi
  [ "$tool" = buildah ] || return 0
  if ! buildah inspect --type image "$own" >/dev/null 2>&1; then
    buildah pull -q "docker://$(sed -n 's/^ARG BASE_IMAGE=//p' Dockerfile)" >/dev/null 2>&1 && return
    packages debootstrap
    say "the default base cannot be pulled: making one of Debian packages (a minute)"
    folder=$(mktemp -d)
    debootstrap --variant=minbase --include=python3,python3-venv bookworm "$folder" >"$archives/debootstrap.log" 2>&1 ||
      { say "debootstrap failed: see $archives/debootstrap.log"; exit 1; }
    rm -rf "$folder"/var/cache/apt/archives/*.deb "$folder"/var/lib/apt/lists/*
    from_folder "$folder" "$own"
    rm -rf "$folder"
  fi
  echo "$own"
}

from_folder() { # FOLDER IMAGE
  local container
  container=$(buildah from scratch)
  buildah add -q "$container" "$1" / >/dev/null
  buildah commit -q --rm "$container" "$2" >/dev/null
}

build() { # TARGET
  local options=(--target "$1" --tag "$prefix/katydid-$1:$tag" --build-arg "VERSION=$version")
  [ -z "$base" ] || options+=(--build-arg "BASE_IMAGE=$base")
  [ ! -s "$certificates" ] || options+=(--secret "id=certificates,src=$certificates")
  for file in /etc/pip.conf "$HOME/.config/pip/pip.conf"; do
    [ ! -s "$file" ] || options+=(--secret "id=pip,src=$file")
  done
  [ "$tool" = docker ] || options+=(--layers --format docker)
  "$tool" build "${options[@]}" "$context"
}

archive() { # TARGET FILE
  case $tool in
    buildah) buildah push -q "$prefix/katydid-$1:$tag" "docker-archive:$2:$prefix/katydid-$1:$tag" ;;
    *) "$tool" save -o "$2" "$prefix/katydid-$1:$tag" ;;
  esac
}

id_of() { # TARGET
  case $tool in
    buildah) buildah inspect --type image --format '{{.FromImageID}}' "$prefix/katydid-$1:$tag" ;;
    *) "$tool" image inspect --format '{{.Id}}' "$prefix/katydid-$1:$tag" ;;
  esac
}

mkdir -p "$archives"
context=$(mktemp -d)  # both images are of the same files, whatever is edited meanwhile
trap 'rm -rf "$context"' EXIT
cp -a Dockerfile .dockerignore pyproject.toml constraints.txt README.md LICENSE crds runner operator "$context"
mkdir "$context/tools"; cp -a tools/image "$context/tools/"
tool=$(builder) base=$(base)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
say "building with $tool${base:+ on $base}"
for target in runner operator; do
  build "$target" >"$archives/$target.log" 2>&1 || { tail -n 30 "$archives/$target.log" >&2; say "see $archives/$target.log"; exit 1; }
  say "$prefix/katydid-$target:$tag is built"
  if [ "$prefix" != localhost ]; then
    "$tool" push "$prefix/katydid-$target:$tag"
  elif [ "${1:-}" != --no-load ] && [[ $(tools/cluster.sh kind) == @(own|kind) ]] && tools/cluster.sh running; then
    id=$(id_of "$target") file=$archives/$target-${id#sha256:}; file=${file:0:40}.tar
    if [ ! -e "$file" ]; then rm -f "$archives/$target"-*; archive "$target" "$file.part"; mv "$file.part" "$file"; fi
    tools/cluster.sh image "$file"
    say "… and in the cluster"
  fi
done
