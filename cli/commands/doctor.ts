/** `docker-pull doctor`: examines all that a pull depends on. */

import { dirname } from "node:path";
import process from "node:process";
import { diagnose, type Diagnosis } from "../../lib/doctor/doctor.ts";
import { proxyFromEnvironment } from "../../lib/net/proxy.ts";
import { VERSION } from "../../lib/net/version.ts";
import { openAccess, readWantedImage } from "../access/image_access.ts";
import type { Io } from "../io.ts";
import {
  tellDiagnosis,
  type ToldDiagnosis,
  type ToldFinding,
} from "../messages/doctor.ts";
import { explainError } from "../messages/errors.ts";
import { EXIT } from "../messages/exit_codes.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { explainWarning } from "../messages/warnings.ts";
import { createStyle, showBy, type Style } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";
import { abortOnSignals } from "../signals.ts";
import type { Outcome, Run } from "./command.ts";
import type { DoctorCommandOptions } from "./doctor_options.ts";

/** Examines as the options say. */
export const runDoctor: Run<DoctorCommandOptions> = async (
  options,
  io,
  context,
  services,
) => {
  const { env, stderr } = io;
  const { log } = showBy(
    createStyle(stderr, env),
    (line) => void stderr.write(`${line}\n`),
  );
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const wanted = readWantedImage(options, env, context);
  const { network, mirrors, connect } = await openAccess(
    wanted,
    options,
    io,
    context,
    { warn, log },
    services,
  );
  const { signal, stop } = abortOnSignals(io.signals);
  try {
    const diagnosis = await diagnose(wanted.reference, {
      ...connect(signal),
      proxy: proxyFromEnvironment(env),
      tls: network.tls,
      mirrors,
      trustMirrors: options.trustMirrors,
      platform: wanted.platform,
      cacheDir: options.cacheDir,
      outputDir: outputFolder(options.output),
      timeout: options.timeout,
      signal,
      explain: (error) => explainError(error, context).sentence,
      explainWarning,
      takeWarnings: () => warnings.splice(0),
    });
    return present(diagnosis, options, io, context);
  } finally {
    stop();
    network.close();
  }
};

function outputFolder(output: string | undefined): string {
  if (output === undefined) return ".";
  return /[/\\]$/.test(output) ? output : dirname(output);
}

/** The report as the user wants to have it. */
function present(
  diagnosis: Diagnosis,
  { json, settings }: DoctorCommandOptions,
  { stdout, env, os }: Io,
  context: ErrorContext,
): Outcome {
  const { error } = diagnosis;
  const report = tellDiagnosis(diagnosis.report);
  const { code, hint } = report.canPull
    ? { code: EXIT.ok, hint: undefined }
    : explainError(error, context);
  const tool = {
    name: "docker-pull",
    version: VERSION,
    runtime: runtime(),
    os,
    settings,
  };
  if (json) {
    return { document: { tool, ...report }, code };
  }
  const style = createStyle(stdout, env);
  const lines = [
    `${tool.name} ${tool.version} on ${tool.runtime}, ${os}`,
    ...(settings ? [neutralize(settingsLine(settings))] : []),
    `${neutralize(report.reference)} for ${report.platform}`,
    "",
    ...report.findings.map((finding) => findingLine(finding, style)),
    "",
    ...conclusion(report, hint, style),
  ];
  return { lines, code };
}

function settingsLine(
  { file, names }: NonNullable<DoctorCommandOptions["settings"]>,
): string {
  const said = names.length === 0 ? "nothing that matters" : names.join(", ");
  return `with the configuration file ${JSON.stringify(file)}: ${said}`;
}

function findingLine(
  { status, step, message }: ToldFinding,
  style: Style,
): string {
  const paint =
    { ok: style.good, note: style.warn, problem: style.bad }[status];
  return `${paint(status.padEnd(7))}  ${step.padEnd(9)}  ${
    neutralize(message)
  }`;
}

function conclusion(
  { canPull, findings }: ToldDiagnosis,
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
