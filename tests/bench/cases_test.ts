/** The cases hang together: names, targets, programs that are not there. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { chooseCases, makeCases } from "../../bench/cases.ts";
import { PROGRAMS, readOptions } from "../../bench/options.ts";
import { curlRow, pieces } from "../../bench/peers.ts";
import type { Job, Tools } from "../../bench/rows.ts";
import { test } from "../harness.ts";

const NAMES = [...PROGRAMS, "floor", "pace", "link"];
const everything: Tools = {
  programs: Object.fromEntries(NAMES.map((name) => [name, `/bin/${name}`])),
  missing: {},
};
const nothing: Tools = { programs: {}, missing: { floor: "no compiler" } };

function cases(tools: Tools) {
  return makeCases({
    tools,
    commands: [
      { label: "docker-pull", command: ["docker-pull"] },
      { label: "docker-pull (Node)", command: ["node", "x"], empty: ["node"] },
    ],
    emptyScript: ["true"],
    scale: 1,
  });
}

const job: Job = {
  host: "127.0.0.1:5000",
  repository: "image",
  repositories: ["image"],
  blobs: [{ digest: "sha256:00", size: 10 }],
  folder: "/folder",
  shared: "/shared",
  target: "127.0.0.1:5001",
  daemon: "unix:///socket",
};

test("every case has its own name, and every target and base its row", () => {
  const all = cases(everything);
  assertEquals(new Set(all.map(({ id }) => id)).size, all.length);
  for (const { id, rows, targets, base } of all) {
    const names = rows.map(({ name }) => name);
    assertEquals(new Set(names).size, names.length, id);
    const wanted = [
      ...base,
      ...targets.flatMap(({ row, over }) => [
        row,
        ...[over].flat().filter((name) => typeof name === "string"),
      ]),
    ];
    // Without the C floor, curl is.
    assertEquals(wanted.filter((name) => !names.includes(name)), [], id);
  }
});

test("all rows have commands, with no gap where a program's name should be", () => {
  for (const { id, rows } of cases(everything)) {
    assertEquals(rows.filter(({ missing }) => missing), [], id);
    for (const row of rows) {
      const commands = [
        ...row.before?.(job) ?? [],
        ...row.setUp?.(job) ?? [],
        ...row.commands(job),
        ...row.cleanUp?.(job) ?? [],
      ];
      assert(row.commands(job).length > 0, row.name);
      for (const command of commands) {
        assert(command[0], row.name);
        assert(command.every((arg) => typeof arg === "string"), row.name);
      }
    }
  }
});

test("rows whose programs are not there say so; those of docker-pull run", () => {
  const rows = cases(nothing).flatMap(({ rows }) => rows);
  const reasons = new Map(rows.map(({ name, missing }) => [name, missing]));
  assertEquals(reasons.get("crane pull"), "there is no crane");
  assertEquals(reasons.get("C floor"), "no compiler");
  assertEquals(reasons.get("docker-pull, no cache"), undefined);
});

test("cases are chosen by name and by group", () => {
  const all = cases(everything);
  const ids = (...names: string[]) =>
    chooseCases(all, names).map(({ id }) => id);
  assertEquals(ids("small"), ["small"]);
  assertEquals(ids("huge", "memory"), ["memory", "huge"]);
  assert(ids("growth").every((id) => id.startsWith("growth-")));
  assertEquals(chooseCases(all), all);
  assertThrows(() => ids("none"), Error, "there are the groups pull, lines");
});

test("the pieces of a blob are all of it, and none twice", () => {
  assertEquals(pieces(10, 10), [undefined]);
  assertEquals(pieces(10, 4), ["0-3", "4-7", "8-9"]);
  const [command = []] = curlRow(everything, { connections: 2, piece: 4 })
    .commands(job);
  assertEquals(command.filter((arg) => arg === "--next").length, 2);
  assertEquals(command.filter((arg) => arg === "--output").length, 3);
});

test("programs are named by option and by environment; unknown ones refused", () => {
  const env = { BENCH_PROGRAMS: `curl=${import.meta.filename}  oras= ` };
  const { programs } = readOptions(["--program", "crane="], env);
  assertEquals(programs.curl, import.meta.filename);
  assertEquals([programs.oras, programs.crane], [undefined, undefined]);
  assertThrows(() => readOptions(["--program", "none=x"], {}), Error, "none");
  assertThrows(
    () => readOptions(["--program", "oras=/no/such/file"], {}),
    Error,
    "/no/such/file",
  );
  assertThrows(() => readOptions(["--runs", "0"], {}), Error, "0");
});
