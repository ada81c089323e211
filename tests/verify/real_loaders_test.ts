/** What `verify` says, held against what the programs do. */

import { assertEquals } from "@std/assert";
import { realpathSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { LoaderVerdict } from "../../lib/verify/report.ts";
import { verifyImage } from "../../lib/verify/verify.ts";
import { Workspace } from "../e2e/workspace.ts";
import { test } from "../harness.ts";
import { type KindFile, makeKinds } from "./kinds.ts";
import { REAL_LOADERS } from "./real_loaders.ts";

const workspace = new Workspace();
/** In lower case: Podman calls a folder's image after its path. */
const folder = join(realpathSync(tmpdir()), `docker-pull-kinds-${process.pid}`);
let kinds: Promise<KindFile[]> | undefined;

/** Whether a program of that version will take it. */
function expected({ accepts, since }: LoaderVerdict, version: string): boolean {
  if (!accepts || since === undefined) return accepts;
  const parts = (text: string) => text.split(".").map(Number);
  const [own, first] = [parts(version), parts(since)];
  for (const [i, part] of first.entries()) {
    if (own[i] !== part) return (own[i] ?? 0) > part;
  }
  return true;
}

/** They are slow, and do the same whoever asks them. */
const elsewhere = !("Deno" in globalThis) && "asked under Deno";

for (const { title, name, folders, start, ...loader } of REAL_LOADERS) {
  const skip = loader.skip || elsewhere;
  test(`verifyImage() knows what is taken by ${title}`, { skip }, async () => {
    kinds ??= mkdir(folder).then(() => makeKinds(folder));
    const files = await kinds;
    const loader = await start(
      join(workspace.folder, title.replaceAll(/\W+/g, "-")),
    );
    const said: string[] = [];
    const done: string[] = [];
    const reasons: string[] = [];
    try {
      for (const file of files) {
        for (const path of [file.path, folders && file.folder]) {
          if (!path) continue;
          const { loaders } = await verifyImage(path);
          const verdict = loaders.find((verdict) => verdict.name === name)!;
          let took = true;
          try {
            loader.take(path, file);
          } catch (error) {
            took = false;
            reasons.push(`${file.kind}: ${(error as Error).message}`);
          }
          const what = `${file.kind}${path === file.path ? "" : ", a folder"}`;
          said.push(`${what}: ${expected(verdict, loader.version)}`);
          done.push(`${what}: ${took}`);
        }
      }
    } finally {
      await loader.stop();
    }
    assertEquals(said, done, reasons.join("\n"));
  });
}

test("the kinds of images are cleared away", async () => {
  await rm(folder, { recursive: true, force: true });
});

workspace.stopAtEnd();
