/** Describes where the figures come from, without naming anything private. */

import { spawnSync } from "node:child_process";
import { cpus, release, totalmem, type } from "node:os";
import process from "node:process";
import { which } from "./measure.ts";
import type { Programs } from "./rows.ts";

/** A name and what is said of it. */
export type Facts = [name: string, value: string][];

function output(program: string, ...args: string[]): string {
  const { stdout, status } = spawnSync(program, args, {
    encoding: "utf8",
  });
  return status === 0 ? stdout.trim() : "";
}

/** The compiler matters: Go hashes with the processor's help since 1.21. */
function goVersion(program: string): string {
  const path = which(program);
  if (!path || !which("go")) return "";
  const found = /: (go[\d.]+)/.exec(output("go", "version", path));
  return found ? `, built with ${found[1]}` : "";
}

const VERSION_COMMANDS: Record<string, string[]> = {
  curl: ["--version"],
  crane: ["version"],
  skopeo: ["--version"],
  regctl: ["version", "--format", "{{.VCSTag}}"],
  oras: ["version"],
  podman: ["--version"],
  docker: ["--version"],
  dockerd: ["--version"],
  "docker-registry": ["--version"],
};

/** Processor, memory, system, and the version of everything that took part. */
export function describeMachine(programs: Programs): Facts {
  const processors = cpus();
  const runtime = "Deno" in globalThis
    ? `Deno ${
      (globalThis as unknown as { Deno: { version: { deno: string } } })
        .Deno.version.deno
    }`
    : process.versions.bun
    ? `Bun ${process.versions.bun}`
    : `Node ${process.versions.node}`;
  const facts: Facts = [
    ["Processor", `${processors[0]?.model.trim()}, ${processors.length} cores`],
    ["Memory", `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ["System", `${type()} ${release().split("-")[0]}`],
    ["Runtime", runtime],
  ];
  for (const [name, args] of Object.entries(VERSION_COMMANDS)) {
    const program = programs[name];
    if (!program) continue;
    const [line = ""] = output(program, ...args).split("\n");
    const version = /\d+\.\d+[\w.+-]*/.exec(line)?.[0] ?? "unreleased";
    facts.push([name, version + goVersion(program)]);
  }
  return facts;
}
