/** The command line of `verify`. */

import { redactAddress } from "../../lib/redact/address.ts";
import { UsageError } from "../options/arguments.ts";
import {
  COMMON_OPTIONS,
  JSON_OPTION,
  LOGIN_OPTIONS,
  NETWORK_OPTIONS,
  readLoginOptions,
  readNetworkOptions,
} from "../options/shared_options.ts";
import {
  readTrustOptions,
  TRUST_OPTIONS,
  type TrustOptions,
} from "../options/signature_options.ts";
import type { AccessOptions } from "../access/image_access.ts";
import type { ExitCode } from "../messages/exit_codes.ts";
import type { ToldReport } from "../messages/verify.ts";
import type { CommandLine } from "./command.ts";

/** What is to be verified, and how it is told. */
export interface VerifyCommandOptions {
  /** The file or folder. */
  path: string;
  /** Whether it is an image in a registry, whatever lies there. */
  isImage: boolean;
  /** `--against`, each as it was typed. */
  against: string[];
  /** Who has to have signed, where that is asked. */
  trust?: TrustOptions;
  /** How a registry is reached. */
  access: AccessOptions;
  /** `--json`. */
  json: boolean;
}

/** What is found in the bytes of a file. */
export type OfBytes = () => Promise<
  { told: ToldReport; lines: string[]; code: ExitCode }
>;

/** The command line of `verify`. */
export const VERIFY: CommandLine<VerifyCommandOptions> = {
  summary: "Checks every digest, size and reference in an image's archive or " +
    "layout, and\ntells which programs will load it. With the options of " +
    "signatures, it checks\nthose, too, and those of an image in a registry.",
  usage: [
    "docker-pull verify [OPTIONS] FILE|LAYOUT",
    "docker-pull verify --against X [OPTIONS] FILE",
    "docker-pull verify --key FILE [OPTIONS] FILE|LAYOUT|IMAGE",
  ],
  options: [
    {
      name: "against",
      value: "X",
      repeatable: true,
      dash: true,
      group: "Delta",
      help:
        "Say whether the target has the layers that a file of --have leaves " +
        "out, X being what --have takes: an image or a file there, a lock, " +
        "what docker image inspect or ctr content ls -q prints there, or a " +
        "daemon; exit code 14 where it lacks some",
    },
    // What a pull demands by the configuration file is not asked of a file.
    ...TRUST_OPTIONS.map((option) => ({ ...option, setting: undefined })),
    ...LOGIN_OPTIONS,
    ...NETWORK_OPTIONS,
    JSON_OPTION,
    ...COMMON_OPTIONS,
  ],
  variables: ["DOCKER_PULL_CONFIG", "NO_COLOR"],
  examples: [
    "docker-pull verify library_nginx_latest.tar",
    "docker-pull verify --json docker_images_cache > report.json",
    "docker-pull verify --key cosign.pub library_nginx_latest.tar",
    "docker-pull verify --against ssh://me@server library_nginx_latest.tar",
  ],
  read(parsed) {
    const { flags, values, operands: [path, ...others] } = parsed;
    const trust = readTrustOptions(parsed);
    if (!path) throw new UsageError("No file or layout is named");
    if (others.length) throw new UsageError("One file or layout at a time");
    const isImage = path.startsWith("docker://");
    if (isImage && !trust) {
      throw new UsageError(
        "Of an image in a registry, signatures are verified: name who has to " +
          "have signed, as by --key FILE",
      );
    }
    if (!isImage && /^[a-z][a-z0-9+.-]+:\/\//i.test(path)) {
      throw new UsageError(
        `A file or layout of this machine is verified, and ` +
          `${JSON.stringify(redactAddress(path))} is an address`,
      );
    }
    if (isImage && values.has("against")) {
      throw new UsageError(
        "Option --against is for a file, and not for an image",
      );
    }
    return {
      against: [...values.get("against") ?? []],
      path: path.replace(/^docker:\/\//, ""),
      isImage,
      trust,
      access: {
        ...readLoginOptions(parsed),
        ...readNetworkOptions(parsed),
        verbose: flags.has("verbose"),
      },
      json: flags.has("json"),
    };
  },
};
