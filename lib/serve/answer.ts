/** A request and its answer, whatever brings the one and takes the other. */

import type { FileBody } from "./file_body.ts";

/** What is looked at of a request. */
export interface Asked {
  /** The method, in capitals. */
  method: string;
  /** The path and the query, as they were sent. */
  target: string;
  /** A header's value, by its name in lower case. */
  header(name: string): string | undefined;
}

/** What is sent back. */
export interface Answer {
  /** The HTTP status. */
  status: number;
  /** The headers; wherever there is a body, a Content-Length. */
  headers: Record<string, string>;
  /** The body; none for HEAD. One that is read from a file is to be closed. */
  body?: Uint8Array<ArrayBuffer> | FileBody;
}

/** The codes of the distribution-spec that a read-only registry needs. */
export type ErrorCode =
  | "BLOB_UNKNOWN"
  | "DIGEST_INVALID"
  | "DENIED"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "PAGINATION_NUMBER_INVALID"
  | "UNKNOWN"
  | "UNSUPPORTED";

/** A request that is refused. */
export class Refusal extends Error {
  /** The HTTP status. */
  readonly status: number;
  /** What it is. */
  readonly code: ErrorCode;
  /** What it is about. */
  readonly detail?: unknown;

  /** Made where it is found out. */
  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    detail?: unknown,
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** An answer of text. */
export function textAnswer(
  status: number,
  type: string,
  text: string,
  headers: Record<string, string> = {},
): Answer {
  return bytesAnswer(status, type, new TextEncoder().encode(text), headers);
}

/** An answer of bytes. */
export function bytesAnswer(
  status: number,
  type: string,
  bytes: Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Answer {
  return {
    status,
    headers: {
      "content-type": type,
      "content-length": String(bytes.length),
      "x-content-type-options": "nosniff",
      ...headers,
    },
    body: bytes,
  };
}

/**
 * An error as the distribution-spec has it.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes}
 */
export function errorAnswer(
  { status, code, message, detail }: Refusal,
  headers: Record<string, string> = {},
): Answer {
  const text = JSON.stringify({ errors: [{ code, message, detail }] });
  return textAnswer(status, "application/json", `${text}\n`, headers);
}

/** The same answer for HEAD. */
export function withoutBody({ status, headers }: Answer): Answer {
  return { status, headers };
}
