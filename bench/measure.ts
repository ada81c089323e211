/** Runs commands and says what they cost. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** What a run has cost. */
export interface Cost {
  /** Seconds that passed. */
  wall: number;
  /** Seconds of processor time, user and system, of all its processes. */
  cpu: number;
  /** The most memory that one of its processes held, in bytes, or NaN. */
  memory: number;
  /** Bytes that it gave the disk to write, where that is known. */
  written?: number;
}

/** Where and how commands run. */
export interface MeasureOptions {
  /** The folder that they run in. */
  cwd: string;
  /** A file for the measurements, which is overwritten. */
  scratch: string;
}

/** The path of a program, or undefined where it is not installed. */
export function which(program: string): string | undefined {
  if (program.includes("/")) return existsSync(program) ? program : undefined;
  return (process.env.PATH ?? "").split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
}

const time = which("time");
const hasGnuTime = time !== undefined &&
  /GNU/.test(String(spawnSync(time, ["--version"]).output));

/** Puts a command into one that writes down its processor time and memory. */
function metered(command: string[], scratch: string): string[] {
  return hasGnuTime
    ? [time!, "-q", "-f", "%U %S %M %O", "-o", scratch, ...command]
    : [
      "sh",
      "-c",
      `"$@"; code=$?; times >"$0"; exit $code`,
      scratch,
      ...command,
    ];
}

/** Reads what {@linkcode metered} wrote. */
function readMeter(scratch: string): Omit<Cost, "wall"> {
  const text = readFileSync(scratch, "utf8").trim();
  if (hasGnuTime) {
    const [user = NaN, system = NaN, kibibytes = NaN, blocks = NaN] = text
      .split(" ").map(Number);
    return {
      cpu: user + system,
      memory: kibibytes * 1024,
      written: blocks * 512,
    };
  }
  const cpu = [...text.split("\n").at(-1)!.matchAll(/(\d+)m([\d.]+)s/g)]
    .reduce(
      (sum, [, minutes, seconds]) =>
        sum + Number(minutes) * 60 + Number(seconds),
      0,
    );
  return { cpu, memory: NaN };
}

function run(
  [program = "", ...args]: string[],
  cwd: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let words = "";
    child.stderr.on("data", (chunk) => words = (words + chunk).slice(-2000));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else {
        const last = words.trim().split("\n").slice(-3).join("; ");
        reject(new Error(`exit code ${code}: ${last.slice(-400)}`));
      }
    });
  });
}

/** Runs commands one after the other and adds up what they cost. */
export async function measure(
  commands: string[][],
  options: MeasureOptions,
): Promise<Cost> {
  const { cwd, scratch } = options;
  const total: Cost = { wall: 0, cpu: 0, memory: 0 };
  for (const command of commands) {
    const start = performance.now();
    await run(metered(command, scratch), cwd);
    total.wall += (performance.now() - start) / 1000;
    const { cpu, memory, written } = readMeter(scratch);
    total.cpu += cpu;
    total.memory = Math.max(total.memory, memory);
    if (written !== undefined) total.written = (total.written ?? 0) + written;
  }
  return total;
}

/** What a process has cost until now, where the system tells. */
export function costOf(pid: number): Pick<Cost, "cpu" | "memory"> {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    // What comes after the name, which may have blanks and brackets in it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    return { cpu: ticks / 100, memory: Number(kibibytes) * 1024 };
  } catch {
    return { cpu: NaN, memory: NaN };
  }
}

/** Runs a command without measuring it. */
export function runQuietly(command: string[], cwd: string): Promise<void> {
  return run(command, cwd);
}

/** The middle of some numbers. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
