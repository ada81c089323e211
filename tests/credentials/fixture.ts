/** Files and helpers that the tests of credentials run against. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, sep } from "node:path";
import process from "node:process";
import type { Warning } from "../../lib/image/events.ts";

/** Why helpers written as shell scripts cannot be run here. */
export const NO_SCRIPTS = sep === "\\" && "scripts need a POSIX shell";

/** A folder for one test. */
export interface Folder {
  path: string;
  /** Writes a file, given as text or as what its JSON stands for; gives its path. */
  write(name: string, content: unknown): Promise<string>;
  /** Writes a helper whose body is a shell script; gives its environment. */
  helper(name: string, script: string): Promise<Record<string, string>>;
  warnings: Warning[];
  onWarning: (warning: Warning) => void;
}

/** Runs a body with a folder that is gone afterwards. */
export async function withFolder(
  body: (folder: Folder) => Promise<void>,
): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), "credentials-"));
  const warnings: Warning[] = [];
  try {
    await body({
      path,
      warnings,
      onWarning: (warning) => warnings.push(warning),
      async write(name, content) {
        const text = typeof content === "string"
          ? content
          : JSON.stringify(content);
        await writeFile(join(path, name), text);
        return join(path, name);
      },
      async helper(name, script) {
        const file = join(path, `docker-credential-${name}`);
        await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        return {
          PATH: [path, process.env.PATH].join(delimiter),
          FOLDER: path,
        };
      },
    });
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

/** `user:password` as `auth` has it. */
export function auth(login: string): { auth: string } {
  return { auth: btoa(login) };
}

/** What a provider gives for the login `user:password`. */
export function basic(
  login: string,
  source: string,
): { credential: unknown; source: string } {
  const [username, password] = login.split(":");
  return { credential: { kind: "basic", username, password }, source };
}
