/** What people copy from a browser's address line, as an image. */

import { parseReference } from "../../lib/image/reference.ts";

/** Pages about images, by host, and how their paths name one. */
const PAGES: Readonly<Record<string, readonly [RegExp, string][]>> = {
  "hub.docker.com": [
    [/^\/_\/([^/]+)/, "$1"],
    [/^\/layers\/library\/([^/]+)\/([^/]+)/, "$1:$2"],
    [/^\/layers\/([^/]+)\/([^/]+)\/([^/]+)/, "$1/$2:$3"],
    [/^\/(?:r|repository\/docker)\/library\/([^/]+)/, "$1"],
    [/^\/(?:r|repository\/docker)\/([^/]+)\/([^/]+)/, "$1/$2"],
    [/^\/v2\/repositories\/library\/([^/]+)\/tags\/([^/]+)/, "$1:$2"],
    [/^\/v2\/repositories\/library\/([^/]+)/, "$1"],
    [/^\/v2\/repositories\/([^/]+)\/([^/]+)\/tags\/([^/]+)/, "$1/$2:$3"],
    [/^\/v2\/repositories\/([^/]+)\/([^/]+)/, "$1/$2"],
  ],
  "github.com": [
    [
      /^\/(?:orgs\/|users\/)?([^/]+)\/(?:[^/]+\/)?pkgs\/container\/([^/]+)/,
      "ghcr.io/$1/$2",
    ],
    [
      /^\/(?:orgs\/|users\/)?([^/]+)\/packages\/container\/(?:package\/)?([^/]+)/,
      "ghcr.io/$1/$2",
    ],
  ],
  "quay.io": [[/^\/repository\/([^/]+)\/([^/]+)/, "quay.io/$1/$2"]],
  "mcr.microsoft.com": [
    [
      /^\/(?:[a-z]{2}-[a-z]{2}\/)?(?:product|artifact\/mar)\/(.+?)(?:\/(?:about|tags))?$/,
      "mcr.microsoft.com/$1",
    ],
  ],
  "gallery.ecr.aws": [[/^\/([^/]+)\/([^/]+)/, "public.ecr.aws/$1/$2"]],
};

/** Hosts with pages about images, and without the images. */
const PAGES_ONLY = new Set(["hub.docker.com", "github.com", "gallery.ecr.aws"]);

/** Addresses of the registry's own interface. */
const MANIFEST = /^\/v2\/(.+)\/manifests\/([^/]+)$/;
const TAGS = /^\/v2\/(.+)\/tags\/list$/;
const API = /^\/v2(?:$|\/(?:_catalog$|.+\/(?:blobs|referrers|_oci)\/))/;

/**
 * The image that a web address stands for.
 *
 * @param text What was typed, such as `https://hub.docker.com/_/nginx`.
 * @returns What to pull in its place, with the option that it takes; nothing
 * where the text is no web address, or none of an image. User, password,
 * query and fragment are left out.
 */
export function imageAtAddress(text: string): string | undefined {
  if (isPage(text)) text = `https://${text}`;
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, host, pathname } = new URL(text);
  const path = safelyDecoded(pathname).replace(/\/+$/, "");
  const pages = Object.hasOwn(PAGES, host) ? PAGES[host]! : [];
  for (const [pattern, image] of pages) {
    const match = pattern.exec(path);
    // Owners are shown with the capital letters that names must not have.
    const found = match?.[0].replace(pattern, image)
      .replace(/^[^:]+/, (name) => name.toLowerCase());
    if (found && isImage(found)) return found;
  }
  if (API.test(path)) return undefined;
  const name = path.replace(TAGS, "/$1").replace(
    MANIFEST,
    (_, name, what) => `/${name}${what.includes(":") ? "@" : ":"}${what}`,
  );
  // A name without a registry is Docker Hub's.
  const own = /[.:]|^localhost$/.test(host) && !PAGES_ONLY.has(host);
  const image = `${host}${name}`;
  if (!own || name === "" || !isImage(image)) return undefined;
  return protocol === "http:" ? `--plain-http ${image}` : image;
}

/**
 * Whether what was typed is at a host that has pages about images, and none of
 * the images.
 *
 * @param text What was typed, without a scheme.
 */
export function isPage(text: string): boolean {
  return PAGES_ONLY.has(text.split("/", 1)[0]!.toLowerCase());
}

function safelyDecoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function isImage(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}
