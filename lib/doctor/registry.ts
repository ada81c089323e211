/** The registry itself: that it is one, how it asks for a login, and its clock. */

import { defined } from "../image/defined.ts";
import { NetworkError } from "../image/errors.ts";
import { registryHost } from "../image/reference.ts";
import { withLoginOrWithout } from "../registry/auth/login.ts";
import { type Challenge, parseChallenges } from "../registry/auth/challenge.ts";
import { Endpoint } from "../registry/endpoint.ts";
import type { HttpClient } from "../net/http.ts";
import { cleanText } from "../redact/clean.ts";
import { requestToken } from "../registry/auth/token.ts";
import { dismiss } from "../net/web_page.ts";
import type { CredentialProvider, FoundCredential } from "../image/types.ts";
import type { Findings } from "./report.ts";

/** What the registry is asked with. */
export interface RegistryOptions {
  /** Where findings go. */
  findings: Findings;
  /** What sends. */
  http: HttpClient;
  /** The registry's name. */
  registry: string;
  /** The repository's name. */
  repository: string;
  /** Looks up the login. */
  credentials?: CredentialProvider;
  /** Whether to use http. */
  plainHttp?: boolean;
  /** Token servers that the user vouches for. */
  trustedRealms?: readonly string[];
  /** Ends it all. */
  signal?: AbortSignal;
}

/** What is known of a registry after a first request. */
export interface Greeting {
  /** Where it is. */
  url: URL;
  /** Its response. */
  response?: { status: number; headers: Headers; time: number; at: number };
  /** Why there is none. */
  error?: unknown;
}

/** Asks for `/v2/`, which says how to log in. */
export async function greet(options: RegistryOptions): Promise<Greeting> {
  const { http, registry, plainHttp, signal } = options;
  const endpoint = Endpoint.of(registryHost(registry), registry, plainHttp);
  const start = performance.now();
  try {
    const exchange = await endpoint.send(http, "v2/", { signal });
    const time = Math.round(performance.now() - start);
    const at = http.now();
    const { status, headers } = exchange.response;
    if (status >= 500) throw await http.toError(exchange);
    await dismiss(exchange, http.timeout);
    return { url: endpoint.url, response: { status, headers, time, at } };
  } catch (error) {
    signal?.throwIfAborted();
    // A loopback address was asked both ways; what failed is the better guess.
    const tried = error instanceof NetworkError && URL.canParse(error.url)
      ? new URL("/", error.url)
      : endpoint.url;
    const url = tried.host === endpoint.url.host ? tried : endpoint.url;
    return { url, error };
  }
}

/** Says how the registry asks for a login. */
export function examineGreeting(
  { findings }: RegistryOptions,
  { url, response, error }: Greeting,
): Challenge | undefined {
  if (response === undefined) {
    findings.problem("registry", error);
    return undefined;
  }
  const { status, headers, time } = response;
  const challenges = parseChallenges(headers.get("www-authenticate") ?? "");
  const challenge =
    challenges.find(({ scheme, parameters }) =>
      scheme === "bearer" && parameters.get("realm")
    ) ?? challenges.find(({ scheme }) => scheme === "basic");
  const details = {
    status,
    time,
    schemes: challenges.map(({ scheme }) => cleanText(scheme, 40)),
    ...tokenServer(challenge),
  };
  const found = { subject: url.host, details };
  if (status === 200) {
    findings.ok("registry", { code: "wants-nothing", ...found });
  } else if (status !== 401) {
    findings.note("registry", { code: "odd-status", ...found });
  } else if (challenge === undefined) {
    findings.note("registry", { code: "wants-unknown", ...found });
  } else {
    const basic = challenge.scheme === "basic";
    const code = basic ? "wants-basic" : "wants-token";
    findings.ok("registry", { code, ...found });
  }
  return challenge;
}

/** The token server, without the query of its address. */
function tokenServer(
  challenge: Challenge | undefined,
): { realm?: string; service?: string } {
  if (challenge?.scheme !== "bearer") return {};
  const realm = challenge.parameters.get("realm")!;
  const service = challenge.parameters.get("service");
  return defined({
    realm: URL.canParse(realm)
      ? new URL(realm).host + new URL(realm).pathname
      : cleanText(realm.replace(/[?#].*$/s, ""), 200),
    service: service ? cleanText(service, 200) : undefined,
  });
}

/** The skew that is worth a word, in milliseconds. */
const SKEW_MS = 30_000;

/** Compares this machine's clock with the registry's. */
export function examineClock(
  { findings }: RegistryOptions,
  { response }: Greeting,
): void {
  const date = Date.parse(response?.headers.get("date") ?? "");
  if (response === undefined) return;
  if (Number.isNaN(date)) {
    findings.note("clock", { code: "no-clock" });
    return;
  }
  const skew = response.at - date;
  // The header has whole seconds, and has been on its way.
  const agrees = Math.abs(skew) < SKEW_MS;
  const details = { skew };
  if (agrees) findings.ok("clock", { code: "clock-agrees", details });
  else findings.note("clock", { code: "clock-differs", details });
}

/** Says where the login comes from, which is all that is told of it. */
export async function examineLogin(
  { findings, credentials, registry, repository, signal }: RegistryOptions,
): Promise<FoundCredential | undefined> {
  return await findings.attempt("login", async () => {
    const found = await credentials?.(registry, repository);
    if (found === undefined) {
      findings.ok("login", {
        code: "no-login",
        subject: registry,
        details: { source: null },
      });
      return undefined;
    }
    const { source, credential } = found;
    findings.ok("login", {
      code: "login",
      subject: registry,
      details: { source, kind: credential.kind },
    });
    return found;
  }, signal);
}

/** Asks for a token, as a pull does, and says how long it lasts. */
export async function examineToken(
  options: RegistryOptions,
  url: URL,
  challenge: Challenge,
  found: FoundCredential | undefined,
): Promise<void> {
  const { findings, http, registry, repository, signal } = options;
  if (challenge.scheme !== "bearer") return;
  if (found?.credential.kind === "registry-token") return;
  const ask = (found?: FoundCredential) =>
    requestToken(http, {
      registry,
      origin: url,
      realm: challenge.parameters.get("realm")!,
      service: challenge.parameters.get("service"),
      scopes: [`repository:${repository}:pull`],
      credential: found?.credential,
      trustedRealms: options.trustedRealms,
      signal,
    });
  await findings.attempt("token", async () => {
    const start = performance.now();
    let refused = false;
    const token = await withLoginOrWithout(ask, found, () => {
      refused = true;
    });
    const time = Math.round(performance.now() - start);
    const lifetime = token.lifetime ?? null;
    const details = { time, lifetime, anonymous: refused || !found };
    if (refused) {
      const { source } = found!;
      findings.note("token", { code: "token-without-login", source, details });
    } else findings.ok("token", { code: "token", details });
  }, signal);
}
