/**
 * What this project asks of `@std`, so that the adapters of npm/ and the real
 * packages are held to the same answers. It imports every module in use: the
 * tasks take it for the list of what must be cached to work without JSR.
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { promptSecret } from "@std/cli/prompt-secret";
import { unicodeWidth } from "@std/cli/unicode-width";
import { crypto } from "@std/crypto";
import { format as formatBytes } from "@std/fmt/bytes";
import {
  bold,
  getColorEnabled,
  red,
  setColorEnabled,
  stripAnsiCode,
} from "@std/fmt/colors";
import { format as formatDuration } from "@std/fmt/duration";
import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { toBytes } from "@std/streams/to-bytes";
import { toJson } from "@std/streams/to-json";
import { toText } from "@std/streams/to-text";
import { TarStream, type TarStreamInput, UntarStream } from "@std/tar";
import process from "node:process";
import { test } from "./harness.ts";

const encoder = new TextEncoder();

function body(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}

function parse(...args: string[]) {
  const unknown: string[] = [];
  const parsed = parseArgs(args, {
    boolean: ["no-cache", "quiet"],
    string: ["output", "platform", "mirror", "password", "_"],
    collect: ["mirror"],
    alias: { output: "o", quiet: "q" },
    unknown: (arg: string) => {
      if (!arg.startsWith("-")) return true;
      unknown.push(arg);
      return false;
    },
  });
  return { parsed, unknown };
}

test("parseArgs() gives the last value, or all of a collected option", () => {
  const { parsed, unknown } = parse(
    "--platform=linux/arm64",
    "--mirror",
    "a",
    "--platform",
    "linux/amd64",
    "--mirror=b",
    "-o",
    "x.tar",
    "nginx:1",
    "12",
  );
  const mirror: string[] = parsed.mirror;
  const platform: string | undefined = parsed.platform;
  assertEquals(mirror, ["a", "b"]);
  assertEquals(platform, "linux/amd64");
  assertEquals(parsed.output, "x.tar");
  assertEquals<unknown>(parsed._, ["nginx:1", "12"]);
  assertEquals(parsed["no-cache"], false);
  assertEquals(parse().parsed.mirror, []);
  assertEquals(unknown, []);
});

test("parseArgs() keeps --no-cache whole and stops at --", () => {
  const { parsed } = parse("--no-cache", "-q", "--", "--output", "x");
  const noCache: boolean = parsed["no-cache"];
  assertEquals([noCache, parsed.quiet], [true, true]);
  assertEquals(parsed.output, undefined);
  assertEquals<unknown>(parsed._, ["--output", "x"]);
});

test("parseArgs() takes no value that starts with a dash", () => {
  const { parsed } = parse("--platform", "--quiet", "--password", "");
  assertEquals([parsed.platform, parsed.password], ["", ""]);
  assertEquals(parsed.quiet, true);
});

test("parseArgs() reports what is unknown as it was written", () => {
  const { unknown } = parse("--platfrom=x", "--no-cash", "--bogus", "-z");
  assertEquals(unknown, ["--platfrom=x", "--no-cash", "--bogus", "-z"]);
});

test("promptSecret() is null without a terminal", {
  skip: process.stdin.isTTY && "standard input is a terminal",
}, () => {
  assertEquals(promptSecret("Password:"), null);
});

test("unicodeWidth() counts columns", () => {
  assertEquals(unicodeWidth("天地a"), 5);
  assertEquals(unicodeWidth("e\u0301"), 1);
});

test("format() writes bytes", () => {
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  const options = { locale: "en-US", ...digits };
  assertEquals(formatBytes(45_200_000, options), "45.2 MB");
  assertEquals(formatBytes(3_000, options), "3.0 kB");
  assertEquals(formatBytes(1337), "1.34 kB");
  assertEquals(formatBytes(0), "0 B");
});

test("format() writes durations", () => {
  const write = (ms: number) => formatDuration(ms, { ignoreZero: true });
  assertEquals(write(99_674), "1m 39s 674ms");
  assertEquals(write(400 * 86_400_000 + 1000), "400d 1s");
  assertEquals(write(0), "");
});

test("colours can be turned off and taken out", () => {
  const before = getColorEnabled();
  setColorEnabled(false);
  assertEquals(red("a"), "a");
  setColorEnabled(true);
  if (getColorEnabled()) assertEquals(red("a"), "\x1b[31ma\x1b[39m");
  assertEquals(stripAnsiCode(bold(red("a"))), "a");
  setColorEnabled(before);
});

test("streams are read whole, or to a limit", async () => {
  assertEquals(await toBytes(body("abc")), encoder.encode("abc"));
  assertEquals(await toText(body("天")), "天");
  assertEquals(await toJson(body('{"a":1}')), { a: 1 });
  const limited = (size: number) =>
    body("abcd").pipeThrough(
      new LimitedBytesTransformStream(size, { error: true }),
    );
  assertEquals(await toText(limited(4)), "abcd");
  await assertRejects(() => toText(limited(3)), RangeError);
});

test("a tar is written and read", async () => {
  const inputs: TarStreamInput[] = [
    { type: "directory", path: "d/" },
    {
      type: "file",
      path: "d/f",
      size: 3,
      readable: body("abc"),
      options: { mtime: 1, mode: 0o600 },
    },
    { type: "symlink", path: "l", linkname: "d/f" },
  ];
  const written = new ReadableStream<TarStreamInput>({
    start(controller) {
      for (const input of inputs) controller.enqueue(input);
      controller.close();
    },
  }).pipeThrough(new TarStream());
  const read: unknown[] = [];
  for await (const entry of written.pipeThrough(new UntarStream())) {
    const { path, header, readable } = entry;
    const { typeflag, size, linkname } = header;
    const text = readable && await toText(readable);
    read.push([path, typeflag, size, linkname, text]);
  }
  assertEquals(read, [
    ["d/", "5", 0, "", undefined],
    ["d/f", "0", 3, "", "abc"],
    ["l", "2", 0, "d/f", undefined],
  ]);
});

test("crypto.subtle.digest() knows BLAKE3", async () => {
  async function* chunks() {
    yield encoder.encode("a");
    yield encoder.encode("bc");
  }
  const digest = new Uint8Array(
    await crypto.subtle.digest("BLAKE3", chunks()),
  );
  const hex = [...digest].map((b) => b.toString(16).padStart(2, "0")).join("");
  assertEquals(
    hex,
    "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
  );
});

test("assertions fail when they should", async () => {
  for (
    const wrong of [
      () => assert(0),
      () => assertEquals({ a: 1 }, { a: 2 }),
      () => assertEquals(new Uint8Array([1]), new Uint8Array([2])),
      () => assertNotEquals([1], [1]),
      () => assertStringIncludes("abc", "d"),
      () => assertMatch("abc", /d/),
      () => assertInstanceOf("a", Error),
      () => assertThrows(() => {}),
      () =>
        assertThrows(() => {
          throw new TypeError("a");
        }, RangeError),
      () => fail(),
    ]
  ) assertThrows(wrong, Error);
  const rejection = await assertRejects(
    () => Promise.reject(new TypeError("a b")),
    TypeError,
    "b",
  );
  assertEquals(rejection.message, "a b");
  await assertRejects(() => assertRejects(() => Promise.resolve()), Error);
});
