/** What verifying costs, as archives of an attacker may have many entries. */
import { assert, assertEquals } from "@std/assert";
import type { HeldFile } from "../../lib/archive/reader/files.ts";
import { Inspection, type Source } from "../../lib/verify/inspection.ts";
import type { VerifyProblem } from "../../lib/verify/report.ts";
import { test } from "../harness.ts";

/** So many files, without a disk. */
function source(count: number): Source {
  const names = Array.from({ length: count }, (_, i) => `file ${i}`);
  return {
    kind: "archive",
    entries: new Map(
      names.map((name): [string, HeldFile] => [
        name,
        { name, type: "file", size: 1 },
      ]),
    ),
    problems: [],
    notes: [],
    async *read() {
      yield new Uint8Array(1);
    },
  };
}

test("Inspection.report() compares no problem with all others", () => {
  const inspection = new Inspection(source(0));
  const list: VerifyProblem[] = [];
  let looks = 0;
  const problem = (i: number): VerifyProblem => ({
    get code() {
      looks++;
      return "digest" as const;
    },
    subject: `file ${i}`,
    fault: { code: "absent" },
  });
  for (let i = 0; i < 2_000; i++) inspection.report(list, problem(i));
  for (let i = 0; i < 2_000; i++) inspection.report(list, problem(i));
  assertEquals([list.length, inspection.problems.length], [2_000, 2_000]);
  assert(looks <= 10 * 4_000, `${looks} looks`);
});

test("Inspection knows what it has measured or noted without looking through all", async () => {
  /** Milliseconds for so many files. */
  const time = async (count: number) => {
    const inspection = new Inspection(source(count));
    const start = performance.now();
    for (const entry of inspection.source.entries.values()) {
      assert(!inspection.wasMeasured(entry.name));
      await inspection.measure(entry, "sha256");
      assert(inspection.wasMeasured(entry.name));
      inspection.note({ code: "special", name: entry.name });
    }
    assertEquals(inspection.notes.length, count);
    return performance.now() - start;
  };
  // Eight times the files take eight times as long, or 64 times. Other work
  // of the machine may be in the way, but not each time.
  const ratios: number[] = [];
  do ratios.push(await time(12_000) / await time(1_500)); while (
    ratios.at(-1)! > 24 && ratios.length < 6
  );
  assert(ratios.at(-1)! <= 24, `${ratios}`);
});
