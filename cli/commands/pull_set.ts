/** The pull of several images, or of several platforms. */

import { pullImages as pullAll } from "../../lib/copy/pull.ts";
import { formatReference } from "../../lib/image/reference.ts";
import { readMirrors } from "../access/image_access.ts";
import type { Io, Services } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { setReportLines, unwrittenLines } from "../messages/set_report.ts";
import { standardOutput } from "../standard_output.ts";
import type { Outcome, Run } from "./command.ts";
import { namedImages } from "./named_images.ts";
import { tellFailures } from "./pull_failures.ts";
import {
  leftLines,
  registriesOf,
  requestOf,
  takenLines,
  wantedPlatform,
} from "./pull_lists.ts";
import type { PullCommandOptions } from "./pull_options.ts";
import { formOf, whereTo } from "./pull_settings.ts";
import { noteTarget, preparePull, reportOptions } from "./prepare_pull.ts";
import { type Transfer, withTransfer } from "./transfer.ts";

/** Pulls a set of images as the options say. */
export const runPullSet: Run<PullCommandOptions> = (
  options,
  io,
  context,
  services = {},
) =>
  withTransfer(
    options,
    io,
    context,
    services,
    true,
    (transfer) => pullSet(options, io, context, services, transfer),
  );

async function pullSet(
  options: PullCommandOptions,
  io: Io,
  context: ErrorContext,
  services: Services,
  transfer: Transfer,
): Promise<Outcome> {
  const { pullImages = pullAll } = services;
  const { style, progress, say } = transfer;
  const { quiet } = options;
  const named = await namedImages(options, io);
  leftLines(named, style).forEach((line) => say(line));
  if (options.from.length > 0) {
    takenLines(named, quiet).forEach((line) => say(line));
  }
  const images = named.images.map(requestOf);
  const platform = wantedPlatform(options, io.env);
  const registries = registriesOf(images);
  const streamed = noteTarget(options, context);
  const where = streamed
    ? { output: standardOutput(io.stdout) }
    : await whereTo(options);
  context.several = !("output" in where);
  const { reached, pulling, signal } = await preparePull(
    {
      registries,
      mirrors: readMirrors(options),
      platform,
      title: images.length === 1
        ? options.image || formatReference(images[0]!.reference)
        : `${images.length} images`,
      asked: registries.length === 1 ? registries[0]! : "the registries",
    },
    options,
    io,
    context,
    transfer,
  );
  const print = (line: string) => progress.line(line);
  const telling = { reached, signal, style, print };
  if (options.load) {
    const { runLoadSet } = await import("./load.ts");
    const loaded = await runLoadSet(images, pulling, options, io, services);
    progress.stop();
    const { code, told } = await tellFailures(
      loaded.failures,
      context,
      telling,
    );
    if (!options.json) return { lines: loaded.lines, code };
    const { pullDocument } = await import("../messages/pull_document.ts");
    const document = pullDocument(loaded.results, { failures: told });
    return { document, code };
  }
  const result = await pullImages(images, {
    ...pulling,
    ...where,
    ...formOf(options),
    keepGoing: options.keepGoing,
  });
  progress.stop();
  const { results, failures, unwritten } = result;
  const { code, told } = await tellFailures(failures, context, telling);
  if (options.json) {
    const { pullDocument } = await import("../messages/pull_document.ts");
    const document = pullDocument(results, {
      statistics: result,
      failures: told,
      unwritten,
    });
    return { document, code };
  }
  const lines = quiet
    ? streamed ? [] : [...new Set(results.map(({ path }) => path))]
    : setReportLines(
      result,
      await reportOptions(options, io, streamed ? style : undefined),
    );
  if (failures.length > 0) {
    const of = results.length + failures.length;
    const told = unwrittenLines(failures.length, of, unwritten, style);
    for (const line of told) progress.line(line);
  }
  if (!streamed) return { lines, code };
  for (const line of lines) progress.line(line);
  return { code };
}
