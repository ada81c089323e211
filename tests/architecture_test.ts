/**
 * Holds the sources to their order: what may import what, what lib/ may know,
 * and what a user of the library loads. Read from `deno info --json`.
 */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { test } from "./harness.ts";

/** From what is imported by all to what imports all. */
const RANKS = [
  ["lib/redact"],
  ["lib/image"],
  ["lib/disk"],
  ["lib/compression"],
  ["lib/net", "lib/layout", "lib/archive", "lib/lists"],
  ["lib/registry", "lib/credentials", "lib/daemon"],
  ["lib/transfer"],
  ["lib/copy"],
  [
    "lib/verify",
    "lib/doctor",
    "lib/serve",
    "lib/look",
    "lib/locks",
    "lib/cache",
    "lib/proofs",
  ],
  ["mod"],
  ["cli"],
];
/** Those that may know of a runtime: one asks for it, one is Deno's sockets. */
const OF_RUNTIMES = ["lib/net/transport.ts", "lib/net/short/deno_socket.ts"];

/** So many sources may be loaded before the arguments are read. */
const MOST_AT_START = 19;
/** So many, with those, before an image is asked for. */
const MOST_FOR_A_PULL = 252;

const root = fileURLToPath(new URL("..", import.meta.url));

interface Edge {
  from: string;
  to: string;
  /** Loaded when it is asked for, by `import()`. */
  late: boolean;
  /** Gone once the types are erased. */
  typeOnly: boolean;
}

interface Info {
  modules: {
    specifier: string;
    error?: string;
    dependencies?: {
      specifier: string;
      isDynamic?: boolean;
      code?: { specifier?: string };
      type?: { specifier?: string };
    }[];
  }[];
}

function path(specifier: string): string {
  return relative(root, fileURLToPath(specifier)).replaceAll("\\", "/");
}

/** The unit of RANKS that a file belongs to: a folder of lib/, or the top. */
function unit(file: string): string {
  const [top, room] = file.replace(/\.ts$/, "").split("/");
  return top === "lib" ? `lib/${room}` : top!;
}

function rank(file: string): number {
  return RANKS.findIndex((units) => units.includes(unit(file)));
}

function sources(folder = ""): string[] {
  return readdirSync(join(root, folder || "."), { withFileTypes: true })
    .flatMap((entry) => {
      const file = folder + entry.name;
      if (entry.name.startsWith(".")) return [];
      if (entry.isDirectory()) return folder ? sources(`${file}/`) : [];
      return file.endsWith(".ts") ? [file] : [];
    });
}

/** Every file that is published. */
const published = [...sources(), ...sources("lib/"), ...sources("cli/")];

const runtime = "Deno" in globalThis ? process.execPath : "deno";
const npm = import.meta.resolve("@std/assert").startsWith("file:");
const config = join(root, npm ? "deno.npm.json" : "deno.json");
const missing = spawnSync(runtime, ["--version"]).status !== 0 &&
  "there is no deno to ask";

function graph(): Edge[] {
  const edges = new Map<string, Edge>();
  const seen = new Set<string>();
  for (const file of published) {
    if (seen.has(file)) continue;
    const { status, stdout, stderr } = spawnSync(
      runtime,
      ["info", "--json", "--no-lock", "--config", config, join(root, file)],
      { encoding: "utf8", maxBuffer: 2 ** 28 },
    );
    assertEquals(status, 0, stderr);
    const info: Info = JSON.parse(stdout);
    const local = pathToFileURL(root).href;
    for (const { specifier, error, dependencies = [] } of info.modules) {
      if (!specifier.startsWith(local)) continue;
      const from = path(specifier);
      if (rank(from) < 0 && !published.includes(from)) continue;
      assertEquals(error, undefined, from);
      seen.add(from);
      for (const { code, type, isDynamic = false } of dependencies) {
        const target = code?.specifier ?? type?.specifier;
        if (!target?.startsWith(local)) continue;
        const to = path(target);
        if (!published.includes(to)) continue;
        const edge = { from, to, late: isDynamic, typeOnly: !code };
        edges.set(`${from} ${to}`, edge);
      }
    }
  }
  return [...edges.values()];
}

