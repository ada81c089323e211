/** Pulls in processes of their own, which can be killed. */

import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { commandLine } from "../fixtures/command.ts";

/** What a pull is told. */
export interface SoakPull {
  reference: string;
  /** More of a set, which go to the same output, or each into the folder. */
  others?: string[];
  /** Without it, layers are asked for beside the configuration. */
  platform?: string;
  output?: string;
  folder?: string;
  cacheDir: string | false;
  concurrency: number;
  retries: number;
  timeout: number;
  plainHttp: true;
  threads: boolean;
}

/** How a process ended. */
export interface ProcessOutcome {
  /** Whether it was killed before it was through. */
  killed: boolean;
  /** What the pull failed with. */
  error?: Error;
}

/** A pull that takes so long hangs, in milliseconds. */
export const HANG = 90_000;

/**
 * Pulls in a process.
 *
 * @param pull What.
 * @param killAfter How long to let it go on after it has begun, in
 * milliseconds; without it, to its end.
 * @param onKill Called when it stands still and is about to be killed.
 */
export function pullInProcess(
  pull: SoakPull,
  killAfter?: number,
  onKill = () => {},
): Promise<ProcessOutcome> {
  const script = fileURLToPath(new URL("child.ts", import.meta.url));
  const [program, ...args] = commandLine().slice(0, -1);
  return new Promise((resolve, reject) => {
    const child = spawn(program!, [...args, script, JSON.stringify(pull)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let killed = false;
    let text = "";
    let errors = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const kill = () => {
      if (child.exitCode !== null) return;
      killed = true;
      process.kill(child.pid!, "SIGSTOP");
      onKill();
      process.kill(child.pid!, "SIGKILL");
    };
    const hang = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`the process hangs: ${text}`));
    }, HANG);
    child.stderr.on("data", (part) => errors += part);
    child.stdout.on("data", (part) => {
      text += part;
      if (killAfter === undefined || !text.includes('"planned"')) return;
      timer ??= setTimeout(kill, killAfter);
    });
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(timer);
      clearTimeout(hang);
      if (killed) return resolve({ killed });
      try {
        resolve({ killed, ...readOutcome(text) });
      } catch (error) {
        reject(new Error(`${error}: ${text}${errors}`));
      }
    });
  });
}

/** The last line that a process wrote. */
function readOutcome(text: string): { error?: Error } {
  const line = text.trim().split("\n").at(-1)!;
  const { type, name, message, stack } = JSON.parse(line);
  if (type === "done") return {};
  // Errors of the language are faults of the program.
  if (!/Error$/.test(name) || /^(Type|Range|Syntax)?Error$/.test(name)) {
    throw new Error(`the process failed: ${stack}`);
  }
  return { error: Object.assign(new Error(message), { name }) };
}
