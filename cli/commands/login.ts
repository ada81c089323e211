/** `docker-pull login`: checks a login with its registry and keeps it. */

import { closeSync, openSync, readSync } from "node:fs";
import { saveCredential } from "../../lib/credentials/save.ts";
import { HttpClient } from "../../lib/net/http.ts";
import type { FoundCredential } from "../../lib/image/types.ts";
import {
  credentialPathSettings,
  loginFile,
} from "../access/credential_files.ts";
import { readLogin } from "../access/given_login.ts";
import { checkLogin } from "../access/login_check.ts";
import { openNetwork } from "../access/network.ts";
import { observe } from "../access/request_log.ts";
import type { Io, Services } from "../io.ts";
import { UsageError } from "../options/arguments.ts";
import { createStyle, showBy } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";
import { abortOnSignals } from "../signals.ts";
import type { Run } from "./command.ts";
import type { LoginCommandOptions } from "./login_options.ts";

/** Logs in as the options say. */
export const runLogin: Run<LoginCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  const { registry, plainHttp } = options;
  const { env, os, stderr } = io;
  const { warn, log } = showBy(
    createStyle(stderr, env),
    (line) => void stderr.write(`${line}\n`),
  );
  Object.assign(context, {
    registry,
    login: true,
    action: `log in to ${JSON.stringify(registry)}`,
    subject: "login",
  });
  const settings = await credentialPathSettings(env, os);
  const { path, ...named } = await loginFile(settings, options.authfile);
  // As in a pull, questions come before signals are listened to.
  const { credential } = await completeLogin(options, io, warn, services);
  const { secrets } = context;
  secrets?.learnCredential(credential);

  const { home } = settings;
  const network = await openNetwork(options, {
    env,
    os,
    home,
    registries: [registry],
    warn,
  });
  const { signal, stop } = abortOnSignals(io.signals);
  try {
    const http = new HttpClient({
      fetch: observe(services.fetch ?? network.fetch, options, log, secrets),
      retries: 1,
    });
    const { trustedRealms } = network;
    const check = {
      registry,
      credential,
      http,
      plainHttp,
      trustedRealms,
      signal,
    };
    if (!await checkLogin(check)) {
      warn(`${registry} wants no login here, so this one could not be checked`);
    }
    const place = await saveCredential(path, registry, credential, {
      ...named,
      env: services.helperEnv,
      signal,
    });
    const kept = place === named.source
      ? `${place}, not encrypted, for this user to read only`
      : place;
    if (options.json) return { document: { registry, place } };
    return {
      lines: [`Logged in to ${registry}`, `The login is in ${kept}`]
        .map((line) => neutralize(line)),
    };
  } finally {
    stop();
    network.close();
  }
};

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
