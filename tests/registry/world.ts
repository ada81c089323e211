/** A registry and its token server, whose answers a test gives. */

import type { PullEvent, Warning } from "../../lib/image/events.ts";
import { Session, type SessionOptions } from "../../lib/registry/session.ts";
import type { Credential } from "../../lib/image/types.ts";
import {
  type Answer,
  type FakeClock,
  fakeClock,
  fakeFetch,
  type Sent,
} from "../net/fake_fetch.ts";

/** The token server. */
export const REALM = "https://auth.r.test/token";
/** What the registry asks for. */
export const CHALLENGE =
  `Bearer realm="${REALM}",service="r",scope="repository:a/b:pull"`;
/** A session and what came of it. */
export interface World {
  session: Session;
  events: PullEvent[];
  clock: FakeClock;
  log(): string[];
  sent: Sent[];
  get(signal?: AbortSignal): Promise<number>;
  warnings(): Warning[];
  assertNoBodyLeft(): void;
}

/** A registry at `r.test` whose answers a test gives. */
export function world(
  answer: (sent: Sent, count: number) => Answer | Promise<Answer>,
  credential?: Credential,
  options: Partial<SessionOptions> = {},
): World {
  const web = fakeFetch(answer);
  const clock = fakeClock();
  const events: PullEvent[] = [];
  const session = new Session("r.test", "r.test", "a/b", {
    ...clock.options,
    fetch: web.fetch,
    onEvent: (event) => events.push(event),
    credentials: () =>
      Promise.resolve(credential && { credential, source: "the test" }),
    ...options,
  });
  return {
    ...web,
    session,
    events,
    clock,
    warnings: () =>
      events.flatMap((event) =>
        event.type === "warning" ? [event.warning] : []
      ),
    async get(signal) {
      const { response } = await session.request("manifests/1", { signal });
      await response.body?.cancel();
      return response.status;
    },
  };
}

export function json(value: unknown): Answer {
  return [200, { "content-type": "application/json" }, JSON.stringify(value)];
}

/** Answers 401 until a request carries `Bearer NAME`. */
export function bearer(
  name: string | ((sent: Sent) => boolean),
  token: (sent: Sent, count: number) => Answer | Promise<Answer>,
  challenge = CHALLENGE,
): (sent: Sent, count: number) => Answer | Promise<Answer> {
  return (sent, count) => {
    if (sent.url.host !== "r.test") return token(sent, count);
    const good = typeof name === "string"
      ? sent.headers.get("authorization") === `Bearer ${name}`
      : name(sent);
    return good ? [200] : [401, { "www-authenticate": challenge }, "{}"];
  };
}
