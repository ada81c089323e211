/** `docker-pull doctor`: examines all that a pull depends on. */

import { dirname } from "node:path";
import process from "node:process";
import { diagnose, type Diagnosis } from "../lib/doctor/doctor.ts";
import type { Finding, Report } from "../lib/doctor/report.ts";
import { parseReference } from "../lib/reference.ts";
import { parseMirrorUrl } from "../lib/registry/mirror_url.ts";
import { proxyFromEnvironment } from "../lib/registry/proxy.ts";
import type { Fetch } from "../lib/types.ts";
import { credentialPathSettings } from "./credential_files.ts";
import { readLogin } from "./credentials.ts";
import type { DoctorCommandOptions } from "./doctor_options.ts";
import { explainError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import type { ErrorContext } from "./explanation.ts";
import { warnOfInsecurity } from "./insecurity.ts";
import type { Io } from "./io.ts";
import { findLogins, noteTokens } from "./logins.ts";
import { findMirrors, parseMirror } from "./mirrors.ts";
import { openNetwork } from "./network.ts";
import { wantedPlatform } from "./pull_command.ts";
import { logRequests } from "./request_log.ts";
import { abortOnSignals } from "./signals.ts";
import { createStyle, type Style } from "./style.ts";
import { neutralize } from "./text.ts";
import { VERSION } from "./version.ts";

/** What is done for the command elsewhere, so that a test can do it. */
export interface DoctorServices {
  /** Asks for a password. */
  prompt?: (message: string) => string | null;
  /** Sends requests. */
  fetch?: Fetch;
}

/** What the command prints, and how it ends. */
export interface DoctorResult {
  /** What to print on standard output. */
  lines: string[];
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
  services: DoctorServices = {},
): Promise<DoctorResult> {
  const { env, stderr } = io;
  const { verbose } = options;
  const style = createStyle(stderr, env);
  const print = (line: string) => void stderr.write(`${line}\n`);
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);

  const reference = parseReference(options.image);
  const { registry, repository } = reference;
  Object.assign(context, { registry, repository });
  const platform = wantedPlatform(
    options.platform,
    env.DOCKER_DEFAULT_PLATFORM,
  );
  const given = options.mirrors &&
    options.mirrors.map((text) => parseMirror(text, "Option --mirror"));
  const paths = await credentialPathSettings(env, io.os);
  const places = { env, os: io.os, home: paths.home };
  const mirrors = await findMirrors(registry, given, places, warn);
  // As in a pull, questions come before signals are listened to.
  const login = await readLogin(options, registry, {
    ...io,
    prompt: services.prompt,
    warn,
  });
  warnOfInsecurity(options, warn);
  const network = await openNetwork(options, {
    ...places,
    registry,
    mirrors: mirrors?.urls.map((url) => parseMirrorUrl(url).host),
    warn,
  });
  const interruption = abortOnSignals(io.signals, () => {});
  const { signal } = interruption;
  const fetch = services.fetch ?? network.fetch;
  try {
    const diagnosis = await diagnose(reference, {
      fetch: noteTokens(
        verbose
          ? logRequests(fetch, (text) => print(style.faint(text)))
          : fetch,
        context,
      ),
      proxy: proxyFromEnvironment(env),
      credentials: findLogins({
        places: paths,
        registry,
        given: login,
        authfile: options.authfile,
        signal,
        onWarning: ({ message }) => warn(message),
      }, context),
      // Left open, it is http for loopback hosts by itself.
      ...(options.plainHttp && { plainHttp: true }),
      ...(mirrors && { mirrors: [mirrors] }),
      trustMirrors: options.trustMirrors,
      ...(platform && { platform }),
      cacheDir: options.cacheDir,
      outputDir: outputFolder(options.output),
      ...(options.timeout && { timeout: options.timeout }),
      signal,
      explain: (error) => explainError(error, context).sentence,
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
    const document = { tool, ...report, exitCode: code };
    return { lines: JSON.stringify(document, null, 2).split("\n"), code };
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
