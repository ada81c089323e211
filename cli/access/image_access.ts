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
import { observe } from "./request_log.ts";
import { transportAdvice } from "../options/transports.ts";
import { isPage } from "./web_address.ts";

/** Which image is meant, and where it may be had. */
export interface WantedImage {
  /** Its name. */
  reference: Reference;
  /** Its platform, if one is named. */
  platform?: Platform;
  /** The mirrors of the options, or `false` for none at all. */
  mirrors: Mirror[] | false;
}

/**
 * Reads which image the options mean.
 *
 * @param context Is filled with what an error's message needs.
 * @throws {UsageError} It makes no sense.
 */
export function readWantedImage(
  options: PullCommandOptions,
  env: Environment,
  context: ErrorContext,
): WantedImage {
  context.image = options.image;
  // As skopeo writes it.
  const image = options.image.replace(/^docker:\/\//, "");
  if (isPage(image)) {
    throw new InvalidReferenceError(image, 0, { code: "page" });
  }
  const advice = transportAdvice(image);
  if (advice) throw new UsageError(advice);
  const reference = parseReference(image);
  const { registry, repository } = reference;
  Object.assign(context, { reference, registry, repository });
  const platform = wantedPlatform(
    options.platform,
    env.DOCKER_DEFAULT_PLATFORM,
  );
  const mirrors = options.mirrors &&
    options.mirrors.map((text) => parseMirror(text, "Option --mirror"));
  return { reference, platform, mirrors };
}

/** The platform of the option, else of `DOCKER_DEFAULT_PLATFORM`. */
function wantedPlatform(
  option: string | undefined,
  variable: string | undefined,
): Platform | undefined {
  if (option !== undefined) return parsePlatform(option);
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
  /** The mirrors of its registry; none or one list. */
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
 * Finds mirrors, login and certificates for an image.
 *
 * A prompt reads the terminal without letting go, so this comes before signals
 * are listened to: until then they end the process by themselves.
 *
 * @param context Is filled with what an error's message needs.
 */
export async function openAccess(
  { reference: { registry }, mirrors: given }: WantedImage,
  options: PullCommandOptions,
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
  const mirrors = await findMirrors(registry, given, places, warn);
  const login = await readLogin(options, registry, { ...io, prompt, warn });
  const { secrets } = context;
  if (login) secrets?.learnCredential(login.credential);
  const network = await openNetwork(options, {
    ...places,
    registry,
    mirrors: mirrors?.urls.map((url) => parseMirrorUrl(url).host),
    warn,
  });
  const { trustedRealms } = network;
  return {
    network,
    mirrors: mirrors ? [mirrors] : [],
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
