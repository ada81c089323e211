import { assert, assertEquals, assertRejects } from "@std/assert";
import { readFile } from "node:fs/promises";
import { kill } from "node:process";
import { getFromHelper } from "../../lib/credentials/helper.ts";
import { test } from "../harness.ts";
import { type Folder, NO_SCRIPTS, withFolder } from "./fixture.ts";

const posix = { skip: NO_SCRIPTS };

/** Asks a helper made of a script. */
async function ask(folder: Folder, script: string, timeout = 10_000) {
  const env = await folder.helper("it", script);
  const { onWarning } = folder;
  return await getFromHelper("it", "h", { env, timeout, onWarning });
}

/** Whether the process whose number a script wrote down is there no more. */
async function isGone(folder: Folder): Promise<boolean> {
  const pid = Number(await readFile(`${folder.path}/pid`, "utf8"));
  assert(pid > 0);
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      kill(pid, 0);
    } catch {
      return true;
    }
    // A dead child of a dead script waits for the system to take it away.
    const state = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    if (/\) Z/.test(state)) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

const HANG = `sleep 600 & echo $! > "$FOLDER/pid.part"
  mv "$FOLDER/pid.part" "$FOLDER/pid"; wait`;

test(
  "getFromHelper() kills one that hangs, and what it has started",
  posix,
  () =>
    withFolder(async (folder) => {
      assertEquals(await ask(folder, HANG, 400), undefined);
      assertEquals(folder.warnings, [{
        code: "credential-helper",
        helper: "it",
        server: "h",
        failure: { code: "timeout", timeout: 400 },
      }]);
      assert(await isGone(folder));
    }),
);

test(
  "getFromHelper() kills it and rethrows the reason on an abort",
  posix,
  () =>
    withFolder(async (folder) => {
      const env = await folder.helper("it", HANG);
      const controller = new AbortController();
      const { signal } = controller;
      const { onWarning } = folder;
      const asking = getFromHelper("it", "h", { env, signal, onWarning });
      while (
        await readFile(`${folder.path}/pid`).then(() => false, () => true)
      ) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      controller.abort(new Error("enough"));
      await assertRejects(() => asking, Error, "enough");
      assert(await isGone(folder));
      await assertRejects(
        () => getFromHelper("it", "h", { env, signal }),
        Error,
        "enough",
      );
      assertEquals(folder.warnings, []);
    }),
);

test(
  "getFromHelper() does not wait for what holds the output open",
  posix,
  () =>
    withFolder(async (folder) => {
      const script = `sleep 600 & echo $! > "$FOLDER/pid"
      echo '{"Username":"u","Secret":"p"}'`;
      assertEquals(await ask(folder, script), {
        kind: "basic",
        username: "u",
        password: "p",
      });
      assert(await isGone(folder));
    }),
);
