/** Checks a delta where it was brought, in a POSIX shell. */

import { basename } from "node:path";
import type { Delta } from "../image/delta.ts";
import { quoted, shownName } from "./beside.ts";
import {
  baseLines,
  COMMANDS,
  type DeltaCheckOptions,
  layerLines,
  orList,
} from "./delta_check.ts";

/**
 * The script for a POSIX shell: dash, busybox and whatever else. It names the
 * layers that are missing, and ends with 1 then; with 2 where it cannot ask.
 */
export function deltaShellScript(
  { path, size, delta, chains, programs }: DeltaCheckOptions,
): string {
  const shown = shownName(path);
  return `#!/bin/sh
# ${shown} is a delta: it lacks layers that its target has to have.
# This asks the target for them, names those that are missing, and ends with 1
# then. It asks ${orList(programs)}, or by the command behind it:
#   sh ./FILE.check.sh docker -H ssh://me@server
#   sh ./FILE.check.sh sudo ctr -n k8s.io
#   sh ./FILE.check.sh docker exec kind-control-plane ctr -n k8s.io
name=${quoted(basename(path))}
size=${size ?? ""}
# echo takes a backslash for more than that in some shells
say() { printf '%s\\n' "$*"; }
fail() {
  say "$*" >&2
  exit 2
}
file="$(dirname "$0")/$name"
if [ -n "$size" ] && [ -f "$file" ] &&
  [ "$(wc -c <"$file" | tr -d ' ')" != "$size" ]; then
  fail "$name is another file than the one that this was made with"
fi
if [ $# -eq 0 ]; then
${
    programs.map((program, n) =>
      `  ${n > 0 ? "el" : ""}if command -v ${program} >/dev/null 2>&1; then ` +
      `set -- ${COMMANDS[program]}`
    ).join("\n")
  }
  else
    fail "there is no ${
    orList(programs)
  }; name the command that asks, as in:" \\
      "sh $0 sudo ctr -n k8s.io"
  fi
fi
kind=
for word in "$@"; do
  case \${word##*/} in
  docker | docker.exe) kind=docker ;;
  podman | podman.exe) kind=podman ;;
  crictl) kind=crictl ;;
  ctr | ctr[0-9]*) kind=ctr ;;
  esac
done
[ -n "$kind" ] || fail "docker, podman, ctr or crictl can be asked, not: $*"
cannot="cannot ask: $*"
if [ $kind = docker ]; then
  case $("$@" --version 2>/dev/null) in *podman*) kind=podman ;; esac
fi
# inspect FORMAT: a line for each image
inspect() {
  format=$1
  shift
  ids=$("$@" image ls -aq --no-trunc) || return 1
  [ -n "$ids" ] || return 0
  printf '%s\\n' "$ids" | sort -u |
    xargs "$@" image inspect -f "$format" 2>/dev/null || :
}
# The images that are there, the blobs, or the layers on each other.
images=
blobs=
stacks=
case $kind in
ctr) blobs=$("$@" content ls -q) || fail "$cannot" ;;
crictl) images=$("$@" images -o json) || fail "$cannot" ;;
podman)
  images=$(inspect '{{.Digest}} {{json .RepoDigests}}' "$@") || fail "$cannot"
  ;;
docker)
  store=$("$@" info -f '{{json .DriverStatus}}') || fail "$cannot"
  case $store in
  *io.containerd.*)
    kind=content
    images=$(inspect '{{.Id}} {{json .RepoDigests}}' "$@") || fail "$cannot"
    ;;
  *)
    stacks=$(inspect '{{json .RootFS.Layers}}' "$@") || fail "$cannot"
    stacks=$(printf '%s\\n' "$stacks" | tr ']' ',')
    ;;
  esac
  ;;
esac
# Which layers images have that are there, by their numbers.
there=,
while read -r numbers digests; do
  for digest in $digests; do
    case $images in *"$digest"*) there="$there$numbers," ;; esac
  done
done <<'BASE'
${baseLines(delta).join("\n")}
BASE
# Which layers do not lie where Docker looks for them, by their diffIDs.
gone=' '
while read -r chain; do
  [ $kind = docker ] || break
  stack='['
  for id in $chain; do
    stack="$stack\\"$id\\","
    printf '%s\\n' "$stacks" | grep -qF -- "$stack" || gone="$gone$id "
  done
done <<'CHAINS'
${chains.map((chain) => chain.join(" ")).join("\n")}
CHAINS
# has NUMBER DIGEST DIFFID
has() {
  case $kind in
  ctr) case $blobs in *"$2"*) return 0 ;; esac ;;
  docker) case $gone in *" $3 "*) ;; *) return 0 ;; esac ;;
  *) case $there in *",$1,"*) return 0 ;; esac ;;
  esac
  return 1
}
count=0
missing=0
while read -r digest id bytes; do
  if ! has "$count" "$digest" "$id"; then
    echo "missing: $digest, $bytes bytes (diffID $id)"
    missing=$((missing + 1))
  fi
  count=$((count + 1))
done <<'LAYERS'
${layerLines(delta).join("\n")}
LAYERS
if [ $missing -gt 0 ]; then
  say "$missing of the $count layers that $name lacks are not there" >&2
  case $kind in
  content | podman | crictl)
    say "(they are known by the images here: ${
    baseNames(delta).join(", ") || "none"
  })" >&2
    ;;
  esac
  [ $kind != content ] ||
    say "(where ctr is, it tells more: sh $0 ctr -n moby)" >&2
  exit 1
fi
say "ok: all $count layers that $name lacks are there"
`;
}

/** The images that it was measured against, as a comment or message has them. */
function baseNames({ base }: Delta): string[] {
  return base.filter(({ layers }) => layers.length)
    .flatMap(({ name }) => name ?? [])
    .map((name) => name.replace(/[^\w.:/@-]/g, "?"));
}
