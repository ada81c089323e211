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
import { timeText } from "./words.ts";

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
  const answers = `${url.host} answers in ${timeText(time)}`;
  if (status === 200) {
    findings.ok(
      "registry",
      `${answers} and asks for no login at first`,
      details,
    );
  } else if (status !== 401) {
    findings.note(
      "registry",
      `${answers} with HTTP ${status}, which registries do not do`,
      details,
    );
  } else if (challenge === undefined) {
    findings.note(
      "registry",
      `${answers} and wants a login without saying which, Basic or Bearer`,
      details,
    );
  } else {
    const { realm, service } = details;
    const way = challenge.scheme === "basic"
      ? "a user name and a password"
      : `a token of ${realm}` + (service ? ` for ${service}` : "");
    findings.ok("registry", `${answers} and wants ${way}`, details);
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
    findings.note("clock", "The registry does not say what time it is");
    return;
  }
  const skew = response.at - date;
  // The header has whole seconds, and has been on its way.
  const agrees = Math.abs(skew) < SKEW_MS;
  if (agrees) {
    findings.ok("clock", "This machine's clock agrees with the registry's", {
      skew,
    });
    return;
  }
  findings.note(
    "clock",
    `This machine's clock is ${timeText(skew)} ${
      skew > 0 ? "ahead of" : "behind"
    } the registry's, so tokens and certificates may seem invalid`,
    { skew },
  );
}

/** Says where the login comes from, which is all that is told of it. */
export async function examineLogin(
  { findings, credentials, registry, repository, signal }: RegistryOptions,
): Promise<FoundCredential | undefined> {
  return await findings.attempt("login", async () => {
    const found = await credentials?.(registry, repository);
    if (found === undefined) {
      findings.ok("login", `There is no login for ${registry}`, {
        source: null,
      });
      return undefined;
    }
    const { source, credential } = found;
    const kind = {
      basic: "a user name and a password",
      "identity-token": "an identity token",
      "registry-token": "a token of the registry's",
    }[credential.kind];
    findings.ok(
      "login",
      `The login for ${registry} is ${kind} from ${source}`,
      {
        source,
        kind: credential.kind,
      },
    );
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
    const lasts = lifetime === null
      ? "of unknown life, taken for 60 s"
      : `that lasts ${timeText(lifetime)}`;
    const details = { time, lifetime, anonymous: refused || !found };
    if (refused) {
      findings.note(
        "token",
        `The token server refuses the login from ${
          found!.source
        }; without one it gives a token ${lasts}`,
        details,
      );
      return;
    }
    findings.ok(
      "token",
      `The token server gives a token ${lasts}, in ${timeText(time)}`,
      details,
    );
  }, signal);
}
