import { assertEquals } from "@std/assert";
import { createProgress } from "../../cli/progress.ts";
import { createStyle } from "../../cli/style.ts";
import type { PullEvent } from "../../lib/events.ts";
import { test } from "../harness.ts";
import {
  blob,
  config,
  done,
  MB,
  planned,
  received,
  start,
} from "./progress_fixture.ts";
import { Screen, Sink } from "./screen.ts";

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
