import { assert, assertEquals } from "@std/assert";
import {
  holdsLogin,
  redactAddress,
  redactText,
} from "../../lib/redact/address.ts";
import process from "node:process";
import { test } from "../harness.ts";

test("redactAddress() hides all before the last @ that is no digest's", () => {
  const digest = `sha256:${"ab".repeat(32)}`;
  const table: [string, string][] = [
    ["me:se#c/r?e%t@proxy:3128", "•••@proxy:3128"],
    ["http://me:a@b@proxy", "http://•••@proxy"],
    ["https://token@r.test/x", "https://•••@r.test/x"],
    [`me:pw@r.test/x@${digest}`, `•••@r.test/x@${digest}`],
    ["https://r.test/x?sig=1", "https://r.test/x?…"],
  ];
  for (const [text, shown] of table) {
    assertEquals([redactAddress(text), text !== shown], [shown, true]);
  }
  for (
    const harmless of [
      `r.test:5000/x:1@${digest}`,
      "nginx@sha256:abc",
      "alpine@3.18",
      "@r.test/x",
      "https://r.test/x",
    ]
  ) {
    assertEquals(redactAddress(harmless), harmless);
    assertEquals(holdsLogin(harmless), false);
  }
});

test("redactText() finds logins in quotes and without a scheme, and no others", () => {
  assertEquals(
    redactText('Cannot read "https://me:a b\\"c@r.test/x": no'),
    'Cannot read "https://r.test/x": no',
  );
  assertEquals(redactText("by me:hunter2@proxy:3128"), "by •••@proxy:3128");
  for (
    const text of [
      "Cannot pull nginx:1.25@sha256:abc",
      "at file:///a/socks@2.8.10/x.js:1:2",
      'Cannot read "/data/a:b@c.tar"',
    ]
  ) assertEquals(redactText(text), text);
});

test("redactText() takes no time of its own for a word without an end", () => {
  const cost = (times: number, pieces: number) => {
    const text = ".tes".repeat(times);
    // The time of this process alone, whatever else the machine does.
    const each = [1, 2, 3, 4, 5].map(() => {
      const start = process.cpuUsage();
      for (let i = 0; i < pieces; i++) assertEquals(redactText(text), text);
      const { user, system } = process.cpuUsage(start);
      return user + system;
    });
    return Math.min(...each);
  };
  cost(1000, 1);
  // As many letters in all; from each of them it would be 64 times.
  const ratio = cost(256_000, 1) / cost(4_000, 64);
  assert(ratio < 5, `${ratio}`);
});
