/** The platform of the machine that this runs on. */

import { endianness } from "node:os";
import process from "node:process";
import { normalizePlatform } from "./platform.ts";
import type { Platform } from "./types.ts";

/** What the runtime tells of the machine. */
export interface HostFacts {
  /** The processor, as Node spells it: `ppc64` of either order of bytes. */
  arch: string;
  /** Which byte of a number comes first. */
  endianness: "BE" | "LE";
  /** The version of ARM that the runtime is made for, where it says one. */
  armVersion?: unknown;
}

function readFacts(): HostFacts {
  const variables: Record<string, unknown> = process.config?.variables ?? {};
  return {
    arch: process.arch,
    endianness: endianness(),
    armVersion: variables.arm_version,
  };
}

/** What Go calls those that have their bytes in the other order. */
const LITTLE: Readonly<Record<string, string>> = {
  ppc64: "ppc64le",
  mips: "mipsle",
  mips64: "mips64le",
  mipsel: "mipsle",
  mips64el: "mips64le",
};

/** Linux on this machine's processor, as containers are Linux everywhere. */
export function hostPlatform(facts: HostFacts = readFacts()): Platform {
  const { arch, armVersion } = facts;
  const little = facts.endianness === "LE" ? LITTLE[arch] : undefined;
  const version = arch === "arm" && /^[5-8]$/.test(String(armVersion));
  return normalizePlatform({
    os: "linux",
    architecture: little ?? arch,
    variant: version ? `v${armVersion}` : undefined,
  });
}
