/** Odd names, and things in the way of what is to be written. */

import { spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { missing } from "../e2e/servers/daemon.ts";
import { filesIn, pullOk, Workspace } from "../e2e/workspace.ts";
import { dockerPull } from "../fixtures/command.ts";
import { test } from "../harness.ts";
import {
  assertSentence,
  DISK,
  everythingIn,
  MEDIUM,
  serveImages,
  SMALL,
} from "./scene.ts";

const workspace = new Workspace();
const scene = workspace.share(serveImages);
const windows = process.platform === "win32";
const noPipes = windows ? "Windows has no such files" : missing("mkfifo");

/** Whether a file is an archive. */
function isArchive(path: string): boolean {
  return readFileSync(path).includes('"imageLayoutVersion"');
}

for (
  const name of [
    "with spaces.tar",
    " spaces at both ends ",
    "Abbild ünïcödé 镜像 🐳.tar",
    'quote\'s "name" $HOME `x`.tar',
    "-starts-with-a-dash.tar",
    "%20#?&=.tar",
    `${"l".repeat(251)}.tar`,
    `${"ü".repeat(125)}.tar`,
  ]
) {
  const title = name.length > 60 ? `${name.slice(0, 20)}… of 255 bytes` : name;
  test(`an archive may be called ${JSON.stringify(title)}`, {
    skip: windows && /["?]|^ /.test(name) && "no such names on Windows",
  }, async () => {
    const { served } = await scene.get();
    const cwd = workspace.makeFolder();
    for (
      const args of [["--no-cache"], ["--cache-dir", `c ${name.slice(-9)}`]]
    ) {
      const image = `${served.host}/${SMALL}`;
      await pullOk([...args, `--output=${name}`, image], cwd);
      assert(isArchive(join(cwd, name)));
      rmSync(join(cwd, name));
    }
    assertEquals(readdirSync(cwd), [`c ${name.slice(-9)}`]);
  });
}

test("a name that is too long is named", async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  const args = ["-o", "x".repeat(256), `${served.host}/${SMALL}`];
  const result = await dockerPull(["--no-cache", ...args], { cwd });
  assertSentence(
    result,
    DISK,
    /Cannot write (to )?".*x": the name is too long/,
  );
  assertEquals(everythingIn(cwd), []);
});

test("an archive that is there is replaced, another file with --force only", async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  const args = ["-o", "a.tar", `${served.host}/${SMALL}`];
  writeFileSync(join(cwd, "a.tar"), "something else");
  const result = await dockerPull(args, { cwd });
  assertSentence(
    result,
    DISK,
    /Cannot replace "a.tar": it is no image archive/,
  );
  assertMatch(result.stderr, /--output.*--force/);
  assertEquals(readFileSync(join(cwd, "a.tar"), "utf8"), "something else");
  assertEquals(readdirSync(cwd), ["a.tar"]);
  await pullOk(["--force", ...args], cwd);
  assert(isArchive(join(cwd, "a.tar")));
  const other = `${served.host}/${MEDIUM}`;
  await pullOk(["-o", "a.tar", other], cwd);
  assert(isArchive(join(cwd, "a.tar")));
  assertEquals(filesIn(cwd), ["a.tar"]);
});

test("a layout is put into no folder of other things, but with --force", async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  const args = ["--format=oci", "-o", "work", `${served.host}/${SMALL}`];
  mkdirSync(join(cwd, "work"));
  writeFileSync(join(cwd, "work/notes"), "notes");
  const result = await dockerPull(args, { cwd });
  assertSentence(result, DISK, /Cannot fill "work": it has other things in it/);
  assertEquals(everythingIn(cwd), ["work", "work/notes"]);
  await pullOk(["--force", ...args], cwd);
  assert(existsSync(join(cwd, "work/oci-layout")));
  assertEquals(readFileSync(join(cwd, "work/notes"), "utf8"), "notes");
});

test("a folder as output gets the archive", async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  mkdirSync(join(cwd, "folder"));
  await pullOk(["-o", "folder", `${served.host}/${SMALL}`], cwd);
  const [name] = readdirSync(join(cwd, "folder"));
  assert(isArchive(join(cwd, "folder", name!)));
});

test("a link as output stays, and what it names is written", {
  skip: windows && "links want rights on Windows",
}, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  mkdirSync(join(cwd, "elsewhere"));
  writeFileSync(join(cwd, "elsewhere/precious"), "precious");
  symlinkSync("elsewhere/precious", join(cwd, "a.tar"));
  const args = ["-o", "a.tar", `${served.host}/${SMALL}`];
  const result = await dockerPull(args, { cwd });
  assertSentence(
    result,
    DISK,
    /Cannot replace "a.tar": it is no image archive/,
  );
  assertEquals(
    readFileSync(join(cwd, "elsewhere/precious"), "utf8"),
    "precious",
  );
  rmSync(join(cwd, "elsewhere/precious"));
  for (let times = 0; times < 2; times++) {
    await pullOk(["--no-cache", "--force", ...args], cwd);
    assertEquals(readlinkSync(join(cwd, "a.tar")), "elsewhere/precious");
    assert(lstatSync(join(cwd, "elsewhere/precious")).isFile());
    assert(isArchive(join(cwd, "a.tar")));
  }
  assertEquals(everythingIn(cwd), ["a.tar", "elsewhere", "elsewhere/precious"]);
});

