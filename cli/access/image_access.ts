/** How an image is reached: what a pull and its examination set up alike. */

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
import { readLogin } from "./credentials.ts";
import type { Environment } from "../options/environment.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { trustedRealms, warnOfInsecurity } from "../messages/insecurity.ts";
import { explainWarning } from "../messages/warnings.ts";
import type { Io } from "../io.ts";
import { findLogins, noteTokens } from "./logins.ts";
import { findMirrors, parseMirror } from "./mirrors.ts";
import { type Network, openNetwork } from "./network.ts";
import type { PullCommandOptions } from "../options/options.ts";
import { logRequests } from "./request_log.ts";
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
  // As skopeo writes it.
  const image = options.image.replace(/^docker:\/\//, "");
  if (isPage(image)) {
    throw new InvalidReferenceError(
      image,
      0,
      "it is a page about images, and no registry",
    );
  }
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
    throw new UsageError(`DOCKER_DEFAULT_PLATFORM: ${error.message}`);
  }
}

/** Who is told what while an image is being reached. */
export interface AccessListeners {
  /** Takes a sentence that the user should see. */
  warn: (message: string) => void;
  /** Takes a line about a request, for `--verbose`. */
  log: (line: string) => void;
  /** Asks for a password, in place of the terminal. */
  prompt?: (message: string) => string | null;
}

/** The way to an image. */
export interface ImageAccess {
  /** What sends, to be closed. */
  network: Network;
  /** The mirrors of its registry. */
  mirrors?: Mirror;
  /**
   * What the library is given of it.
   *
   * @param signal Ends the search for logins.
   * @param fetch Sends in place of the network, for a test.
   */
  connect(signal: AbortSignal, fetch?: Fetch): {
    fetch: Fetch;
    credentials: CredentialProvider;
    plainHttp?: true;
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
  { warn, log, prompt }: AccessListeners,
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
  warnOfInsecurity(options, warn);
  const network = await openNetwork(options, {
    ...places,
    registry,
    mirrors: mirrors?.urls.map((url) => parseMirrorUrl(url).host),
    warn,
  });
  return {
    network,
    mirrors,
    connect(signal, fetch = network.fetch) {
      return {
        fetch: noteTokens(
          secrets?.watch(
            options.verbose ? logRequests(fetch, log, secrets) : fetch,
          ) ?? fetch,
          context,
        ),
        credentials: findLogins({
          places: paths,
          registry,
          given: login,
          authfile: options.authfile,
          signal,
          onWarning: (warning) => warn(explainWarning(warning)),
        }, context),
        // Left open, it is http for loopback hosts by itself.
        ...(options.plainHttp && { plainHttp: true }),
        trustedRealms: trustedRealms(options),
      };
    },
  };
}
