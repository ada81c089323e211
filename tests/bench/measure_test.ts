/** What commands and servers cost. */
import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { costOf, median } from "../../bench/measure.ts";
import { test } from "../harness.ts";

const skip = process.platform !== "linux" && "this is not Linux";

test("a median is the middle, or between the two of the middle", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([]), NaN);
});

test("the cost of a process that runs is told", { skip }, () => {
  const before = costOf(process.pid);
  // More than a tick of the clock of processor time, however busy the machine.
  const start = process.cpuUsage();
  while (process.cpuUsage(start).user < 50_000) Math.sqrt(2);
  const after = costOf(process.pid);
  assert(after.cpu > before.cpu, `${before.cpu} ${after.cpu}`);
  assert(after.memory > 2 ** 20, `${after.memory}`);
});

test("a process that is gone has no cost", () => {
  assertEquals(costOf(2 ** 30), { cpu: NaN, memory: NaN });
});
