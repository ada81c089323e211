/** A sample of the fuzz run; `deno task fuzz` is the whole of it. */

import { assertEquals } from "@std/assert";
import { test } from "../harness.ts";
import { fuzz } from "./run.ts";
import { TARGETS } from "./targets.ts";

test("every seed of the fuzz run is read as it is", async () => {
  for (const { name, seeds, read } of TARGETS) {
    for (const seed of seeds) {
      if (["record", "archive"].includes(name)) continue; // want a folder
      try {
        await read(seed, "");
      } catch (error) {
        // Some seeds are meant to be refused.
        assertEquals((error as Error).name.endsWith("Error"), true, name);
      }
    }
  }
});

for (let seed = 1; seed <= 4; seed++) {
  test(`no parser fails on what is nearly right, seed ${seed}`, async () => {
    const { failures } = await fuzz(1_500, `sample-${seed}`);
    assertEquals(failures, []);
  });
}
