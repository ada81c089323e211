/** What a daemon's answers mean. */

import { DaemonError } from "../image/errors.ts";
import { cleanText } from "../redact/clean.ts";
import type { Connection } from "./connection.ts";
import { type DaemonResponse, NoHttp } from "./http.ts";

/** The longest answer that is read at once, in bytes. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** So much of a daemon's own words is kept, in characters. */
export const MOST_WORDS = 300;

/** What an exchange failed with. */
export function failureOf(
  connection: Connection,
  cause: unknown,
  address: string,
): Promise<DaemonError> {
  return cause instanceof NoHttp
    ? Promise.resolve(
      new DaemonError(address, { code: "no-daemon" }, { cause }),
    )
    : connection.failure(cause);
}

/** The error of a status, with what the daemon says of it. */
export function refusalOf(
  address: string,
  status: number,
  text: string,
): DaemonError {
  let words = text;
  try {
    const { message } = asObject(JSON.parse(text));
    if (typeof message === "string") words = message;
  } catch {
    // Then it is no JSON.
  }
  const full = isFullDisk(words);
  words = cleanText(words, MOST_WORDS);
  return new DaemonError(
    address,
    status === 401 || status === 403
      ? { code: "forbidden" }
      : full
      ? { code: "disk-full", words }
      : { code: "refused", status, words },
  );
}

/** Whether words are those of the system for a full disk, in English always. */
export function isFullDisk(words: string): boolean {
  return /no space left on device|disk quota exceeded|not enough space/i
    .test(words);
}

/** The text of an answer, which is not very long. */
export async function readText({ body }: DaemonResponse): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) throw new NoHttp("It has no end");
  }
  return text + decoder.decode();
}

/** The value of a JSON text. */
export function parseJson(text: string, address: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DaemonError(address, { code: "no-daemon" }, { cause });
  }
}

/** The members of an object; none of anything else. */
export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null
    ? value as Record<string, unknown>
    : {};
}
