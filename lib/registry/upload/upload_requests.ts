/**
 * The requests that the upload of a blob consists of, and what is said to them.
 * Which of them is sent, and what a refusal is followed by, is not decided here.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#push}
 */

import { RegistryError, UploadError } from "../../image/errors.ts";
import type { Descriptor } from "../../image/types.ts";
import { discard, type Exchange } from "../../net/body.ts";
import type { SessionRequest } from "../session.ts";
import { asRange, digestOf, isPage, locationOf } from "./answers.ts";
import type { UploadContent } from "./content.ts";
import type { UploadShared } from "./shared.ts";

/** Whoever puts a large blob together is waited for so many times the timeout. */
const PATIENCE = 10;

/** The requests for one blob, to one repository. */
export class UploadRequests {
  /** The blob's bytes, once they are to be sent. */
  content: UploadContent | undefined;
  /** Where the next request goes, while an upload is open. */
  location: URL | undefined;
  /** As few bytes as the registry takes in a part. */
  minimum = 0;
  /** How many bytes of the part under way have left. */
  left = 0;
  /** How many bytes have left in all. */
  sent = 0;
  readonly #shared: UploadShared;
  readonly #descriptor: Descriptor;
  readonly #signal: AbortSignal | undefined;

  /** Sends nothing yet. */
  constructor(
    shared: UploadShared,
    descriptor: Descriptor,
    signal: AbortSignal | undefined,
  ) {
    this.#shared = shared;
    this.#descriptor = descriptor;
    this.#signal = signal;
  }

  /** Asks whether the repository has the blob. */
  async isThere(): Promise<boolean> {
    const { session } = this.#shared;
    const { digest, size } = this.#descriptor;
    const signal = this.#signal;
    const exchange = await session.request(
      `blobs/${digest}`,
      { method: "HEAD", signal },
      true,
    );
    await discard(exchange);
    const { response, redirected } = exchange;
    if (redirected) return true;
    if (!response.ok) {
      const { status } = response;
      if (status !== 429 && status < 500) return false;
      throw await session.http.toError(exchange);
    }
    if (isPage(response)) return false;
    const length = response.headers.get("content-length");
    // What is torn there is uploaded again.
    return !Number(length) || Number(length) === size;
  }

  /** Begins an upload. */
  async begin(): Promise<void> {
    const { session } = this.#shared;
    const options = { method: "POST" } as const;
    // Some take it at this address only.
    const exchange = await this.#request("blobs/uploads/", options).catch(
      (error) => {
        const bare = error instanceof RegistryError && error.status === 404 &&
          error.errors.length === 0;
        if (!bare) throw error;
        return this.#request(session.url("blobs/uploads"), options);
      },
    );
    this.#open(exchange);
  }

  /**
   * Has the blob linked from another repository.
   *
   * @param from Which.
   * @returns Whether it is there; otherwise that has begun an upload.
   */
  async mount(from: string): Promise<boolean> {
    const { digest } = this.#descriptor;
    const query = new URLSearchParams({ mount: digest, from });
    const path = `blobs/uploads/?${query}`;
    const exchange = await this.#request(path, { method: "POST" });
    if (exchange.response.status === 201) return true;
    this.#open(exchange);
    return false;
  }

  /**
   * Asks how far the upload is.
   *
   * @param expected How many bytes the registry should have.
   * @returns How many it has; nothing where it does not say it.
   */
  async offset(expected: number): Promise<number | undefined> {
    const exchange = await this.#request(this.location!, { method: "GET" });
    return this.#goOn(exchange, expected);
  }

  /**
   * Sends a part.
   *
   * @param start Its first byte.
   * @param end One past its last.
   * @param signal Ends it.
   * @returns How many bytes the registry has then; nothing where it does not
   * say it.
   */
  async patch(
    start: number,
    end: number,
    signal: AbortSignal | undefined,
  ): Promise<number | undefined> {
    const exchange = await this.#request(this.location!, {
      method: "PATCH",
      headers: {
        "content-type": "application/octet-stream",
        "content-range": `${start}-${end - 1}`,
      },
      body: this.#body(start, end, signal),
      signal,
    });
    return this.#goOn(exchange, end);
  }

  /**
   * Has the blob put together.
   *
   * @param length How many bytes of it are sent with that: all, or none.
   * @param signal Ends it.
   */
  async put(length: number, signal: AbortSignal | undefined): Promise<void> {
    const { session, registry, repository } = this.#shared;
    const { digest } = this.#descriptor;
    const url = new URL(this.location!);
    // The rest of it may be signed: it stays as it is.
    url.search += `${url.search ? "&" : "?"}digest=${digest}`;
    const { response } = await this.#request(url, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body: length > 0 ? this.#body(0, length, signal) : undefined,
      signal,
      timeout: length > 0 ? undefined : PATIENCE * session.http.timeout,
    });
    const actual = digestOf(response);
    if (actual !== undefined && actual !== digest) {
      const problem = { code: "other-digest", digest, actual } as const;
      throw new UploadError(registry, repository, problem);
    }
  }

  async #request(
    target: string | URL,
    options: SessionRequest,
  ): Promise<Exchange> {
    const { session, registry, repository } = this.#shared;
    const exchange = await session.request(target, {
      asked: { kind: "push", registry, repository },
      signal: this.#signal,
      ...options,
    });
    await discard(exchange);
    return exchange;
  }

  #open(exchange: Exchange): void {
    const { registry, repository, session } = this.#shared;
    const { headers } = exchange.response;
    const id = headers.get("docker-upload-uuid");
    const uploads = session.url("blobs/uploads/");
    const location = locationOf(exchange) ??
      (id && /^[\w.-]{1,200}$/.test(id) ? new URL(id, uploads) : undefined);
    if (!location) {
      const code = isPage(exchange.response) ? "no-registry" : "no-location";
      throw new UploadError(registry, repository, { code });
    }
    const minimum = Number(headers.get("oci-chunk-min-length") ?? 0);
    this.minimum = Number.isSafeInteger(minimum) ? Math.max(0, minimum) : 0;
    this.location = location;
  }

  /** Takes the address that the upload goes on at, and how far it is. */
  #goOn(exchange: Exchange, expected: number): number | undefined {
    this.location = locationOf(exchange) ?? this.location;
    return asRange(exchange.response, expected);
  }

  #body(
    start: number,
    end: number,
    signal: AbortSignal | undefined,
  ): SessionRequest["body"] {
    const { onEvent } = this.#shared;
    const descriptor = this.#descriptor;
    return {
      size: end - start,
      open: () => {
        this.left = 0;
        return this.content!.open(start, end, signal);
      },
      onTake: (bytes) => {
        this.left += bytes;
        this.sent += bytes;
        const sent = start + this.left;
        onEvent?.({ type: "upload-progress", descriptor, sent });
      },
    };
  }
}
