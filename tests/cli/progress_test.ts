import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../harness.ts";
import { width } from "../../cli/text.ts";
import type { PullEvent } from "../../lib/events.ts";
import {
  blob,
  config,
  done,
  MB,
  onTerminal,
  planned,
  received,
  start,
} from "./progress_fixture.ts";
import { Screen } from "./screen.ts";

test("TerminalProgress shows bar, percentage, speed and time left of each layer", () => {
  const screen = new Screen(80, 24);
  const { send, pass, progress } = onTerminal(screen);
  const [a, b] = [blob("a1", 40 * MB), blob("b2", 60 * MB)];
  send(planned([a, b]), start(a), start(b), start(config));
  pass(100);
  for (let i = 1; i <= 10; i++) {
    send(received(a, i * MB), received(b, i * 3 * MB));
    pass(100);
  }
  assertEquals(screen.text.slice(0, 1), ["linux/amd64, 2 layers, 123 MB"]);
  const [first, second, total] = screen.text.slice(1);
  assertEquals(
    [first, second].map((line) => line!.replace(/ [█░]+ /, " | ")),
    [
      "a10000000000 |  25%       10 MB/40 MB    10 MB/s      3s",
      "b20000000000 |  50%       30 MB/60 MB    30 MB/s      1s",
    ],
  );
  assert(total!.startsWith("0/2 done     █"), total);
  assertStringIncludes(total!, " 40% ");
  assertStringIncludes(total!, "40 MB/s");
  assertEquals(first!.match(/█+░+/)![0], "█".repeat(6) + "░".repeat(18));
  progress.stop();
});

test("TerminalProgress fits every line into any width", () => {
  const layers = Array.from({ length: 5 }, (_, i) => blob(`a${i}`, 999 * MB));
  for (const columns of [10, 20, 26, 33, 40, 60, 80, 200]) {
    const screen = new Screen(columns, 24);
    const { send, pass, progress } = onTerminal(screen);
    send(planned(layers), ...layers.map((layer) => start(layer)));
    send(...layers.map((layer, i) => received(layer, i * 100 * MB)));
    send({ type: "blob-wait", descriptor: layers[0]! });
    pass(1000);
    const live = screen.text.slice(-6);
    assertEquals(live.length, 6);
    for (const line of live) {
      assert(width(line) < columns, `${columns}: ${line}`);
    }
    if (columns >= 40) assertStringIncludes(live[1]!, "█");
    progress.stop();
  }
});

test("TerminalProgress lets finished layers scroll away above the live ones", () => {
  const screen = new Screen(60, 10);
  const { send, pass, progress } = onTerminal(screen);
  const layers = Array.from(
    { length: 125 },
    (_, i) => blob(`${String(i).padStart(3, "0")}`, MB),
  );
  send(planned(layers));
  for (let i = 0; i < layers.length; i += 5) {
    send(...layers.slice(i, i + 5).map((layer) => start(layer)));
    pass(200);
    send(...layers.slice(i, i + 5).map((layer) => done(layer)));
    pass(200);
  }
  send(done(config), { type: "written", path: "x.tar", size: 125 * MB });
  progress.stop();
  assertEquals(screen.text, [
    "linux/amd64, 125 layers, 123 MB",
    ...layers.map(({ digest }) => `✓ ${digest.slice(7, 19)} 1 MB in 0.2s`),
  ]);
});

test("TerminalProgress never takes more rows than the terminal has", () => {
  const screen = new Screen(60, 8);
  const { send, pass, progress } = onTerminal(screen);
  const layers = Array.from({ length: 40 }, (_, i) => blob(`a${i}f`, 9 * MB));
  send(planned(layers), ...layers.map((layer) => start(layer)));
  pass(500);
  assertEquals(screen.text.length, 1 + 7);
  assertEquals(screen.text.at(-2), "and 35 more");
  pass(500);
  assertEquals(screen.text.length, 1 + 7);
  progress.stop();
  assertEquals(screen.text.length, 1);
});

