import { assertEquals } from "@std/assert";
import { test } from "../../harness.ts";
import { redactText } from "../../../lib/redact/address.ts";
import {
  formatTime,
  formatWholeTime,
  neutralize,
  quoteForShell,
  truncate,
  width,
} from "../../../cli/progress/text.ts";

test("neutralize() leaves nothing that steers a terminal", () => {
  assertEquals(neutralize("plain 漢字 💾"), "plain 漢字 💾");
  assertEquals(neutralize("a\x1b[2Jb"), "a\\x1b[2Jb");
  assertEquals(neutralize("a\r\nb\tc"), "a\\x0d\\x0ab\\x09c");
  assertEquals(neutralize("\x9b31m\x7f"), "\\x9b31m\\x7f");
  assertEquals(neutralize("gpj\u202eexe"), "gpj\\u202eexe");
  assertEquals(neutralize("a\u2066\u200b\ufeff"), "a\\u2066\\u200b\\ufeff");
});

test("redactText() takes users, passwords and queries away", () => {
  assertEquals(
    redactText("get (https://me:pw@s3.example/a/b?X-Sig=abc&e=1#f) now"),
    "get (https://s3.example/a/b?…) now",
  );
  assertEquals(
    redactText("http://a/b and https://c@d/e"),
    "http://a/b and https://d/e",
  );
  assertEquals(redactText("no address?a=b"), "no address?a=b");
  assertEquals(
    redactText("Cannot reach http://me:pw@p: it is https://q."),
    "Cannot reach http://p/: it is https://q.",
  );
});

test("truncate() cuts by columns, not by characters", () => {
  assertEquals(truncate("abcdef", 6), "abcdef");
  assertEquals(truncate("abcdefg", 6), "abcde…");
  assertEquals(truncate("漢字漢字", 6), "漢字…");
  assertEquals(width(truncate("💾💾💾💾", 5)) <= 5, true);
  assertEquals(truncate("abc", 0), "");
});

test("formatTime() and formatWholeTime() suit people", () => {
  assertEquals(formatTime(420), "0.4s");
  assertEquals(formatTime(12_340), "12.3s");
  assertEquals(formatTime(59_990), "1m");
  assertEquals(formatTime(65_000), "1m 5s");
  assertEquals(formatWholeTime(20), "1s");
  assertEquals(formatWholeTime(3_723_000), "1h 2m");
  assertEquals(formatWholeTime(90_061_000), "1d 1h");
});

test("quoteForShell() makes one word of any name", () => {
  assertEquals(
    quoteForShell("library_nginx_latest.tar"),
    "library_nginx_latest.tar",
  );
  assertEquals(quoteForShell("/a/b-c_1.tar"), "/a/b-c_1.tar");
  assertEquals(quoteForShell("my image.tar"), "'my image.tar'");
  assertEquals(quoteForShell("it's $HOME.tar"), `'it'\\''s $HOME.tar'`);
  assertEquals(quoteForShell("~x"), "'~x'");
  assertEquals(quoteForShell(""), "''");
  assertEquals(quoteForShell("C:\\a b.tar", "win32"), '"C:\\a b.tar"');
  assertEquals(quoteForShell("C:\\a.tar", "win32"), "C:\\a.tar");
});
