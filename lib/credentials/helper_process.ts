/** Runs a credential helper, and leaves nothing of it behind. */

import { spawn } from "node:child_process";
import { sep } from "node:path";
import { kill } from "node:process";
import { onAbort } from "../image/abort.ts";

/** What is to be run. */
export interface HelperRun {
  /** The program's name, looked up in `PATH`. */
  program: string;
  /** What it shall do; its only argument. */
  action: "get" | "store" | "erase";
  /** What it reads. */
  input: string;
  /** Its environment; without it, that of this process. */
  env?: Record<string, string | undefined>;
  /** Milliseconds after which it is killed. */
  timeout: number;
  /** The number of bytes of output at which it is killed. */
  outputLimit: number;
  /** Kills it. */
  signal?: AbortSignal;
}

/** How the run ended. */
export type HelperOutcome =
  /** By itself. `code` is -1 where a signal ended it. */
  | { type: "exited"; code: number; stdout: string }
  /** There is no such program. */
  | { type: "missing" }
  /** It could not be started, for the reason with this code. */
  | { type: "unstartable"; code: string }
  /** It was killed for having taken too long. */
  | { type: "timeout" }
  /** It was killed for having printed too much. */
  | { type: "overflow" };

/** Runs a helper, as a rule in a child process. */
export type RunHelper = (run: HelperRun) => Promise<HelperOutcome>;

/** How long output may still come after the helper itself has ended, in milliseconds. */
const GRACE = 1000;

function startFailure(error: unknown): HelperOutcome {
  const { code, name } = error as { code?: string; name: string };
  return code === "ENOENT"
    ? { type: "missing" }
    : { type: "unstartable", code: code ?? name };
}

/**
 * Runs a helper as a child process, never through a shell. What it prints on
 * its standard error is dropped, since nobody can say what is in there.
 *
 * @throws The signal's reason, once the helper is dead.
 */
export async function runHelper(run: HelperRun): Promise<HelperOutcome> {
  const { program, action, input, env, timeout, outputLimit, signal } = run;
  signal?.throwIfAborted();
  const outcome = await new Promise<HelperOutcome>((resolve) => {
    let child: ReturnType<typeof start>;
    try {
      child = start();
    } catch (error) {
      resolve(startFailure(error));
      return;
    }
    function start() {
      return spawn(program, [action], {
        env: env as Record<string, string>,
        stdio: ["pipe", "pipe", "ignore"],
        // A group of its own, so that a script's children die with it.
        detached: sep === "/",
        windowsHide: true,
      });
    }

    const chunks: Uint8Array[] = [];
    let size = 0;
    let exitCode: number | undefined;
    let verdict: HelperOutcome | undefined;
    let grace: ReturnType<typeof setTimeout> | undefined;
    const limit = setTimeout(() => stop({ type: "timeout" }), timeout);
    const forget = onAbort(signal, () => stop({ type: "timeout" }));

    function finish() {
      clearTimeout(limit);
      clearTimeout(grace);
      forget();
      child.stdin?.destroy();
      child.stdout?.destroy();
      resolve(
        verdict ?? {
          type: "exited",
          code: exitCode ?? -1,
          stdout: new TextDecoder().decode(concat(chunks, size)),
        },
      );
    }
    function stop(outcome: HelperOutcome) {
      verdict ??= outcome;
      killGroup();
      child.stdin?.destroy();
      child.stdout?.destroy();
      if (exitCode !== undefined) finish();
    }
    function killGroup() {
      try {
        kill(-child.pid!, "SIGKILL");
      } catch {
        // No groups here, or not permitted to signal them.
        child.kill("SIGKILL");
      }
    }

    child.on("error", (error) => {
      if (child.pid !== undefined) return;
      verdict = startFailure(error);
      finish();
    });
    child.on("exit", (code) => {
      exitCode = code ?? -1;
      clearTimeout(limit);
      if (verdict) return finish();
      // Something that it started may hold its output open for ever.
      grace = setTimeout(() => {
        killGroup();
        finish();
      }, GRACE);
    });
    child.on("close", finish);
    child.stdout?.on("error", () => {});
    child.stdout?.on("data", (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > outputLimit) stop({ type: "overflow" });
      else chunks.push(chunk);
    });
    // It may end without having read its input.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
  signal?.throwIfAborted();
  return outcome;
}

function concat(chunks: Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}
