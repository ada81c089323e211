/** One server, asked by `fetch` and by the short way. */

import type { NetworkError } from "../../lib/image/errors.ts";
import type { FetchInit } from "../../lib/image/types.ts";
import {
  createTransport,
  type TransportOptions,
} from "../../lib/net/transport.ts";
import { toNetworkError } from "../../lib/net/network_error.ts";
import { BodyReader } from "../../lib/transfer/body_reader.ts";
import type { Thread } from "../../lib/transfer/thread.ts";

/** What came of a request. */
export interface Outcome {
  status?: number;
  headers?: Record<string, string>;
  /** The body, or what came of it. */
  bytes: Uint8Array;
  /** What it ended in. */
  error?: string;
}

/** Asks by `fetch`, or in the thread by the short way where that fits. */
export async function ask(
  url: string,
  thread?: Thread,
  init: FetchInit = {},
  options: TransportOptions = {},
): Promise<Outcome> {
  const transport = createTransport({ proxy: () => undefined, ...options });
  const outcome: Outcome = { bytes: new Uint8Array() };
  const pieces: Uint8Array[] = [];
  let reading = false;
  try {
    const response = await transport.fetch(url, {
      redirect: "manual",
      ...init,
      thread,
    });
    outcome.status = response.status;
    outcome.headers = Object.fromEntries(response.headers);
    reading = true;
    if (response.body) {
      const reader = thread?.bodyOf(response.body) ??
        new BodyReader(response.body);
      while (true) {
        const bytes = await reader.read(new ArrayBuffer(65_536), 65_536);
        if (!bytes) break;
        pieces.push(bytes.slice());
      }
    }
  } catch (error) {
    const { kind, problem } = toNetworkError(
      error,
      url,
      init.signal,
      reading,
    ) as NetworkError;
    // Of a body, Deno tells no more than that it broke off.
    outcome.error = reading ? kind : `${kind} ${problem.code}`;
  } finally {
    transport.close();
  }
  outcome.bytes = Uint8Array.from(pieces.flatMap((bytes) => [...bytes]));
  return outcome;
}
