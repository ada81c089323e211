/** The pull of several images, or of several platforms. */

import { pullImages as pullAll } from "../../lib/copy/pull.ts";
import type { PullImagesOptions } from "../../lib/copy/pull_options.ts";
import type { PullEvent } from "../../lib/image/events.ts";
import { formatReference } from "../../lib/image/reference.ts";
import { readMirrors } from "../access/image_access.ts";
import type { Io, Services } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { setReportLines, unwrittenLines } from "../messages/set_report.ts";
import { createStyle } from "../progress/style.ts";
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
import {
  acceptOf,
  allRegistries,
  deltaWords,
  formOf,
  haveOf,
  transferOptions,
  whereTo,
} from "./pull_settings.ts";
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
  { style, progress, say, open, listen }: Transfer,
): Promise<Outcome> {
  const { pullImages = pullAll } = services;
  const { quiet, cacheDir, format } = options;
  const named = await namedImages(options, io);
  leftLines(named, style).forEach((line) => say(line));
  if (options.from.length > 0) {
    takenLines(named, quiet).forEach((line) => say(line));
  }
  const images = named.images.map(requestOf);
  const platform = wantedPlatform(options, io.env);
  const registries = registriesOf(images);
  const streamed = options.output === "-";
  context.streamed = streamed || options.load;
  context.cut = options.split !== undefined;
  const where = streamed
    ? { output: standardOutput(io.stdout) }
    : await whereTo(options);
  context.several = !("output" in where);
  const base = await haveOf(options, io);
  const mirrored = {
    registries: allRegistries(registries, base),
    mirrors: readMirrors(options),
  };
  const { mirrors, connect } = await open(mirrored, options, io, context);
  say(
    images.length === 1
      ? `Pulling ${options.image || formatReference(images[0]!.reference)}`
      : `Pulling ${images.length} images`,
  );
  const accept = await acceptOf(options, io, say);
  const signal = listen();
  const shared = connect(signal);
  const print = (line: string) => progress.line(line);
  const telling = { reached: shared, signal, style, print };
  progress.ask(registries.length === 1 ? registries[0]! : "the registries");
  const pulling: PullImagesOptions = {
    ...shared,
    ...transferOptions(options),
    platform,
    accept,
    signal,
    onEvent: (event: PullEvent) => progress.onEvent(event),
    mirrors,
  };
  if (base) {
    const asking = { mirrors, platform, signal, cacheDir };
    pulling.have = await base.read({ ...shared, ...asking }, context);
  }
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
    : setReportLines(result, {
      cache: cacheDir !== false,
      format,
      program: options.for,
      deltas: await deltaWords(options),
      style: streamed ? style : createStyle(io.stdout, io.env),
      os: io.os,
    });
  if (failures.length > 0) {
    const of = results.length + failures.length;
    const told = unwrittenLines(failures.length, of, unwritten, style);
    for (const line of told) progress.line(line);
  }
  if (!streamed) return { lines, code };
  for (const line of lines) progress.line(line);
  return { code };
}
