import { assertEquals } from "@std/assert";
import { createProgress } from "../../../cli/progress/progress.ts";
import { createStyle } from "../../../cli/progress/style.ts";
import type { PullEvent } from "../../../lib/image/events.ts";
import { test } from "../../harness.ts";
import {
  blob,
  config,
  done,
  inHand,
  MB,
  planned,
  received,
  retry,
  start,
} from "./fixture.ts";
import { Screen, Sink } from "./screen.ts";

/** A progress that is no terminal's, with time in the test's hand. */
function plain(verbose = false) {
  const sink = new Sink();
  const hand = inHand(sink, verbose);
  return {
    ...hand,
    /** Lets so many seconds pass. */
    pass: (seconds: number, each?: () => void) =>
      hand.pass(seconds * 1000, 1000, each),
    /** The lines since the last call. */
    lines() {
      const lines = sink.text.split("\n").slice(0, -1);
      sink.text = "";
      return lines;
    },
  };
}

test("plain progress is a line for each layer that is there", () => {
  const { progress, send, pass, lines } = plain();
  const [a, b, c] = [blob("a1", MB), blob("b2", 2 * MB), blob("c3", 3 * MB)];
  progress.ask("r.example");
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
    received(c, 2 * MB),
    done(a),
    done(c),
  ];
  for (const event of events) {
    pass(1);
    send(event);
  }
  progress.stop();
  assertEquals(lines(), [
    "linux/amd64, 3 layers, 123 MB",
    "b20000000000: 2 MB from the cache",
    "c30000000000: waiting for another process, which downloads it",
    "a10000000000: 1 MB in 6.0s",
    "c30000000000: 3 MB in 2.0s, 1 MB from an earlier run",
  ]);
});

test("plain progress tells each 15 seconds how far it is", () => {
  const terminal = plain();
  const { progress, send, pass, lines } = terminal;
  progress.ask("r.example");
  pass(30);
  assertEquals(lines(), [
    "Asking r.example, for 15 s",
    "Asking r.example, for 30 s",
  ]);
  const [a, b] = [blob("a1", 100 * MB), blob("b2", 20 * MB)];
  send(planned([a, b]), start(a, 10 * MB), {
    type: "blob-start",
    descriptor: b,
    source: "cache",
    resumed: 0,
  });
  send(done(b, "cache"));
  lines();
  let count = 10 * MB;
  pass(15, () => send(received(a, count += MB)));
  assertEquals(lines(), [
    "37%, 45 MB of 120 MB, 1 MB/s, 1 min 15 s left",
  ]);
  pass(45);
  assertEquals(lines(), [
    "37%, 45 MB of 120 MB, no data for 15 s",
    "37%, 45 MB of 120 MB, no data for 30 s",
    "37%, 45 MB of 120 MB, no data for 45 s",
  ]);
  progress.stop();
  assertEquals(terminal.isTicking(), false);
});

test("plain progress tells an outage once, and its end", () => {
  const { progress, send, pass, lines } = plain();
  progress.ask("r.example");
  for (let attempt = 1; attempt <= 4; attempt++) {
    for (let connection = 0; connection < 3; connection++) {
      send(retry(attempt, 4000));
    }
    pass(4);
  }
  assertEquals(lines(), [
    "retry: r.example does not answer; next try in 4 s, 1 of 5",
    "Asking r.example, for 15 s; r.example does not answer; next try in 1 s, 4 of 5",
  ]);
  send({ type: "resolved", reference: "1", descriptor: blob("ee", 9) });
  pass(3);
  assertEquals(lines(), ["r.example answers again after 16 s"]);
  progress.stop();
});

test("plain progress tells each try with its address by -v only", () => {
  for (const verbose of [false, true]) {
    const { send, lines } = plain(verbose);
    send(retry(1, 0, { code: "slow" }), retry(1, 200), retry(2, 2000));
    assertEquals(
      lines(),
      verbose
        ? ["0.0s", "0.2s", "2.0s"].map((wait, i) =>
          "retry: Cannot reach https://r.example/: no answer within 30 s " +
          `(try ${Math.max(1, i)} in ${wait}, https://r.example/v2/x)`
        )
        : ["retry: r.example does not answer; next try in 2 s, 2 of 5"],
    );
  }
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
    warning: { code: "cache-entry-damaged", digest: "sha256:a" },
  });
  progress.onEvent(done(layer));
  progress.stop();
  assertEquals(
    sink.written,
    "warning: The cache's copy of sha256:a is damaged and is fetched anew\n",
  );
});

test("a warning in the same words is told once, whatever the way", () => {
  for (const quiet of [false, true]) {
    const sink = new Sink();
    const progress = createProgress({
      output: sink,
      style: createStyle(sink, {}),
      env: {},
      quiet,
      several: true,
    });
    const refused = (registry: string) =>
      progress.onEvent({
        type: "warning",
        warning: {
          code: "credentials-refused",
          registry,
          source: "--dest-creds",
          known: false,
        },
      });
    for (const registry of ["r.test", "r.test", "s.test", "r.test"]) {
      refused(registry);
    }
    progress.stop();
    assertEquals(sink.text.match(/[rs]\.test refuses/g), [
      "r.test refuses",
      "s.test refuses",
    ]);
  }
});
