/** How an image is reached: what a pull and its examination set up alike. */

import {
  defaultCredentials,
  type DefaultCredentialSettings,
} from "../../lib/credentials/default_chain.ts";
import type { HelperOptions } from "../../lib/credentials/helper.ts";
import {
  InvalidPlatformError,
  InvalidReferenceError,
} from "../../lib/image/errors.ts";
import { parsePlatform } from "../../lib/image/platform.ts";
import { parseReference, type Reference } from "../../lib/image/reference.ts";
import { type Mirror, parseMirrorUrl } from "../../lib/registry/mirrors/url.ts";
import type {
  CredentialProvider,
  Fetch,
  Platform,
} from "../../lib/image/types.ts";
import { UsageError } from "../options/arguments.ts";
import { credentialPathSettings, misplacedConfig } from "./credential_files.ts";
import { readLogin } from "./given_login.ts";
import type { Environment } from "../options/environment.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import type { Io, Services } from "../io.ts";
import { invalidSentence } from "../messages/reasons.ts";
import { explainWarning } from "../messages/warnings.ts";
import type { Listeners } from "../progress/style.ts";
import { findMirrors, parseMirror } from "./mirrors.ts";
import { type Network, openNetwork } from "./network.ts";
import type { PullCommandOptions } from "../commands/pull_options.ts";
import type {
  LoginOptions,
  NetworkOptions,
} from "../options/shared_options.ts";
import { observe } from "./request_log.ts";
import { transportAdvice } from "../options/transports.ts";
import { isPage } from "./web_address.ts";

/** What is said of how registries are reached. */
export type AccessOptions =
  & LoginOptions
  & NetworkOptions
  & Pick<PullCommandOptions, "verbose">;

/** Where images may be had. */
export interface WantedAccess {
  /** Their registries, each once. */
  registries: readonly string[];
  /** The mirrors of the options, or `false` for none at all. */
  mirrors: Mirror[] | false;
}

/** Which image is meant, and where it may be had. */
export interface WantedImage extends WantedAccess {
  /** Its name. */
  reference: Reference;
  /** Its platform, if one is named. */
  platform?: Platform;
}

/**
 * Reads which image the options mean.
 *
 * @param context Is filled with what an error's message needs.
 * @throws {UsageError} It makes no sense.
 */
export function readWantedImage(
  options: Pick<PullCommandOptions, "image" | "platforms" | "mirrors">,
  env: Environment,
  context: ErrorContext,
): WantedImage {
  context.image = options.image;
  const reference = readImage(options.image);
  const { registry, repository } = reference;
  Object.assign(context, { reference, registry, repository });
  const [option] = options.platforms;
  const platform = option === undefined
    ? defaultPlatform(env)
    : parsePlatform(option);
  const mirrors = readMirrors(options);
  return { reference, platform, mirrors, registries: [registry] };
}

/**
 * Reads an image as people write it.
 *
 * @throws {UsageError} It is something else, which is told.
 * @throws {InvalidReferenceError} It is none.
 */
