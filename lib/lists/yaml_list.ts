/** The images of YAML, document by document. */

import { isScalar, LineCounter, parseAllDocuments } from "yaml";
import { cleanText } from "../redact/clean.ts";
import type { Collector } from "./collector.ts";
import type { Variables } from "./interpolation.ts";
import { readLines } from "./lines.ts";
import { readTree } from "./tree.ts";
import { YamlView } from "./yaml_view.ts";

/** What follows the first of them mostly follows from it. */
const MOST_ERRORS = 3;

/** Reads a text of any number of documents. */
export function readYaml(
  text: string,
  found: Collector,
  variable: Variables,
): void {
  const lineCounter = new LineCounter();
  let documents;
  try {
    documents = parseAllDocuments(text, {
      lineCounter,
      // A document may come from anywhere: what is not needed is not done.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "silent",
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return found.wrong({ code: "too-deep" });
  }
  const [only, ...others] = Array.isArray(documents) ? documents : [];
  // It is called YAML, and has a reference in each line.
  if (isScalar(only?.contents) && others.length === 0) {
    return readLines(text, found);
  }
  for (const document of Array.isArray(documents) ? documents : []) {
    if (document.errors.length > 0) {
      for (const { pos, message } of document.errors.slice(0, MOST_ERRORS)) {
        const { line } = lineCounter.linePos(pos[0]);
        const start = lineCounter.lineStarts[line - 1] ?? 0;
        const whole = text.slice(start, lineCounter.lineStarts[line]);
        if (whole.includes("{{")) {
          found.wrong({ code: "template" }, line);
          break;
        }
        const words = cleanText(message.split("\n", 1)[0]!, 200);
        found.wrong({ code: "not-yaml", words }, line);
      }
      continue;
    }
    readTree(new YamlView(document, lineCounter), found, variable);
  }
}
