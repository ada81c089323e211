/** What the name of a file in an archive says of its bytes. */

import { parseDigest } from "../../image/digest.ts";

/** The digest that a file's name says it has, where it says one. */
export function digestOfName(name: string): string | undefined {
  const found = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/.exec(name) ??
    // As skopeo, Podman, crane and old versions of Docker call them.
    /^(?:(sha256):)?([0-9a-f]{64})(?:\.json|\.tar|\.tar\.gz)?$/.exec(name);
  if (!found) return undefined;
  const digest = `${found[1] ?? "sha256"}:${found[2]}`;
  try {
    parseDigest(digest);
    return digest;
  } catch {
    return undefined;
  }
}
