import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { askedBy } from "../../../lib/registry/session.ts";
import { parsePlatform } from "../../../lib/image/platform.ts";
import { test } from "../../harness.ts";
import { UsageError } from "../../../cli/options/arguments.ts";
import { errorDetails } from "../../../cli/messages/error_lines.ts";
import {
  type ErrorContext,
  explainError,
} from "../../../cli/messages/errors.ts";
import { SignalError } from "../../../cli/signals.ts";
import {
  AuthenticationError,
  ContentMismatchError,
  InvalidDocumentError,
  InvalidPlatformError,
  NetworkError,
  type NetworkErrorKind,
  PlatformNotFoundError,
  RegistryError,
  StorageError,
  UnsupportedMediaTypeError,
} from "../../../lib/image/errors.ts";
import type { PlainNetworkCode } from "../../../lib/image/problems.ts";
import { CredentialHelperError } from "../../../lib/image/errors.ts";
import { parseReference } from "../../../lib/image/reference.ts";

const context: ErrorContext = {
  image: "r.example/a/b:1",
  registry: "r.example",
  repository: "a/b",
  login: false,
};

function registry(
  status: number,
  code = "",
  path = "manifests/1",
  retryAfter?: number,
) {
  return new RegistryError({
    status,
    method: "GET",
    url: `https://r.example/v2/a/b/${path}`,
    asked: askedBy(path),
    errors: code ? [{ code, message: "its words" }] : [],
    retryAfter,
  });
}

function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
}

const DIGEST = `sha256:${"ab".repeat(32)}`;
const linux = (architecture: string) => ({ os: "linux", architecture });
const system = (code: string) =>
  Object.assign(new Error(`${code}: it`), {
    code,
    syscall: "open",
    path: "/a b",
  });

function network(kind: NetworkErrorKind, code: PlainNetworkCode) {
  return new NetworkError("https://r/", kind, code);
}

test("explainError() says what to do where an index has no image at all", () => {
  const none = explainError(
    new PlatformNotFoundError({ os: "linux", architecture: "amd64" }, []),
  );
  assertEquals([none.hint, none.code], [
    "check the tag, or ask who published it: there is no image in that index",
    7,
  ]);
});

