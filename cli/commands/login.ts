/** `docker-pull login`: checks a login with its registry and keeps it. */

import { closeSync, openSync, readSync } from "node:fs";
import { saveCredential } from "../../lib/credentials/save.ts";
import { HttpClient } from "../../lib/net/http.ts";
import type { FoundCredential } from "../../lib/image/types.ts";
import { UsageError } from "../options/arguments.ts";
import {
  credentialPathSettings,
  loginFile,
  requireFolder,
} from "../access/credential_files.ts";
import { readLogin } from "../access/credentials.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { trustedRealms, warnOfInsecurity } from "../messages/insecurity.ts";
import type { Io, Services } from "../io.ts";
import { checkLogin } from "../access/login_check.ts";
import type { LoginCommandOptions } from "../options/login_options.ts";
import { openNetwork } from "../access/network.ts";
import { logRequests } from "../access/request_log.ts";
import { abortOnSignals } from "../signals.ts";
import { createStyle } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";

/**
 * Logs in as the options say.
 *
 * @param context Is filled with what an error's message needs.
 * @returns What to print on standard output.
 */
export async function runLogin(
  options: LoginCommandOptions,
  io: Io,
  context: ErrorContext,
  services: Services = {},
): Promise<string[]> {
  const { registry } = options;
  const { env, stderr } = io;
  const style = createStyle(stderr, env);
  const print = (line: string) => void stderr.write(`${line}\n`);
  const warn = (message: string) =>
    print(style.warn("warning: ") + neutralize(message));
  Object.assign(context, {
    registry,
    login: true,
    action: `log in to ${JSON.stringify(registry)}`,
    subject: "login",
  });
  const settings = await credentialPathSettings(env, io.os);
  const file = loginFile(settings, options.authfile);
  await requireFolder(settings, file);
  // As in a pull, questions come before signals are listened to.
  const { credential } = await completeLogin(options, io, warn, services);
  context.secrets?.learnCredential(credential);
  warnOfInsecurity(options, warn);

  const { home } = settings;
  const network = await openNetwork(options, {
    env,
    os: io.os,
    home,
    registry,
    warn,
  });
  const interruption = abortOnSignals(io.signals);
  const { signal } = interruption;
  try {
    const { secrets } = context;
    const plain = services.fetch ?? network.fetch;
    const fetch = secrets?.watch(plain) ?? plain;
    const http = new HttpClient({
      fetch: options.verbose
        ? logRequests(fetch, (line) => print(style.faint(line)), secrets)
        : fetch,
      retries: 1,
    });
    const { plainHttp } = options;
    const check = {
      registry,
      credential,
      http,
      plainHttp,
      trustedRealms: trustedRealms(options),
      signal,
    };
    if (!await checkLogin(check)) {
      warn(`${registry} wants no login here, so this one could not be checked`);
    }
    const { path, ...named } = file;
    const { helperEnv } = services;
    const place = await saveCredential(path, registry, credential, {
      ...named,
      ...(helperEnv && { env: helperEnv }),
      signal,
    });
    const kept = place === file.source
      ? `${place}, not encrypted, for this user to read only`
      : place;
    return [
      neutralize(`Logged in to ${registry}`),
      neutralize(`The login is in ${kept}`),
    ];
  } finally {
    interruption.stop();
    network.close();
  }
}

async function completeLogin(
  options: LoginCommandOptions,
  io: Io,
  warn: (message: string) => void,
  { prompt, readLine = readTerminal }: Services,
): Promise<FoundCredential> {
  const { registry } = options;
  const sources = { ...io, prompt, warn };
  if (options.username !== undefined || io.env.DOCKER_USERNAME !== undefined) {
    const found = await readLogin(options, registry, sources);
    if (found) return found;
  }
  let username: string | undefined;
  if (io.stdin.isTTY && io.stdout.isTTY && !options.passwordStdin) {
    io.stdout.write(`User name at ${registry}: `);
    username = readLine()?.trim();
  }
  if (!username) throw new UsageError("A login needs --username USER");
  return (await readLogin({ ...options, username }, registry, sources))!;
}

/** A line typed on the terminal, where the system has a file for that. */
function readTerminal(): string | null {
  let terminal: number;
  try {
    terminal = openSync("/dev/tty", "r");
  } catch {
    return null;
  }
  try {
    const line = new Uint8Array(4096);
    const count = readSync(terminal, line, 0, line.length, null);
    return new TextDecoder().decode(line.subarray(0, count));
  } finally {
    closeSync(terminal);
  }
}
