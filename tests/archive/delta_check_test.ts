/** The script that asks a target, in the shells that are here. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { deltaPowershellScript } from "../../lib/archive/delta_check_powershell.ts";
import { deltaShellScript } from "../../lib/archive/delta_check_shell.ts";
import type { Delta } from "../../lib/image/delta.ts";
import { inFolder } from "../disk/folder.ts";
import { test } from "../harness.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const DELTA: Delta = {
  foundBy: "both",
  layers: [
    { digest: digest("1"), diffId: digest("a"), size: 10 },
    { digest: digest("2"), diffId: digest("b"), size: 20 },
  ],
  base: [
    { name: "r.test/a:1", digests: [digest("c"), digest("d")], layers: [0, 1] },
    { name: "r.test/b:1", digests: [digest("e")], layers: [1] },
  ],
};
const CHAINS = [[digest("a"), digest("b")]];

const windows = process.platform === "win32";
const SHELLS = [["dash"], ["busybox", "sh"], ["bash"], ["sh"]].filter((
  [program],
) => !windows && spawnSync(program!, ["-c", "true"]).error === undefined);

/** What the programs of a target print, by their arguments. */
interface Asked {
  /** Its images, as `image ls -aq` prints their IDs. */
  ids?: string;
  /** What is inspected of them. */
  inspected?: string;
  /** What `docker info` tells of its store. */
  store?: string;
  /** What `ctr content ls -q` prints. */
  content?: string;
  /** What `crictl images -o json` prints. */
  json?: string;
}

/** Runs the script with a program of that name, which says what it is to say. */
function run(
  program: string,
  asked: Asked | undefined,
  check: (
    told: { code: number | null; stdout: string; stderr: string },
  ) => void,
  args: string[] = [],
): Promise<void> {
  return inFolder(async (folder) => {
    const bin = join(folder, "bin");
    await mkdir(bin);
    const { ids = "", inspected = "", store = "", content = "", json = "" } =
      asked ?? {};
    const words = (text: string) => `printf '%s\\n' '${text}'`;
    await writeFile(
      join(bin, program),
      asked
        ? `#!/bin/sh
case "$*" in
*"image ls -aq --no-trunc"*) ${words(ids)} ;;
*"image inspect"*) ${words(inspected)} ;;
*"info -f"*) ${words(store)} ;;
*"content ls -q"*) ${words(content)} ;;
*"images -o json"*) ${words(json)} ;;
*--version*) echo "${program} version 1" ;;
*) exit 9 ;;
esac
`
        : "#!/bin/sh\necho nothing answers >&2\nexit 1\n",
    );
    await chmod(join(bin, program), 0o755);
    const script = join(folder, "it's.tar.check.sh");
    await writeFile(join(folder, "it's.tar"), "12345");
    await writeFile(
      script,
      deltaShellScript({
        path: "/x/it's.tar",
        size: 5,
        delta: DELTA,
        chains: CHAINS,
        programs: ["docker", "k3s", "ctr"],
      }),
    );
    for (const [shell, ...rest] of SHELLS) {
      const { status, stdout, stderr } = spawnSync(
        shell!,
        [...rest, script, ...args],
        { encoding: "utf8", env: { PATH: `${bin}:${process.env.PATH}` } },
      );
      check({ code: status, stdout, stderr });
    }
  });
}

const skip = SHELLS.length === 0 && "there is no POSIX shell";
const stacks = (...images: string[][]) =>
  images.map((ids) => JSON.stringify(ids.map(digest))).join("\n");
const missing = (stdout: string) =>
  [...stdout.matchAll(/^missing: sha256:(.)/gm)].map(([, digit]) => digit);

