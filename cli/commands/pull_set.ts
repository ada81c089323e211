/** The pull of several images, or of several platforms. */

import { pullImages as pullAll } from "../../lib/copy/pull.ts";
import type { PullFailure } from "../../lib/copy/pull_result.ts";
import type { PullEvent } from "../../lib/image/events.ts";
import { formatReference } from "../../lib/image/reference.ts";
import {
  defaultPlatform,
  openAccess,
  readMirrors,
} from "../access/image_access.ts";
import { errorLines } from "../messages/error_lines.ts";
import { EXIT, type ExitCode, gravest } from "../messages/exit_codes.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { setReportLines, unwrittenLines } from "../messages/set_report.ts";
import { createProgress, isSilent } from "../progress/progress.ts";
import { createStyle, showBy } from "../progress/style.ts";
import { abortOnSignals } from "../signals.ts";
import { ReaderGone, standardOutput } from "../standard_output.ts";
import type { Run } from "./command.ts";
import { aboutOf, contextOf, hintsFor } from "./pull_failures.ts";
import {
  leftLines,
  nameImages,
  readPlatforms,
  readSet,
  requestOf,
  takenLines,
} from "./pull_lists.ts";
import type { PullCommandOptions } from "./pull_options.ts";
import { acceptOf, formOf, transferOptions, whereTo } from "./pull_settings.ts";

/** So many failures are looked into for a better hint. */
const MOST_HINTS = 5;

/** Pulls a set of images as the options say. */
export const runPullSet: Run<PullCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  if (options.dryRun) {
    const { runPlan } = await import("./plan.ts");
    return await runPlan(options, io, context, services);
  }
  const { pullImages = pullAll } = services;
  const { env, stderr } = io;
  const { quiet, verbose, cacheDir, format } = options;
  const silent = isSilent(options);
  context.cacheDir = cacheDir;
  const style = createStyle(stderr, env);
  const progress = createProgress({
    output: stderr,
    style,
    env,
    quiet,
    verbose,
    way: options.progress,
    secrets: context.secrets,
    several: true,
  });

  const named = options.lock === undefined
    ? await nameImages(readSet(options), options.from, io)
    : await (await import("./locked_images.ts")).lockedImages(options, io);
  if (!silent) {
    for (const line of leftLines(named, style)) progress.line(line);
  }
  const taken = takenLines(named, quiet);
  if (options.from.length > 0 && !silent) {
    taken.forEach((line) => progress.line(line));
  }
  const images = named.images.map(requestOf);
  const platform = options.platforms.length > 0
    ? readPlatforms(options.platforms)
    : defaultPlatform(env);
  const registries = [
    ...new Set(images.map(({ reference }) => reference.registry)),
  ];
  const streamed = options.output === "-";
  context.streamed = streamed || options.load;
  const where = streamed
    ? { output: standardOutput(io.stdout) }
    : await whereTo(options);
  context.several = !("output" in where);
  const { network, mirrors, connect } = await openAccess(
    { registries, mirrors: readMirrors(options) },
    options,
    io,
    context,
    showBy(style, (line) => progress.line(line)),
    services,
  );

  if (!silent) {
    progress.line(
      images.length === 1
        ? `Pulling ${options.image || formatReference(images[0]!.reference)}`
        : `Pulling ${images.length} images`,
    );
  }
  const accept = await acceptOf(
    options,
    io,
    quiet ? () => {} : (line) => progress.line(line),
  );
  const { signal, stop } = abortOnSignals(io.signals, {
    beforeExit: () => progress.stop(),
    beforeStop: stderr.isTTY ? () => progress.clear() : undefined,
  });
  const shared = connect(signal);
  const tellFailures = async (failures: readonly PullFailure[]) => {
    const codes: ExitCode[] = [];
    const told: { failure: PullFailure; context: ErrorContext }[] = [];
    for (const [i, failure] of failures.entries()) {
      const own = contextOf(failure, context);
      if (i < MOST_HINTS) {
        Object.assign(own, await hintsFor(failure, shared, signal));
      }
      const about = aboutOf(failure);
      const { lines, code } = errorLines(failure.error, own, style, about);
      codes.push(code);
      told.push({ failure, context: own });
      for (const line of lines) progress.line(line);
    }
    return { code: gravest(codes), told };
  };
  try {
    progress.ask(registries.length === 1 ? registries[0]! : "the registries");
    const pulling = {
      ...shared,
      ...transferOptions(options),
      platform,
      accept,
      signal,
      onEvent: (event: PullEvent) => progress.onEvent(event),
      mirrors,
    };
    if (options.load) {
      const { runLoadSet } = await import("./load.ts");
      const told = await runLoadSet(images, pulling, options, io, services);
      progress.stop();
      const { code, told: failures } = await tellFailures(told.failures);
      if (options.json) {
        const { pullDocument } = await import("../messages/pull_document.ts");
        const exitCode = code;
        const document = pullDocument(told.results, { failures, exitCode });
        return { document, code };
      }
      return { lines: told.lines, code };
    }
    const result = await pullImages(images, {
      ...pulling,
      ...where,
      ...formOf(options),
      keepGoing: options.keepGoing,
    });
    progress.stop();
    const { results, failures, unwritten } = result;
    const { code, told } = await tellFailures(failures);
    if (options.json) {
      const { pullDocument } = await import("../messages/pull_document.ts");
      const document = pullDocument(results, {
        statistics: result,
        failures: told,
        unwritten,
        exitCode: code,
      });
      return { document, code };
    }
    const lines = quiet
      ? streamed ? [] : [...new Set(results.map(({ path }) => path))]
      : setReportLines(result, {
        cache: cacheDir !== false,
        format,
        program: options.for,
        style: streamed ? style : createStyle(io.stdout, env),
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
  } catch (error) {
    if (error instanceof ReaderGone) return { code: EXIT.brokenPipe };
    throw error;
  } finally {
    progress.stop();
    stop();
    network.close();
  }
};
