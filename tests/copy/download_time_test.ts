import { assertEquals } from "@std/assert";
import { DownloadTime } from "../../lib/copy/sets/download_time.ts";
import type { PullEvent } from "../../lib/image/events.ts";
import { test } from "../harness.ts";

const layer = (name: string) => ({
  mediaType: "x/y",
  digest: `sha256:${name}`,
  size: 100,
});
const start = (
  name: string,
  source: "registry" | "cache" = "registry",
  resumed = 0,
): PullEvent => ({
  type: "blob-start",
  descriptor: layer(name),
  source,
  resumed,
});
const progress = (name: string): PullEvent => ({
  type: "blob-progress",
  descriptor: layer(name),
  received: 50,
});

test("DownloadTime is from the first request for a layer to its last byte", () => {
  let now = 1000;
  const time = new DownloadTime(() => now);
  const at = (moment: number, event: PullEvent) => {
    now = moment;
    time.apply(event);
  };
  at(1000, { type: "resolved", reference: "1", descriptor: layer("m") });
  at(2000, start("cached", "cache"));
  at(3000, progress("cached"));
  at(4000, start("whole", "registry", 100));
  at(5000, progress("whole"));
  assertEquals(time.elapsed, 0);
  at(6000, start("a"));
  at(6500, start("b", "registry", 40));
  at(7000, progress("a"));
  at(9000, progress("b"));
  at(20_000, progress("cached"));
  assertEquals(time.elapsed, 3000);
});