test("explainError() gives each error its sentence, hint and exit code", () => {
  const table: [unknown, number, sentence: string, hint: string][] = [
    [new UsageError("No image is named"), 2, "No image is named", "--help"],
    [
      new InvalidPlatformError("x/", { code: "bad-shape" }),
      2,
      'platform "x/": it is not os/architecture',
      "amd64",
    ],
    [
      registry(401, "UNAUTHORIZED"),
      3,
      'Cannot pull "r.example/a/b:1": r.example wants a login, or has no such ' +
      "image (UNAUTHORIZED: its words)",
      "check the name; if it is right: docker-pull login r.example",
    ],
    [
      new AuthenticationError("r.example", { code: "no-realm" }),
      3,
      "r.example: it asks for a token",
      "--verb",
    ],
    [
      new AuthenticationError("r.example", {
        code: "realm-plain",
        realm: "http://auth.test:80/",
        host: "auth.test:80",
      }),
      3,
      'it names the token server "http://auth.test',
      "at your own risk, --insecure-host auth.test:80",
    ],
    [
      new RegistryError({
        status: 404,
        method: "GET",
        url: `https://r.example/v2/a/b/blobs/${DIGEST}`,
        asked: { kind: "blob", digest: DIGEST },
        tried: [
          { url: "https://f.test/x", error: network("dns", "dns") },
          { url: "https://g.test/x", error: registry(403) },
        ],
      }),
      5,
      `does not hold the layer ${DIGEST}, nor can it be had where the image ` +
      "says (f.test: the host is unknown; g.test: HTTP 403)",
      "check the way there",
    ],
    [
      registry(403, "DENIED"),
      4,
      "forbids it to anonymous users (",
      "log in: docker-pull login r.example",
    ],
    [
      registry(404, "MANIFEST_UNKNOWN"),
      5,
      "has no such tag (",
      "spel",
    ],
    [registry(404, "NAME_UNKNOWN"), 5, 'no repository "a/b" (', "spelling"],
    [registry(404, "", `blobs/${DIGEST}`), 5, "lost a part of the image", ""],
    [
      registry(404, "", `manifests/${DIGEST}`),
      5,
      `r.example has no such digest under that name, ${DIGEST}`,
      "that of a layer",
    ],
    [
      new RegistryError({
        status: 404,
        method: "GET",
        url: "https://r.example/v2/",
        asked: {
          kind: "child",
          digest: DIGEST,
          index: DIGEST,
          platform: linux("arm64"),
        },
      }),
      5,
      "r.example has lost the image for linux/arm64: the index " +
      `${DIGEST} names ${DIGEST}, which is not there`,
      "--platform",
    ],
    [registry(404), 5, "r.example has no such image", "spelling"],
    [
      registry(429, "TOOMANYREQUESTS", "", 90_000),
      6,
      "allows no more pulls for now (TOOMANYREQUESTS: its words)",
      "try again in 1m 30s, or let this wait with --max-wait 90; " +
      "a login often allows more",
    ],
    [registry(429), 6, "allows no more pulls", "try again later"],
    [
      new PlatformNotFoundError(linux("s390x"), [
        linux("amd64"),
        linux("arm64"),
      ]),
      7,
      "platform linux/s390x: the image has linux/amd64, linux/arm64",
      "--platform linux/amd64",
    ],
    [registry(503), 8, "r.example has a fault of its own, HTTP 503", "later"],
    [registry(408), 8, "HTTP 408", "later"],
    [registry(511), 8, "before this network is given a login", "in a browser"],
    [registry(999), 8, "answers with the status 999", "in front of"],
    [new NetworkError("https://r/", "dns", "dns"), 8, "is unknown", "name"],
    [
      new NetworkError("https://r/", "refused", "refused"),
      8,
      "r/: the",
      "port",
    ],
    [network("tls", "unknown-authority"), 8, "//r/: ", "--ca-cert FILE; or"],
    [network("tls", "self-signed"), 8, "//r/: ", "that certificate with"],
    [network("tls", "expired"), 8, "//r/: ", "to renew it"],
    [
      network("tls", "not-yet-valid"),
      8,
      "//r/: ",
      "set this machine's clock",
    ],
    [network("tls", "other-host"), 8, "//r/: ", "name that the certificate"],
    [network("tls", "client-certificate"), 8, "//r/: ", "--client-cert FILE"],
    [network("tls", "handshake"), 8, "//r/: ", "--client-cert FILE"],
    [network("tls", "no-tls"), 8, "//r/: ", "--plain-http if"],
    [network("tls", "tls-port"), 8, "//r/: ", "leave --plain-http out"],
    [network("tls", "truncated"), 8, "//r/: ", "--verbose"],
    [network("other", "no-http"), 8, "//r/: ", "else than a registry"],
    [
      new NetworkError("https://r/", "timeout", "timeout"),
      8,
      "no",
      "--timeout",
    ],
    [
      new NetworkError("https://r/", "proxy", "proxy"),
      8,
      "refuses",
      "HTTPS_PROXY",
    ],
    [
      network("proxy", "proxy-login-missing"),
      8,
      "//r/: ",
      "write both into HTTPS_PROXY",
    ],
    [
      network("proxy", "unknown-authority"),
      8,
      "//r/: ",
      "the proxy's author",
    ],
    [
      new ContentMismatchError({ mediaType: "x/y", digest: DIGEST, size: 2 }, {
        size: 1,
      }),
      9,
      `Cannot verify ${DIGEST}: 1 bytes instead of 2`,
      "try again",
    ],
    [
      new StorageError("write", "a.tar", "ENOSPC"),
      10,
      'Cannot write "a.tar": the disk is full',
      "make room, or choose another place with --output or --cache-dir",
    ],
    [
      new StorageError("write", "a.tar", "ENOSPC", {
        needed: 17_300_000_000,
        free: 120_000,
      }),
      10,
      "the disk is full; 17.3 GB are needed, 120 kB are free",
      "make room",
    ],
    [new StorageError("open", "a", "EROFS"), 10, "read-only", "--output"],
    [new StorageError("open", "a", "EODD"), 10, 'open "a": EODD', "--output"],
    [system("EACCES"), 10, 'Cannot open "/a b": permission denied', "--output"],
    [registry(418), 1, "answers HTTP 418", "--verbose"],
    [
      new InvalidDocumentError("it", { code: "no-json" }),
      1,
      "Cannot use it: it is no JSON",
      "publish",
    ],
    [
      new UnsupportedMediaTypeError("a/b", { code: "unknown-layer" }),
      1,
      '"a/b": it is a layer',
      "publish",
    ],
    [new Error("odd\nsecond line"), 1, "Cannot finish: odd", "--verbose"],
    ["text", 1, "Cannot finish: text", "--verbose"],
    [undefined, 1, "Cannot finish: undefined", "--verbose"],
    [
      new SignalError("SIGINT"),
      130,
      "Stopped by SIGINT; nothing was saved, but what has come is kept",
      "the same command goes on from there",
    ],
    [new SignalError("SIGTERM"), 143, "Stopped by SIGTERM", ""],
    [new SignalError("SIGHUP"), 129, "Stopped by SIGHUP", ""],
  ];
  for (const [error, code, sentence, hint] of table) {
    const found = explainError(error, context);
    assertEquals(found.code, code, String(error));
    assertStringIncludes(found.sentence, sentence);
    assertStringIncludes(found.hint ?? "", hint);
    assert(!/[.\n]$/.test(found.sentence), found.sentence);
  }
});

