/**
 * Where images come from or go to, as people write it: in skopeo's words, or
 * by what it looks like.
 *
 * @see {@link https://github.com/containers/image/blob/v5.32.0/docs/containers-transports.5.md}
 */

import { defined } from "../../image/defined.ts";
import { InvalidReferenceError, PlaceError } from "../../image/errors.ts";
import { parseReference, type Reference } from "../../image/reference.ts";

/** Which image of a file or folder is meant. */
export interface PlaceImage {
  /** Its name, word for word. */
  name?: string;
  /** Its number, from 0 on; as skopeo writes it, `@0`. */
  index?: number;
}

/** A place of images. */
export type Place =
  /** An image in a registry. */
  | { kind: "registry"; reference: Reference }
  /** All repositories of a registry below a path, which ends with a slash. */
  | { kind: "registry-path"; registry: string; path: string }
  /**
   * A folder with a layout, an archive by its `index.json` or `manifest.json`,
   * or whatever the file or folder is found to be.
   */
  | { kind: LocalKind; path: string } & PlaceImage
  /** An image of Docker's or Podman's on this machine or another. */
  | { kind: "docker-daemon"; name: string };

/** The kinds of places that are a path. */
export type LocalKind = "oci" | "oci-archive" | "docker-archive" | "file";

/** A place on this machine. */
export type LocalPlace = Extract<Place, { path: string; kind: LocalKind }>;

/** What skopeo and Podman know, and nobody reads here. */
const FOREIGN = [
  "atomic",
  "containers-storage",
  "dir",
  "docker-tarfile",
  "ostree",
  "sif",
  "tarball",
];
/** The endings of archives. */
const ARCHIVE = /\.(?:tar|tgz|tar\.gz|tar\.zst|tzst)$/i;
/** What can only be a path: its beginning, with Windows' among them. */
const PATH = /^(?:\.{1,2}(?:[/\\]|$)|[/\\]|~(?:[/\\]|$)|[A-Za-z]:[/\\])/;
/** A drive, whose colon parts nothing. */
const DRIVE = /^[A-Za-z]:[/\\]/;

/**
 * Takes the name of a place apart.
 *
 * @param text `docker://REF`, `oci:FOLDER[:NAME]`, `oci-archive:FILE[:NAME]`,
 * `docker-archive:FILE[:NAME]`, `docker-daemon:NAME`, a path that begins with
 * `./`, `../`, `/`, `~/` or a drive or ends as an archive does, or else an
 * image's reference. `HOST/PATH/` is all below that path.
 * @returns What is meant.
 * @throws {PlaceError} If it can be taken for two things, or is none.
 * @throws {InvalidReferenceError} If it is a reference that is none.
 *
 * @example
 * ```ts
 * import { parsePlace } from "@x/docker-pull";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parsePlace("oci-archive:all.tar:nginx:1.27"), {
 *   kind: "oci-archive",
 *   path: "all.tar",
 *   name: "nginx:1.27",
 * });
 * assertEquals(parsePlace("./all.tar"), { kind: "file", path: "./all.tar" });
 * ```
 */
export function parsePlace(text: string): Place {
  if (text === "") throw new PlaceError(text, { code: "empty" });
  const [, word, rest = ""] = /^([a-z][a-z-]*):(.*)$/s.exec(text) ?? [];
  switch (word) {
    case "docker":
      // Without the slashes it is an image of that name, with a tag.
      if (rest.startsWith("//")) return registryPlace(rest.slice(2));
      break;
    case "oci":
    case "oci-archive":
    case "docker-archive":
      return localPlace(text, word, rest);
    case "docker-daemon":
      if (rest === "") throw new PlaceError(text, { code: "no-image" });
      return { kind: word, name: rest };
  }
  if (word !== undefined && FOREIGN.includes(word)) {
    throw new PlaceError(text, { code: "foreign", transport: word });
  }
  if (PATH.test(text)) return { kind: "file", path: text };
  if (ARCHIVE.test(text)) {
    // `app.tar` is nobody's image, but what is behind a host with a port may be.
    if (/^[^/]*[:@]/.test(text) && !/^[A-Za-z]:/.test(text)) {
      throw new PlaceError(text, { code: "file-or-image" });
    }
    return { kind: "file", path: text };
  }
  if (text.includes("\\")) return { kind: "file", path: text };
  return registryPlace(text);
}

function registryPlace(text: string): Place {
  if (!text.endsWith("/")) {
    return { kind: "registry", reference: parseReference(text) };
  }
  // What follows is the repository's own name.
  const { registry, repository } = parseReference(`${text}x`);
  const path = repository.slice(0, -1);
  return { kind: "registry-path", registry, path };
}

function localPlace(
  text: string,
  kind: Exclude<LocalKind, "file">,
  rest: string,
): Place {
  const start = DRIVE.test(rest) ? 2 : 0;
  const colon = rest.indexOf(":", start);
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const name = colon < 0 ? undefined : rest.slice(colon + 1);
  if (path === "") throw new PlaceError(text, { code: "no-path" });
  if (name === "") throw new PlaceError(text, { code: "no-name" });
  const index = /^@(\d{1,9})$/.exec(name ?? "")?.[1];
  if (name?.startsWith("@") && index === undefined) {
    throw new PlaceError(text, { code: "bad-number" });
  }
  return defined({
    kind,
    path,
    name: index === undefined ? name : undefined,
    index: index === undefined ? undefined : Number(index),
  });
}

/** How a place is written, for messages. */
export function formatPlace(place: Place): string {
  switch (place.kind) {
    case "registry": {
      const { registry, repository, tag, digest } = place.reference;
      return `${registry}/${repository}${tag ? `:${tag}` : ""}${
        digest ? `@${digest}` : ""
      }`;
    }
    case "registry-path":
      return `${place.registry}/${place.path}`;
    case "docker-daemon":
      return `docker-daemon:${place.name}`;
    case "file":
      return place.path;
    default: {
      const { kind, path, name, index } = place;
      const image = name ?? (index === undefined ? undefined : `@${index}`);
      return image === undefined
        ? `${kind}:${path}`
        : `${kind}:${path}:${image}`;
    }
  }
}

/** A tag of the distribution-spec. */
const TAG = /^\w[\w.-]{0,127}$/;

/**
 * What an image is called in a place that it goes to; nothing where it keeps
 * its name. In a layout, as skopeo and oras have it, a word alone is the tag
 * that it gets.
 *
 * @throws {PlaceError} If it can have no such name.
 */
export function nameFor(
  place: PlaceImage & { kind?: LocalPlace["kind"] },
  text: string,
): ((own: Reference) => Reference) | undefined {
  const { kind, name, index } = place;
  if (index !== undefined) {
    throw new PlaceError(text, { code: "number-to-write" });
  }
  if (name === undefined) return undefined;
  const isLayout = kind === "oci" || kind === "oci-archive";
  if (isLayout && TAG.test(name)) {
    return ({ registry, repository }) => ({ registry, repository, tag: name });
  }
  try {
    const reference = parseReference(name);
    return () => reference;
  } catch (cause) {
    if (!(cause instanceof InvalidReferenceError)) throw cause;
    throw new PlaceError(text, { code: "bad-name", name }, { cause });
  }
}
