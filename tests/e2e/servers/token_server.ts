/** A token server that signs JSON Web Tokens, which a registry verifies. */

import { Buffer } from "node:buffer";
import { createSign, randomUUID } from "node:crypto";
import { serve, type ServedRegistry } from "../../registry_server/serve.ts";
import type { Certificate } from "./certificates.ts";

/** How to serve tokens. */
export interface TokenServerOptions {
  /** Signs the tokens; the registry has its certificate. */
  certificate: Certificate;
  /** Password by user name. */
  users: Record<string, string>;
  /**
   * The life of a token in seconds.
   *
   * @default {300}
   */
  expiresIn?: number;
  /**
   * What the client is told of it.
   *
   * @default {expiresIn}
   */
  announced?: number;
}

/** A token server that is up. */
export interface TokenServer extends ServedRegistry {
  /** What the registry is told of it. */
  registryOptions: {
    realm: string;
    service: string;
    issuer: string;
    certFile: string;
  };
  /** How many tokens it has given out. */
  issued(): number;
  /** A token for any actions, to push with, for five minutes. */
  sign(repository: string, actions: string[]): string;
}

/** The registry takes a token for so many seconds longer than it says. */
const LEEWAY = 60;
const SERVICE = "tests-registry";
const ISSUER = "tests-token-server";

/** Starts a token server on a free port. */
export async function startTokenServer(
  options: TokenServerOptions,
): Promise<TokenServer> {
  const { certificate, users, expiresIn = 300, announced = expiresIn } =
    options;
  let issued = 0;
  const sign = (
    access: unknown[],
    subject: string,
    life = expiresIn,
  ): string => {
    const now = Math.floor(Date.now() / 1000);
    const body = certificate.cert.replace(/-----.+-----|\s/g, "");
    const header = { typ: "JWT", alg: "RS256", x5c: [body] };
    const claims = {
      iss: ISSUER,
      sub: subject,
      aud: SERVICE,
      exp: now + life - LEEWAY,
      nbf: now - 10,
      iat: now,
      jti: randomUUID(),
      access,
    };
    const text = [header, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url")
    ).join(".");
    const signature = createSign("RSA-SHA256").update(text).sign(
      certificate.key,
    );
    return `${text}.${signature.toString("base64url")}`;
  };
  const answer = (request: Request): Response => {
    const { searchParams } = new URL(request.url);
    const [, basic = ""] = /^Basic (.+)$/.exec(
      request.headers.get("authorization") ?? "",
    ) ?? [];
    const login = Buffer.from(basic, "base64").toString();
    const user = Object.keys(users).find((name) =>
      login === `${name}:${users[name]}`
    );
    if (user === undefined) {
      return Response.json({
        errors: [{ code: "UNAUTHORIZED", message: "wrong user or password" }],
      }, { status: 401 });
    }
    if (searchParams.get("service") !== SERVICE) {
      return Response.json({}, { status: 400 });
    }
    const access = searchParams.getAll("scope").map((scope) => {
      const [, type, name, actions] = /^(\w+):(.+):(.+)$/.exec(scope) ?? [];
      const wanted = (actions ?? "").split(",");
      return { type, name, actions: wanted.filter((a) => a === "pull") };
    });
    issued += 1;
    const token = sign(access, user);
    return Response.json({ token, expires_in: announced });
  };
  const served = await serve((request) => Promise.resolve(answer(request)));
  return {
    ...served,
    registryOptions: {
      realm: `${served.url}/token`,
      service: SERVICE,
      issuer: ISSUER,
      certFile: certificate.certFile,
    },
    issued: () => issued,
    sign: (name, actions) =>
      sign([{ type: "repository", name, actions }], "pusher", 300),
  };
}
