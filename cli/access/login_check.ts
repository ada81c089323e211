/** Asks a registry whether it takes a login. */

import { AuthenticationError, RegistryError } from "../../lib/image/errors.ts";
import { registryHost } from "../../lib/image/reference.ts";
import type { Exchange } from "../../lib/net/body.ts";
import { parseChallenges } from "../../lib/registry/auth/challenge.ts";
import { Endpoint } from "../../lib/registry/endpoint.ts";
import type { HttpClient } from "../../lib/net/http.ts";
import {
  basicAuthorization,
  requestToken,
} from "../../lib/registry/auth/token.ts";
import { dismiss } from "../../lib/net/web_page.ts";
import type { Credential } from "../../lib/image/types.ts";

/** What {@linkcode checkLogin} goes by. */
export interface LoginCheck {
  /** The registry's name, as in a reference. */
  registry: string;
  /** The login. */
  credential: Credential;
  /** What sends. */
  http: HttpClient;
  /** Whether to use http and not https. */
  plainHttp: boolean;
  /** Token servers that the user vouches for. */
  trustedRealms?: readonly string[];
  /** Ends it. */
  signal?: AbortSignal;
}

/**
 * Asks the registry for `/v2/`, first without the login and then, in the way
 * that it demands, with it.
 *
 * @returns Whether the login counted; false where the registry wants none, so
 * that nobody knows what it is worth.
 * @throws {AuthenticationError} The registry refuses it, or cannot be asked.
 */
export async function checkLogin(check: LoginCheck): Promise<boolean> {
  const { registry, credential, http, signal } = check;
  const first = await ask(check);
  await dismiss(first, http.timeout);
  const { status, headers } = first.response;
  if (first.response.ok) return false;
  if (status !== 401) return await fail(check, first);
  const challenges = parseChallenges(headers.get("www-authenticate") ?? "");
  const bearer = challenges.find(({ scheme, parameters }) =>
    scheme === "bearer" && parameters.get("realm")
  );
  const basic = challenges.some(({ scheme }) => scheme === "basic");
  if (!bearer && !basic) {
    throw new AuthenticationError(registry, { code: "no-scheme" });
  }
  // Redirects have been followed by now, and a login goes to the registry only.
  const url = new URL("/v2/", endpointOf(check, first.url.protocol));
  let authorization = basicAuthorization(credential);
  if (bearer) {
    try {
      const token = await requestToken(http, {
        registry,
        origin: url,
        realm: bearer.parameters.get("realm")!,
        service: bearer.parameters.get("service"),
        scopes: ownScopes(bearer.parameters.get("scope")),
        credential,
        trustedRealms: check.trustedRealms,
        signal,
      });
      authorization = `Bearer ${token.value}`;
    } catch (error) {
      throw refusal(registry, error);
    }
  }
  const second = await http.send(url, { authorization, signal });
  if (!second.response.ok) return await fail(check, second);
  await dismiss(second, http.timeout);
  return true;
}

/** The scopes of a challenge, without the example that GHCR's `/v2/` names. */
function ownScopes(scope = ""): string[] {
  return scope.split(" ").filter((each) =>
    each !== "" && !each.startsWith("repository:")
  );
}

function endpointOf({ registry }: LoginCheck, protocol: string): string {
  return `${protocol}//${registryHost(registry)}`;
}

/** The first answer, which says whether the registry speaks https. */
async function ask(check: LoginCheck): Promise<Exchange> {
  const { registry, plainHttp, http, signal } = check;
  const host = registryHost(registry);
  // Left open, it is found out for loopback hosts.
  const endpoint = Endpoint.of(host, registry, plainHttp || undefined);
  return await endpoint.send(http, "v2/", { signal });
}

async function fail(check: LoginCheck, exchange: Exchange): Promise<never> {
  throw refusal(check.registry, await check.http.toError(exchange));
}

/** A refusal of the login, in words; any other error as it is. */
function refusal(registry: string, error: unknown): unknown {
  if (!(error instanceof RegistryError)) return error;
  const { status, errors } = error;
  const words = errors.map(({ code, message }) =>
    [code, message].filter(Boolean).join(": ")
  ).join("; ");
  if (status === 401 || status === 403) {
    const code = "login-refused";
    return new AuthenticationError(registry, { code, words }, { cause: error });
  }
  if (status === 404 || status === 405) {
    const code = "no-registry";
    return new AuthenticationError(registry, { code, status }, {
      cause: error,
    });
  }
  return error;
}
