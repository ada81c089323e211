/** What commands and servers cost. */
import { assert, assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { costOf, measure, median } from "../../bench/measure.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";

const skip = process.platform !== "linux" && "this is not Linux";

test("a median is the middle, or between the two of the middle", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([]), NaN);
});

test("commands are run one after the other, and their costs added", {
  skip: process.platform === "win32" && "there is no sh",
}, () =>
  inFolder(async (folder) => {
    const scratch = join(folder, "time.txt");
    const commands = ["first", "second"].map((word) => [
      "sh",
      "-c",
      `printf ${word} >> words.txt`,
    ]);
    const cost = await measure(commands, { cwd: folder, scratch });
    const words = await readFile(join(folder, "words.txt"), "utf8");
    assertEquals(words, "firstsecond");
    assert(cost.wall > 0 && cost.cpu >= 0, JSON.stringify(cost));
    // Where there is GNU's time, the rest is known, too.
    assert(!(cost.memory < 1000), `${cost.memory}`);
    assert(!(cost.written! < 0), `${cost.written}`);
    const problem = await measure([["sh", "-c", "echo so >&2; exit 3"]], {
      cwd: folder,
      scratch,
    }).then(() => "", (error: Error) => error.message);
    assertEquals(problem, "exit code 3: so");
  }));

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
