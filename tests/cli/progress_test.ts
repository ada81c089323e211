import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../harness.ts";
import { createProgress } from "../../cli/progress.ts";
import { createStyle } from "../../cli/style.ts";
import { width } from "../../cli/text.ts";
import type { PullEvent } from "../../lib/events.ts";
import type { Descriptor } from "../../lib/types.ts";
import { Screen, Sink } from "./screen.ts";

const MB = 1_000_000;

function blob(name: string, size: number): Descriptor {
  return {
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    digest: `sha256:${name.padEnd(64, "0")}`,
    size,
  };
}

const config = blob("c0", 1000);

function planned(layers: Descriptor[]): PullEvent {
  return {
    type: "planned",
    manifest: blob("aa", 500),
    platform: { os: "linux", architecture: "amd64" },
    config,
    layers,
    size: 123 * MB,
  };
}

/** A progress on a terminal, with time in the test's hand. */
function onTerminal(screen: Screen) {
  let now = 0;
  let tick: (() => void) | undefined;
  const progress = createProgress({
    output: screen,
    style: createStyle(screen, { NO_COLOR: "1" }),
    env: {},
    quiet: false,
    clock: {
      now: () => now,
      every(_, callback) {
        tick = callback;
        return () => (tick = undefined);
      },
    },
  });
  return {
    progress,
    send: (...events: PullEvent[]) =>
      events.forEach(progress.onEvent, progress),
    /** Lets time pass, drawing as a timer would. */
    pass(milliseconds: number) {
      for (const end = now + milliseconds; now < end;) {
        now += 100;
        tick?.();
      }
    },
    get ticking() {
      return tick !== undefined;
    },
  };
}

const start = (descriptor: Descriptor, resumed = 0): PullEvent => ({
  type: "blob-start",
  descriptor,
  source: "registry",
  resumed,
});
const received = (descriptor: Descriptor, received: number): PullEvent => ({
  type: "blob-progress",
  descriptor,
  received,
});
const done = (
  descriptor: Descriptor,
  source: "registry" | "cache" = "registry",
): PullEvent => ({ type: "blob-done", descriptor, source });

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
    reason: "HTTP 503 \x1b[2J",
    attempt: 2,
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

test("plain progress is a line for each begin and end", () => {
  const sink = new Sink();
  let now = 0;
  const progress = createProgress({
    output: sink,
    style: createStyle(sink, {}),
    env: {},
    quiet: false,
    clock: { now: () => now, every: () => () => {} },
  });
  const [a, b, c] = [blob("a1", MB), blob("b2", 2 * MB), blob("c3", 3 * MB)];
  const events: PullEvent[] = [
    { type: "resolved", reference: "nginx:latest", descriptor: blob("ee", 9) },
    planned([a, b, c]),
    start(config),
    done(config),
    start(a),
    received(a, 5),
    { type: "blob-start", descriptor: b, source: "cache", resumed: 0 },
    done(b, "cache"),
    { type: "blob-wait", descriptor: c },
    start(c, MB),
    done(a),
    done(c),
  ];
  for (const event of events) {
    now += 250;
    progress.onEvent(event);
  }
  progress.stop();
  assertEquals(sink.text.split("\n"), [
    "linux/amd64, 3 layers, 123 MB",
    "a10000000000: downloading 1 MB",
    "b20000000000: from the cache, 2 MB",
    "c30000000000: another process downloads it; waiting",
    "c30000000000: going on at 1 MB of 3 MB",
    "a10000000000: done, 1 MB in 1.5s",
    "c30000000000: done, 3 MB in 0.5s",
    "",
  ]);
});

test("quiet progress prints warnings only", () => {
  const sink = new Screen();
  const progress = createProgress({
    output: sink,
    style: createStyle(sink, { NO_COLOR: "1" }),
    env: {},
    quiet: true,
  });
  const layer = blob("a1", MB);
  progress.onEvent(planned([layer]));
  progress.onEvent(start(layer));
  progress.onEvent({
    type: "warning",
    warning: { code: "platform-mismatch", message: "it is another" },
  });
  progress.onEvent(done(layer));
  progress.stop();
  assertEquals(sink.written, "warning: it is another\n");
});
