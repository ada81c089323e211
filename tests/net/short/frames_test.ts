/** Bodies in their framing, however they are cut. */

import { assertEquals, assertThrows } from "@std/assert";
import { BodyFrames } from "../../../lib/net/short/frames.ts";
import type { Framing } from "../../../lib/net/short/head.ts";
import { test } from "../../harness.ts";

const bytesOf = (text: string) =>
  Uint8Array.from(text, (char) => char.charCodeAt(0));

/** The body of these bytes in pieces of a size, and what is left over. */
function read(framing: Framing, text: string, size = text.length) {
  const frames = new BodyFrames(framing);
  let body = "";
  let used = 0;
  for (let at = 0; at < text.length && !frames.done; at += size) {
    const piece = bytesOf(text.slice(at, at + size));
    used += frames.take(piece, (bytes) => {
      body += String.fromCharCode(...bytes);
    });
  }
  return { body, rest: text.slice(used), done: frames.done, frames };
}

const chunked: Framing = { kind: "chunked" };

test("a body is what its framing says, however it is cut", () => {
  const text = '5\r\nhello\r\n0B;a="b;c";d\r\n, big world\r\n1 \r\n!\r\n' +
    "000\r\nX-Trailer: a\r\nX-B: b\r\n\r\nrest";
  for (let size = 1; size <= text.length; size++) {
    const { body, done } = read(chunked, text, size);
    assertEquals([body, done], ["hello, big world!", true]);
  }
  assertEquals(read(chunked, text).rest, "rest");
  for (let size = 1; size < 8; size++) {
    const { body, done } = read({ kind: "length", length: 5 }, "hello", size);
    assertEquals([body, done], ["hello", true]);
  }
  assertEquals(read({ kind: "length", length: 3 }, "hello").rest, "lo");
  const { body, done, frames } = read({ kind: "close" }, "hello");
  assertEquals([body, done, frames.endsHere], ["hello", false, true]);
});

test("a body that has not come to its end is none", () => {
  assertEquals(read({ kind: "length", length: 0 }, "").frames.endsHere, true);
  assertEquals(read({ kind: "length", length: 6 }, "hello").done, false);
  const whole = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (let end = 0; end < whole.length; end++) {
    const { frames } = read(chunked, whole.slice(0, end));
    assertEquals(frames.endsHere, false, whole.slice(0, end));
  }
});

const WRONG: Record<string, string> = {
  "no size": "\r\nhello",
  "a size that is none": "x\r\nhello",
  "a sign": "+5\r\nhello",
  "a prefix": "0x5\r\nhello",
  "a blank before": " 5\r\nhello",
  "a size beyond numbers": `${"f".repeat(14)}\r\nhello`,
  "a lone LF": "5\nhello",
  "a lone CR": "5\rhello",
  "a CR twice": "5\r\r\nhello",
  "a NUL in an extension": "5;a=\0\r\nhello",
  "a long extension": `5;${"a".repeat(5000)}\r\nhello`,
  "more than the size": "5\r\nhello!\r\n",
  "a lone LF behind a chunk": "5\r\nhello\n0\r\n\r\n",
  "a lone LF in the trailers": "0\r\nA: b\n\r\n",
  "endless trailers": `0\r\n${"A: b\r\n".repeat(4000)}`,
  "one long trailer": `0\r\nA: ${"b".repeat(20_000)}`,
};

for (const [what, text] of Object.entries(WRONG)) {
  test(`chunks make no sense: ${what}`, () => {
    for (const size of [1, 3, text.length]) {
      assertThrows(() => read(chunked, text, size), Error, "make no sense");
    }
  });
}
