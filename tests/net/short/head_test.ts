/** Heads of responses: what is taken, and what is left to `fetch`. */

import { assertEquals } from "@std/assert";
import { parseHead } from "../../../lib/net/short/head.ts";
import { test } from "../../harness.ts";

const read = (lines: string[], method = "GET") =>
  parseHead(lines.join("\r\n"), method);

test("a head says what it says", () => {
  const head = read([
    "HTTP/1.1 206 Partial Content",
    "Content-Length:  10 ",
    "X-A: a: b\t",
    "x-a: \xe9",
    "Keep-Alive: timeout=5, max=100",
    "Empty:",
  ])!;
  assertEquals(head, {
    status: 206,
    statusText: "Partial Content",
    headers: [
      ["content-length", "10"],
      ["x-a", "a: b"],
      ["x-a", "\xe9"],
      ["keep-alive", "timeout=5, max=100"],
      ["empty", ""],
    ],
    framing: { kind: "length", length: 10 },
    lasting: true,
    patience: 5000,
  });
  assertEquals(read(["HTTP/1.1 200"])!.statusText, "");
  assertEquals(read(["HTTP/1.1 999 ?"])!.status, 999);
});

test("a head says how its body ends, and whether another may follow", () => {
  const of = (version: string, status: number, ...lines: string[]) => {
    const { framing, lasting } = read([
      `HTTP/1.${version} ${status} x`,
      ...lines,
    ])!;
    return [framing.kind, "length" in framing && framing.length, lasting];
  };
  assertEquals(of("1", 200), ["close", false, false]);
  assertEquals(of("1", 200, "Transfer-Encoding: Chunked"), [
    "chunked",
    false,
    true,
  ]);
  assertEquals(of("1", 200, "Content-Length: 0"), ["length", 0, true]);
  assertEquals(of("1", 204), ["length", 0, true]);
  assertEquals(of("1", 304, "Content-Length: 9"), ["length", 0, true]);
  assertEquals(of("1", 100), ["length", 0, true]);
  assertEquals(of("1", 101), ["length", 0, false]);
  const length = "Content-Length: 3";
  assertEquals(of("0", 200, length), ["length", 3, false]);
  assertEquals(of("0", 200, length, "Connection: Keep-Alive"), [
    "length",
    3,
    true,
  ]);
  assertEquals(of("1", 200, length, "Connection: x, CLOSE"), [
    "length",
    3,
    false,
  ]);
  const head = read(["HTTP/1.1 200 OK", length], "HEAD")!;
  assertEquals(head.framing, { kind: "length", length: 0 });
  assertEquals(head.lasting, true);
});

const STATUS = "HTTP/1.1 200 OK";
const ODD: Record<string, string[]> = {
  "no status line": ["", STATUS],
  "another protocol": ["SSH-2.0-x"],
  "another version": ["HTTP/2 200"],
  "no version": ["HTTP/1.x 200 OK"],
  "a status of two digits": ["HTTP/1.1 20 OK"],
  "a status of four digits": ["HTTP/1.1 2000 OK"],
  "a status of zero": ["HTTP/1.1 000 OK"],
  "two blanks": ["HTTP/1.1  200 OK"],
  "a folded header": [STATUS, "X-A: a", " b"],
  "a folded header at once": [STATUS, " X-A: a"],
  "a blank before the colon": [STATUS, "Content-Length : 3"],
  "no colon": [STATUS, "Content-Length 3"],
  "no name": [STATUS, ": 3"],
  "a name that is none": [STATUS, "Content(Length: 3"],
  "a NUL": [STATUS, "X: a\0b"],
  "a lone LF": [STATUS, "X: a\nContent-Length: 3"],
  "a lone CR": [STATUS, "X: a\rContent-Length: 3"],
  "an escape": [STATUS, "X: \x1b[2J"],
  "two lengths": [STATUS, "Content-Length: 3", "Content-Length: 4"],
  "the length twice": [STATUS, "Content-Length: 3", "content-length: 3"],
  "a list of lengths": [STATUS, "Content-Length: 3, 3"],
  "a length below zero": [STATUS, "Content-Length: -3"],
  "a length with a plus": [STATUS, "Content-Length: +3"],
  "a length in hex": [STATUS, "Content-Length: 0x3"],
  "a length that is none": [STATUS, "Content-Length:"],
  "a length beyond numbers": [STATUS, `Content-Length: ${"9".repeat(16)}`],
  "a length and chunks": [
    STATUS,
    "Content-Length: 3",
    "Transfer-Encoding: chunked",
  ],
  "chunks twice": [
    STATUS,
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked",
  ],
  "another coding": [STATUS, "Transfer-Encoding: gzip, chunked"],
  "no coding": [STATUS, "Transfer-Encoding: identity"],
  "chunks of HTTP/1.0": ["HTTP/1.0 200 OK", "Transfer-Encoding: chunked"],
};

for (const [what, lines] of Object.entries(ODD)) {
  test(`a head is left to fetch: ${what}`, () => {
    assertEquals(read(lines), undefined);
  });
}
