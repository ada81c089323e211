/**
 * What is shown at the address itself: to a browser a page, to a terminal the
 * list of all that can be pulled.
 */

import { createHash } from "node:crypto";
import { type Answer, type Asked, textAnswer } from "../answer.ts";
import type { Catalog } from "../catalog.ts";
import type { Registry } from "../registry.ts";
import { pageHtml, type ShownImage } from "./html.ts";
import { shownNames, shownVariants } from "./images.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** How many images there are on a page. */
const PER_PAGE = 50;
/** The longest that is looked for. */
const MAX_SEARCH = 200;

/** Nothing but the page's own style and script, both known by their digests. */
const POLICY = [
  "default-src 'none'",
  `style-src '${sourceOf(STYLE)}'`,
  `script-src '${sourceOf(SCRIPT)}'`,
  "img-src data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

function sourceOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

/** Answers a request for it. */
export async function pageAnswer(
  registry: Registry,
  asked: Asked,
  query: URLSearchParams,
): Promise<Answer> {
  const catalog = await registry.catalog();
  const names = shownNames(catalog);
  const host = shownHost(asked.header("host"));
  const both = { "vary": "accept", "cache-control": "no-cache" };
  if (!/\btext\/html\b/.test(asked.header("accept") ?? "")) {
    const lines = names.flatMap(({ name, tags }) =>
      tags.map((tag) => `${host}/${name}:${tag}\n`)
    );
    const type = "text/plain; charset=utf-8";
    return textAnswer(200, type, lines.join(""), both);
  }
  const search = query.get("q")?.trim().slice(0, MAX_SEARCH) || undefined;
  const found = search === undefined
    ? names
    : names.filter(({ home, name, tags }) =>
      tags.some((tag) =>
        `${home.registry}/${name}:${tag}`.toLowerCase()
          .includes(search.toLowerCase())
      )
    );
  const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
  const page = Math.min(Math.max(1, Number(query.get("page")) || 1), pages);
  const images: ShownImage[] = [];
  const from = (Math.ceil(page) - 1) * PER_PAGE;
  for (const name of found.slice(from, from + PER_PAGE)) {
    const variants = await shownVariants(catalog, registry.documents, name);
    images.push({ ...name, variants });
  }
  const html = pageHtml({
    host,
    title: registry.title,
    count: names.length,
    size: sizeOf(catalog),
    search,
    found: found.length,
    page: Math.ceil(page),
    pages,
    images,
  });
  return textAnswer(200, "text/html; charset=utf-8", html, {
    ...both,
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
  });
}

/** The bytes of all blobs, each once. */
function sizeOf({ repositories }: Catalog): number {
  const blobs = new Map(
    repositories.flatMap(({ blobs }) =>
      [...blobs].map(([digest, { size }]) => [digest, size] as const)
    ),
  );
  return [...blobs.values()].reduce((sum, size) => sum + size, 0);
}

/** The host that the client has asked, where that is one. */
function shownHost(host: string | undefined): string {
  return host !== undefined && /^[a-z0-9.:[\]_-]{1,255}$/i.test(host)
    ? host
    : "localhost:5000";
}
