/**
 * What lies beside the parts of an archive: their checksums, as `sha256sum`
 * writes them, and scripts that check them where neither this program nor
 * `sha256sum` is.
 */

import { basename } from "node:path";
import {
  CHECKS,
  powershellMark,
  quoted,
  quotedForPowershell,
  shownName,
} from "./beside.ts";

/** A file, and the SHA-256 of its bytes in hex. */
export interface Checksum {
  /** Its name, without a folder. */
  name: string;
  /** The digest's digits. */
  hex: string;
}

/** The endings of what lies beside the parts. */
export const PART_FILES = { list: ".sha256", ...CHECKS } as const;

/** Writes the list: the parts, and last the archive that they are together. */
export function formatChecksums(checksums: readonly Checksum[]): string {
  return checksums.map(({ name, hex }) => `${hex}  ${name}\n`).join("");
}

/** Reads a list; lines that are none are passed over. */
export function parseChecksums(text: string): Checksum[] {
  return text.split("\n").flatMap((line) => {
    const [, hex, name] = /^([0-9a-f]{64}) [ *](.+?)\r?$/.exec(line) ?? [];
    return hex && name ? [{ hex, name }] : [];
  });
}

/**
 * The script for a POSIX shell: dash, busybox and whatever else. It says which
 * parts are missing or damaged, and ends with 1 then.
 */
export function shellScript(path: string): string {
  const name = basename(path);
  return `#!/bin/sh
# Checks the parts of ${shownName(path)} by their checksums.
# With JOIN=1 before it, it joins them, and checks what comes of that.
cd "$(dirname "$0")" || exit 1
name=${quoted(name)}
list="$name.sha256"
# echo takes a backslash for more than that in some shells
say() { printf '%s\\n' "$1"; }
if command -v sha256sum >/dev/null 2>&1; then
  sum() { sha256sum <"$1" | cut -c 1-64; }
elif command -v shasum >/dev/null 2>&1; then
  sum() { shasum -a 256 <"$1" | cut -c 1-64; }
elif command -v openssl >/dev/null 2>&1; then
  sum() { openssl dgst -sha256 <"$1" | sed 's/.*= *//'; }
else
  echo "there is no sha256sum, shasum or openssl" >&2
  exit 1
fi
if [ ! -r "$list" ]; then
  say "missing: $list" >&2
  exit 1
fi
# check FILE CHECKSUM
check() {
  if [ ! -f "$1" ]; then
    say "missing: $1"
    return 1
  fi
  if [ "$(sum "$1")" != "$2" ]; then
    say "damaged: $1"
    return 1
  fi
  say "ok: $1"
}
bad=0
whole=
set --
while IFS= read -r line; do
  hex="\${line%% *}"
  file="\${line#*  }"
  if [ "$file" = "$name" ]; then
    whole="$hex"
    continue
  fi
  # A name may begin as an option does.
  set -- "$@" "./$file"
  check "$file" "$hex" || bad=$((bad + 1))
done <"$list"
if [ "$bad" -gt 0 ]; then
  echo "$bad of $# parts are missing or damaged; docker-pull with the same" \\
    "options and --part NUMBER makes one again" >&2
  exit 1
fi
if [ "$JOIN" != 1 ]; then
  echo "all $# parts are right; to join them:"
  say "JOIN=1 sh ./$(basename "$0")"
  exit 0
fi
if ! cat "$@" >"./$name.joining" || ! check "$name.joining" "$whole" >/dev/null
then
  rm -f "./$name.joining"
  echo "they cannot be joined: is the disk full?" >&2
  exit 1
fi
mv "./$name.joining" "./$name" && say "joined: $name"
`;
}

/** The same for PowerShell, Windows' own and that of others. */
export function powershellScript(path: string): string {
  const mark = powershellMark(path);
  return mark + [
    `# Checks the parts of ${shownName(path)} by their checksums.`,
    `# With -Join, it joins them, and checks what comes of that.`,
    `param([switch]$Join)`,
    `$ErrorActionPreference = 'Stop'`,
    `$name = ${quotedForPowershell(basename(path))}`,
    `$folder = $PSScriptRoot`,
    `function Test-Part([string]$file, [string]$hex) {`,
    `  $path = Join-Path $folder $file`,
    `  if (-not (Test-Path -LiteralPath $path -PathType Leaf)) {`,
    `    Write-Host "missing: $file"`,
    `    return $false`,
    `  }`,
    `  $hash = (Get-FileHash -LiteralPath $path -Algorithm SHA256).Hash`,
    `  if ($hash -ne $hex) {`,
    `    Write-Host "damaged: $file"`,
    `    return $false`,
    `  }`,
    `  Write-Host "ok: $file"`,
    `  return $true`,
    `}`,
    `$bad = 0`,
    `$whole = ''`,
    `$parts = @()`,
    `foreach ($line in Get-Content -LiteralPath (Join-Path $folder "$name.sha256") -Encoding UTF8) {`,
    `  if ($line -notmatch '^([0-9a-f]{64})  (.+)$') { continue }`,
    `  $hex = $Matches[1]`,
    `  $file = $Matches[2]`,
    `  if ($file -eq $name) { $whole = $hex; continue }`,
    `  $parts += $file`,
    `  if (-not (Test-Part $file $hex)) { $bad++ }`,
    `}`,
    `if ($bad -gt 0) {`,
    `  Write-Host "$bad of $($parts.Count) parts are missing or damaged; docker-pull with the same options and --part NUMBER makes one again"`,
    `  exit 1`,
    `}`,
    `if (-not $Join) {`,
    `  Write-Host "all $($parts.Count) parts are right; -Join joins them"`,
    `  exit 0`,
    `}`,
    `$joining = Join-Path $folder "$name.joining"`,
    `$right = $false`,
    `try {`,
    `  $output = [System.IO.File]::Create($joining)`,
    `  try {`,
    `    foreach ($file in $parts) {`,
    `      $reader = [System.IO.File]::OpenRead((Join-Path $folder $file))`,
    `      try { $reader.CopyTo($output) } finally { $reader.Dispose() }`,
    `    }`,
    `  } finally { $output.Dispose() }`,
    `  $right = Test-Part "$name.joining" $whole`,
    `} catch { Write-Host "$_" }`,
    `if (-not $right) {`,
    `  if (Test-Path -LiteralPath $joining) { Remove-Item -LiteralPath $joining }`,
    `  Write-Host 'they cannot be joined: is the disk full?'`,
    `  exit 1`,
    `}`,
    `Move-Item -Force -LiteralPath $joining -Destination (Join-Path $folder $name)`,
    `Write-Host "joined: $name"`,
    ``,
  ].join("\n");
}
