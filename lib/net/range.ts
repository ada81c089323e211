/** What a registry's response gives of the range that it was asked for. */

import { ContentMismatchError } from "../image/errors.ts";
import type { Descriptor } from "../image/types.ts";

/** The bytes that were asked for: from `offset` up to, not including, `end`. */
export interface AskedRange {
  /** The first byte. */
  offset: number;
  /** One past the last byte. */
  end: number;
}

/** Where a response's bytes belong. */
export interface ResponseRange {
  /** The position of the first of them in the blob. */
  offset: number;
  /** Whether the range was answered. */
  partial: boolean;
}

/**
 * The `Range` header for a part of a blob. It is always closed, as some
 * servers refuse an open one.
 *
 * @param descriptor The blob.
 * @param asked The part.
 * @returns The header's value; nothing for the whole blob.
 */
export function rangeHeader(
  descriptor: Descriptor,
  asked: AskedRange,
): string | undefined {
  const whole = asked.offset === 0 && asked.end === descriptor.size;
  return whole ? undefined : `bytes=${asked.offset}-${asked.end - 1}`;
}

/**
 * Finds out where the bytes of a successful response belong.
 *
 * @param response The response.
 * @param descriptor The blob.
 * @param asked What was asked for.
 * @returns Where they belong; nothing where the response does not say it in a
 * way that can be believed, so that its bytes are of no use.
 * @throws {ContentMismatchError} If the blob there has another size.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-14.4}
 */
export function rangeOf(
  response: Response,
  descriptor: Descriptor,
  asked: AskedRange,
): ResponseRange | undefined {
  const { headers, status } = response;
  const checkSize = (size: number) => {
    if (size !== descriptor.size) {
      throw new ContentMismatchError(descriptor, { size });
    }
  };
  if (status === 200) {
    const length = headers.get("content-length");
    if (length !== null && /^\d+$/.test(length)) checkSize(Number(length));
    return { offset: 0, partial: false };
  }
  if (status !== 206) return undefined;
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(
    headers.get("content-range")?.trim() ?? "",
  );
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  if (match[3] !== "*") checkSize(Number(match[3]));
  // Less than was asked for is allowed; the rest is asked for again.
  if (first !== asked.offset || last < first || last >= asked.end) {
    return undefined;
  }
  return {
    offset: first,
    partial: rangeHeader(descriptor, asked) !== undefined,
  };
}