let known: Edge[] | undefined;
const edges = () => known ??= graph();
const arrow = ({ from, to }: Edge) => `${from} → ${to}`;

test("the top of lib/ holds folders only", () => {
  const files = published.filter((file) => /^lib\/[^/]+$/.test(file));
  assertEquals(files, []);
});

test("every source has its place in the order", () => {
  assert(published.length > 10);
  assertEquals(published.filter((file) => rank(file) < 0), []);
});

test("a source imports only what comes before it", { skip: missing }, () => {
  const wrong = edges().filter(({ from, to, late }) => {
    if (unit(from) === unit(to)) return false;
    // Run as the main module, the library is the command.
    if (from === "mod.ts" && to === "cli.ts" && late) return false;
    return rank(to) >= rank(from);
  });
  assertEquals(wrong.map(arrow), []);
});

test("a signal is listened to in one place, which many can share", () => {
  const text = (file: string) => readFileSync(join(root, file), "utf8");
  const wrong = published.filter((file) =>
    /addEventListener\(\s*"abort"|node:timers\/promises/.test(text(file))
  );
  assertEquals(wrong, ["lib/image/abort.ts"]);
});

test("no sources import each other in a circle", { skip: missing }, () => {
  const next = new Map<string, string[]>();
  for (const { from, to, late } of edges()) {
    if (from === "mod.ts" && late) continue;
    next.set(from, [...next.get(from) ?? [], to]);
  }
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, trail: string[]) => {
    const start = trail.indexOf(file);
    if (start >= 0) {
      circles.push([...trail.slice(start), file].join(" → "));
    }
    if (start >= 0 || done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...trail, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  assertEquals(circles, []);
});

test("importing the library loads none of the command", {
  skip: missing,
}, () => {
  const loaded = new Set(["mod.ts"]);
  for (const file of loaded) {
    for (const { from, to, late, typeOnly } of edges()) {
      if (from === file && !late && !typeOnly) loaded.add(to);
    }
  }
  assert(loaded.size > 10);
  assertEquals([...loaded].filter((file) => unit(file) === "cli"), []);
});

/** What is loaded with these files; what is imported late is not. */
function loadedWith(...files: string[]): Set<string> {
  const loaded = new Set(files);
  for (const file of loaded) {
    for (const { from, to, late, typeOnly } of edges()) {
      if (from === file && !late && !typeOnly) loaded.add(to);
    }
  }
  return loaded;
}

test("a command loads few sources before it knows what to do", {
  skip: missing,
}, () => {
  const loaded = loadedWith("cli.ts");
  // Each is read at every start, whatever is asked for.
  assert(loaded.size <= MOST_AT_START, [...loaded].sort().join("\n"));
});

test("a pull of one image loads what it needs, and none of the rest", {
  skip: missing,
}, () => {
  const loaded = [...loadedWith("cli.ts", "cli/commands/pull.ts")].sort();
  assert(loaded.length <= MOST_FOR_A_PULL, `${loaded.length} are loaded`);
  const others = ["lib/daemon", "lib/verify"];
  assertEquals(loaded.filter((file) => others.includes(unit(file))), []);
  const rare = loaded.filter((file) =>
    /^lib\/copy\/(?:import|transforms)\/|^lib\/archive\/reader\/|\/upload\//
      .test(file)
  );
  assertEquals(rare, []);
});

test("what a doc comment of the library names is exported", {
  skip: missing,
}, () => {
  const { status, stdout, stderr } = spawnSync(
    runtime,
    ["doc", "--no-remote", "--json", join(root, "mod.ts")],
    { encoding: "utf8", maxBuffer: 2 ** 28, cwd: root },
  );
  assertEquals(status, 0, stderr);
  const documented: { nodes: Record<string, { symbols: { name: string }[] }> } =
    JSON.parse(stdout);
  const exported = new Set(
    Object.values(documented.nodes).flatMap(({ symbols }) =>
      symbols.map(({ name }) => name)
    ),
  );
  assert(exported.has("pull"));
  const named = [...stdout.matchAll(/\{@link(?:code)? ([A-Za-z]+)[.}]/g)]
    .map(([, name = ""]) => name);
  assert(named.includes("PullOptions") || named.length > 10);
  assertEquals(named.filter((name) => !exported.has(name)), []);
});

test("lib/ knows no argv, environment, terminal or runtime", () => {
  const FORBIDDEN = [
    /\bDeno\s*[.[]/,
    /\bBun\s*[.[]/,
    /\bimport\.meta\.main\b/,
    /\bprocess\s*\.\s*(argv|env|stdin|stdout|stderr|exit|cwd|on|once)\b/,
    /\bconsole\s*\./,
    /from "@std\/(cli|fmt)\b/,
  ];
  const wrong: string[] = [];
  for (const file of published.filter((file) => file.startsWith("lib/"))) {
    const code = readFileSync(join(root, file), "utf8")
      .replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
    for (const pattern of FORBIDDEN) {
      const ofRuntime = /Deno|Bun/.test(pattern.source);
      if (ofRuntime && OF_RUNTIMES.includes(file)) continue;
      const found = pattern.exec(code);
      if (found) wrong.push(`${file}: ${found[0]}`);
    }
  }
  assertEquals(wrong, []);
});

function readJson(name: string) {
  return JSON.parse(readFileSync(join(root, name), "utf8"));
}

test("both profiles allow erasable TypeScript only", () => {
  const jsr = readJson("deno.json").compilerOptions;
  assertEquals(jsr, readJson("deno.npm.json").compilerOptions);
  assertEquals(jsr.erasableSyntaxOnly, true);
});

test("both profiles know the same names and the same version", () => {
  const jsr = readJson("deno.json");
  const npm = readJson("package.json");
  // Those of the tests alone are development's.
  const names = Object.keys(jsr.imports).filter((name) => name !== "fast-check")
    .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0]);
  assertEquals(Object.keys(npm.dependencies).sort(), names.sort());
  assertEquals(npm.version, jsr.version);
});

test("what is published is there", () => {
  const { publish, exports } = readJson("deno.json");
  for (const file of [...publish.include, ...Object.values<string>(exports)]) {
    assert(existsSync(join(root, file)), file);
  }
});

const page = readFileSync(join(root, "docs/architecture.md"), "utf8");

test("docs/architecture.md has the order of the rooms", () => {
  const names = RANKS.map((units) => {
    const rooms = units.map((each) => each.replace("lib/", ""));
    return rooms.length === 1 ? rooms[0] : `{${rooms.join(", ")}}`;
  });
  assert(page.includes(`\n    ${names.join(" ← ")}\n`), names.join(" ← "));
  for (const folder of ["lib", "cli"]) {
    const rooms = readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const shown = page.split(`\n${folder}/ `)[1]!.split(/\n\S/)[0]!
      .matchAll(/^ {2}([a-z]+)\/ /gm);
    assertEquals([...shown].map(([, name]) => name!).sort(), rooms.sort());
  }
});

test(
  "docs/architecture.md leads from the command to the file in eleven files",
  {
    skip: missing,
  },
  () => {
    const way = [...page.matchAll(/^\d+\. `([a-z_/]+\.ts)` /gm)]
      .map(([, file]) => file!);
    assertEquals([way.length, way[0]], [11, "cli.ts"]);
    for (const [i, file] of way.entries()) {
      const opened = way.slice(0, i);
      const led = edges().some(({ from, to }) =>
        to === file && opened.includes(from)
      );
      assert(i === 0 || led, `none of those before leads to ${file}`);
    }
  },
);
