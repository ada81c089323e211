/** Pipes and folders where a file is meant: nothing waits for them. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { findMirrors } from "../../cli/access/mirrors.ts";
import { systemCertificates } from "../../cli/access/trust_store.ts";
import { readAuthFile } from "../../lib/credentials/auth_file.ts";
import { StorageError } from "../../lib/image/errors.ts";
import { missing } from "../e2e/servers/daemon.ts";
import { Workspace } from "../e2e/workspace.ts";
import { type CommandResult, dockerPull } from "../fixtures/command.ts";
import { test } from "../harness.ts";
import { assertSentence, DISK, serveImages, SMALL } from "./scene.ts";

const workspace = new Workspace();
const scene = workspace.share(serveImages);
const skip = process.platform === "win32"
  ? "Windows has no such files"
  : missing("mkfifo");

/** Runs the command; one that waits for ever is ended after a long while. */
async function endingPull(
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<CommandResult> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await dockerPull(args, {
      cwd,
      env,
      onStart(child) {
        timer = setTimeout(() => child.kill("SIGKILL"), 120_000);
      },
    });
  } finally {
    clearTimeout(timer);
  }
}

const KINDS: [what: string, put: (path: string) => void, words: RegExp][] = [
  ["pipe", (path) => spawnSync("mkfifo", [path]), /it is no plain file/],
  ["folder", (path) => mkdirSync(path), /it is a folder/],
  ["device", (path) => symlinkSync("/dev/null", path), /it is no plain file/],
];

for (const [what, put, words] of KINDS) {
  test(`a ${what} is no certificate`, { skip }, async () => {
    const { served } = await scene.get();
    const cwd = workspace.makeFolder();
    put(join(cwd, "odd"));
    const image = `${served.host}/${SMALL}`;
    for (const option of ["--ca-cert", "--client-cert"]) {
      const result = await endingPull([option, "odd", image], cwd);
      assertSentence(result, DISK, words);
    }
    const folder = join(cwd, "config/docker/certs.d", served.host);
    mkdirSync(folder, { recursive: true });
    for (const name of ["a.crt", "b.cert"]) put(join(folder, name));
    const { code, stderr } = await endingPull(["-o", "a.tar", image], cwd, {
      XDG_CONFIG_HOME: join(cwd, "config"),
    });
    assertEquals(code, 0, stderr);
    for (const name of ["a.crt", "b.cert"]) {
      const line = stderr.split("\n").find((line) => line.includes(name));
      assertMatch(line!, /^warning: /);
      assertMatch(line!, words);
    }
  });

  test(`a ${what} is no file of logins, nor one of settings`, {
    skip,
  }, async () => {
    const { served } = await scene.get();
    const cwd = workspace.makeFolder();
    put(join(cwd, "odd"));
    const error = await assertRejects(
      () => readAuthFile(join(cwd, "odd"), "~/odd"),
      StorageError,
    );
    assertEquals(error.path, "~/odd");
    const home = join(cwd, "home");
    mkdirSync(join(home, ".docker"), { recursive: true });
    put(join(home, ".docker/daemon.json"));
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const places = { env: {}, os: process.platform, home, etc: home };
    await findMirrors("docker.io", [], places, warn);
    await systemCertificates({ SSL_CERT_FILE: join(cwd, "odd") }, warn);
    assertEquals(warnings.length, 2, `${warnings}`);
    assertMatch(warnings[0]!, words);
    const login = await endingPull(
      ["login", "--authfile=odd", "--username=u", "--password=p", served.host],
      cwd,
    );
    assertSentence(login, DISK, words);
  });
}

test("what a shell passes on as a pipe is read", {
  skip: skip || missing("bash"),
}, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  writeFileSync(join(cwd, "ca.pem"), "not yet\n");
  const result = await dockerPull([`${served.host}/${SMALL}`], {
    cwd,
    prefix: ["bash", "-c", 'exec "$@" --ca-cert <(cat ca.pem)', "bash"],
  });
  assertEquals(result.code, 2, result.stderr);
  assertMatch(result.stderr, /"\/dev\/fd\/\d+": there is no PEM certificate/);
});

test("a cache where no folder can be made is refused", {
  skip: skip || (!existsSync("/proc/self") && "there is no /proc"),
}, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  const args = ["--cache-dir", "/proc/nope/c", `${served.host}/${SMALL}`];
  const result = await endingPull(args, cwd);
  assertSentence(result, DISK, /Cannot write "\/proc\/nope\/c": /);
});

workspace.stopAtEnd();
