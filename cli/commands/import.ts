/** `docker-pull cache import`: what lies in files comes into the cache. */

import { format as formatBytes } from "@std/fmt/bytes";
import { importFiles } from "../../lib/copy/import/import_files.ts";
import type {
  ImportedImage,
  ImportResult,
} from "../../lib/copy/import/import_result.ts";
import { familiarName } from "../../lib/image/reference.ts";
import { formatPlatform } from "../../lib/image/platform.ts";
import { explainError } from "../messages/errors.ts";
import { EXIT, type ExitCode } from "../messages/exit_codes.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { createStyle, type Style } from "../progress/style.ts";
import { showReading } from "../progress/reading.ts";
import { formatTime, neutralize } from "../progress/text.ts";
import type { Run } from "./command.ts";
import type { ImportCommandOptions } from "./import_options.ts";

/** Imports as the options say. */
export const runImport: Run<ImportCommandOptions> = async (
  { paths, cacheDir, json },
  io,
  context,
) => {
  Object.assign(context, {
    command: "cache import",
    subject: "archive",
    cacheDir,
  });
  const result = await showReading(
    "Importing",
    io,
    (signal, onProgress) =>
      importFiles(paths, { cacheDir, signal, onProgress }),
  );
  const { code, lines } = failureLines(result, context);
  if (json) {
    const { errorDocument } = await import("../messages/pull_document.ts");
    const failures = result.failures.map(({ path, error }) => ({
      path,
      error: errorDocument(error, context),
    }));
    return { document: { ...result, failures }, code };
  }
  for (const line of lines) io.stderr.write(`${line}\n`);
  const isNothing = result.failures.length === paths.length &&
    result.added.blobs + result.known.blobs === 0;
  const style = createStyle(io.stdout, io.env);
  return { lines: isNothing ? [] : reportLines(result, style), code };
};

/** What could not be imported, and the exit code of the first. */
function failureLines(
  { failures }: ImportResult,
  context: ErrorContext,
): { code: ExitCode; lines: string[] } {
  const told = failures.map(({ error }) => explainError(error, context));
  return {
    code: told[0]?.code ?? EXIT.ok,
    lines: told.flatMap(({ sentence, hint }) => [
      `error: ${sentence}`,
      ...(hint ? [`hint: ${hint}`] : []),
    ]),
  };
}

function reportLines(result: ImportResult, style: Style): string[] {
  const { images, added, known, plain, missing, elapsed } = result;
  return [
    ...images.map((image) => imageLine(image, style)),
    `${style.good("Imported:")} ${blobs(added)}, ${blobs(known)} were there; ` +
    formatTime(elapsed),
    ...(plain.blobs > 0
      ? [
        `${style.warn("note:")} ${
          blobs(plain)
        } of layers are not compressed, ` +
        "as docker save writes them: a pull that keeps the registry's own " +
        "compression fetches them there again, and what wants plain layers " +
        "takes these",
      ]
      : []),
    ...(missing > 0
      ? [
        `${style.warn("note:")} ${missing} ${
          missing === 1 ? "blob is" : "blobs are"
        } named and not there; an image that lacks one has no name in the cache`,
      ]
      : []),
  ];
}

function imageLine(
  { names, reference, replacedBy, manifest, platform, isWhole }: ImportedImage,
  style: Style,
): string {
  const name = reference ? familiarName(reference) : names[0];
  return `${style.good("Image:")}    ${
    neutralize(
      [
        name ?? "an image without a name",
        formatPlatform(platform),
        manifest.digest,
        ...(isWhole ? [] : ["incomplete"]),
        ...(replacedBy ? ["without its name, which a later one has"] : []),
      ].join(", "),
    )
  }`;
}

function blobs({ blobs, bytes }: ImportResult["added"]): string {
  return `${blobs} ${blobs === 1 ? "blob" : "blobs"} (${formatBytes(bytes)})`;
}
