/** What Docker or Podman fails with, where an image is loaded into it. */

import { ProblemError } from "./base_error.ts";

/** Why a daemon is of no use, or has not loaded an image. */
export type DaemonProblem =
  /** The text is no address of one. */
  | { code: "address" }
  /** None is named, and none is where they usually are. */
  | { code: "absent" }
  /** A context of the `docker` command that there is not. */
  | { code: "no-context"; context: string }
  /** Nothing answers there; `system` is the system's code. */
  | { code: "unreachable"; system: string }
  /** This user may not use the socket, or the daemon says so. */
  | { code: "forbidden" }
  /** TLS fails, for the reason with that code. */
  | { code: "tls"; system: string }
  /** It is reached by TLS only. */
  | { code: "wants-tls" }
  /** There is no `ssh` here. */
  | { code: "no-ssh" }
  /** It ended with that exit code; `words` are the last that it printed. */
  | { code: "ssh"; status: number; words: string }
  /** What answers speaks no HTTP, or is neither Docker nor Podman. */
  | { code: "no-daemon" }
  /** Its API is older than the `least` that is needed. */
  | { code: "too-old"; version: string; least: string }
  /** It runs images of another system, as with Windows containers. */
  | { code: "other-system"; system: string; image: string }
  /** The connection broke off. */
  | { code: "broken-off" }
  /** It refuses a request. */
  | { code: "refused"; status: number; words: string }
  /** There is no room for the image where it keeps them. */
  | { code: "disk-full"; words: string }
  /** The image is there and cannot be unpacked, so that nothing runs. */
  | { code: "unpacking"; words: string }
  /** It does not load the image. */
  | { code: "failed"; words: string }
  /** It has no image of that name, which was to be read. */
  | { code: "no-image"; name: string }
  /** It says nothing of an error, and the image is not there. */
  | { code: "not-loaded"; name: string };

/** A daemon that cannot be used, or that has not loaded an image. */
export class DaemonError extends ProblemError<DaemonProblem> {
  /** Its address, without passwords. */
  readonly address: string;

  /** Made by whoever talks to it. */
  constructor(address: string, problem: DaemonProblem, options?: ErrorOptions) {
    super("DaemonError", `use ${address}`, problem, options);
    this.address = address;
  }
}
