/** How people log in to a registry, which is another way with each. */

import type { RegistryError } from "../../lib/image/errors.ts";
import type { ErrorContext } from "./explanation.ts";

/** A registry's way. */
interface Way {
  /** Matches the registry's name. */
  host: RegExp;
  /** The command; `$1` and so on are what the pattern has matched. */
  command: string;
}

const LOGIN = "docker-pull login --password-stdin --username";

const WAYS: readonly Way[] = [
  {
    host: /^(\d+\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)$/,
    command: `aws ecr get-login-password --region $2 | ${LOGIN} AWS $1`,
  },
  {
    host: /^(public\.ecr\.aws)$/,
    command: "aws ecr-public get-login-password --region us-east-1 | " +
      `${LOGIN} AWS $1`,
  },
  {
    host: /^((?:[a-z]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$/,
    command: `gcloud auth print-access-token | ${LOGIN} oauth2accesstoken $1`,
  },
  {
    host: /^(([a-z0-9-]+)\.azurecr\.(?:io|cn|us))$/,
    command: "az acr login --name $2 --expose-token --output tsv --query " +
      `accessToken | ${LOGIN} 00000000-0000-0000-0000-000000000000 $1`,
  },
  {
    host: /^(nvcr\.io)$/,
    command: "docker-pull login --username '$oauthtoken' $1",
  },
  { host: /^docker\.io$/, command: "docker-pull login" },
];

/** The command that logs in to a registry, or renews what has run out. */
export function loginCommand(registry: string): string {
  for (const { host, command } of WAYS) {
    const found = host.exec(registry);
    if (!found) continue;
    return command.replace(
      /\$([12])/g,
      (_, group) => found[Number(group)] ?? "",
    );
  }
  return `docker-pull login ${registry}`;
}

/** The command that keeps a login for the registry in question. */
export function logIn({ registry }: ErrorContext): string {
  return registry === undefined
    ? "docker-pull login HOST"
    : loginCommand(registry);
}

/** Whether the login was given with the command. */
export function isGiven({ loginSource }: ErrorContext): boolean {
  return loginSource?.startsWith("--") ?? false;
}

/** What to do about a login that is refused. */
export function renewal(context: ErrorContext): string {
  return isGiven(context)
    ? "check both; many registries want a token in place of the password"
    : `log in again: ${logIn(context)}`;
}

/** Whether it is the registry's own answer, and not that of its token server. */
export function isAboutImage({ url }: RegistryError): boolean {
  return /^\/v2\/.+\/(?:manifests|blobs|tags)\//.test(new URL(url).pathname);
}
