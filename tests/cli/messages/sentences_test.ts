/**
 * What the user reads of every warning and error. Everything else asks for
 * codes and data; the tables here have to have an example of each code.
 */

import { assertEquals } from "@std/assert";
import { test } from "../../harness.ts";
import { explainError } from "../../../cli/messages/errors.ts";
import type { ByCode } from "../../../cli/messages/explanation.ts";
import { explainWarning } from "../../../cli/messages/warnings.ts";
import {
  CredentialHelperError,
  type HelperFailure,
  InvalidDocumentError,
  NetworkError,
  StorageError,
} from "../../../lib/image/errors.ts";
import type {
  LoginProblem,
  MirrorFault,
  Warning,
} from "../../../lib/image/events.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };
const digest = `sha256:${"a".repeat(64)}`;
const registry = "r.test";
const source = "~/.docker/config.json";

/** Examples by code: the data without the code, and the sentence. */
type Examples<T extends { code: string }> = {
  [Code in T["code"]]: (readonly [
    Omit<ByCode<T, Code>, "code">,
    string,
  ])[];
};

function eachOf<T extends { code: string }>(
  what: string,
  examples: Examples<T>,
  explain: (about: T) => string,
): void {
  for (const [code, list] of Object.entries(examples)) {
    test(`${what} ${code} is told in these words`, () => {
      for (const [data, sentence] of list as [object, string][]) {
        assertEquals(explain({ ...data, code } as unknown as T), sentence);
      }
    });
  }
}

eachOf<Warning>("the warning", {
  "platform-fallback": [
    [
      {
        platform: { ...amd64, architecture: "386" },
        wanted: amd64,
        explicit: false,
      },
      "The image is for linux/386, not for linux/amd64, which is this " +
      "machine's, but runs there",
    ],
  ],
  "platform-mismatch": [
    [
      { platform: amd64, wanted: arm64, explicit: true },
      "The image is for linux/amd64, not for linux/arm64",
    ],
    [
      { platform: amd64, wanted: arm64, explicit: false },
      "The image is for linux/amd64, not for linux/arm64, which is this machine's",
    ],
  ],
  "platform-config": [
    [
      { index: amd64, config: arm64 },
      "The index says that the image is for linux/amd64, and the image's own " +
      "configuration that it is for linux/arm64",
    ],
  ],
  "zstd-layer": [
    [
      {},
      "The image has layers compressed with zstd, which docker load takes " +
      "from Docker 23 on",
    ],
  ],
  "many-layers": [
    [
      { layers: 126, limit: 125 },
      "The image has 126 layers, and docker load takes no more than 125 " +
      "where Docker keeps images in its classic store",
    ],
  ],
  "credentials-refused": [
    [
      { registry, source, known: false },
      `r.test refuses the login from ${source}; trying without one`,
    ],
    [
      { registry, repository: "a/b", source, known: true },
      `r.test gives the login from ${source} no access to a/b; trying ` +
      "without one",
    ],
  ],
  "credentials-unusable": [
    [
      {
        source,
        error: new InvalidDocumentError(source, "it is not valid JSON"),
      },
      `Cannot use ${source}: it is not valid JSON, so no login is taken from ` +
      "there",
    ],
    [
      { source, error: new StorageError("read", source, "ENOENT") },
      `Cannot read "${source}": there is no such file or folder, so no login ` +
      "is taken from there",
    ],
  ],
  "login-unusable": [
    [
      { source, key: "h", problem: "no-object" },
      `Cannot use the login for "h" in ${source}: it is not an object`,
    ],
  ],
  "credential-helper": [
    [
      { helper: "it", server: "h", failure: { code: "not-installed" } },
      "Cannot get a login for h from docker-credential-it: it is not installed",
    ],
    [
      { helper: "../it", server: "h", failure: { code: "not-a-name" } },
      'Cannot get a login for h from a credential helper: "../it" is not a ' +
      "helper's name",
    ],
  ],
  "cache-entry-damaged": [
    [
      { digest },
      `The cache's copy of ${digest} is damaged and is fetched anew`,
    ],
  ],
  "foreign-layer": [
    [
      { registry, digest, host: "f.test" },
      `r.test does not hold ${digest}; it comes from f.test`,
    ],
  ],
  "plain-storage": [
    [
      { registry, host: "s.test" },
      "Layers of r.test come from s.test by plain HTTP: all are verified, but " +
      "anyone on the way can see them",
    ],
  ],
  "rate-limit": [
    [
      { registry, remaining: 9, total: 100, window: 21_600 },
      "r.test allows 9 more pulls of 100 in 6 hours; a login may allow more",
    ],
    [
      { registry, remaining: 1 },
      "r.test allows 1 more pull; a login may allow more",
    ],
  ],
  "mirror": [
    [
      { mirror: "m", fault: { code: "login" }, next: null },
      "Mirror m wants a login; there is nothing else to ask",
    ],
    [
      {
        mirror: "m",
        fault: { code: "login" },
        next: { name: "n", isOrigin: false },
      },
      "Mirror m wants a login; asking mirror n instead",
    ],
    [
      {
        mirror: "m",
        fault: { code: "login" },
        next: { name: "n", isOrigin: true },
      },
      "Mirror m wants a login; asking n instead",
    ],
  ],
  "mirror-believed": [
    [
      { registry, fault: { code: "forbidden" }, tag: "1", mirror: "m" },
      'r.test forbids it; what "1" is, is the word of mirror m',
    ],
  ],
  "registry-not-asked": [
    [
      { reference: "r.test/a:1" },
      "r.test/a:1 is from the cache; the registry was not asked, as it does " +
      "not answer",
    ],
  ],
}, explainWarning);

