/** The last gate: nothing known as a secret is written by the command. */

import { holdsLogin, redactAddress } from "../../lib/redact/address.ts";
import type { Secrets } from "../../lib/net/known_secrets.ts";
import type { Io, Output } from "../io.ts";

/** The variables that may hold an address with a login in it. */
const PROXIES = ["http_proxy", "https_proxy", "all_proxy"];

/**
 * An output that masks what is known as a secret by the time it is written.
 *
 * @param output The output itself.
 * @param secrets The secrets; more may be learned later.
 */
export function guarded(output: Output, secrets: Secrets): Output {
  const write: Output["write"] = (text, done) =>
    output.write(typeof text === "string" ? secrets.mask(text) : text, done);
  // Whatever else it has, such as its width, is asked of the output itself.
  return new Proxy(output, {
    get(target, key) {
      if (key === "write") return write;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/**
 * Learns the secrets that are known from the start: those of the environment
 * and of the command line, before anything is taken apart that may be
 * malformed.
 */
export function learnFromProcess(
  secrets: Secrets,
  { argv, env }: Pick<Io, "argv" | "env">,
): void {
  secrets.learn(env.DOCKER_PASSWORD);
  for (const name of PROXIES) {
    for (const text of [env[name], env[name.toUpperCase()]]) {
      if (text) secrets.learnAddress(text.trim());
    }
  }
  if (env.DOCKER_PULL_MIRRORS) learnEach(secrets, env.DOCKER_PULL_MIRRORS);
  let next = "";
  for (const argument of argv) {
    const option = next;
    const [name = "", ...rest] = argument.split("=");
    next = rest.length === 0 ? argument : "";
    if (SECRET.test(name) && rest.length > 0) {
      learnSecret(secrets, rest.join("="));
    } else if (SECRET.test(option)) learnSecret(secrets, argument);
    else if (name === "--mirror" || option === "--mirror") {
      learnEach(secrets, argument);
    } else if (!USER.test(option)) {
      if (holdsLogin(argument)) secrets.learnAddress(argument);
      secrets.allow(redactAddress(argument));
    }
  }
}

/** Options whose value is a password, or has one behind its first colon. */
const SECRET = /^--(?:(?:src|dest)-)?(?:password|creds)$/;
const USER = /^--(?:(?:src|dest)-)?username$/;

function learnSecret(secrets: Secrets, value: string): void {
  secrets.learn(value);
  const [, password] = /^[^:]+:([^]+)$/.exec(value) ?? [];
  secrets.learn(password);
}

/** Learns the logins in a list of mirrors, each of which may be malformed. */
function learnEach(secrets: Secrets, text: string): void {
  for (const [part] of text.matchAll(/[a-z][a-z0-9+.-]*:\/\/[^]*?@/gi)) {
    secrets.learnAddress(part);
  }
  const whole = /:\/\/([^]*)@/.exec(text)?.[1];
  secrets.learn(whole);
}
