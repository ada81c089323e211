/** What is said while images are served, and why they cannot be. */

import type { ServeProblem } from "../../lib/serve/catalog.ts";
import type { ListenError } from "../../lib/serve/listen_error.ts";
import { EXIT } from "./exit_codes.ts";
import { type Explanation, sentenceOf, type Sentences } from "./explanation.ts";

const PROBLEMS: Sentences<ServeProblem> = {
  "missing": ({ path, subject }) => `${path} lacks ${subject}`,
  "damaged": ({ path, subject }) =>
    `${path} is damaged: ${subject} is not served`,
  "name": ({ path, subject }) =>
    `${path} calls an image ${JSON.stringify(subject)}, which is no name`,
  "delta": ({ path, subject }) =>
    `${path} is a delta: ${subject} of the layers are not in it, and are not ` +
    "served",
  "unreadable": ({ path, subject }) => `Cannot read ${path}: ${subject}`,
};

/** What is not served, as one sentence without a period. */
export function serveProblemSentence(problem: ServeProblem): string {
  return sentenceOf(PROBLEMS, problem);
}

const WORDS: Readonly<
  Record<string, readonly [words: string, hint: string]>
> = {
  EADDRINUSE: ["another program listens there", "choose another port"],
  EACCES: [
    "the system allows it to its administrator only",
    "choose a port from 1024 on",
  ],
  EADDRNOTAVAIL: [
    "this machine has no such address",
    "choose one of its own, 127.0.0.1, or 0.0.0.0 for all of them",
  ],
  ENOTFOUND: ["there is no host of that name", "choose an address"],
  "not-permitted": ["Deno does not allow it", "let Deno do that"],
};

/** Why it cannot be listened somewhere. */
export function explainListenError(
  { host, port, code }: ListenError,
): Explanation {
  const [words, hint] = WORDS[code] ?? [code, "choose another place"];
  const at = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const other = `${host.includes(":") ? `[${host}]` : host}:${
    port < 1024 ? port + 8000 : port + 1
  }`;
  return {
    sentence: `Cannot listen at ${at}: ${words}`,
    hint: code === "not-permitted"
      ? `${hint}, as by --allow-net=${at}`
      : code === "EADDRINUSE" || code === "EACCES"
      ? `${hint}, as in --listen ${other}`
      : `${hint}, with --listen HOST:PORT`,
    code: EXIT.network,
  };
}
