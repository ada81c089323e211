/** The command, run against a registry of the zoo in place of the network. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Output } from "../../cli/io.ts";
import { main } from "../../cli/main.ts";
import { pull, pullImages } from "../../lib/copy/pull.ts";
import type { PullOptions } from "../../lib/copy/pull_options.ts";
import type { Fetch, FoundCredential } from "../../lib/image/types.ts";
import type { Sentence } from "./facts.ts";

/** What the command did. */
export interface Ran {
  /** The exit code. */
  code: number;
  /** What it wrote to standard output. */
  stdout: string;
  /** What it wrote there that is no text. */
  bytes: Uint8Array;
  /** What it wrote to standard error. */
  stderr: string;
  /** What the pull threw, if it did, or what of a set failed first. */
  error?: unknown;
}

/** What the command is run with. */
export interface CommandOptions {
  /** What answers in place of the network; without it, that is asked. */
  fetch?: Fetch;
  /** The registry that the login is for. */
  registry: string;
  /** The login in `~/.docker/config.json`. */
  login?: FoundCredential;
  /** Further environment variables. */
  env?: Record<string, string>;
  /** What it reads. */
  input?: string;
  /** Shown the home folder before it goes. */
  inspect?: (home: string) => void;
  /** What a pull is given beside what the command gives it. */
  pullOptions?: PullOptions;
}

/** Runs the command with these arguments. */
export async function runCommand(
  argv: string[],
  options: CommandOptions,
): Promise<Ran> {
  const { fetch, env, input, registry, login } = options;
  const home = mkdtempSync(join(tmpdir(), "docker-pull-home-"));
  const [stdout, stderr] = [new Text(), new Text()];
  const ran: Ran = {
    code: -1,
    stdout: "",
    stderr: "",
    bytes: new Uint8Array(0),
  };
  try {
    if (login) writeConfig(home, registry, login);
    ran.code = await main({
      argv,
      env: { HOME: home, ...env },
      stdin: {
        async *[Symbol.asyncIterator]() {
          if (input) yield input;
        },
      },
      stdout,
      stderr,
      signals: { on: () => {}, off: () => {}, raise: () => {}, exit: () => {} },
      os: "linux",
    }, {
      fetch,
      pull: async (reference, given) => {
        try {
          return await pull(reference, { ...given, ...options.pullOptions });
        } catch (error) {
          ran.error = error;
          throw error;
        }
      },
      pullImages: async (images, given) => {
        try {
          const all = { ...given, ...options.pullOptions };
          const result = await pullImages(images, all);
          ran.error = result.failures[0]?.error;
          return result;
        } catch (error) {
          ran.error = error;
          throw error;
        }
      },
    });
    options.inspect?.(home);
  } finally {
    rmSync(home, { recursive: true });
  }
  ran.stdout = stdout.text;
  ran.stderr = stderr.text;
  ran.bytes = new Uint8Array(Buffer.concat(stdout.chunks));
  return ran;
}

function writeConfig(
  home: string,
  registry: string,
  { credential }: FoundCredential,
): void {
  const key = registry === "docker.io"
    ? "https://index.docker.io/v1/"
    : registry;
  if (credential.kind !== "basic") throw new Error("only Basic is written");
  const { username, password } = credential;
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  mkdirSync(join(home, ".docker"));
  writeFileSync(
    join(home, ".docker", "config.json"),
    JSON.stringify({ auths: { [key]: { auth } } }),
  );
}

class Text implements Output {
  text = "";
  readonly chunks: Uint8Array[] = [];

  write(
    text: string | Uint8Array,
    done?: (error?: Error | null) => void,
  ): boolean {
    if (typeof text === "string") this.text += text;
    else this.chunks.push(text.slice());
    done?.();
    return true;
  }
}

/** Fails unless it ended with one error and one hint; gives the error's line. */
export function assertSentence(
  { stderr, stdout, code }: Ran,
  sentence: Sentence,
): string {
  const lines = stderr.split("\n");
  const errors = lines.filter((line) => line.startsWith("error: "));
  const hints = lines.filter((line) => line.startsWith("hint: "));
  assertEquals([errors.length, hints.length], [1, 1], stderr);
  const [error = ""] = errors;
  assertMatch(error, sentence.says);
  assertMatch(hints[0]!, sentence.hint);
  assertEquals(code, sentence.code, stderr);
  assert(!error.endsWith("."), error);
  assertEquals(stdout, "");
  return error;
}