test("a link to a folder as output is that folder", {
  skip: windows && "links want rights on Windows",
}, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  mkdirSync(join(cwd, "real"));
  symlinkSync("real", join(cwd, "link"));
  await pullOk(["-o", "link/a.tar", `${served.host}/${SMALL}`], cwd);
  assert(isArchive(join(cwd, "real/a.tar")));
  assertEquals(readlinkSync(join(cwd, "link")), "real");
});

test("a pipe or device as output is refused", { skip: noPipes }, async () => {
  const { served } = await scene.get();
  const cwd = workspace.makeFolder();
  spawnSync("mkfifo", [join(cwd, "pipe")]);
  for (const output of ["pipe", "/dev/null"]) {
    const args = ["--force", "-o", output, `${served.host}/${SMALL}`];
    const result = await dockerPull(args, { cwd });
    assertSentence(
      result,
      DISK,
      /Cannot write ".*(pipe": .*plain file|null": no files are kept in)/,
    );
    assert(!statSync(join(cwd, "pipe")).isFile());
    assert(statSync("/dev/null").isCharacterDevice());
  }
  assertEquals(everythingIn(cwd), ["pipe"]);
});

/** What may lie at the places of our own files. */
const OBSTACLES: [what: string, put: (path: string) => void][] = [
  ["a folder", (path) => mkdirSync(path)],
  ["a full folder", (path) => {
    mkdirSync(path);
    writeFileSync(join(path, "file"), "precious");
  }],
  ["a link", (path) => {
    writeFileSync(`${path}.precious`, "precious");
    symlinkSync(`${path}.precious`, path);
  }],
  ["a dangling link", (path) => symlinkSync("/nonexistent/x", path)],
  ["a pipe", (path) => spawnSync("mkfifo", [path])],
];

for (
  const place of [
    ".a.tar.partial",
    ".a.tar.partial.record",
    ".a.tar.partial.record~",
    ".a.tar.partial.lock",
    "docker_images_cache",
    "docker_images_cache/oci-layout",
    "docker_images_cache/index.json",
    "docker_images_cache/ingest",
    "docker_images_cache/blobs",
  ]
) {
  test(`${place} may be something else: the pull ends well or says so`, {
    skip: noPipes,
  }, async () => {
    const { served } = await scene.get();
    for (const [what, put] of OBSTACLES) {
      const cwd = workspace.makeFolder();
      if (place.includes("/")) mkdirSync(join(cwd, "docker_images_cache"));
      put(join(cwd, place));
      const precious = () =>
        ["/file", ".precious"].map((end) => join(cwd, place + end))
          .filter((path) => existsSync(path));
      const before = precious();
      const cache = place.startsWith(".") ? ["--no-cache"] : [];
      const result = await dockerPull(
        [...cache, "-o", "a.tar", `${served.host}/${SMALL}`],
        { cwd },
      );
      if (result.code === 0) assert(isArchive(join(cwd, "a.tar")));
      else {
        assertSentence(result, DISK, /Cannot \w+ .*"/);
        assertEquals(existsSync(join(cwd, "a.tar")), false, what);
      }
      assertEquals(precious(), before, what);
      for (const path of before) {
        assertEquals(readFileSync(path, "utf8"), "precious", what);
      }
    }
  });
}

test("what lies at the place of a blob in the cache is not followed", {
  skip: noPipes,
}, async () => {
  const { served } = await scene.get();
  const first = workspace.makeFolder();
  await pullOk(["-o", "a.tar", `${served.host}/${SMALL}`], first);
  const blobs = "docker_images_cache/blobs/sha256";
  for (const [what, put] of OBSTACLES) {
    for (const name of readdirSync(join(first, blobs))) {
      const cwd = workspace.makeFolder();
      mkdirSync(join(cwd, blobs), { recursive: true });
      put(join(cwd, blobs, name));
      const args = ["-o", "a.tar", `${served.host}/${SMALL}`];
      const result = await dockerPull(args, { cwd });
      if (result.code === 0) assert(isArchive(join(cwd, "a.tar")), what);
      else assertSentence(result, DISK, /Cannot \w+ .*"/);
      const precious = join(cwd, blobs, `${name}.precious`);
      if (existsSync(precious)) {
        assertEquals(readFileSync(precious, "utf8"), "precious");
      }
    }
  }
});

workspace.stopAtEnd();
