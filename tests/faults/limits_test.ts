/** Limits that are set on files, and what the command says of each refusal. */

import process from "node:process";
import { assertEquals, assertMatch } from "@std/assert";
import { StorageError } from "../../lib/image/errors.ts";
import { run } from "../cli/main_fixture.ts";
import { Workspace } from "../e2e/workspace.ts";
import { dockerPull } from "../fixtures/command.ts";
import { test } from "../harness.ts";
import {
  assertSentence,
  DISK,
  everythingIn,
  MEDIUM,
  serveImages,
} from "./scene.ts";

const workspace = new Workspace();
const scene = workspace.share(serveImages);

/** What may be refused, and how it is said. */
const WORDS: [code: string, words: string][] = [
  ["ENOSPC", "the disk is full"],
  ["EDQUOT", "the quota is used up"],
  ["EFBIG", "the file is too large for this file system"],
  ["EACCES", "permission denied"],
  ["EPERM", "the operation is not permitted"],
  ["EROFS", "the file system is read-only"],
  ["ENOENT", "there is no such file or folder"],
  ["ENOTDIR", "a part of the path is no folder"],
  ["EISDIR", "it is a folder"],
  ["EEXIST", "something else is in its place"],
  ["ENAMETOOLONG", "the name is too long"],
  ["ELOOP", "too many symbolic links"],
  ["EMFILE", "too many open files"],
  ["ENFILE", "too many open files on this machine"],
  ["EBUSY", "another program uses it"],
  ["EIO", "the disk does not work properly"],
];

for (const [code, words] of WORDS) {
  test(`${code} is one sentence, and exit code ${DISK}`, async () => {
    const result = await run(["nginx"], () => {
      throw new StorageError("write", "a\u001b[2J.tar", code);
    });
    assertSentence(
      result,
      DISK,
      new RegExp(`^error: Cannot write .*: ${words}$`),
    );
    // deno-lint-ignore no-control-regex
    assertMatch(result.stderr, /^[^\u0000-\u0009\u000b-\u001f]*$/);
  });
}

for (const cached of [false, true]) {
  test(
    `a limit on the size of files is named, and leaves nothing${
      cached ? ", nor in the cache" : ""
    }`,
    { skip: process.platform === "win32" && "Windows has no such limit" },
    async () => {
      const { served } = await scene.get();
      const cwd = workspace.makeFolder();
      const cache = cached ? [] : ["--no-cache"];
      const result = await dockerPull(
        [...cache, "-o", "a.tar", `${served.host}/${MEDIUM}`],
        {
          cwd,
          // Blocks of 512 bytes; the signal would end the process.
          prefix: [
            "sh",
            "-c",
            `trap "" XFSZ; ulimit -f ${cached ? 5_000 : 9_000}; exec "$@"`,
            "sh",
          ],
        },
      );
      assertSentence(result, DISK, /: the file is too large for this/);
      assertEquals(everythingIn(cwd), []);
    },
  );
}

workspace.stopAtEnd();
