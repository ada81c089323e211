/**
 * Reads lists of tags.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags}
 */

import { InvalidDocumentError } from "../image/errors.ts";

/**
 * The tags of one page.
 *
 * @param bytes The page.
 * @returns The tags, unchecked; none for `null` and where there is no list.
 * @throws {InvalidDocumentError} If it is no list.
 */
export function parseTags(bytes: Uint8Array): string[] {
  let page: unknown;
  try {
    page = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new InvalidDocumentError("the list of tags", { code: "no-json" }, {
      cause,
    });
  }
  const isObject = typeof page === "object" && page !== null &&
    !Array.isArray(page);
  const tags = isObject ? (page as { tags?: unknown }).tags ?? [] : undefined;
  if (!Array.isArray(tags)) {
    throw new InvalidDocumentError("the list of tags", { code: "no-tag-list" });
  }
  return tags.filter((tag) => typeof tag === "string");
}

/**
 * The path of the next page.
 *
 * @param link The `Link` header.
 * @param page The address of this page.
 * @param base The repository's address, which the next page must lie under.
 * @returns The path relative to `base`; nothing after the last page.
 * @throws {InvalidDocumentError} If it is said to be elsewhere.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8288}
 */
export function nextPage(
  link: string | null,
  page: URL,
  base: URL,
): string | undefined {
  const match = /<([^<>]{1,2000})>\s*;[^<>]{0,200}\brel="?next"?/i.exec(
    link?.slice(0, 8_000) ?? "",
  );
  if (match === null) return undefined;
  const elsewhere = (where?: string) =>
    new InvalidDocumentError("the list of tags", { code: "elsewhere", where });
  if (!URL.canParse(match[1]!, page)) throw elsewhere();
  const next = new URL(match[1]!, page);
  // Behind a proxy that ends TLS, registries get their own scheme wrong.
  const under = next.host === base.host &&
    next.pathname.startsWith(base.pathname);
  // What came so far must not be taken for all that there is.
  if (!under) throw elsewhere(`${next.host}${next.pathname}`);
  return next.href !== page.href
    ? next.pathname.slice(base.pathname.length) + next.search
    : undefined;
}
