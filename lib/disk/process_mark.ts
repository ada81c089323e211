/**
 * Tells whether a process of this machine is still there, on Linux and where
 * /proc may be read; elsewhere nothing is known. What cannot be seen has not
 * ended: with `hidepid`, /proc hides the processes of others.
 *
 * @see {@link https://man7.org/linux/man-pages/man5/proc.5.html}
 */

import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { systemCode } from "./io.ts";

/** Where processes are looked for. */
export interface Processes {
  /** The folder that the system tells of them in. */
  proc: string;
  /** Sends a process no signal; throws where there is no such process. */
  probe: (pid: number) => void;
}

const SYSTEM: Processes = {
  proc: "/proc",
  probe: (pid) => void process.kill(pid, 0),
};

let boot: Promise<string | undefined> | undefined;
let mark: Promise<string | undefined> | undefined;

/** Names the time since the system was started, or nothing. */
export function bootId(): Promise<string | undefined> {
  return boot ??= readBootId(SYSTEM.proc);
}

function readBootId(proc: string): Promise<string | undefined> {
  return readFile(join(proc, "sys/kernel/random/boot_id"), "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Names this process for those that share the machine, or nothing. */
export function processMark(): Promise<string | undefined> {
  return mark ??= markOf(process.pid, SYSTEM.proc).catch(() => undefined);
}

/**
 * Whether the process of a mark has ended for sure.
 *
 * @param text The mark.
 * @param processes Where to look; for tests.
 */
export async function hasEnded(
  text: string,
  processes: Processes = SYSTEM,
): Promise<boolean> {
  const { proc } = processes;
  const own =
    await (processes === SYSTEM
      ? processMark()
      : markOf(process.pid, proc).catch(() => undefined));
  const place = own?.split(" ").slice(0, 2).join(" ");
  // A process of another machine or container cannot be seen from here.
  if (place === undefined || !text.startsWith(`${place} `)) return false;
  const pid = Number(text.split(" ")[2]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    return await markOf(pid, proc) !== text;
  } catch (error) {
    // It went while it was read, or is not there.
    const code = systemCode(error);
    if (code !== "ENOENT" && code !== "ESRCH") return false;
    return !await hides(proc) || isGone(pid, processes);
  }
}

/**
 * The mark of a process; nothing for one that does nothing any more, and
 * where the system cannot tell when it was started.
 *
 * @throws What the system says where the process cannot be seen.
 */
async function markOf(pid: number, proc: string): Promise<string | undefined> {
  const start = await (proc === SYSTEM.proc ? bootId() : readBootId(proc));
  if (start === undefined) return undefined;
  const space = await readlink(join(proc, "self/ns/pid"));
  const status = await readFile(join(proc, `${pid}`, "stat"), "utf8");
  // The name of the program is in parentheses and may hold anything.
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  const [state, began] = [fields[0], fields[19]];
  // A zombie does nothing any more.
  if (state === "Z" || state === "X") return undefined;
  return `${start} ${space} ${pid} ${began}`;
}

/** Whether processes of others may be there and not be seen. */
async function hides(proc: string): Promise<boolean> {
  try {
    const mounts = await readFile(join(proc, "self/mountinfo"), "utf8");
    // 24 30 0:22 / /proc rw,nosuid - proc proc rw,hidepid=invisible
    const options = mounts.split("\n").flatMap((line) => {
      const [, own, type, , told] = /^(.*?) - (\S+) (\S+) (\S+)/.exec(line) ??
        [];
      return type === "proc" && own?.split(" ")[4] === "/proc" ? [told!] : [];
    });
    const hiding = /(?:^|,)hidepid=(?!0\b|off\b)/;
    return options.length === 0 || options.some((told) => hiding.test(told));
  } catch {
    return true;
  }
}

/** Whether the system knows no such process, be it visible or not. */
function isGone(pid: number, { probe }: Processes): boolean {
  try {
    probe(pid);
    return false;
  } catch (error) {
    return systemCode(error) === "ESRCH";
  }
}
