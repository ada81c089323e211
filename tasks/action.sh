#!/bin/sh
# What the GitHub Action does: fetches docker-pull.mjs of a release, holds it
# against its digest, and pulls INPUT_IMAGES with it. Inputs are never code.
set -eu

fail() {
  echo "::error title=docker-pull::$2" >&2
  exit "$1"
}
command -v node >/dev/null || fail 1 "there is no node: use actions/setup-node before"
if [ "$INPUT_OUTPUT" = - ]; then fail 2 "output is a file, and not -"; fi

program="${RUNNER_TEMP:-/tmp}/docker-pull.mjs"
curl --fail --silent --show-error --location --retry 3 \
  --output "$program" "$INPUT_RELEASE/docker-pull.mjs"
# Not every system has sha256sum, and this has Node.
# shellcheck disable=SC2016 # what stands there is JavaScript
sum=$(node -e '
  const { createHash } = require("crypto");
  const bytes = require("fs").readFileSync(process.argv[1]);
  console.log(createHash("sha256").update(bytes).digest("hex"));
' "$program")
if [ "$sum" != "$INPUT_SHA256" ]; then
  rm -f "$program"
  fail 9 "docker-pull.mjs is not what sha256 says: its digest is $sum"
fi
set -f
set -- --quiet -o "$INPUT_OUTPUT"
if [ -n "$INPUT_PLATFORM" ]; then set -- "$@" --platform "$INPUT_PLATFORM"; fi
# shellcheck disable=SC2086 # the words are the images
path=$(node "$program" "$@" -- $INPUT_IMAGES)
# A folder holds several.
end="end-of-path-$$"
printf 'path<<%s\n%s\n%s\n' "$end" "$path" "$end" >> "$GITHUB_OUTPUT"
