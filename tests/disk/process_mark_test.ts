import { assert, assertEquals } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { hasEnded, processMark } from "../../lib/disk/process_mark.ts";
import { test } from "../harness.ts";
import { inFolder } from "./folder.ts";

const OTHER = 4242;
const stat = (pid: number, state: string, began: number) =>
  `${pid} (a) b) ${state} ${
    Array.from({ length: 18 }, () => 0).join(" ")
  } ${began} 0\n`;
const mountinfo = (options: string) =>
  `22 1 0:21 / / rw - ext4 /dev/a rw\n24 22 0:22 / /proc rw,nosuid shared:5 - proc proc ${options}\n`;

/** A /proc as it is with these mount options, with this and another process. */
async function inProc(
  options: string | undefined,
  other: string | undefined,
  body: (proc: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (proc) => {
    await mkdir(join(proc, "sys/kernel/random"), { recursive: true });
    await writeFile(join(proc, "sys/kernel/random/boot_id"), "boot\n");
    await mkdir(join(proc, "self/ns"), { recursive: true });
    await symlink("pid:[7]", join(proc, "self/ns/pid"));
    if (options !== undefined) {
      await writeFile(join(proc, "self/mountinfo"), mountinfo(options));
    }
    const put = async (pid: number, text: string) => {
      await mkdir(join(proc, `${pid}`));
      await writeFile(join(proc, `${pid}`, "stat"), text);
    };
    await put(process.pid, stat(process.pid, "R", 5));
    if (other !== undefined) await put(OTHER, other);
    await body(proc);
  });
}

const MARK = `boot pid:[7] ${OTHER} 99`;
const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};
const unasked = () => assert(false, "it was asked");

const skip = process.platform === "win32" && "Windows has no /proc";

test("hasEnded() knows what /proc shows", { skip }, async () => {
  for (
    const [text, ended] of [
      [stat(OTHER, "S", 99), false],
      [stat(OTHER, "S", 100), true],
      [stat(OTHER, "Z", 99), true],
      [undefined, true],
    ] as const
  ) {
    await inProc("rw", text, async (proc) => {
      assertEquals(await hasEnded(MARK, { proc, probe: unasked }), ended);
      for (
        const mark of [
          "",
          "x",
          `another pid:[7] ${OTHER} 99`,
          "boot pid:[7] x 9",
        ]
      ) {
        assertEquals(await hasEnded(mark, { proc, probe: unasked }), false);
      }
    });
  }
});

for (
  const options of [
    "rw,hidepid=2",
    "rw,hidepid=invisible",
    "rw,gid=5,hidepid=4",
    "rw,hidepid=ptraceable",
    undefined,
  ]
) {
  test(`hasEnded() does not take for dead what /proc hides: ${options}`, {
    skip,
  }, () =>
    inProc(options, undefined, async (proc) => {
      for (
        const [probe, ended] of [
          [() => {}, false],
          [failing("EPERM"), false],
          [failing("NotCapable"), false],
          [failing("ESRCH"), true],
        ] as const
      ) assertEquals(await hasEnded(MARK, { proc, probe }), ended);
    }));
}

test("hasEnded() does not take for dead what it may not look at", {
  skip,
}, () =>
  inProc("rw,hidepid=1", undefined, async (proc) => {
    // A folder in its place cannot be read, as for root nothing is closed.
    await mkdir(join(proc, `${OTHER}/stat`), { recursive: true });
    assertEquals(await hasEnded(MARK, { proc, probe: unasked }), false);
    await rm(join(proc, `${OTHER}`), { recursive: true });
  }));

const noMounts = skip ||
  (process.getuid?.() !== 0 ? "not root" : spawnSync("unshare", [
        "-m",
        "mount",
        "-t",
        "proc",
        "-o",
        "hidepid=2",
        "proc",
        "/proc",
      ]).status !== 0 &&
    "nothing can be mounted");

test("a lock whose holder is hidden by hidepid=2 is not taken over", {
  skip: noMounts || (!existsSync("/usr/bin/setpriv") && "no setpriv"),
}, async () => {
  const mark = await processMark();
  const script = new URL("./has_ended.ts", import.meta.url).pathname;
  const root = new URL("../../", import.meta.url);
  const npm = import.meta.resolve("@std/assert").startsWith("file:");
  const config = new URL(npm ? "deno.npm.json" : "deno.json", root).pathname;
  const runtime = "Deno" in globalThis
    ? [process.execPath, "run", "-A", "--no-lock", "--config", config]
    : [process.execPath];
  const ask = (...marks: string[]) =>
    new Promise<string>((resolve, reject) => {
      const child = spawn("unshare", [
        "-m",
        "sh",
        "-c",
        'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"',
        "sh",
        ...runtime,
        script,
        ...marks,
      ], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, DENO_DIR: "/nonexistent", HOME: "/nonexistent" },
      });
      let text = "";
      child.stdout.on("data", (part) => text += part);
      child.on("error", reject);
      child.on("close", () => resolve(text.trim()));
    });
  const words = mark!.split(" ");
  const gone = [...words.slice(0, 2), 2 ** 22 + 1, 5].join(" ");
  assertEquals(await ask(mark!, gone), "visible:false false true");
});
