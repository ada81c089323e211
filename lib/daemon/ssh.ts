/** A daemon behind ssh: the system's own, as the `docker` command does it. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { onAbort } from "../image/abort.ts";
import { DaemonError, type DaemonProblem } from "../image/errors.ts";
import { cleanText } from "../redact/clean.ts";
import type { DaemonPlace } from "./address.ts";
import { type Connection, type ConnectOptions, writeTo } from "./connection.ts";

/** So much of what ssh prints is kept, in characters. */
const MOST_WORDS = 4096;
/** How long its end is waited for, in milliseconds, to learn why. */
const END_MS = 2_000;

type SshPlace = Extract<DaemonPlace, { kind: "ssh" }>;

/**
 * Connects to the daemon of another machine. Whether that works is known once
 * something has been asked of it.
 *
 * @param place Where; `program` connects the streams there.
 */
export function openSsh(
  place: SshPlace,
  { address, signal }: ConnectOptions,
): Connection {
  signal?.throwIfAborted();
  const child = spawn("ssh", sshArguments(place), {
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  const { stdin, stdout, stderr } = child;
  const ended = endOf(child, address);
  const close = () => {
    forget();
    child.kill();
    for (const stream of [stdin, stdout, stderr]) stream.destroy();
  };
  const forget = onAbort(signal, close);
  return {
    incoming: stdout[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>,
    write: (bytes) => writeTo(stdin, bytes),
    close,
    async failure(cause) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), END_MS);
      });
      const known = await Promise.race([ended, late]);
      clearTimeout(timer);
      return known ??
        new DaemonError(address, { code: "broken-off" }, { cause });
    },
  };
}

function sshArguments({ host, user, port, path, program }: SshPlace): string[] {
  const option = program === "podman" ? "--url" : "--host";
  return [
    ...["-o", "ConnectTimeout=30", "-T"],
    ...(user ? ["-l", user] : []),
    ...(port ? ["-p", `${port}`] : []),
    "--",
    host,
    program ?? "docker",
    ...(path ? [option, `unix://${path}`] : []),
    ...["system", "dial-stdio"],
  ];
}

/** Settles when it has ended, with what is known of why. */
function endOf(
  child: ChildProcessWithoutNullStreams,
  address: string,
): Promise<DaemonError> {
  let printed = "";
  child.stderr.on("data", (chunk: Uint8Array) => {
    printed = (printed + new TextDecoder().decode(chunk)).slice(-MOST_WORDS);
  });
  // It may end without having read its input.
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    stream.on("error", () => {});
  }
  return new Promise((resolve) => {
    const settle = (problem: DaemonProblem, cause?: unknown) =>
      resolve(new DaemonError(address, problem, { cause }));
    child.once("error", (cause) => {
      const { code: words = "" } = cause as { code?: string };
      settle(
        words === "ENOENT"
          ? { code: "no-ssh" }
          : { code: "ssh", status: -1, words },
        cause,
      );
    });
    child.once("close", (status) => {
      const words = printed.split(/\r?\n/).map((line) => cleanText(line, 300))
        .findLast((line) => line !== "") ?? "";
      settle({ code: "ssh", status: status ?? -1, words });
    });
  });
}
