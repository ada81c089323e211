/**
 * Tells whether a process of this machine is still there, on Linux and where
 * /proc may be read; elsewhere nothing is known.
 */

import { readFile, readlink } from "node:fs/promises";
import process from "node:process";

let boot: Promise<string | undefined> | undefined;
let mark: Promise<string | undefined> | undefined;

/** Names the time since the system was started, or nothing. */
export function bootId(): Promise<string | undefined> {
  return boot ??= readFile("/proc/sys/kernel/random/boot_id", "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Names this process for those that share the machine, or nothing. */
export function processMark(): Promise<string | undefined> {
  return mark ??= markOf(process.pid);
}

/** Whether the process of a mark has ended for sure. */
export async function hasEnded(text: string): Promise<boolean> {
  const own = await processMark();
  const place = own?.split(" ").slice(0, 2).join(" ");
  // A process of another machine or container cannot be seen from here.
  if (place === undefined || !text.startsWith(`${place} `)) return false;
  const pid = Number(text.split(" ")[2]);
  return Number.isSafeInteger(pid) && pid > 0 && await markOf(pid) !== text;
}

async function markOf(pid: number): Promise<string | undefined> {
  const start = await bootId();
  if (start === undefined) return undefined;
  try {
    const space = await readlink("/proc/self/ns/pid");
    const status = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name of the program is in parentheses and may hold anything.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    const [state, began] = [fields[0], fields[19]];
    // A zombie does nothing any more.
    if (state === "Z" || state === "X") return undefined;
    return `${start} ${space} ${pid} ${began}`;
  } catch {
    return undefined;
  }
}
