/** An archive on its way into a daemon, and what that says of it. */

import { DaemonError, type DaemonProblem } from "../image/errors.ts";
import { cleanText } from "../redact/clean.ts";
import type { Connection } from "./connection.ts";
import {
  asObject,
  failureOf,
  isFullDisk,
  MOST_WORDS,
  readText,
  refusalOf,
} from "./answer.ts";
import { readResponse, requestHead } from "./http.ts";

/** How long the daemon's word is waited for once it takes no more bytes. */
const WORD_MS = 5_000;
/** The longest line of its progress, in characters. */
const MAX_LINE = 1024 * 1024;

/** A load that is under way. */
export interface LoadRequest {
  /**
   * Takes the archive; closing it waits for the daemon's last word. It fails
   * with a {@linkcode DaemonError} where the daemon does.
   */
  readonly body: WritableStream<Uint8Array>;
  /** Ends it, however it stands. */
  close(): void;
}

/**
 * Sends the request's head.
 *
 * @param size The archive's size in bytes.
 * @param address What errors call the daemon.
 */
export async function startLoad(
  connection: Connection,
  size: number,
  address: string,
): Promise<LoadRequest> {
  await connection.write(requestHead("POST", "/images/load?quiet=1", {
    "content-type": "application/x-tar",
    "content-length": `${size}`,
    connection: "close",
  })).catch(async (cause) => {
    connection.close();
    throw await failureOf(connection, cause, address);
  });
  // It may say early that it takes no more.
  const answer = readAnswer(connection, address);
  answer.catch(() => {});
  return {
    body: new WritableStream<Uint8Array>({
      start(controller) {
        answer.catch((error) => {
          connection.close();
          controller.error(error);
        });
      },
      async write(bytes) {
        const written = connection.write(bytes);
        // Where it fails, the daemon's own words are better.
        written.catch(() => {});
        try {
          await Promise.race([written, answer.then(() => written)]);
        } catch {
          throw await lastWord(answer, connection, address);
        }
      },
      async close() {
        try {
          await answer;
        } finally {
          connection.close();
        }
      },
      abort: () => connection.close(),
    }),
    close: () => connection.close(),
  };
}

/** Why it takes no more bytes: what it says, or else how the connection ended. */
async function lastWord(
  answer: Promise<void>,
  connection: Connection,
  address: string,
): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, WORD_MS);
  });
  try {
    await Promise.race([answer, late]);
    return new DaemonError(address, { code: "broken-off" });
  } catch (error) {
    return error;
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

/** Reads what it says of its progress, up to the end or an error. */
async function readAnswer(
  connection: Connection,
  address: string,
): Promise<void> {
  try {
    const response = await readResponse(connection);
    if (!response) throw new Error("The connection was closed");
    const { status, body } = response;
    if (status !== 200) {
      throw refusalOf(address, status, await readText(response));
    }
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of body) {
      const lines = (rest + decoder.decode(bytes, { stream: true }))
        .split("\n");
      rest = lines.pop()!.slice(-MAX_LINE);
      for (const line of lines) checkLine(line, address);
    }
    checkLine(rest, address);
  } catch (cause) {
    if (cause instanceof DaemonError) throw cause;
    throw await failureOf(connection, cause, address);
  }
}

/** Throws for a line that tells of an error. */
function checkLine(line: string, address: string): void {
  let told: Record<string, unknown>;
  try {
    told = asObject(JSON.parse(line));
  } catch {
    return; // of another form, or cut
  }
  const { error, errorDetail, stream } = told;
  const { message } = asObject(errorDetail);
  const failed = [message, error].find((words) =>
    typeof words === "string" && words !== ""
  );
  // Docker's containerd store says so beside "Loaded image", and no error.
  const broken = typeof stream === "string" &&
    /\bError unpacking\b/.test(stream);
  if (failed === undefined && !broken) return;
  const said = `${failed ?? stream}`;
  const words = cleanText(said, MOST_WORDS);
  const problem: DaemonProblem = isFullDisk(said)
    ? { code: "disk-full", words }
    : /\bError unpacking\b/.test(said)
    ? { code: "unpacking", words }
    : { code: "failed", words };
  throw new DaemonError(address, problem);
}