test("Docker's graph drivers are asked for layers on each other", {
  skip,
}, async () => {
  const store = '[["Backing Filesystem","extfs"]]';
  for (
    const [images, lacks] of [
      [[["a", "b"]], []],
      [[["f"], ["a", "b", "f"]], []],
      [[["a"]], ["2"]],
      [[["b", "a"]], ["1", "2"]],
      [[["f", "a", "b"]], ["1", "2"]],
    ] as [string[][], string[]][]
  ) {
    const inspected = stacks(...images);
    await run("docker", { ids: "x", inspected, store }, ({ code, stdout }) => {
      assertEquals([code, missing(stdout)], [lacks.length ? 1 : 0, lacks]);
    }, ["docker"]);
  }
  await run("docker", { store }, ({ code, stdout, stderr }) => {
    assertEquals([code, missing(stdout)], [1, ["1", "2"]]);
    assertStringIncludes(stderr, "2 of the 2 layers that it's.tar lacks");
  }, ["docker"]);
});

test("where Docker keeps images in containerd, their digests tell", {
  skip,
}, async () => {
  const store = '[["driver-type","io.containerd.snapshotter.v1"]]';
  for (
    const [inspected, lacks] of [
      [`${digest("c")} []`, []],
      [`${digest("f")} ["r.test/a@${digest("d")}"]`, []],
      [`${digest("e")} null`, ["1"]],
      [stacks(["a", "b"]), ["1", "2"]],
    ] as [string, string[]][]
  ) {
    await run("docker", { ids: "x", inspected, store }, (told) => {
      assertEquals(missing(told.stdout), lacks);
      assertEquals(told.code, lacks.length ? 1 : 0);
      if (lacks.length) assertStringIncludes(told.stderr, "r.test/a:1");
    }, ["docker", "-H", "ssh://me@host"]);
  }
});

test("containerd is asked for the very bytes", { skip }, async () => {
  const content = `${digest("f")}\n${digest("2")}`;
  await run("ctr", { content }, ({ code, stdout }) => {
    assertEquals([code, missing(stdout)], [1, ["1"]]);
  }, ["ctr", "-n", "k8s.io"]);
  await run("ctr2", { content: `${content}\n${digest("1")}` }, (told) => {
    assertEquals([told.code, missing(told.stdout)], [0, []]);
  }, ["env", "ctr2"]);
  await run(
    "crictl",
    { json: `{"repoDigests":["a@${digest("c")}"]}` },
    (told) => assertEquals(told.code, 0),
    ["crictl"],
  );
});

test("a target that cannot be asked is told as such", { skip }, async () => {
  for (const program of ["docker", "ctr", "crictl", "podman"]) {
    await run(program, undefined, ({ code, stderr }) => {
      assertEquals(code, 2);
      assertStringIncludes(stderr, `cannot ask: ${program}`);
    }, [program]);
  }
  await run("skopeo", {}, ({ code, stderr }) => {
    assertEquals(code, 2);
    assertStringIncludes(stderr, "not: skopeo");
  }, ["skopeo"]);
});

test(
  "a script of another file says so",
  { skip },
  () =>
    inFolder(async (folder) => {
      const script = join(folder, "a.tar.check.sh");
      await writeFile(join(folder, "a.tar"), "123456");
      const made = { path: "a.tar", size: 5, delta: DELTA, chains: CHAINS };
      await writeFile(
        script,
        deltaShellScript({ ...made, programs: ["docker"] }),
      );
      const { status, stderr } = spawnSync("sh", [script], {
        encoding: "utf8",
      });
      assertEquals(status, 2);
      assertStringIncludes(stderr, "another file");
    }),
);

test("names are words to both shells, and nothing else", () => {
  const name = "a'$(id)`id`\u2019.tar";
  const made = { path: `/x/${name}`, size: 5, chains: CHAINS } as const;
  const delta: Delta = {
    ...DELTA,
    base: [{ ...DELTA.base[0]!, name: 'r.test/a:1"; id; "' }],
  };
  const options = { ...made, delta, programs: ["docker", "ctr"] as const };
  const shell = deltaShellScript({ ...options, programs: ["docker", "ctr"] });
  assertStringIncludes(shell, `name='a'\\''$(id)\`id\`\u2019.tar'`);
  assertEquals(shell.includes("; id;"), false);
  const script = deltaPowershellScript({
    ...options,
    programs: ["docker", "ctr"],
  });
  assertStringIncludes(script, "$name = 'a''$(id)`id`\u2019\u2019.tar'");
});
