/**
 * What lies beside a delta: scripts that ask the target, where nothing but its
 * own programs is, whether it has the layers that the delta lacks.
 */

import { basename } from "node:path";
import type { Delta } from "../image/delta.ts";
import {
  powershellMark,
  quoted,
  quotedForPowershell,
  shownName,
} from "./beside.ts";

/** A program that tells what a target has. */
export type AskedProgram = "docker" | "podman" | "ctr" | "k3s" | "crictl";

/** What a delta is checked for. */
export interface DeltaCheckOptions {
  /** The delta's path. */
  path: string;
  /** Its bytes, where it is one file. */
  size?: number;
  /** What it lacks. */
  delta: Delta;
  /**
   * The diffIDs of each of its images, lowest first, up to the last one that it
   * lacks: Docker's graph drivers must have them in that order.
   */
  chains: readonly (readonly string[])[];
  /** The programs that are looked for where none is named. */
  programs: readonly AskedProgram[];
}

/** The command that each program is asked by. */
const COMMANDS: Readonly<Record<AskedProgram, string>> = {
  docker: "docker",
  podman: "podman",
  ctr: "ctr",
  k3s: "k3s ctr",
  crictl: "crictl",
};

/** Each layer: its digests and its size. */
function layerLines({ layers }: Delta): string[] {
  return layers.map(({ digest, diffId, size }) =>
    `${digest} ${diffId} ${size}`
  );
}

/** Each image that has some of them with the same bytes: which, and its digests. */
function baseLines({ base }: Delta): string[] {
  return base.filter(({ digests, layers }) => digests.length && layers.length)
    .map(({ digests, layers }) => `${layers.join()} ${digests.join(" ")}`);
}

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

/** The same for PowerShell, Windows' own and that of others. */
export function deltaPowershellScript(
  { path, size, delta, chains, programs }: DeltaCheckOptions,
): string {
  const list = (lines: readonly string[]) =>
    `@(${lines.map((line) => `\n  ${quotedForPowershell(line)}`).join(",")}\n)`;
  return powershellMark(path) +
    `# ${
      shownName(path)
    } is a delta: it lacks layers that its target has to have.
# This asks the target for them, names those that are missing, and ends with 1
# then. It asks ${orList(programs)}, or by the command behind it:
#   .\\FILE.check.ps1 docker -H ssh://me@server
#   .\\FILE.check.ps1 wsl ctr -n k8s.io
$ErrorActionPreference = 'Stop'
$name = ${quotedForPowershell(basename(path))}
$size = ${size ?? -1}
$layers = ${list(layerLines(delta))}
$bases = ${list(baseLines(delta))}
$chains = ${list(chains.map((chain) => chain.join(" ")))}
$programs = ${list(programs.map((program) => COMMANDS[program]))}
function Stop-Check([string]$why) {
  Write-Host $why
  exit 2
}
$file = Join-Path $PSScriptRoot $name
if ($size -ge 0 -and (Test-Path -LiteralPath $file -PathType Leaf)) {
  if ((Get-Item -LiteralPath $file).Length -ne $size) {
    Stop-Check "$name is another file than the one that this was made with"
  }
}
$words = @($args)
if ($words.Count -eq 0) {
  foreach ($program in $programs) {
    $first = ($program -split ' ')[0]
    if (Get-Command $first -CommandType Application -ErrorAction SilentlyContinue) {
      $words = @($program -split ' ')
      break
    }
  }
}
if ($words.Count -eq 0) {
  Stop-Check "there is no ${orList(programs)}; name the command that asks"
}
$exe = $words[0]
$rest = @($words | Select-Object -Skip 1)
$kind = ''
foreach ($word in $words) {
  switch -Regex (Split-Path -Leaf $word) {
    '^docker(\\.exe)?$' { $kind = 'docker' }
    '^podman(\\.exe)?$' { $kind = 'podman' }
    '^crictl(\\.exe)?$' { $kind = 'crictl' }
    '^ctr[0-9]*(\\.exe)?$' { $kind = 'ctr' }
  }
}
if (-not $kind) { Stop-Check "docker, podman, ctr or crictl can be asked, not: $words" }
function Invoke-Asked {
  $told = & $exe @rest @args
  if ($LASTEXITCODE -ne 0) { Stop-Check "cannot ask: $words" }
  $told
}
function Get-Inspected([string]$format) {
  $ids = @(Invoke-Asked image ls -aq --no-trunc | Sort-Object -Unique)
  foreach ($id in $ids) { & $exe @rest image inspect -f $format $id }
}
if ($kind -eq 'docker' -and "$(& $exe @rest --version)" -match 'podman') {
  $kind = 'podman'
}
$images = ''
$blobs = @()
$stacks = @()
switch ($kind) {
  'ctr' { $blobs = @(Invoke-Asked content ls -q) }
  'crictl' { $images = "$(Invoke-Asked images -o json)" }
  'podman' { $images = "$(Get-Inspected '{{.Digest}} {{json .RepoDigests}}')" }
  'docker' {
    if ("$(Invoke-Asked info -f '{{json .DriverStatus}}')" -match 'io\\.containerd\\.') {
      $kind = 'content'
      $images = "$(Get-Inspected '{{.Id}} {{json .RepoDigests}}')"
    } else {
      $stacks = @(Get-Inspected '{{json .RootFS.Layers}}' | ForEach-Object { "$_".Replace(']', ',') })
    }
  }
}
# Which layers images have that are there, by their numbers.
$there = @()
foreach ($base in $bases) {
  $numbers, $digests = $base -split ' '
  foreach ($digest in @($digests)) {
    if ($images.Contains($digest)) { $there += $numbers -split ',' }
  }
}
# Which layers do not lie where Docker looks for them, by their diffIDs.
$gone = @()
if ($kind -eq 'docker') {
  foreach ($chain in $chains) {
    $stack = '['
    foreach ($id in $chain -split ' ') {
      $stack += '"' + $id + '",'
      if (-not ($stacks | Where-Object { $_.StartsWith($stack) })) { $gone += $id }
    }
  }
}
$missing = 0
for ($number = 0; $number -lt $layers.Count; $number++) {
  $digest, $id, $bytes = $layers[$number] -split ' '
  if ($kind -eq 'ctr') { $has = $blobs -contains $digest }
  elseif ($kind -eq 'docker') { $has = $gone -notcontains $id }
  else { $has = $there -contains "$number" }
  if (-not $has) {
    Write-Host "missing: $digest, $bytes bytes (diffID $id)"
    $missing++
  }
}
if ($missing -gt 0) {
  Write-Host "$missing of the $($layers.Count) layers that $name lacks are not there"
  exit 1
}
Write-Host "ok: all $($layers.Count) layers that $name lacks are there"
exit 0
`;
}

function orList(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2
    ? last
    : `${names.slice(0, -1).join(", ")} or ${last}`;
}

/** The images that it was measured against, as a comment or message has them. */
function baseNames({ base }: Delta): string[] {
  return base.filter(({ layers }) => layers.length)
    .flatMap(({ name }) => name ?? [])
    .map((name) => name.replace(/[^\w.:/@-]/g, "?"));
}
