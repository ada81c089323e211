/** Runs the commands of docs/signatures.md as they stand. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { images, inSetWorld, type World } from "../cli/commands/set_world.ts";
import { test } from "../harness.ts";
import { Authority, statementOf } from "./authority.ts";
import { refer } from "./signed_registry.ts";
import { bundleOf, FORGER_KEY, json } from "./world.ts";

const PAGE = readFileSync(
  new URL("../../docs/signatures.md", import.meta.url),
  "utf8",
);
const [one] = images as [typeof images[0]];
const { digest } = one.manifest.descriptor;

/** The indented commands, in their order. */
function commandsOf(page: string): string[][] {
  const blocks = [...page.matchAll(/^ {4}docker-pull [\s\S]*?(?=\n\n)/gm)];
  return blocks.flatMap(([block]) =>
    block.replace(/\\\n\s*/g, "").split("\n").map((line) =>
      line.trim().split(/\s+/).slice(1)
    )
  );
}

/** The registry of the page, whose image is signed in both ways. */
async function prepare({ folder, registry }: World): Promise<void> {
  registry.hosts.add("registry.example");
  registry.add("app", one, "1");
  const authority = new Authority();
  const statement = statementOf(digest);
  const bundle = authority.sign({
    identity: "me@example.com",
    issuer: "https://accounts.example.com",
    statement,
  });
  for (const bytes of [bundleOf({ digest }), json(bundle)]) {
    refer(registry, "app", one.manifest, { bytes });
  }
  await writeFile(join(folder, "cosign.pub"), FORGER_KEY.text);
  await writeFile(join(folder, "trusted_root.json"), authority.trustedRoot);
}

test("the commands of docs/signatures.md do what it says", () =>
  inSetWorld(async (world) => {
    const { folder, run, bare } = world;
    await prepare(world);
    const files = ["cosign.pub", "app.tar", "trusted_root.json"];
    const commands = commandsOf(PAGE);
    assertEquals(commands.length, 4);
    const told: string[] = [];
    for (const words of commands) {
      const argv = words.map((word) =>
        files.includes(word) ? join(folder, word) : word
      );
      const isPull = words[0]!.startsWith("-");
      if (isPull && !words.includes("-o")) {
        argv.unshift("-o", join(folder, "first.tar"));
      }
      const { code, stdout, stderr } = await (isPull ? run : bare)(...argv);
      assertEquals(code, 0, `${words.join(" ")}\n${stdout}${stderr}`);
      told.push(stdout);
    }
    assert(existsSync(join(folder, "app.tar")));
    // What the page shows of the output is what there is.
    const [, name = ""] = /^ {4}signed {3}(\S+)$/m.exec(PAGE) ?? [];
    assertStringIncludes(told[2]!, `signed   ${name}\nby       ${digest} `);
    const [, by = ""] = /^ {4}by {7}sha256:… (.+)$/m.exec(PAGE) ?? [];
    const [before = "", after = ""] = by.split("SHA256:…");
    assertStringIncludes(told[2]!, ` ${before}SHA256:`);
    assertStringIncludes(told[2]!, after);
    assertStringIncludes(told[3]!, "me@example.com, vouched for by");
  }));

test("the policy of docs/signatures.md lets in what it says", () =>
  inSetWorld(async (world) => {
    const { folder, registry, run } = world;
    await prepare(world);
    const [, policy = ""] = /```json\n([\s\S]+?)```/.exec(PAGE) ?? [];
    const path = join(folder, "policy.json");
    const key = JSON.stringify(join(folder, "cosign.pub"));
    await writeFile(path, policy.replace('"/etc/pki/team.pub"', key));
    registry.hosts.add("registry-1.docker.io");
    registry.add("team/app", one, "1");
    registry.add("library/nginx", one, "1");
    const pull = (name: string) =>
      run(
        ...["--require-signature", "--signature-policy", path],
        ...["-o", join(folder, "x.tar"), "--force", name],
      );
    const wanted = [
      ["registry.example/app:1", 13, "the policy lets nothing of that name in"],
      ["registry.example/team/app:1", 13, "there is no signature of it"],
      [
        "docker.io/library/nginx:1",
        0,
        "docker.io/library/nginx:1: nothing was verified: the policy lets in " +
        "what is not signed\n",
      ],
    ] as const;
    for (const [name, code, words] of wanted) {
      const told = await pull(name);
      assertEquals(told.code, code, told.stderr);
      assertStringIncludes(told.stderr, words);
    }
  }));
