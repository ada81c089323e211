/** How the pull of one image and that of a set begin and end alike. */

import type { PullOptions } from "../../lib/copy/pull_options.ts";
import type { ImageAccess, WantedAccess } from "../access/image_access.ts";
import type { Io } from "../io.ts";
import type { DeltaWords } from "../messages/deltas.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import type { ReportOptions } from "../messages/report.ts";
import { createStyle, type Style } from "../progress/style.ts";
import type { PullCommandOptions } from "./pull_options.ts";
import {
  acceptOf,
  allRegistries,
  haveOf,
  transferOptions,
} from "./pull_settings.ts";
import type { Transfer } from "./transfer.ts";

/**
 * Notes where it goes, for an error's message.
 *
 * @returns Whether that is standard output.
 */
export function noteTarget(
  { output, load, split }: PullCommandOptions,
  context: ErrorContext,
): boolean {
  const streamed = output === "-";
  context.streamed = streamed || load;
  context.cut = split !== undefined;
  return streamed;
}

/** What is pulled, as it is told and asked for. */
export interface WantedPull extends WantedAccess {
  /** Its platforms. */
  platform: PullOptions["platform"];
  /** What it is called where its pull begins. */
  title: string;
  /** Who is asked first. */
  asked: string;
}

/** A pull that nothing is left to be found out for. */
export interface PreparedPull {
  /** How registries are reached. */
  reached: ReturnType<ImageAccess["connect"]>;
  /** What the library is given of all but the output. */
  pulling: PullOptions;
  /** Ends it. */
  signal: AbortSignal;
}

/** Finds the way to what is wanted, and what the target has of it. */
export async function preparePull(
  wanted: WantedPull,
  options: PullCommandOptions,
  io: Io,
  context: ErrorContext,
  { progress, say, open, listen }: Transfer,
): Promise<PreparedPull> {
  const { platform, title, asked } = wanted;
  const base = await haveOf(options, io);
  const registries = allRegistries(wanted.registries, base);
  const { mirrors, connect } = await open(
    { registries, mirrors: wanted.mirrors },
    options,
    io,
    context,
  );
  const accept = await acceptOf(options, io, say);
  say(`Pulling ${title}`);
  const signal = listen();
  const reached = connect(signal);
  progress.ask(asked);
  const pulling: PullOptions = {
    ...reached,
    ...transferOptions(options),
    platform,
    accept,
    signal,
    onEvent: (event) => progress.onEvent(event),
    mirrors,
  };
  if (base) {
    const { cacheDir } = options;
    const asking = { ...reached, mirrors, platform, signal, cacheDir };
    pulling.have = await base.read(asking, context);
  }
  return { reached, pulling, signal };
}

/**
 * How the end of it is told.
 *
 * @param style The colours of where that goes, if not to standard output.
 */
export async function reportOptions(
  options: PullCommandOptions,
  io: Pick<Io, "stdout" | "env" | "os">,
  style: Style | undefined,
): Promise<ReportOptions> {
  return {
    cache: options.cacheDir !== false,
    format: options.format,
    program: options.for,
    deltas: await deltaWords(options),
    style: style ?? createStyle(io.stdout, io.env),
    os: io.os,
  };
}

/** What puts in words what is left out, where something is. */
async function deltaWords(
  { have }: Pick<PullCommandOptions, "have">,
): Promise<DeltaWords | undefined> {
  if (have.length === 0) return undefined;
  return (await import("../messages/deltas.ts")).DELTA_WORDS;
}
