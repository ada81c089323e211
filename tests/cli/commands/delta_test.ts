/** `--have`, `verify --against`, and the commands of docs/deltas.md. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "../../harness.ts";
import { images, inSetWorld, ONE, TWO, type World } from "./set_world.ts";

const FILES = [
  ...["app.tar", "base.tar", "images.lock.json", "inspect.json"],
  "content.txt",
];
const [{ diffIds, layers }] = [images[1]!];

/** What the page speaks of, of an image that has the first layer of another. */
async function prepare({ folder, run, bare }: World): Promise<void> {
  const lock = await bare("lock", TWO);
  await writeFile(join(folder, "images.lock.json"), lock.stdout);
  await run("-o", join(folder, "base.tar"), TWO);
  const image = [{ RootFS: { Type: "layers", Layers: diffIds } }];
  await writeFile(join(folder, "inspect.json"), JSON.stringify(image));
  const content = layers.map(({ digest }) => `${digest}\n`).join("");
  await writeFile(join(folder, "content.txt"), content);
}

test("the commands of docs/deltas.md do what it says", () =>
  inSetWorld(async (world) => {
    const { folder, run, bare } = world;
    await prepare(world);
    const page = new URL("../../../docs/deltas.md", import.meta.url);
    const text = readFileSync(page, "utf8");
    const commands = [...text.matchAll(/^docker-pull (.+)$/gm)]
      .map(([, rest]) => rest!);
    assertEquals(commands.length, 7);
    const names = new Map([["app:1", TWO], ["app:2", ONE]]);
    for (const command of commands) {
      const words = command.split(" ").map((word) =>
        FILES.includes(word) ? join(folder, word) : names.get(word) ?? word
      );
      const isPull = words[0]!.startsWith("-");
      const { code, stdout, stderr } = await (isPull ? run : bare)(...words);
      assertEquals(code, 0, `${command}\n${stderr}`);
      assertStringIncludes(stdout, "1 layer");
      if (isPull) {
        assertStringIncludes(stdout, "Delta:  without 1 layer, ");
        assertStringIncludes(
          stdout,
          `\nsh ${join(folder, "app.tar.check.sh")}`,
        );
      }
    }
  }));

test("a delta is told of in JSON, in a plan, and by verify --against", () =>
  inSetWorld(async (world) => {
    const { folder, run, bare } = world;
    await prepare(world);
    const file = join(folder, "app.tar");
    const { stdout } = await run("--json", "--have", TWO, "-o", file, ONE);
    const { results: [{ delta }] } = JSON.parse(stdout);
    assertEquals(delta.layers, [{
      digest: layers[0]!.digest,
      diffId: diffIds[0],
      size: layers[0]!.size,
    }]);
    const plan = await run("--dry-run", "--have", TWO, "-o", file, ONE);
    assertStringIncludes(plan.stdout, "left out");
    for (
      const [x, code, words] of [
        [TWO, 0, "it has what the file leaves out: 1 layer"],
        [join(folder, "inspect.json"), 0, "it has what"],
        [join(folder, "base.tar"), 0, "it has what"],
        ["registry.test/team/none:1", 5, ""],
      ] as const
    ) {
      const told = await bare("verify", "--against", x, file);
      assertEquals(told.code, code, told.stderr);
      assertStringIncludes(told.stdout, words);
    }
    const empty = join(folder, "empty.txt");
    await writeFile(empty, `${images[0]!.config.descriptor.digest}\n`);
    const lacking = await bare("verify", "--against", empty, file);
    assertEquals(lacking.code, 14);
    assertStringIncludes(lacking.stdout, `missing  ${layers[0]!.digest}`);
    assertStringIncludes(lacking.stdout, "it lacks 1 of the 1 layers");
    const json = await bare("verify", "--json", "--against", empty, file);
    assertEquals(JSON.parse(json.stdout).against.ok, false);
    const whole = join(folder, "base.tar");
    const not = await bare("verify", "--against", empty, whole);
    assertEquals(not.code, 0);
    assertStringIncludes(not.stdout, "it is no delta");
    const shown = await bare("inspect", file);
    assertStringIncludes(shown.stdout, "Delta:       without 1 layer");
    const copied = await bare("copy", file, `oci:${join(folder, "lay")}`);
    assertEquals(copied.code, 14);
    assertStringIncludes(copied.stderr, "it is a delta, and 1 layer is not in");
  }));

test("what cannot be left out is refused, with the next thing to do", () =>
  inSetWorld(async (world) => {
    const { folder, run } = world;
    await prepare(world);
    const file = join(folder, "x.tar");
    const at = (name: string) => join(folder, name);
    await writeFile(at("bad.json"), "{}");
    await writeFile(at("none.json"), "[]");
    await writeFile(
      at("other.txt"),
      `${images[0]!.config.descriptor.digest}\n`,
    );
    for (
      const [code, words, hint, ...argv] of [
        [
          14,
          "1 layer is known by",
          "--for docker",
          "--have",
          at("inspect.json"),
        ],
        [
          14,
          "1 layer is known by",
          "--for containerd",
          "--have",
          at("content.txt"),
        ],
        [
          14,
          "none of the 2 layers",
          "without --have",
          "--have",
          at("other.txt"),
        ],
        [
          2,
          "of the form oci is",
          "oci-archive",
          "--have",
          TWO,
          "--format",
          "oci",
        ],
        [
          2,
          "docker-legacy",
          "--format",
          "--have",
          TWO,
          "--format",
          "docker-legacy",
        ],
        [2, "compressed anew", "--layers", "--have", TWO, "--layers", "zstd"],
        [
          2,
          "tells of no layer",
          "ctr content ls -q",
          "--have",
          at("none.json"),
        ],
        [2, "", "hint", "--have", at("bad.json")],
        [2, "--load", "--help", "--have", TWO, "--load"],
        [2, "read once", "--help", "--have", "-", "--from", "-"],
        [5, "see what", "none:1", "--have", "registry.test/team/none:1"],
        [10, "", "hint", "--have", at("absent.tar")],
      ] as [number, string, string, ...string[]][]
    ) {
      const output = argv.includes("--load") ? [] : ["-o", file];
      const told = await run(...argv, ...output, ONE);
      assertEquals(told.code, code, `${argv}\n${told.stderr}`);
      assertStringIncludes(told.stderr, words);
      assertStringIncludes(told.stderr, hint);
      assertEquals(told.stderr.match(/^error:/gm)?.length, 1, told.stderr);
      assert(!existsSync(file));
    }
  }));

test("standard input says what is there, and a lock what is pulled", () => {
  const content = layers.map(({ digest }) => `${digest}\n`).join("");
  return inSetWorld(async (world) => {
    const { folder, run, bare } = world;
    const file = join(folder, "x.tar");
    const argv = ["--have", "-", "--for", "k3s", "-o", `${file}.gz`];
    const { code, stdout, stderr } = await run(...argv, ONE);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "Delta:  without 1 layer");
    const lock = await bare("lock", ONE);
    const path = join(folder, "one.lock.json");
    await writeFile(path, lock.stdout);
    const locked = await run("--lock", path, "--have", TWO, "-o", file);
    assertEquals(locked.code, 0, locked.stderr);
    assertStringIncludes(locked.stdout, "Delta:  without 1 layer");
    assertStringIncludes(locked.stdout, `sh ${file}.check.sh`);
  }, content);
});