eachOf<MirrorFault>("the fault of a mirror", {
  "unreachable": [
    [
      { error: new NetworkError("https://m/", "refused", "it is refused") },
      "Mirror m cannot be used: m: it is refused",
    ],
  ],
  "unusable": [
    [
      { error: new InvalidDocumentError("it", "it is no JSON object") },
      "Mirror m cannot be used: Cannot use it: it is no JSON object",
    ],
  ],
  "wrong-bytes": [[
    { digest },
    `Mirror m sends wrong bytes of ${digest.slice(0, 19)}…`,
  ]],
  "slow": [[{}, "Mirror m is slow, or breaks off again and again"]],
  "missing": [
    [{ what: "image" }, "Mirror m does not hold the image"],
    [{ what: "blob" }, "Mirror m lacks a part of the image"],
  ],
  "login": [[{}, "Mirror m wants a login"]],
  "forbidden": [[{}, "Mirror m forbids it"]],
  "rate-limit": [[{}, "Mirror m allows no more pulls for now"]],
  "status": [[{ status: 500 }, "Mirror m answers HTTP 500"]],
}, (fault) => explainWarning({ code: "mirror", mirror: "m", fault }));

const LOGIN_PROBLEMS: Record<LoginProblem, string> = {
  "no-object": "it is not an object",
  "bad-token": 'its "registrytoken" is not a token',
  "bad-auth": 'its "auth" is not the base64 of "user:password"',
  "no-user": "it has no user name",
};

test("each problem of an entry of logins is told in its words", () => {
  for (const [problem, words] of Object.entries(LOGIN_PROBLEMS)) {
    assertEquals(
      explainWarning({
        code: "login-unusable",
        source: "f",
        key: "h",
        problem: problem as LoginProblem,
      }),
      `Cannot use the login for "h" in f: ${words}`,
    );
  }
});

eachOf<HelperFailure>("the failure of a credential helper", {
  "not-a-name": [[{}, "it is not a helper's name"]],
  "not-installed": [[{}, "it is not installed"]],
  "unstartable": [[{ system: "EACCES" }, "it cannot be started (EACCES)"]],
  "timeout": [[{ timeout: 400 }, "it did not answer within 0.4 s"]],
  "overflow": [[{ limit: 1024 }, "it printed more than 1024 bytes"]],
  "failed": [
    [{ status: 1, words: "" }, "it failed with code 1"],
    [
      { status: 1, words: "not implemented" },
      "it failed with code 1 (not implemented)",
    ],
  ],
  "no-login": [[{}, "what it printed is not a login"]],
  "registry-token": [[{}, "helpers do not keep registry tokens"]],
}, (failure) => {
  const error = new CredentialHelperError("store", "it", "h", failure);
  const start = "Cannot store the login for h with docker-credential-it: ";
  const { sentence } = explainError(error);
  assertEquals(sentence.slice(0, start.length), start);
  return sentence.slice(start.length);
});
