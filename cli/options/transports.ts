/** Places of images that skopeo and Podman name by a word before the image. */

import { holdsLogin } from "../../lib/redact/address.ts";

/** What each is, and what is typed here; `NAME` is what follows the word. */
const TRANSPORTS: Readonly<Record<string, readonly [string, string]>> = {
  "docker-daemon": [
    "an image that Docker has on this machine",
    "docker-pull copy docker-daemon:NAME DST copies it; docker-pull NAME pulls " +
    "it from its registry",
  ],
  "containers-storage": [
    "an image that Podman has on this machine",
    "podman save --output FILE NAME writes it to a file; docker-pull NAME " +
    "pulls it from its registry",
  ],
  "docker-archive": ["an archive on this machine", "file"],
  "oci-archive": ["an archive on this machine", "file"],
  "oci": ["a folder on this machine", "folder"],
  "dir": ["a folder of skopeo's own form", ""],
  "ostree": ["an image in an OSTree repository", ""],
  "sif": ["a file of Singularity", ""],
  "tarball": ["a layer in a file", ""],
};

/**
 * What to type in place of an image that skopeo would look for elsewhere than
 * in a registry.
 *
 * @param text What was typed, such as `docker-daemon:nginx`. Images on Docker
 * Hub of such a name are written `library/oci:1`.
 * @returns A sentence without a period; nothing where it is no such place.
 */
export function transportAdvice(text: string): string | undefined {
  const [, word = "", rest = ""] = /^([a-z-]+):(?!\/\/)(.*)$/s.exec(text) ?? [];
  if (!Object.hasOwn(TRANSPORTS, word)) return undefined;
  const [what, advice] = TRANSPORTS[word]!;
  const instead = advice === "file" || advice === "folder"
    ? onDisk(word, rest, advice)
    : advice.replaceAll("NAME", named(rest, "IMAGE"));
  return `${word}: is to skopeo ${what}, and images come from a registry here` +
    `; ${instead || "skopeo copy reads it"}`;
}

function onDisk(
  word: string,
  rest: string,
  kind: "file" | "folder",
): string {
  // What follows the path names an image within.
  const path = named(rest.replace(/:.*/s, ""), "PATH");
  const write = kind === "file"
    ? `--output ${path}`
    : `--format oci --output ${path}`;
  return `docker-pull copy ${word}:${named(rest, "PATH")} DST copies from ` +
    `there; docker-pull verify ${path} checks that ${kind}; docker-pull ` +
    `${write} IMAGE writes one`;
}

/** What was typed, where that can be pasted into a shell. */
function named(text: string, otherwise: string): string {
  return /^[\w./:@+-]+$/.test(text) && !text.startsWith("-") &&
      !holdsLogin(text)
    ? text
    : otherwise;
}
