/**
 * Web pages in place of what a registry sends: of a network that wants a login
 * in a browser first, of a firewall, or of a host that is no registry.
 */

import { NetworkError } from "../image/errors.ts";
import { discard, drop, type Exchange } from "./body.ts";
import { toNetworkError } from "./network_error.ts";
import { plainResponse } from "./plain_response.ts";
import { redactUrl } from "../redact/address.ts";
import { cleanText } from "../redact/clean.ts";

/** As many bytes are looked at to tell a page and its title. */
const PAGE_START_BYTES = 16 * 1024;

const PAGE =
  /^(?:<!--[^]*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html|head|body|title|meta|script)\b/i;

/** Whether a response is labelled as a web page. */
function isLabelledPage({ headers }: Response): boolean {
  return /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(
    headers.get("content-type") ?? "",
  );
}

/**
 * Tells a web page.
 *
 * @param exchange The response, whose body has been read.
 * @param bytes The body, or its beginning.
 * @returns What is wrong with it as a response of a registry's; nothing where
 * it is no page.
 */
export function pageError(
  { response, url }: Exchange,
  bytes: Uint8Array,
): NetworkError | undefined {
  const text = new TextDecoder().decode(bytes.subarray(0, PAGE_START_BYTES));
  const start = text.trimStart();
  // Some label whatever they send as a page, JSON too.
  const labelled = isLabelledPage(response) && start !== "" &&
    !/^[{["]/.test(start) && !text.includes("\ufffd");
  if (!labelled && !PAGE.test(start)) return undefined;
  return new NetworkError(
    redactUrl(url),
    "other",
    { code: "web-page", title: titleOf(start), host: url.host },
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  "#39": "'",
  nbsp: " ",
};

/** The title of a page, fit for a terminal. */
function titleOf(text: string): string {
  const start = text.search(/<title[\s>]/i);
  const open = start < 0 ? -1 : text.indexOf(">", start);
  const end = open < 0 ? -1 : text.indexOf("<", open);
  if (end < 0) return "";
  const title = text.slice(open + 1, end).replace(
    /&(#39|[a-z]{2,5});/gi,
    (whole, name) => ENTITIES[name.toLowerCase()] ?? whole,
  );
  return cleanText(title, 100);
}

/**
 * Lets go of a response whose body is not wanted, unless it is a page.
 *
 * @param exchange The response.
 * @param timeout Milliseconds to wait for its beginning.
 * @throws {NetworkError} If it is a success and a web page.
 */
export async function dismiss(
  exchange: Exchange,
  timeout: number,
): Promise<void> {
  const { response } = exchange;
  await discard(
    response.ok && isLabelledPage(response)
      ? await checkStart(exchange, timeout)
      : exchange,
  );
}

/**
 * Takes no web page for a blob.
 *
 * @param exchange The response, of which nothing has been read.
 * @param size The blob's size: a response that has it is no page.
 * @param timeout Milliseconds to wait for its beginning.
 * @returns The response, of which nothing has been read.
 * @throws {NetworkError} If it is a web page.
 */
export async function expectBlob(
  exchange: Exchange,
  size: number,
  timeout: number,
): Promise<Exchange> {
  const { response } = exchange;
  const suspect = response.status === 200 && isLabelledPage(response) &&
    response.headers.get("content-length") !== `${size}`;
  return suspect ? await checkStart(exchange, timeout) : exchange;
}

/** Looks at the beginning of a body that may have to be read all the same. */
async function checkStart(
  exchange: Exchange,
  timeout: number,
): Promise<Exchange> {
  const { response, url, signal, abort } = exchange;
  if (response.body === null) return exchange;
  const timer = setTimeout(() => abort(new Error("timed out")), timeout);
  try {
    const { start, whole } = await startBody(response.body);
    const page = pageError(exchange, start);
    if (page) {
      drop(whole);
      throw page;
    }
    const { status, statusText, headers } = response;
    return {
      ...exchange,
      response: plainResponse(whole, { status, statusText, headers }),
    };
  } catch (error) {
    throw toNetworkError(error, url.href, signal, true);
  } finally {
    clearTimeout(timer);
  }
}

/** The first bytes of a body, and a stream of it all in its place. */
async function startBody(
  body: ReadableStream<Uint8Array>,
): Promise<{ start: Uint8Array; whole: ReadableStream<Uint8Array> }> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  while (!ended && length < PAGE_START_BYTES) {
    const { value, done } = await reader.read();
    ended = done;
    // Whoever lent the buffer may use it again.
    if (value) chunks.push(value.slice());
    length += value?.length ?? 0;
  }
  const start = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    start.set(chunk, at);
    at += chunk.length;
  }
  const whole = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = chunks.shift();
      if (next) return controller.enqueue(next);
      const { value, done } = ended
        ? { value: undefined, done: true }
        : await reader.read();
      if (value) controller.enqueue(value);
      if (done) controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return { start, whole };
}