test("explainError() blames the files of logins where it is about these", () => {
  const about: ErrorContext = { registry: "r.example", subject: "login" };
  const hint = (error: unknown) => explainError(error, about).hint;
  assertStringIncludes(
    hint(
      new InvalidDocumentError("~/.docker/config.json", { code: "no-json" }),
    )!,
    "repair that file",
  );
  assertStringIncludes(
    hint(new StorageError("write", "a", "EROFS"))!,
    "--auth",
  );
  const helper = new CredentialHelperError("store", "x", "h", {
    code: "no-login",
  });
  assertStringIncludes(hint(helper)!, "credsStore");
  assertEquals(explainError(helper, about).code, 1);
});

test("explainError() tells with which option another place is chosen", () => {
  const hint = (
    operation: string,
    path: string,
    code: string,
    cacheDir: string | false = "cache",
  ) => explainError(new StorageError(operation, path, code), { cacheDir }).hint;
  const cache =
    "choose another place with --cache-dir, or go without a cache with --no-cache";
  for (const path of ["cache", "cache/ingest/x", "./cache/..x"]) {
    assertEquals(hint("write", path, "EACCES"), cache);
    assertEquals(hint("read", path, "not-a-file"), cache);
  }
  const output = "choose another place with --output";
  for (const path of ["a.tar", "cache.tar", "../cache", "/a.tar"]) {
    assertEquals(hint("write", path, "EROFS"), output);
    assertEquals(hint("read", path, "not-a-file"), "choose another file");
  }
  assertEquals(hint("write", "cache/x", "EROFS", false), output);
  assertEquals(
    hint("write", "a.tar", "ENOSPC"),
    "make room, or choose another place with --output or --cache-dir",
  );
  assertEquals(
    hint("replace", "a.tar", "not-an-archive"),
    `${output}, or have it replaced with --force`,
  );
});

test("explainError() points at what is wrong in a reference", () => {
  const excerpt = (text: string) =>
    explainError(thrown(() => parseReference(text)), context).excerpt;
  assertEquals(excerpt("r.example/a/Bc:1"), [
    "r.example/a/Bc:1",
    "            ^",
  ]);
  assertEquals(excerpt("a b"), ["a b", " ^"]);
  assertEquals(excerpt("a\x1b[2J"), ["a\\x1b[2J", " ^"]);
  const [line, caret] = excerpt(`${"a/".repeat(90)}B`)!;
  assertEquals(line!.at(caret!.indexOf("^")), "B");
  assert(line!.length <= 70, line);
  assertEquals(explainError(thrown(() => parseReference("A:"))).code, 2);
  assertEquals(
    explainError(thrown(() => parseReference("münchen.example:5000/a"))).hint,
    "write the host as xn--mnchen-3ya.example:5000",
  );
});

