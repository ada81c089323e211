/** Each error as one sentence, the next thing to try, and an exit code. */

import { format as formatBytes } from "@std/fmt/bytes";
import {
  ArchiveError,
  AuthenticationError,
  ContentMismatchError,
  CredentialHelperError,
  DaemonError,
  DeltaError,
  DockerPullError,
  DownloadLimitError,
  InvalidDigestError,
  InvalidDocumentError,
  InvalidPlatformError,
  InvalidReferenceError,
  InvalidSetError,
  InvalidSettingError,
  LockError,
  NetworkError,
  NotAnImageError,
  PlaceError,
  PlatformNotFoundError,
  RegistryError,
  SignatureError,
  StorageError,
  UnsupportedMediaTypeError,
  UploadError,
} from "../../lib/image/errors.ts";
import { formatPlatform } from "../../lib/image/platform_text.ts";
import type { SettingProblem } from "../../lib/image/problems.ts";
import { ListenError } from "../../lib/serve/listen_error.ts";
import { InvalidListError } from "../../lib/lists/list_report.ts";
import { redactText } from "../../lib/redact/address.ts";
import { UsageError } from "../options/arguments.ts";
import { SignalError } from "../signals.ts";
import { helperSentence } from "./helpers.ts";
import { explainArchive, explainDelta, READABLE } from "./archives.ts";
import { explainArtifact } from "./artifacts.ts";
import { explainDaemon } from "./daemon.ts";
import { EXIT } from "./exit_codes.ts";
import type { ErrorContext, Explanation } from "./explanation.ts";
import {
  asciiHost,
  commandOf,
  loginApart,
  misspeltRegistry,
  nearestPlatform,
  pointAt,
} from "./meant.ts";
import { explainList } from "./lists.ts";
import { networkSentence } from "./network_errors.ts";
import { explainLock } from "./locks.ts";
import { explainPlace } from "./places.ts";
import { networkHint } from "./network_hints.ts";
import {
  authenticationSentence,
  invalidSentence,
  reasonOf,
  settingSentence,
} from "./reasons.ts";
import { explainRegistryError } from "./registry_errors.ts";
import { explainListenError } from "./serving.ts";
import { explainSet } from "./set_errors.ts";
import { explainSignature } from "./signatures.ts";
import {
  explainStorage,
  explainStorageError,
  isStorageCode,
} from "./storage_errors.ts";
import { explainUpload } from "./uploads.ts";
import { neutralize, quoteForShell } from "../progress/text.ts";

export type { ErrorContext, Explanation };

/** What to do about a setting that cannot be used. */
const SETTING_HINTS: Partial<Record<SettingProblem["code"], string>> = {
  "no-zstd": "take gzip: --layers gzip, or a name that ends in .tar.gz",
  "other-layers":
    "leave out --layers, or else --index original and --referrers",
};

/** Puts an error in words. What it holds from elsewhere is made harmless. */
export function explainError(
  error: unknown,
  context: ErrorContext = {},
): Explanation {
  const explanation = {
    ...explain(error, context),
    ...misspeltRegistry(error, context),
  };
  const { sentence, hint } = explanation;
  return {
    ...explanation,
    sentence: showable(sentence, context),
    // An address in it is an example.
    hint: hint && neutralize(context.secrets?.mask(hint) ?? hint),
  };
}

/** The text without secrets, and without what a terminal would obey. */
function showable(text: string, { secrets }: ErrorContext): string {
  return neutralize(redactText(secrets?.mask(text) ?? text));
}

