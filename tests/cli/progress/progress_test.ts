import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../../harness.ts";
import { width } from "../../../cli/progress/text.ts";
import type { PullEvent } from "../../../lib/image/events.ts";
import type { Descriptor } from "../../../lib/image/types.ts";
import {
  blob,
  config,
  done,
  MB,
  onTerminal,
  planned,
  received,
  retry,
  start,
} from "./fixture.ts";
import { Screen } from "./screen.ts";

test("TerminalProgress shows bar, percentage, speed and time left of each layer", () => {
  const screen = new Screen(80, 24);
  const { send, pass, progress } = onTerminal(screen);
  const [a, b] = [blob("a1", 40 * MB), blob("b2", 60 * MB)];
  send(planned([a, b]), start(a), start(b), start(config));
  pass(100);
  for (let i = 1; i <= 30; i++) {
    send(received(a, i * MB / 3), received(b, i * MB));
    pass(100);
  }
  assertEquals(screen.text.slice(0, 1), ["linux/amd64, 2 layers, 123 MB"]);
  const [first, second, total] = screen.text.slice(1);
  assertEquals(
    [first, second].map((line) => line!.replace(/ [█░]+ /, " | ")),
    [
      "a10000000000 |  25%       10 MB/40 MB  3.33 MB/s      9s",
      "b20000000000 |  50%       30 MB/60 MB    10 MB/s      3s",
    ],
  );
  assert(total!.startsWith("0/2 done     █"), total);
  assertStringIncludes(total!, " 40% ");
  assertStringIncludes(total!, "13.3 MB/s");
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

/** Brings layers, five at a time. */
function bring(count: number, screen: Screen): void {
  const { send, pass, progress } = onTerminal(screen);
  const layers = Array.from(
    { length: count },
    (_, i) => blob(`${String(i).padStart(3, "0")}`, MB),
  );
  send(planned(layers));
  for (let i = 0; i < layers.length; i += 5) {
    const some = layers.slice(i, i + 5);
    send(...some.map((layer) => start(layer)));
    pass(1000);
    send(...some.map((layer) => received(layer, 1)));
    pass(200);
    if (i === 10) assertEquals(screen.text[1], "✓ 10 layers, 10 MB");
    send(...some.map((layer) => done(layer)));
    pass(200);
  }
  send(done(config), { type: "written", path: "x.tar", size: count * MB });
  progress.stop();
}

test("TerminalProgress lets finished layers scroll away above the live ones", () => {
  const screen = new Screen(60, 10);
  bring(10, screen);
  assertEquals(screen.text, [
    "linux/amd64, 10 layers, 123 MB",
    ...Array.from({ length: 10 }, (_, i) => `✓ 00${i}000000000 1 MB in 0.2s`),
  ]);
});

test("TerminalProgress folds finished layers into one line where there are many", () => {
  const screen = new Screen(60, 10);
  bring(125, screen);
  assertEquals(screen.text, [
    "linux/amd64, 125 layers, 123 MB",
    "✓ 125 layers, 125 MB",
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

test("TerminalProgress leaves the cursor to be seen, and stops its timer", () => {
  const screen = new Screen();
  const terminal = onTerminal(screen);
  const layer = blob("a1", MB);
  terminal.send(planned([layer]), start(layer));
  terminal.pass(200);
  // Whenever the process is stopped or killed, nothing has to be put right.
  assertEquals([screen.cursor, terminal.isTicking()], [true, true]);
  terminal.progress.stop();
  assertEquals([screen.cursor, terminal.isTicking()], [true, false]);
  assertEquals(screen.text, ["linux/amd64, 1 layer, 123 MB"]);
  terminal.progress.line("error: stopped");
  assertEquals(screen.text.at(-1), "error: stopped");
});

test("TerminalProgress repairs what is typed with its next frame", () => {
  for (const rows of [24, 12, 8]) {
    const screen = new Screen(80, rows);
    const { send, pass, progress } = onTerminal(screen);
    const layers = ["a1", "b2", "c3"].map((name) => blob(name, 9 * MB));
    send(...Array.from({ length: 10 }, (): PullEvent => ({
      type: "warning",
      warning: { code: "mirror", mirror: "m", fault: { code: "login" } },
    })));
    send(planned(layers), ...layers.map((layer) => start(layer)));
    pass(200);
    const before = screen.text;
    for (const keys of ["x", "\n", "words words", "\n\n\n", "a\nb\nc"]) {
      screen.type(keys);
      pass(100);
      assertEquals(screen.text, before, JSON.stringify(keys));
    }
    send(...layers.map((layer) => done(layer)));
    screen.type("\n");
    progress.stop();
    assertEquals(screen.text.length, before.length - 4 + 3);
  }
});

test("TerminalProgress draws anew from where a stopped process goes on", () => {
  const screen = new Screen(80, 24);
  const { send, pass, progress } = onTerminal(screen);
  const layer = blob("a1", 9 * MB);
  send(planned([layer]), start(layer));
  pass(200);
  progress.clear();
  assertEquals(screen.text, ["linux/amd64, 1 layer, 123 MB"]);
  screen.type("[1]+ Stopped\n$ fg\n");
  pass(100);
  assertEquals(screen.text.slice(1, 3), ["[1]+ Stopped", "$ fg"]);
  assertEquals(screen.text.length, 5);
  progress.stop();
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

test("TerminalProgress prints warnings above, and with -v each retry, made harmless", () => {
  for (const verbose of [false, true]) {
    const screen = new Screen(200);
    const { send, pass, progress } = onTerminal(screen, verbose);
    const layer = blob("a1", MB);
    send(
      planned([layer]),
      start(layer),
      retry(2, 500, { error: new Error("HTTP 503 \x1b[2J") }),
      retry(1, 0, {
        code: "content",
        error: new Error("wrong bytes"),
        url: "sha256:a",
      }),
      {
        type: "warning",
        warning: {
          code: "mirror",
          mirror: "evil\x07 \u202emirror",
          fault: { code: "login" },
        },
      },
    );
    pass(100);
    assertEquals(screen.text.slice(1, -2), [
      ...(verbose
        ? ["retry: HTTP 503 \\x1b[2J (try 2 in 0.5s, https://r.example/v2/x)"]
        : []),
      "retry: wrong bytes (try 1 in 0.0s, sha256:a)",
      "warning: Mirror evil\\x07 \\u202emirror wants a login",
    ]);
    progress.stop();
  }
});

test("TerminalProgress shows one outage in one line, counts down, and tells its end", () => {
  const screen = new Screen(80);
  const { send, pass, progress } = onTerminal(screen);
  // Before anything is planned, too, which is where registries refuse.
  send(retry(1, 3000), retry(1, 3200), retry(1, 900, { host: "s.example" }));
  pass(100);
  assertEquals(screen.text, [
    "r.example does not answer; next try in 3 s, 1 of 5",
  ]);
  pass(2900);
  assertEquals(screen.text, [
    "r.example does not answer; next try in 1 s, 1 of 5",
  ]);
  pass(500);
  assertEquals(screen.text, [
    "r.example does not answer; trying again, 1 of 5",
  ]);
  send(retry(2, 60_000, { code: "status", status: 503 }));
  pass(2000);
  assertEquals(screen.text, [
    "r.example answers 503; next try in 58 s, 2 of 5",
  ]);
  send(retry(1, 4000, { host: "cdn.example", code: "truncated" }));
  pass(1000);
  assertEquals(screen.text, [
    "cdn.example broke off the connection; next try in 3 s, 1 of 5",
    "r.example answers 503; next try in 57 s, 2 of 5",
  ]);
  pass(57_000);
  const layer = blob("a1", MB);
  send(planned([layer]), start(layer), received(layer, 5));
  pass(2000);
  assertEquals(screen.text.slice(0, 3), [
    "linux/amd64, 1 layer, 123 MB",
    "cdn.example answers again after 58 s",
    "r.example answers again after 1 min 4 s",
  ]);
  assertEquals(screen.text.length, 3 + 2);
  progress.stop();
});

test("TerminalProgress gives a sign of life until the image is known", () => {
  const screen = new Screen(40);
  const { send, pass, progress } = onTerminal(screen);
  progress.ask("registry.example");
  pass(900);
  assertEquals(screen.text, []);
  pass(100);
  assertEquals(screen.text, ["Asking registry.example … 1 s"]);
  pass(65_000);
  assertEquals(screen.text, ["Asking registry.example … 1 min 6 s"]);
  send(retry(1, 3000));
  pass(100);
  assertEquals(screen.text, ["r.example does not answer; next try in…"]);
  send(planned([]));
  pass(6000);
  assert(!screen.text.join().includes("Asking"));
  progress.stop();
});

test("TerminalProgress says why a layer has no speed", () => {
  const screen = new Screen(80);
  const { send, pass, progress } = onTerminal(screen);
  const names = ["a1", "b2", "c3", "d4", "e5"];
  const layers = names.map((name) => blob(name, 10 * MB));
  const [a, b, c, d, e] = layers as [Descriptor, ...Descriptor[]];
  send(
    planned(layers),
    start(a),
    start(b!, 4 * MB),
    { ...start(c!), source: "cache" } as PullEvent,
    { type: "blob-wait", descriptor: d! },
    start(e!),
  );
  const state = (name: string) =>
    screen.text.find((line) => line.startsWith(name))!.slice(40)
      .replace(/^.*\/\d+ MB/, "").trim();
  pass(1000);
  assertEquals(names.map(state), [
    "waiting",
    "waiting, 4 MB resumed",
    "from the cache",
    "waiting for another process",
    "waiting",
  ]);
  for (let i = 1; i <= 40; i++) {
    send(received(a, i * MB / 10));
    pass(100);
  }
  assertEquals(state("a1"), "1 MB/s      6s");
  send(received(e!, 10 * MB));
  pass(12_000);
  assertEquals([state("a1"), state("e5")], ["no data for 12 s", "verifying"]);
  assertEquals(state("0/5"), "no data for 12 s");
  send(received(a, 5 * MB), done(a), done(b!), done(c!, "cache"));
  pass(100);
  assertEquals(screen.text.slice(1, 4), [
    "✓ a10000000000 10 MB in 16.0s",
    "✓ b20000000000 10 MB, 4 MB from an earlier run",
    "✓ c30000000000 10 MB from the cache",
  ]);
  progress.stop();
});

test("TerminalProgress counts a layer's time from its first byte, and no early guess", () => {
  const screen = new Screen(80);
  const { send, pass, progress } = onTerminal(screen);
  const layer = blob("a1", 100 * MB);
  send(planned([layer]), start(layer));
  pass(60_000);
  for (let i = 1; i <= 15; i++) {
    send(received(layer, i * MB));
    pass(100);
    assert(!screen.text.join().includes("/s"), screen.text.join("\n"));
  }
  for (let i = 16; i <= 30; i++) {
    send(received(layer, i * MB));
    pass(100);
  }
  assertStringIncludes(screen.text.join(), "10 MB/s      7s");
  send(done(layer));
  progress.stop();
  assertEquals(screen.text.at(-1), "✓ a10000000000 100 MB in 3.0s");
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