export function readImage(text: string): Reference {
  // As skopeo writes it.
  const image = text.replace(/^docker:\/\//, "");
  if (isPage(image)) {
    throw new InvalidReferenceError(image, 0, { code: "page" });
  }
  const advice = transportAdvice(image);
  if (advice) throw new UsageError(advice);
  return parseReference(image);
}

/** Reads the mirrors of the options. */
export function readMirrors(
  { mirrors }: Pick<PullCommandOptions, "mirrors">,
): Mirror[] | false {
  return mirrors &&
    mirrors.map((text) => parseMirror(text, "Option --mirror"));
}

/** The platform of `DOCKER_DEFAULT_PLATFORM`. */
export function defaultPlatform(
  { DOCKER_DEFAULT_PLATFORM: variable }: Environment,
): Platform | undefined {
  if (variable === undefined) return undefined;
  try {
    return parsePlatform(variable);
  } catch (error) {
    if (!(error instanceof InvalidPlatformError)) throw error;
    throw new UsageError(`DOCKER_DEFAULT_PLATFORM: ${invalidSentence(error)}`);
  }
}

/** The way to an image. */
export interface ImageAccess {
  /** What sends, to be closed. */
  network: Network;
  /** The mirrors of the registries; none or one list for each. */
  mirrors: Mirror[];
  /**
   * What the library is given of it.
   *
   * @param signal Ends the search for logins.
   */
  connect(signal: AbortSignal): {
    fetch: Fetch;
    credentials: CredentialProvider;
    plainHttp?: boolean;
    trustedRealms: string[];
  };
}

/**
 * Finds mirrors, logins and certificates for images. What is given for one
 * registry is refused where they are of several.
 *
 * A prompt reads the terminal without letting go, so this comes before signals
 * are listened to: until then they end the process by themselves.
 *
 * @param context Is filled with what an error's message needs.
 */
export async function openAccess(
  { registries, mirrors: given }: WantedAccess,
  options: AccessOptions,
  io: Io,
  context: ErrorContext,
  { warn, log }: Listeners,
  { prompt, fetch }: Services = {},
): Promise<ImageAccess> {
  const { env, os } = io;
  const paths = await credentialPathSettings(env, os);
  const wrong = (options.authfile ?? env.REGISTRY_AUTH_FILE) === undefined &&
    await misplacedConfig(paths);
  if (wrong) {
    warn(
      `${wrong.sentence}, so no logins are taken from there; set it to ` +
        JSON.stringify(wrong.folder),
    );
  }
  const places = { env, os, home: paths.home };
  const found = await Promise.all(
    registries.map((name) => findMirrors(name, given, places, warn)),
  );
  const mirrors = found.filter((list) => list !== undefined);
  // A name that no registry has: what is given for one goes to none of several.
  const registry = registries.length === 1 ? registries[0]! : "";
  if (!registry) refuseForSeveral(options, registries);
  const login = registry
    ? await readLogin(options, registry, { ...io, prompt, warn })
    : undefined;
  if (!registry && env.DOCKER_USERNAME) {
    warn("DOCKER_USERNAME is not used: the images are of several registries");
  }
  const { secrets } = context;
  if (login) secrets?.learnCredential(login.credential);
  const network = await openNetwork(options, {
    ...places,
    registries,
    mirrors: mirrors.flatMap(({ urls }) => urls)
      .map((url) => parseMirrorUrl(url).host),
    warn,
  });
  const { trustedRealms } = network;
  return {
    network,
    mirrors,
    connect: (signal) => ({
      fetch: noteTokens(
        observe(fetch ?? network.fetch, options, log, secrets),
        context,
      ),
      credentials: findLogins(
        { ...paths, registry, given: login, authfile: options.authfile },
        { signal, onWarning: (warning) => warn(explainWarning(warning)) },
        context,
      ),
      // Left open, it is http for loopback hosts by itself.
      plainHttp: options.plainHttp || undefined,
      trustedRealms,
    }),
  };
}

/** Refuses what one registry must not be given that is meant for another. */
function refuseForSeveral(
  { username, clientCert }: AccessOptions,
  registries: readonly string[],
): void {
  for (
    const [option, value] of [
      ["username", username],
      ["client-cert", clientCert],
    ]
  ) {
    if (value === undefined) continue;
    throw new UsageError(
      `Option --${option} is for one registry, and the images are of ` +
        `${registries.join(" and ")}` +
        (option === "username"
          ? "; docker-pull login HOST keeps the login of each"
          : ""),
    );
  }
}

/** All logins of this user; what is found is noted for an error's message. */
export function findLogins(
  settings: DefaultCredentialSettings,
  options: HelperOptions,
  context: ErrorContext,
): CredentialProvider {
  // Helpers inherit the whole environment: that of the settings has no PATH.
  const provider = defaultCredentials(settings, options);
  return async (asked, repository) => {
    const found = await provider(asked, repository);
    if (found) context.secrets?.learnCredential(found.credential);
    if (found && asked === settings.registry) {
      Object.assign(context, { login: true, loginSource: found.source });
    }
    return found;
  };
}

/** Notes whether a token was sent: then a refusal is not one of a password. */
export function noteTokens(fetch: Fetch, context: ErrorContext): Fetch {
  return (url, init) => {
    const sent = new Headers(init?.headers).get("authorization");
    if (sent?.startsWith("Bearer ")) context.bearer = true;
    return fetch(url, init);
  };
}
