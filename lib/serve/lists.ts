/**
 * Lists of tags and of repositories, page by page.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags}
 */

import { type Answer, Refusal, textAnswer } from "./answer.ts";

/** How many there are on a page at most, and where nothing is said. */
const MAX_PAGE = 10_000;

/**
 * A page of a list.
 *
 * @param all The whole list, in any order.
 * @param query The request's query.
 * @param path The list's path, for the link to the next page.
 * @param body What the answer is made of.
 * @throws {Refusal} If the query makes no sense.
 */
export function pageAnswer(
  all: readonly string[],
  query: URLSearchParams,
  path: string,
  body: (page: string[]) => unknown,
): Answer {
  const n = query.get("n");
  if (n !== null && !/^\d{1,9}$/.test(n)) {
    throw new Refusal(
      400,
      "PAGINATION_NUMBER_INVALID",
      "n is no whole number",
      { n },
    );
  }
  const count = Math.min(n === null ? MAX_PAGE : Number(n), MAX_PAGE);
  const last = query.get("last");
  const rest = [...all].sort(byBytes)
    .filter((each) => last === null || byBytes(each, last) > 0);
  const page = rest.slice(0, count);
  const next = new URLSearchParams({ n: String(count), last: page.at(-1)! });
  const ns = query.get("ns");
  if (ns !== null) next.set("ns", ns);
  return textAnswer(
    200,
    "application/json",
    `${JSON.stringify(body(page))}\n`,
    count > 0 && rest.length > page.length
      ? { link: `<${path}?${next}>; rel="next"` }
      : {},
  );
}

/** As Go's `sort.Strings` has it; all are ASCII. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
