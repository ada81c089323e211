/** A home with a configuration file, and the command that finds it there. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Services } from "../../../cli/io.ts";
import { inFolder } from "../../disk/folder.ts";
import { run } from "../main_fixture.ts";

/** What is in that home. */
export interface Home {
  /** The folder. */
  home: string;
  /** The path of the configuration file, whether it is there or not. */
  file: string;
  /** Writes it, as text or as JSON. */
  write(content: unknown): Promise<void>;
  /** Runs the command, with these variables besides. */
  say(
    words: readonly string[],
    env?: Record<string, string>,
    services?: Services,
  ): ReturnType<typeof run>;
}

/** Runs a test with such a home. */
export function inHome(body: (world: Home) => Promise<void>): Promise<void> {
  return inFolder(async (home) => {
    const folder = join(home, ".config", "docker-pull");
    await mkdir(folder, { recursive: true });
    // As the command makes it, which is told that this is Linux.
    const file = `${home}/.config/docker-pull/config.json`;
    await body({
      home,
      file,
      write: (content) =>
        writeFile(
          file,
          typeof content === "string" ? content : JSON.stringify(content),
        ),
      say: (words, env = {}, services) =>
        run([...words], undefined, { env: { HOME: home, ...env } }, services),
    });
  });
}
