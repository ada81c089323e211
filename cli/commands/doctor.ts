/** `docker-pull doctor`: examines all that a pull depends on. */

import { dirname } from "node:path";
import process from "node:process";
import { diagnose, type Diagnosis } from "../../lib/doctor/doctor.ts";
import type { Finding, Report } from "../../lib/doctor/report.ts";
import { proxyFromEnvironment } from "../../lib/net/proxy.ts";
import { VERSION } from "../../lib/net/version.ts";
import type { DoctorCommandOptions } from "../options/doctor_options.ts";
import { explainError } from "../messages/errors.ts";
import { explainWarning } from "../messages/warnings.ts";
import { EXIT, type ExitCode } from "../messages/exit_codes.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { openAccess, readWantedImage } from "../access/image_access.ts";
import type { Io, Services } from "../io.ts";
import { abortOnSignals } from "../signals.ts";
import { createStyle, type Style } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";

/** What the command prints, and how it ends. */
export interface DoctorResult {
  /** What to print on standard output. */
  lines: string[];
  /** What to print as JSON in their place. */
  document?: unknown;
  /** 0 where the image can be pulled, else the code of the first problem. */
  code: ExitCode;
}

/**
 * Examines as the options say.
 *
 * @param context Is filled with what an error's message needs.
 * @returns What to print, and the exit code.
 */
export async function runDoctor(
  options: DoctorCommandOptions,
  io: Io,
  context: ErrorContext,
  services: Services = {},
): Promise<DoctorResult> {
  const { env, stderr } = io;
  const style = createStyle(stderr, env);
  const warnings: string[] = [];
  const wanted = readWantedImage(options, env, context);
  const { reference, platform } = wanted;
  const { network, mirrors, connect } = await openAccess(
    wanted,
    options,
    io,
    context,
    {
      warn: (message) => void warnings.push(message),
      log: (line) => void stderr.write(`${style.faint(line)}\n`),
      prompt: services.prompt,
    },
  );
  const interruption = abortOnSignals(io.signals);
  const { signal } = interruption;
  try {
    const diagnosis = await diagnose(reference, {
      ...connect(signal, services.fetch),
      proxy: proxyFromEnvironment(env),
      tls: network.tls,
      ...(mirrors && { mirrors: [mirrors] }),
      trustMirrors: options.trustMirrors,
      ...(platform && { platform }),
      cacheDir: options.cacheDir,
      outputDir: outputFolder(options.output),
      ...(options.timeout && { timeout: options.timeout }),
      signal,
      explain: (error) => explainError(error, context).sentence,
      explainWarning,
      takeWarnings: () => warnings.splice(0),
    });
    return present(diagnosis, options.json, io, context);
  } finally {
    interruption.stop();
    network.close();
  }
}

function outputFolder(output: string | undefined): string {
  if (output === undefined) return ".";
  return /[/\\]$/.test(output) ? output : dirname(output);
}

/** The report as the user wants to have it. */
function present(
  { report, error }: Diagnosis,
  json: boolean,
  { stdout, env, os }: Io,
  context: ErrorContext,
): DoctorResult {
  const { code, hint } = report.canPull
    ? { code: EXIT.ok, hint: undefined }
    : explainError(error, context);
  const tool = {
    name: "docker-pull",
    version: VERSION,
    runtime: runtime(),
    os,
  };
  if (json) {
    return { lines: [], document: { tool, ...report, exitCode: code }, code };
  }
  const style = createStyle(stdout, env);
  const lines = [
    `${tool.name} ${tool.version} on ${tool.runtime}, ${os}`,
    `${neutralize(report.reference)} for ${report.platform}`,
    "",
    ...report.findings.map((finding) => findingLine(finding, style)),
    "",
    ...conclusion(report, hint, style),
  ];
  return { lines, code };
}

function findingLine({ status, step, message }: Finding, style: Style): string {
  const paint =
    { ok: style.good, note: style.warn, problem: style.bad }[status];
  return `${paint(status.padEnd(7))}  ${step.padEnd(9)}  ${
    neutralize(message)
  }`;
}

function conclusion(
  { canPull, findings }: Report,
  hint: string | undefined,
  style: Style,
): string[] {
  const problems = findings.some(({ status }) => status === "problem");
  if (canPull) {
    return [
      problems
        ? "The image can be pulled all the same"
        : "The image can be pulled",
    ];
  }
  return [
    "The image cannot be pulled",
    ...(hint ? [`${style.hint("hint:")} ${hint}`] : []),
  ];
}

function runtime(): string {
  const { deno, bun, node } = process.versions as Record<string, string>;
  return deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
}
