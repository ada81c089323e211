/** The ways to start docker-pull that are measured. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bunPath, denoPath, profile } from "../tasks/runtimes.js";
import type { Options } from "./options.ts";
import type { OwnCommand } from "./rows.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** From the sources, in the runtime that runs this. */
async function fromSources(): Promise<OwnCommand> {
  const cli = here("../cli.ts");
  const command = process.versions.bun
    ? [process.execPath, cli]
    : [denoPath(), "run", "-A", ...await profile(), cli];
  return { label: "docker-pull", command };
}

/** An executable of nothing, as ours are made; or undefined. */
function emptyExecutable(bun: string, folder: string): string[] | undefined {
  const file = join(folder, "empty");
  const args = ["build", "--compile", here("empty_script.mjs"), "--bytecode"];
  const { status } = spawnSync(bun, [...args, "--outfile", file], {
    cwd: folder,
  });
  return status === 0 ? [file] : undefined;
}

/** The bundle in Node and Bun, and the executable, as they lie in dist/. */
function fromDist(folder: string): OwnCommand[] {
  const bundle = here("../dist/docker-pull.mjs");
  const executable = here(`../dist/docker-pull-linux-${process.arch}`);
  for (const file of [bundle, executable]) {
    if (!existsSync(file)) {
      throw new Error(
        `Cannot measure ${file}: make it with "npm run compile" first`,
      );
    }
  }
  const empty = here("empty_script.mjs");
  const bun = bunPath();
  return [
    {
      label: "docker-pull (Node)",
      command: ["node", bundle],
      empty: ["node", empty],
    },
    { label: "docker-pull (Bun)", command: [bun, bundle], empty: [bun, empty] },
    {
      label: "docker-pull (executable)",
      command: [executable],
      empty: emptyExecutable(bun, folder),
    },
  ];
}

/** Finds them: those that are given, or the sources, and what is in dist/. */
export async function findCommands(
  { commands, runtimes }: Pick<Options, "commands" | "runtimes">,
  folder: string,
): Promise<OwnCommand[]> {
  return [
    ...commands.length > 0 ? commands : [await fromSources()],
    ...runtimes ? fromDist(folder) : [],
  ];
}
