/** `docker-pull serve`: a read-only registry out of a file. */

import { isLoopback, listen } from "../../lib/serve/listen.ts";
import type { RequestRecord } from "../../lib/serve/request_record.ts";
import { cleanText, neutralize } from "../../lib/redact/clean.ts";
import { serveProblemSentence } from "../messages/serving.ts";
import { createStyle, warningLine } from "../progress/style.ts";
import { abortOnSignals } from "../signals.ts";
import type { Run } from "./command.ts";
import type { ServeCommandOptions } from "./serve_options.ts";

/** The most names that are shown at the start. */
const MOST_NAMES = 10;

/** Serves as the options say, until a signal ends it. */
export const runServe: Run<ServeCommandOptions> = async (
  { path, host, port, quiet, json },
  { stdout, stderr, env, signals },
  context,
) => {
  context.subject = "archive";
  const style = createStyle(stderr, env);
  const line = (text: string) => void stderr.write(`${text}\n`);
  const told = new Set<string>();
  const { signal, stop } = abortOnSignals(signals);
  try {
    const { url, names, closed } = await listen(path, {
      host,
      port,
      signal,
      onRequest: quiet ? undefined : (record) => line(requestLine(record)),
      onProblem(problem) {
        const sentence = serveProblemSentence(problem);
        // Each request may come upon the same.
        if (told.has(sentence) || told.size > 1_000) return;
        told.add(sentence);
        line(warningLine(style, sentence));
      },
    });
    if (!isLoopback(host)) {
      const whom = `Whoever reaches ${new URL(url).host} can read all of it`;
      line(warningLine(style, `${whom}, as there is no login`));
    }
    const shown = [
      `Serving ${path} at ${url}`,
      ...names.slice(0, MOST_NAMES).map((name) => `  ${name}`),
      ...(names.length > MOST_NAMES
        ? [`  and ${names.length - MOST_NAMES} more`]
        : []),
    ].map(neutralize);
    // A line, as whoever waits for it reads on until the end.
    const document = JSON.stringify({ version: 1, url, names });
    stdout.write(
      json ? `${document}\n` : quiet ? `${url}\n` : `${shown.join("\n")}\n`,
    );
    await closed;
    return {};
  } finally {
    stop();
  }
};

/** A line of the access log. */
function requestLine(
  { remote, method, target, status, bytes, duration, broken, agent }:
    RequestRecord,
): string {
  return [
    new Date().toISOString().replace(/\.\d+/, ""),
    cleanText(remote, 50),
    cleanText(method, 20),
    cleanText(target, 600).replaceAll(" ", "%20"),
    status,
    bytes,
    `${Math.round(duration)}ms`,
    ...(broken ? ["broken"] : []),
    JSON.stringify(cleanText(agent, 100)),
  ].join(" ");
}
