/** The examples that the library's documentation begins with: each is run. */
import { assertEquals, assertMatch } from "@std/assert";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { inFolder } from "./disk/folder.ts";
import { run } from "./fixtures/command.ts";
import { buildImage, buildIndex } from "./fixtures/mod.ts";
import { test } from "./harness.ts";
import { FakeRegistry } from "./registry_server/mod.ts";

const skip = !("Deno" in globalThis) && "the examples are Deno's";
const mod = new URL("../mod.ts", import.meta.url);
const npm = import.meta.resolve("@std/assert").startsWith("file:");
const config = fileURLToPath(
  new URL(npm ? "../deno.npm.json" : "../deno.json", import.meta.url),
);

/** Each with its title, from the comment that begins mod.ts. */
const examples = [
  ...readFileSync(mod, "utf8").split("@module")[0]!.replace(/^ \* ?/gm, "")
    .matchAll(/@example (.+)\n```ts[^\n]*\n([\s\S]*?)```/g),
].map(([, title, code]) => ({ title: title!, code: code! }));

/**
 * What each says, where the registry is one of ours; nothing of those that do
 * not end, or want more hosts than that: their types are checked, and examples/
 * has each task as a program that is run.
 */
const SAYS: Record<string, RegExp | undefined> = {
  "Pull an image into a file":
    /^docker load -i .*library_nginx_latest_arm64\.tar\n$/,
  "Follow the progress": /^2 layers\n(sha256:[0-9a-f]{64} \d+ of \d+\n)+$/,
  "Log in, and tell what went wrong": /^Cannot pull it: /,
  "Stream an image to an HTTP response": undefined,
  "List tags, copy, push, load": undefined,
  "Give up after a while": /^$/,
  "Read an image's manifest and one of its blobs": /^{.*"rootfs"/,
};

test(
  "the library's documentation begins with its tasks",
  { skip },
  () =>
    inFolder(async (folder) => {
      assertEquals(examples.map(({ title }) => title), Object.keys(SAYS));
      const { open, closed } = await registries();
      const cwd = join(folder, "run");
      await mkdir(cwd);
      const files = examples.map((_, i) => join(cwd, `${i}.ts`));
      const deno = (args: string[]) =>
        run([process.execPath, ...args], { cwd });
      const flags = ["--quiet", "--no-lock", "-c", config];
      try {
        for (const [i, { code }] of examples.entries()) {
          await writeFile(
            files[i]!,
            code.replace('"@x/docker-pull"', JSON.stringify(mod.href))
              .replaceAll("nginx:latest", `${open.host}/library/nginx:latest`)
              .replaceAll("ghcr.io", closed.host),
          );
        }
        const checked = await deno(["check", ...flags, ...files]);
        assertEquals(checked.code, 0, checked.stderr);
        for (const [i, { title }] of examples.entries()) {
          const says = SAYS[title];
          if (!says) continue;
          const args = ["run", "-A", "--no-check", ...flags, files[i]!];
          const { code, stdout, stderr } = await deno(args);
          assertEquals([code, stderr], [0, ""], title);
          assertMatch(stdout, says, title);
        }
      } finally {
        await Promise.all([open.close(), closed.close()]);
      }
    }),
);

/** One that anyone may pull from, and one that takes no login. */
async function registries() {
  const layers = [{ size: 3000 }, { size: 70_000 }];
  const images = await Promise.all(
    ["amd64", "arm64"].map((architecture) =>
      buildImage({ layers, platform: { os: "linux", architecture } })
    ),
  );
  const open = new FakeRegistry();
  open.add("library/nginx", await buildIndex(images), "latest");
  const closed = new FakeRegistry({ auth: { kind: "basic", users: {} } });
  closed.add("owner/app", images[0]!, "1.2");
  return { open: await open.serve(), closed: await closed.serve() };
}