test("explainError() lets nothing from the network steer the terminal", () => {
  const error = new RegistryError({
    status: 404,
    method: "GET",
    url: "https://r.example/v2/",
    errors: [{ code: "X\x1b]0;t\x07", message: "a\r\u202eb\x9b2J" }],
  });
  const { sentence } = explainError(error, context);
  // deno-lint-ignore no-control-regex
  assertEquals(/[\x00-\x1f\x7f-\x9f\u202e]/.test(sentence), false, sentence);
});

test("errorDetails() shows causes without secrets", () => {
  const cause = new TypeError(
    "error sending request for url (https://me:pw@s3.example/x?X-Sig=secret)",
  );
  const error = new NetworkError("https://r/", "reset", "reset", { cause });
  const text = errorDetails(error).join("\n");
  assertStringIncludes(text, "reset");
  assertStringIncludes(text, "caused by TypeError: error sending request");
  assertEquals(/\bsecret\b|pw/.test(text), false, text);
  const circle = new Error("round");
  circle.cause = circle;
  assert(errorDetails(circle).length < 200);
});

for (
  const [wanted, available, near] of [
    ["arm/v7", ["amd64", "386", "arm64", "s390x"], "linux/arm64"],
    ["armv7l", ["windows/arm64", "amd64", "arm/v6"], "linux/arm/v6"],
    ["amd64", ["s390x", "windows/amd64", "386"], "linux/386"],
    ["linux/arm64", ["windows/amd64", "windows/arm64"], "windows/arm64"],
    [
      "windows(10.0.17763.1)/amd64",
      ["amd64", "windows(10.0.20348.1)/amd64", "windows(10.0.17763.9)/arm64"],
      "windows(10.0.20348.1)/amd64",
    ],
  ] as const
) {
  test(`of ${available}, the nearest to ${wanted} is told of`, () => {
    const error = new PlatformNotFoundError(
      parsePlatform(wanted),
      available.map(parsePlatform),
    );
    // What is to be typed is quoted for the shell.
    const typed = near.includes("(") ? `'${near}'` : near;
    assertEquals(
      explainError(error).hint,
      `choose one, as in --platform ${typed}`,
    );
  });
}

test("explainError() tells where else to write in the words of the command", () => {
  const full = (path: string) => new StorageError("write", path, "ENOSPC");
  const spool = `/tmp/archive.${crypto.randomUUID()}.tmp`;
  for (
    const [command, path, words] of [
      ["cache import", "cache", "choose another place with --cache-dir"],
      ["copy", "a.tar", "choose another destination"],
      ["copy", spool, "with TMPDIR or --cache-dir"],
      ["cache import", spool, "with TMPDIR or --cache-dir"],
    ] as const
  ) {
    const context = { command, subject: "archive" } as const;
    const { hint = "" } = explainError(full(path), context);
    assert(hint.includes(words), hint);
  }
});

test("explainError() does not say of what keeps nothing that it goes on", () => {
  for (const way of [{ cut: true }, { streamed: true }]) {
    const none = { ...way, cacheDir: false as const };
    const { sentence, hint } = explainError(new SignalError("SIGINT"), none);
    assertEquals(sentence, "Stopped by SIGINT; nothing was saved");
    assertStringIncludes(hint!, "without --no-cache");
    const kept = explainError(new SignalError("SIGINT"), way);
    assertStringIncludes(kept.sentence, "what has come is kept");
  }
});

test("explainError() tells that files of a set are there that were complete", () => {
  const { sentence, code } = explainError(new SignalError("SIGINT"), {
    several: true,
  });
  assertEquals(
    [sentence, code],
    [
      "Stopped by SIGINT; what is complete stays, and what has come is kept",
      130,
    ],
  );
});