function explain(error: unknown, context: ErrorContext): Explanation {
  if (error instanceof SignalError) return explainSignal(error, context);
  if (error instanceof UsageError) {
    return {
      sentence: error.message,
      hint: error.hint ??
        `${
          ["docker-pull", context.command, "--help"].filter(Boolean).join(" ")
        } shows all options`,
      code: EXIT.usage,
    };
  }
  if (error instanceof InvalidReferenceError) {
    return {
      sentence: invalidSentence(error),
      excerpt: pointAt(error.input, error.position),
      hint: error.heldLogin
        ? loginApart(error.input)
        : asciiHost(error.input) ?? commandOf(error.input) ??
          "an image is written [HOST[:PORT]/]NAME[:TAG][@DIGEST]",
      code: EXIT.usage,
    };
  }
  if (error instanceof InvalidPlatformError) {
    return {
      sentence: invalidSentence(error),
      hint: "a platform is written like linux/amd64, linux/arm/v7 or " +
        "windows(10.0.17763.1)/amd64",
      code: EXIT.usage,
    };
  }
  if (error instanceof DownloadLimitError) {
    const { needed, limit } = error;
    return {
      sentence: `Cannot pull: ${formatBytes(needed)} would be fetched, and ` +
        `--max-bytes allows ${formatBytes(limit)}`,
      hint: "nothing was fetched; docker-pull plan shows what each image takes",
      code: EXIT.tooMuch,
    };
  }
  if (error instanceof InvalidListError) return explainList(error);
  if (error instanceof InvalidSetError) {
    // Each is named before what is wrong with it.
    return explainSet(
      error,
      (each) =>
        each instanceof InvalidReferenceError
          ? showable(reasonOf(each), context)
          : explainError(each).sentence,
    );
  }
  if (error instanceof InvalidSettingError) {
    return {
      sentence: settingSentence(error),
      hint: SETTING_HINTS[error.code],
      code: EXIT.usage,
    };
  }
  if (error instanceof RegistryError) {
    return explainRegistryError(error, context);
  }
  if (error instanceof UploadError) return explainUpload(error);
  if (error instanceof AuthenticationError) {
    return {
      sentence: authenticationSentence(error),
      hint: error.problem.code === "realm-plain" ||
          error.problem.code === "realm-private"
        ? "ask who runs the registry whether that is so; if you trust it, at " +
          `your own risk, --insecure-host ${error.problem.host}`
        : "--verbose shows what the registry asked for",
      code: EXIT.authentication,
    };
  }
  if (error instanceof PlatformNotFoundError) {
    const near = nearestPlatform(error);
    return {
      sentence: `Cannot find platform ${
        formatPlatform(error.wanted)
      }: the image has ${
        error.available.map(formatPlatform).join(", ") || "none"
      }`,
      hint: near
        ? `choose one, as in --platform ${quoteForShell(formatPlatform(near))}`
        : "check the tag, or ask who published it: there is no image in " +
          "that index",
      code: EXIT.platform,
    };
  }
  if (error instanceof NetworkError) {
    return {
      sentence: networkSentence(error),
      hint: networkHint(error),
      code: EXIT.network,
    };
  }
  if (error instanceof ContentMismatchError) {
    return {
      sentence: mismatchSentence(error),
      hint: context.subject === "archive"
        ? "the file is damaged: have it made anew, or brought here once more"
        : "the registry or something on the way to it changed the content; " +
          "try again, or ask who runs it",
      code: EXIT.mismatch,
    };
  }
  if (error instanceof DaemonError) return explainDaemon(error, context);
  if (error instanceof CredentialHelperError) {
    return {
      sentence: helperSentence(error),
      hint:
        "the helper is named in Docker's config.json, as credsStore or in " +
        "credHelpers",
      code: EXIT.other,
    };
  }
  if (error instanceof ListenError) return explainListenError(error);
  if (error instanceof StorageError) {
    return explainStorageError(error, context);
  }
  if (error instanceof PlaceError) return explainPlace(error);
  if (error instanceof LockError) return explainLock(error);
  if (error instanceof DeltaError) return explainDelta(error, context);
  if (error instanceof SignatureError) return explainSignature(error, context);
  if (error instanceof ArchiveError) return explainArchive(error);
  if (error instanceof NotAnImageError) return explainArtifact(error, context);
  if (
    error instanceof InvalidDocumentError ||
    error instanceof UnsupportedMediaTypeError ||
    error instanceof InvalidDigestError
  ) {
    return {
      sentence: invalidSentence(error),
      hint: context.subject === "login"
        ? "repair that file, or move it out of the way"
        : context.subject === "archive"
        ? READABLE
        : "this image cannot be pulled as it is; ask who published it",
      code: EXIT.other,
    };
  }
  return explainUnknown(error);
}

/** What is kept, and how to go on. */
function explainSignal(
  { message, code }: SignalError,
  { command, several, cacheDir, streamed, cut }: ErrorContext,
): Explanation {
  const hint = "the same command goes on from there";
  if (command === "push" || command === "copy") {
    return {
      sentence: `${message}; what was sent or has come is kept`,
      hint,
      code,
    };
  }
  const sentence = `${message}; nothing was saved`;
  if (command !== undefined) return { sentence, code };
  if (cacheDir === false && (streamed || cut)) {
    const more = "without --no-cache, the same command would go on from there";
    return { sentence, hint: more, code };
  }
  return {
    sentence: several
      ? `${message}; what is complete stays, and what has come is kept`
      : `${sentence}, but what has come is kept`,
    hint,
    code,
  };
}

function mismatchSentence(
  { descriptor: { digest, size }, actual }: ContentMismatchError,
): string {
  return `Cannot verify ${digest}: ${
    actual.digest === undefined
      ? `${actual.size} bytes instead of ${size}`
      : `the bytes have digest ${actual.digest}`
  }`;
}

function explainUnknown(error: unknown): Explanation {
  const { message, code, path, syscall } =
    (error ?? {}) as NodeJS.ErrnoException;
  if (typeof code === "string" && isStorageCode(code)) {
    return explainStorage({
      operation: syscall ?? "use",
      path: path ?? "a file",
      code,
    });
  }
  const words = (error instanceof Error ? message : String(error)) ||
    "unknown error";
  return {
    sentence: error instanceof DockerPullError
      ? words
      : `Cannot finish: ${words.split("\n", 1)[0]}`,
    hint: "--verbose shows the cause",
    code: EXIT.other,
  };
}
