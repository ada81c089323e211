/** Checks a delta where it was brought, in PowerShell. */

import { basename } from "node:path";
import { powershellMark, quotedForPowershell, shownName } from "./beside.ts";
import {
  baseLines,
  COMMANDS,
  type DeltaCheckOptions,
  layerLines,
  orList,
} from "./delta_check.ts";

/** The script for PowerShell, Windows' own and that of others. */
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
