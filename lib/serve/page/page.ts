/** What is shown at the address itself: to people, and to their terminals. */

import { type Answer, type Asked, textAnswer } from "../answer.ts";
import type { Registry } from "../registry.ts";
import { listedName } from "../names.ts";

/** The list of all that can be pulled, for a terminal. */
export async function pageAnswer(
  registry: Registry,
  asked: Asked,
  _query: URLSearchParams,
): Promise<Answer> {
  const { repositories } = await registry.catalog();
  const host = shownHost(asked.header("host"));
  const lines = repositories.flatMap((each) => {
    const name = listedName(repositories, each);
    return [...each.tags.keys()].map((tag) => `${host}/${name}:${tag}\n`);
  });
  return textAnswer(200, "text/plain; charset=utf-8", lines.sort().join(""));
}

/** The host that the client has asked, where that is one. */
export function shownHost(host: string | undefined): string {
  return host !== undefined && /^[a-z0-9.:[\]_-]{1,255}$/i.test(host)
    ? host
    : "localhost:5000";
}