test("TerminalProgress gives the cursor back and stops its timer", () => {
  const screen = new Screen();
  const terminal = onTerminal(screen);
  const layer = blob("a1", MB);
  terminal.send(planned([layer]), start(layer));
  terminal.pass(200);
  assertEquals([screen.cursor, terminal.ticking], [false, true]);
  terminal.progress.stop();
  assertEquals([screen.cursor, terminal.ticking], [true, false]);
  assertEquals(screen.text, ["linux/amd64, 1 layer, 123 MB"]);
  terminal.progress.line("error: stopped");
  assertEquals(screen.text.at(-1), "error: stopped");
});

test("TerminalProgress draws ten times a second, however many events come", () => {
  const screen = new Screen();
  const { send, pass, progress } = onTerminal(screen);
  const layer = blob("a1", 100 * MB);
  send(planned([layer]), start(layer));
  pass(100);
  const before = screen.written.length;
  for (let i = 0; i < 10_000; i++) send(received(layer, i));
  assertEquals(screen.written.length, before);
  pass(100);
  assert(screen.written.length - before < 500);
  progress.stop();
});

test("TerminalProgress prints warnings and retries above, made harmless", () => {
  const screen = new Screen(200);
  const { send, pass, progress } = onTerminal(screen);
  const layer = blob("a1", MB);
  send(planned([layer]), start(layer), {
    type: "retry",
    url: "https://r.example/v2/x",
    code: "status",
    reason: "HTTP 503 \x1b[2J",
    attempt: 2,
    of: 5,
    delay: 1500,
  }, {
    type: "warning",
    warning: { code: "mirror", message: "evil\x07 \u202emirror" },
  });
  pass(100);
  assertEquals(screen.text.slice(1, 3), [
    "retry: HTTP 503 \\x1b[2J (try 2 in 1.5s, https://r.example/v2/x)",
    "warning: evil\\x07 \\u202emirror",
  ]);
  progress.stop();
});

test("TerminalProgress counts down to the next try of a long wait", () => {
  const screen = new Screen(60);
  const { send, pass, progress } = onTerminal(screen);
  const retry = (url: string, delay: number): PullEvent => ({
    type: "retry",
    url,
    code: "status",
    reason: "HTTP 429",
    attempt: 1,
    of: 5,
    delay,
  });
  // Before anything is planned, too, which is where registries refuse.
  send(retry("https://r.example/v2/x", 5000), retry("https://s/y", 900));
  pass(100);
  assertEquals(screen.text.slice(2), [
    "waiting 5s to try r.example again",
  ]);
  send(retry("https://cdn.example/z", 60_000));
  pass(2000);
  assertEquals(screen.text.slice(3), [
    "waiting 3s to try r.example again (and 1 more)",
  ]);
  pass(3000);
  assertEquals(screen.text.slice(3), ["waiting 55s to try cdn.example again"]);
  const layer = blob("a1", MB);
  send(planned([layer]), start(layer));
  pass(100);
  assertEquals(screen.text.length, 3 + 1 + 2 + 1);
  assertEquals(screen.text.at(-1), "waiting 55s to try cdn.example again");
  pass(60_000);
  assert(!screen.text.join().includes("waiting"));
  send(retry("https://r.example/v2/x", 5000));
  progress.stop();
  assert(!screen.text.join().includes("waiting"));
  assert(screen.cursor);
});

test("TerminalProgress redraws in place after the terminal became narrower", () => {
  const screen = new Screen(100, 24);
  const { send, pass, progress } = onTerminal(screen);
  const layer = blob("a1", 10 * MB);
  send(planned([layer]), start(layer), received(layer, MB));
  pass(300);
  screen.columns = 50;
  pass(300);
  for (const line of screen.text.slice(-2)) assert(width(line) < 50, line);
  progress.stop();
});
