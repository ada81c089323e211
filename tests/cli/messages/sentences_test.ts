/**
 * What the user reads of every warning and error. Everything else asks for
 * codes and data; the tables here have to have an example of each code.
 */

import { assertEquals } from "@std/assert";
import { test } from "../../harness.ts";
import { explainError } from "../../../cli/messages/errors.ts";
import { eachOf, type Examples } from "./examples.ts";
import { leftLine } from "../../../cli/messages/lists.ts";
import { explainWarning } from "../../../cli/messages/warnings.ts";
import {
  ArchiveError,
  AuthenticationError,
  ContentMismatchError,
  CredentialHelperError,
  DaemonError,
  type DaemonProblem,
  DeltaError,
  type DockerPullError,
  DownloadLimitError,
  InvalidDigestError,
  InvalidDocumentError,
  InvalidPlatformError,
  InvalidReferenceError,
  InvalidSetError,
  InvalidSettingError,
  LockError,
  NetworkError,
  PlaceError,
  PlatformNotFoundError,
  RegistryError,
  StorageError,
  UnsupportedMediaTypeError,
  UploadError,
} from "../../../lib/image/errors.ts";
import {
  InvalidListError,
  type LeftOut,
  type ListFault,
} from "../../../lib/lists/list_report.ts";
import type {
  ArchiveProblem,
  AuthenticationProblem,
  DeltaProblem,
  DigestProblem,
  DocumentProblem,
  HelperFailure,
  LockProblem,
  MediaTypeProblem,
  NetworkProblem,
  PlaceProblem,
  PlatformProblem,
  ReferenceProblem,
  SetProblem,
  SettingProblem,
  UploadProblem,
} from "../../../lib/image/problems.ts";
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
        error: new InvalidDocumentError(source, { code: "invalid-json" }),
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
  "referrers-left": [
    [
      { reference: "r.test/a:1", count: 1 },
      "1 document is not copied to r.test/a:1, such as signatures, as what it " +
      "is about does not go there: mostly the index of all platforms",
    ],
    [
      { reference: "r.test/a:1", count: 2 },
      "2 documents are not copied to r.test/a:1, such as signatures, as what " +
      "they are about does not go there: mostly the index of all platforms",
    ],
  ],
}, explainWarning);

eachOf<MirrorFault>("the fault of a mirror", {
  "unreachable": [
    [
      { error: new NetworkError("https://m/", "refused", "refused") },
      "Mirror m cannot be used: m: the connection is refused",
    ],
  ],
  "unusable": [
    [
      { error: new InvalidDocumentError("it", { code: "no-object" }) },
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

const DAEMON = "unix:///run/docker.sock";

eachOf<DaemonProblem>("the problem of a daemon", {
  "address": [[
    {},
    `Cannot load into "${DAEMON}": it is no daemon's address`,
  ]],
  "absent": [[
    {},
    "Cannot find Docker or Podman: none of their usual sockets is there",
  ]],
  "no-context": [[
    { context: 'a"b' },
    'Cannot find the context "a\\"b" of the docker command',
  ]],
  "unreachable": [
    [{ system: "ENOENT" }, `Cannot reach ${DAEMON}: there is no such socket`],
    [
      { system: "ECONNREFUSED" },
      `Cannot reach ${DAEMON}: nothing listens there`,
    ],
    [{ system: "EODD" }, `Cannot reach ${DAEMON}: EODD`],
    [{ system: "" }, `Cannot reach ${DAEMON}: no answer`],
  ],
  "forbidden": [[{}, `Cannot use ${DAEMON}: permission denied`]],
  "tls": [[
    { system: "CERT_HAS_EXPIRED" },
    `Cannot reach ${DAEMON}: TLS fails (CERT_HAS_EXPIRED)`,
  ]],
  "wants-tls": [[{}, `Cannot reach ${DAEMON}: it wants TLS`]],
  "no-ssh": [[{}, `Cannot reach ${DAEMON}: there is no ssh here`]],
  "ssh": [
    [
      { status: 255, words: "Permission denied (publickey)." },
      `Cannot reach ${DAEMON}: ssh ended with code 255 (Permission denied ` +
      "(publickey).)",
    ],
    [
      { status: 127, words: "sh: docker: not found" },
      `Cannot reach ${DAEMON}: there is neither docker nor podman`,
    ],
  ],
  "no-daemon": [[
    {},
    `Cannot use ${DAEMON}: what answers there is neither Docker nor Podman`,
  ]],
  "too-old": [[
    { version: "1.12", least: "1.24" },
    `Cannot use ${DAEMON}: its API is 1.12, and 1.24 is needed`,
  ]],
  "other-system": [[
    { system: "windows", image: "linux" },
    `Cannot load into ${DAEMON}: it runs images for windows, and this is one ` +
    "for linux",
  ]],
  "broken-off": [[{}, `Cannot load into ${DAEMON}: the connection broke off`]],
  "refused": [[
    { status: 500, words: "no" },
    `Cannot load into ${DAEMON}: HTTP 500 (no)`,
  ]],
  "disk-full": [[
    { words: "no space left on device" },
    `Cannot load into ${DAEMON}: its disk is full (no space left on device)`,
  ]],
  "unpacking": [[
    { words: "Error unpacking image x" },
    `Cannot load into ${DAEMON}: it cannot unpack the image (Error unpacking ` +
    "image x)",
  ]],
  "failed": [[{ words: "no" }, `Cannot load into ${DAEMON}: no`]],
  "no-image": [[{ name: "app:1" }, `Cannot find app:1 in ${DAEMON}`]],
  "not-loaded": [[
    { name: "app:1" },
    `Cannot find app:1 in ${DAEMON} after it was loaded`,
  ]],
}, (problem) => {
  const error = new DaemonError(DAEMON, problem);
  const { sentence, hint } = explainError(error);
  const copied = explainError(error, { command: "copy" });
  // It has no such options.
  assertEquals(/--load-to|--output/.test(copied.hint ?? ""), false);
  assertEquals(hint !== undefined, true);
  return sentence;
});

function reasons<T extends { code: string }>(
  what: string,
  examples: Examples<T>,
  make: (problem: T) => DockerPullError,
  start: string,
): void {
  eachOf<T>(what, examples, (problem) => {
    const error = make(problem);
    assertEquals(error.code, problem.code);
    const { sentence } = explainError(error);
    assertEquals(sentence.slice(0, start.length), start);
    return sentence.slice(start.length);
  });
}

reasons<NetworkProblem>(
  "the problem of the network",
  {
    "dns": [[{}, "the host is unknown"]],
    "lookup": [[{}, "the host's name cannot be looked up now"]],
    "refused": [[{}, "the connection is refused"]],
    "reset": [[{}, "the connection broke off"]],
    "truncated": [[{}, "the connection broke off"]],
    "empty": [[{}, "no byte came"]],
    "slower": [[{}, "the connection is much slower than the others"]],
    "unreachable": [[{}, "the network does not lead there"]],
    "unknown-authority": [[{}, "the certificate's issuer is unknown"]],
    "self-signed": [[{}, "the certificate is self-signed"]],
    "expired": [[{}, "the certificate has expired"]],
    "not-yet-valid": [[
      {},
      "the certificate is not valid yet, or this machine's clock is wrong",
    ]],
    "other-host": [[{}, "the certificate is for another host"]],
    "revoked": [[{}, "the certificate is revoked"]],
    "bad-certificate": [[{}, "the certificate is not valid"]],
    "client-certificate": [[{}, "the server wants a client certificate"]],
    "client-certificate-refused": [[
      {},
      "the server wants a client certificate, or another one",
    ]],
    "handshake-refused": [[{}, "the server broke off the TLS handshake"]],
    "handshake": [[{}, "the TLS handshake failed"]],
    "no-tls": [[{}, "the server does not speak TLS on this port"]],
    "tls-port": [[{}, "the server speaks TLS on this port, not plain HTTP"]],
    "no-http": [[{}, "the server does not speak HTTP"]],
    "redirect-nowhere": [[
      {},
      "it redirects to an address that is none of the web",
    ]],
    "redirect-to-http": [[
      {},
      "it redirects from https to http, which is not followed",
    ]],
    "no-address": [[{}, "it is no address of the web"]],
    "link-local": [[{}, "what is at that address is for this machine alone"]],
    "proxy": [[{}, "the proxy refuses the connection"]],
    "proxy-login-missing": [[{}, "the proxy wants a user name and a password"]],
    "proxy-login-refused": [[
      {},
      "the proxy refuses the user name or password",
    ]],
    "proxy-login-other": [[{}, "the proxy wants another kind of login"]],
    "proxy-closed": [[{}, "the proxy closed the connection"]],
    "proxy-broken": [[{}, "the proxy broke off"]],
    "proxy-no-http": [[{}, "the proxy does not speak HTTP"]],
    "proxy-no-socks": [[{}, "the proxy does not speak SOCKS5"]],
    "proxy-reply-too-large": [[{}, "the proxy's answer is too long"]],
    "closed": [[{}, "the client was closed"]],
    "timeout": [[{}, "no answer in time"]],
    "unanswered": [[{ duration: 1500 }, "no answer within 1.5 s"]],
    "silence": [[{ duration: 30_000 }, "no byte for 30 s"]],
    "endless": [[{ duration: 300_000 }, "not complete within 300 s"]],
    "slow": [[{ bytes: 9, duration: 60_000 }, "only 9 bytes in 60 s"]],
    "short": [[{ bytes: 5, size: 7 }, "5 of 7 bytes came"]],
    "early": [
      [{ missing: 2 }, "the connection ended at least 2 bytes too early"],
    ],
    "wrong-range": [
      [{ offset: 1, wanted: 2 }, "it sent bytes from 1 on instead of 2"],
    ],
    "too-many-redirects": [[{ limit: 9 }, "it redirects more than 9 times"]],
    "web-page": [
      [{ host: "r.test", title: "" }, "r.test answers with a web page"],
      [
        { host: "r.test", title: "Log in" },
        'r.test answers with a web page, "Log in"',
      ],
    ],
    "proxy-address": [
      [
        { fault: "encoding" },
        "in a proxy's user name and password, #, /, ? and \\ are written " +
        "%23, %2F, %3F and %5C",
      ],
      [
        { fault: "shape" },
        "a proxy's address begins with http://, https://, socks5:// or " +
        "socks5h://, and names a host",
      ],
    ],
    "proxy-long-login": [
      [{ limit: 255 }, "SOCKS has no room for a login of more than 255 bytes"],
    ],
    "proxy-refused": [
      [{ why: "host" }, "the proxy does not reach the host"],
      [{ why: "host-refuses" }, "the host refuses the proxy's connection"],
      [{ why: "not-allowed" }, "the proxy does not allow this connection"],
    ],
    "proxy-status": [
      [{ status: 403, words: "" }, "the proxy answers 403"],
      [{ status: 403, words: "No" }, "the proxy answers 403 No"],
    ],
    "other": [
      [{}, "unknown failure"],
      [{ words: "it is odd" }, "it is odd"],
    ],
  },
  (problem) => new NetworkError("https://r.test/", "other", problem),
  "Cannot reach https://r.test/: ",
);

eachOf<ListFault>("the fault of a list", {
  "bad-reference": [
    [
      { text: "A:1", problem: { code: "capital" } },
      '"A:1" is no image: a repository\'s name has no capital letters',
    ],
    [{ text: "", problem: { code: "empty" } }, "a platform without an image"],
  ],
  "bad-platform": [
    [
      { text: "x", problem: { code: "no-architecture" } },
      '"x" is no platform: the architecture is missing, as in linux/amd64',
    ],
  ],
  "several-words": [
    [
      { text: "b c" },
      '"b c" after the image is too much: a line has one image, and its ' +
      "--platform",
    ],
  ],
  "no-platform": [[{}, "--platform needs a platform"]],
  "unset-variable": [
    [{ name: "TAG" }, "the variable TAG is not set, and has no default"],
  ],
  "bad-variable": [[{ text: "$x" }, '"$x" is no way to name a variable']],
  "not-yaml": [[{ words: "odd" }, "it is not valid YAML (odd)"]],
  "template": [
    [{}, "it is a template that was not rendered, as by helm template"],
  ],
  "too-deep": [[{}, "it is nested too deep"]],
  "utf-16": [[{}, "it is in UTF-16; save it as UTF-8"]],
  "not-text": [[{}, "it is no text in UTF-8"]],
  "empty": [[{}, "there is no image in it"]],
  "too-large": [[{ limit: 7 }, "it has more than 7 bytes"]],
}, (fault) => {
  const start = "Cannot use the list l:3: ";
  const error = new InvalidListError([{ ...fault, file: "l", line: 3 }]);
  const { sentence } = explainError(error);
  assertEquals(sentence.slice(0, start.length), start);
  return sentence.slice(start.length);
});

const at = { file: "c.yaml", line: 3 };
eachOf<LeftOut>("what a list leaves out for", {
  "build-only": [
    [
      { ...at, service: "a" },
      'c.yaml:3: the service "a" is built, and has no image of its own',
    ],
  ],
  "no-image": [
    [{ ...at, service: "a" }, 'c.yaml:3: the service "a" has no image'],
  ],
  "other-file": [
    [
      { ...at, service: "a" },
      'c.yaml:3: the service "a" extends one of another file, which is not ' +
      "read; name that with --from, too",
    ],
  ],
  "include": [
    [at, "c.yaml:3: what it includes is not read; name that with --from, too"],
  ],
  "no-tag": [
    [
      { ...at, text: "a" },
      'c.yaml:3: "a" has neither tag nor digest, so it is left out',
    ],
  ],
  "variable": [
    [
      { ...at, text: "$(a)" },
      'c.yaml:3: "$(a)" is filled in by who runs it, so it is left out',
    ],
  ],
  "address": [
    [
      { ...at, text: "s3://a" },
      'c.yaml:3: "s3://a" is an address and no reference, so it is left out',
    ],
  ],
  "not-images": [
    [
      { ...at, kind: "Charts" },
      'c.yaml:3: the manifest of the kind "Charts" lists no images',
    ],
  ],
}, leftLine);
reasons<DeltaProblem>(
  "the problem of a delta",
  {
    "empty-base": [[
      {},
      'Cannot leave out what "a" has: it tells of no layer',
    ]],
    "nothing-in-common": [
      [
        { layers: 3 },
        'Cannot leave out what "a" has: it has none of the 3 layers',
      ],
      [
        { layers: 1 },
        'Cannot leave out what "a" has: it has not the one layer that there is',
      ],
    ],
    "by-diff-id": [[
      { layers: 2 },
      'Cannot leave out what "a" has: 2 layers are known by the digest of the ' +
      "uncompressed bytes alone, by which containerd and Podman find none",
    ]],
    "by-digest": [[
      { layers: 1 },
      'Cannot leave out what "a" has: 1 layer is known by the digest of the ' +
      "compressed bytes alone, and not to lie on the same ones, as Docker's " +
      "graph drivers want it",
    ]],
    "form": [[
      { format: "oci" },
      'Cannot leave out what "a" has: a file or folder of the form oci is taken ' +
      "with all layers only",
    ]],
    "other-layers": [[
      {},
      'Cannot leave out what "a" has: layers that are compressed anew are none ' +
      "that are there",
    ]],
    "several": [[
      { count: 2 },
      'Cannot leave out what "a" has: Podman and skopeo take one image with ' +
      "less than all layers, and here are 2",
    ]],
  },
  (problem) => new DeltaError("a", problem),
  "",
);
reasons<LockProblem>(
  "the problem of a lock",
  {
    "lock-version": [[
      { version: "2" },
      'Cannot use the lock of "a": it is a lock of version 2, and only ' +
      "version 1 is known here",
    ]],
    "bad-member": [[
      { member: "images[0].digest" },
      'Cannot use the lock of "a": "images[0].digest" in it is missing, or is ' +
      "not what it should be",
    ]],
    "no-images": [[{}, 'Cannot use the lock of "a": there is no image in it']],
    "no-digest": [[
      { image: "r.test/a:1", line: 3 },
      'Cannot use the lock of "a": "r.test/a:1" in line 3 has no digest',
    ]],
    "two-of-a-name": [[
      { name: "r.test/a:1" },
      'Cannot use the lock of "a": "r.test/a:1" stands for two things in it',
    ]],
    "too-large": [[
      { limit: 5 },
      'Cannot use the lock of "a": it has more than 5 bytes',
    ]],
    "not-locked": [[
      { name: "r.test/a:1", names: ["r.test/b:1"] },
      "r.test/a:1 is not in the lock; there is r.test/b:1",
    ]],
    "platform-not-locked": [[
      { platform: "linux/arm64", platforms: ["linux/amd64"] },
      'Cannot use the lock of "a": linux/arm64 is not locked, but linux/amd64',
    ]],
    "not-in-index": [[
      { digest: "sha256:a", index: "sha256:b" },
      'Cannot use the lock of "a": sha256:a is not in the index sha256:b',
    ]],
    "contradiction": [[
      { field: "layers" },
      'Cannot use the lock of "a": what it says as "layers" is not what its ' +
      "digest stands for",
    ]],
  },
  (problem) => new LockError("a", problem),
  "",
);

reasons<SetProblem>(
  "the problem of a set",
  {
    "no-images": [[{}, "No image is named"]],
    "bad-images": [
      [
        { images: [{ text: "A", error: new Error() }] },
        "One of the images cannot be pulled as it is written",
      ],
      [
        {
          images: [
            { text: "A", error: new Error() },
            { text: "B", error: new Error() },
          ],
        },
        "2 of the images cannot be pulled as they are written",
      ],
    ],
    "two-of-a-name": [[
      { name: "r.test/a:1", digests: ["sha256:a", "sha256:b"] },
      '"r.test/a:1" would stand for 2 images in one place: sha256:a and ' +
      "sha256:b",
    ]],
    "two-at-a-path": [[
      { path: "a_b_1.tar", images: ["a/b:1", "a_b:1"] },
      'a/b:1 and a_b:1 would both be written to "a_b_1.tar"',
    ]],
  },
  (problem) => new InvalidSetError(problem),
  "",
);

reasons<SettingProblem>(
  "the problem of a setting",
  {
    "no-pem": [[{}, "there is no PEM in it"]],
    "half-pair": [[{}, "it takes a certificate and a key"]],
    "empty": [[{}, "it is empty"]],
    "colon": [[{}, "it has a colon"]],
    "too-long": [[{}, "it is too long"]],
    "login": [[{}, "a login cannot be part of it"]],
    "no-address": [[{}, "it is no address"]],
    "scheme": [[{}, "it is none of http and https"]],
    "query": [[{}, "there can be no query in it"]],
    "no-zstd": [[
      {},
      "this runtime has no zstd; Node has it from version 22.15 on, and Deno, " +
      "Bun and the executables have it",
    ]],
    "other-layers": [[
      {},
      "what names the layers as they are served does not fit those made anew",
    ]],
    "prefix": [[{ prefix: "Up" }, `"Up" cannot begin a repository's name`]],
  },
  (problem) => new InvalidSettingError("mirror", problem, "m.test"),
  'Cannot use mirror "m.test": ',
);

reasons<DigestProblem>(
  "the problem of a digest",
  {
    "no-algorithm": [[{}, 'it has no "algorithm:"']],
    "unknown-algorithm": [
      [{ known: ["a", "b"] }, "the algorithm is none of a, b"],
    ],
    "bad-hex": [
      [
        { algorithm: "sha256", length: 64 },
        "sha256 has 64 hex digits in lower case",
      ],
    ],
  },
  (problem) => new InvalidDigestError("x", problem),
  'Cannot parse digest "x": ',
);

reasons<PlatformProblem>(
  "the problem of a platform",
  {
    "two-versions": [[{}, "it has two versions"]],
    "bad-shape": [
      [{}, "it is not os/architecture or os/architecture/variant"],
    ],
    "no-architecture": [
      [{}, "the architecture is missing, as in linux/amd64"],
    ],
  },
  (problem) => new InvalidPlatformError("x", problem),
  'Cannot parse platform "x": ',
);

reasons<ReferenceProblem>(
  "the problem of a reference",
  {
    "empty": [[{}, "it is empty"]],
    "login": [[{}, "a login cannot be part of it"]],
    "page": [[{}, "it is a page about images, and no registry"]],
    "space": [[{}, "there is a space in it"]],
    "empty-tag": [[{}, "the tag is empty"]],
    "bad-port": [[{}, "this is no port number"]],
    "bad-ipv6": [[{}, "this is no IPv6 address in brackets"]],
    "bare-ipv6": [[{}, "an IPv6 address stands in brackets"]],
    "empty-label": [[{}, "a part of the host's name is empty"]],
    "empty-component": [
      [{}, 'there is nothing between two "/" or at an end'],
    ],
    "no-name": [[{}, "the repository's name is missing"]],
    "capital": [[{}, "a repository's name has no capital letters"]],
    "bad-start": [[{}, "a name begins with a letter or a digit"]],
    "bad-end": [[{}, "a name ends with a letter or a digit"]],
    "image-id": [[{}, "64 hex digits are an image ID, not a name"]],
    "not-for-address": [[{}, "it cannot be part of an address"]],
    "no-tag-or-digest": [[{}, "it is neither tag nor digest"]],
    "too-long": [[{ limit: 9 }, "it is longer than 9 characters"]],
    "long-tag": [[{ limit: 9 }, "the tag is longer than 9 characters"]],
    "long-name": [
      [{ limit: 9 }, "the repository's name is longer than 9 characters"],
    ],
    "bad-character": [[{ part: "ı" }, '"ı" cannot be part of it']],
    "bad-name-character": [[{ part: "$" }, '"$" cannot be part of a name']],
    "scheme": [[{ part: "docker://" }, 'leave out "docker://"']],
    "bad-tag": [
      [
        { part: "-t" },
        '"-t" is no tag: letters, digits, "_", "." and "-" only, and the ' +
        'first is no "." or "-"',
      ],
    ],
    "bad-label": [[{ part: "-a" }, '"-a" cannot be part of a host\'s name']],
    "bad-separator": [[{ part: ".." }, '".." cannot stand in a name']],
    "bad-digest": [
      [
        { problem: { code: "no-algorithm" } },
        'the part after "@" is no digest: it has no "algorithm:"',
      ],
    ],
  },
  (problem) => new InvalidReferenceError("x", 0, problem),
  'Cannot parse reference "x": ',
);

const OTHERWISE = ", which other programs read otherwise";

reasons<DocumentProblem>(
  "the problem of a document",
  {
    "no-json": [[{}, "it is no JSON"]],
    "no-object": [[{}, "it is no JSON object"]],
    "no-index": [[{}, "it is no index"]],
    "no-manifest": [[{}, "it is no manifest"]],
    "neither": [[{}, "it is neither an index nor a manifest"]],
    "invalid-json": [[{}, "it is not valid JSON"]],
    "not-json-object": [[{}, "it is not a JSON object"]],
    "manifests-no-list": [[{}, "its manifests are no list"]],
    "no-tag-list": [[{}, "it is none"]],
    "not-a-list": [[{}, "it is no list"]],
    "entry-no-object": [[{}, "it has an entry that is no object"]],
    "config-no-name": [[{}, "Config is no name"]],
    "no-tag": [[{}, "it has no tag"]],
    "tag-with-digest": [[{}, "a tag with a digest names nothing"]],
    "layout-version": [[{}, "its version is not 1.0.0"]],
    "nested-too-deep": [[{}, "indexes are nested too deep"]],
    "ambiguous-schemas": [[{}, "it can be read as a manifest of two schemas"]],
    "ambiguous-index": [
      [{}, "it can be read as an index and as a manifest"],
    ],
    "too-large": [
      [{ limit: 5 }, "it has more than 5 bytes"],
      [{ size: 6, limit: 5 }, "it has 6 bytes, more than 5"],
    ],
    "config-too-large": [
      [
        { size: 6, limit: 5 },
        "its configuration has 6 bytes, more than 5",
      ],
    ],
    "too-many-entries": [[{ limit: 5 }, "it has more than 5 entries"]],
    "too-many-layers": [[{ limit: 5 }, "it has more than 5 layers"]],
    "too-many-images": [[{ limit: 5 }, "it names more than 5 images"]],
    "image-too-many-layers": [
      [{ limit: 5 }, "an image has more than 5 layers"],
    ],
    "index-too-deep": [[{ limit: 4 }, "it is nested more than 4 deep"]],
    "not-among-first": [
      [{ limit: 5 }, "the image is not among the first 5 in it"],
    ],
    "ambiguous-nesting": [
      [{ limit: 9 }, `it is nested more than 9 deep${OTHERWISE}`],
    ],
    "member-no-object": [[{ field: "auths" }, 'its "auths" is not an object']],
    "no-list": [[{ field: "layers" }, "layers is no list"]],
    "no-names": [[{ field: "Layers" }, "Layers is no list of names"]],
    "no-descriptor": [[{ field: "config" }, "config is no descriptor"]],
    "no-media-type": [[{ field: "config" }, "config has no mediaType"]],
    "no-size": [[{ field: "layers[0]" }, "layers[0] has no size"]],
    "blob-too-large": [
      [
        { field: "layers[0]", size: 6, limit: 5 },
        "layers[0] has 6 bytes, more than 5",
      ],
    ],
    "bad-digest": [
      [
        { field: "config", problem: { code: "no-algorithm" } },
        'config has no digest that can be used: it has no "algorithm:"',
      ],
    ],
    "two-sizes": [[{ digest }, `it gives two sizes for ${digest}`]],
    "two-diff-ids": [[{ digest }, `it gives two diffIDs for ${digest}`]],
    "cannot-expand": [
      [
        { compression: "gzip", reason: "incorrect data check" },
        "its gzip cannot be expanded: incorrect data check",
      ],
      [
        { compression: "none", reason: "the thread has ended" },
        "it cannot be read: the thread has ended",
      ],
    ],
    "unknown-compression": [
      [
        { compression: "xz" },
        "it is compressed with xz, which is not known here",
      ],
    ],
    "elsewhere": [
      [{}, "it goes on at no address, where no list of this repository is"],
      [
        { where: "a.test/b" },
        "it goes on at a.test/b, where no list of this repository is",
      ],
    ],
    "layer-count": [
      [
        { config: 3, manifest: 1 },
        "it speaks of 3 layers, the manifest of 1",
      ],
    ],
    "not-as-announced": [
      [
        { mediaType: "a/b", announced: "c/d" },
        "it is a/b and was announced as c/d",
      ],
    ],
    "bad-inline-data": [[{ size: 5 }, "it is not the base64 of 5 bytes"]],
    "ambiguous-type": [
      [
        { own: "a/b", told: "c/d" },
        "it says that it is a/b, the registry says c/d",
      ],
    ],
    "ambiguous-fields": [
      [
        { told: "a/b", fields: "index" },
        "it should be a/b, and has the fields of an index",
      ],
      [
        { told: "a/b", fields: "manifest" },
        "it should be a/b, and has the fields of a manifest",
      ],
    ],
    "ambiguous-character": [
      [{ field: "urls" }, `urls has half a character in it${OTHERWISE}`],
    ],
    "wrong-type": ([
      ["object", "an object"],
      ["list", "a list"],
      ["text", "a text"],
      ["number", "a number"],
      ["boolean", "true or false"],
      ["time", "a time of RFC 3339"],
      ["int64", "a whole number of 64 bits"],
    ] as const).flatMap(([wanted, words]) =>
      ([["7x", "7x"], ["{", "an object"], ["[", "a list"]] as const).map((
        [found, shown],
      ) => [
        { field: "os", found, wanted },
        `os is ${shown} and not ${words}, which other programs refuse`,
      ])
    ),
    "ambiguous-no-number": [
      [{ field: "size" }, `size is no number${OTHERWISE}`],
    ],
    "ambiguous-number": [
      [{ field: "size", written: "0.5" }, `size is written 0.5${OTHERWISE}`],
    ],
    "ambiguous-repetition": [
      [{ written: "layers" }, `it has "layers" twice${OTHERWISE}`],
    ],
    "ambiguous-neighbour": [
      [
        { written: "Layers", field: "layers" },
        `it has "Layers" beside "layers"${OTHERWISE}`,
      ],
    ],
    "ambiguous-spelling": [
      [
        { written: "Layers", field: "layers" },
        `it has "Layers" for "layers"${OTHERWISE}`,
      ],
    ],
  },
  (problem) => new InvalidDocumentError("it", problem),
  "Cannot use it: ",
);

reasons<MediaTypeProblem>(
  "the problem of a media type",
  {
    "schema-1": [
      [
        {},
        "the registry has the image in Docker's schema 1 only, which ended in " +
        "2019; it must be pushed anew",
      ],
    ],
    "artifact": [[{}, "it is no container image"]],
    "unknown-document": [[{ known: ["c/d", "e/f"] }, "it is none of c/d, e/f"]],
    "unknown-layer": [
      [{}, "it is a layer in a form that loaders cannot unpack"],
    ],
  },
  (problem) => new UnsupportedMediaTypeError("a/b", problem),
  'Cannot use media type "a/b": ',
);

const realm = "http://a.test/t";
const NAMED = `it names the token server "${realm}", which`;

reasons<AuthenticationProblem>(
  "the problem of a login",
  {
    "realm-not-absolute": [[{ realm }, `${NAMED} is no absolute address`]],
    "realm-scheme": [[{ realm }, `${NAMED} is none of http and https`]],
    "realm-login": [[{ realm }, `${NAMED} holds a login of its own`]],
    "realm-plain": [
      [
        { realm, host: "a.test" },
        `${NAMED} is not https, so that anyone on the way could read the login`,
      ],
    ],
    "realm-private": [
      [{ realm, host: "a.test" }, `${NAMED} is a private address`],
    ],
    "no-realm": [[{}, "it asks for a token and names no token server"]],
    "bad-registry-token": [[{}, "the registry token cannot be sent"]],
    "no-scheme": [
      [{}, "it asks for a login in none of the ways Basic and Bearer"],
    ],
    "other-schemes": [
      [
        { schemes: "ntlm" },
        'it asks for "ntlm", which is none of Basic and Bearer',
      ],
    ],
    "reply-too-large": [
      [
        { host: "a.test", limit: 5 },
        "the reply of its token server a.test has more than 5 bytes",
      ],
    ],
    "reply-no-json": [
      [
        { host: "a.test" },
        "the reply of its token server a.test is no JSON",
      ],
    ],
    "reply-no-token": [
      [
        { host: "a.test" },
        "the reply of its token server a.test holds no token",
      ],
    ],
    "reply-bad-token": [
      [
        { host: "a.test" },
        "the reply of its token server a.test holds a token that cannot be sent",
      ],
    ],
    "login-refused": [
      [{ words: "" }, "it refuses the user name or password"],
      [{ words: "DENIED" }, "it refuses the user name or password (DENIED)"],
    ],
    "no-registry": [
      [{ status: 404 }, "there is no registry, for its /v2/ answers HTTP 404"],
    ],
  },
  (problem) => new AuthenticationError("r.test", problem),
  "Cannot log in to r.test: ",
);

const compression = "xz";

reasons<ArchiveProblem>(
  "the problem of an archive",
  {
    "no-archive": [[{}, "it is neither a tar nor a layout"]],
    "no-layout": [[{}, "it is no image layout"]],
    "zip": [[{}, "it is a zip file, and images come in a tar"]],
    "delta": [
      [
        { layers: 1, size: 1000, base: [] },
        "it is a delta, and 1 layer is not in it (1 kB)",
      ],
      [
        { layers: 2, size: 2000, base: ["r.test/a:1", "r.test/a:1"] },
        "it is a delta, and 2 layers are not in it (2 kB, as in r.test/a:1)",
      ],
      [
        { layers: 2, size: 2000, base: ["a", "b", "c", "d"] },
        "it is a delta, and 2 layers are not in it (2 kB, as in a, b, c and 1 " +
        "more)",
      ],
    ],
    "no-image": [
      [{}, "there is neither index.json nor manifest.json in it"],
    ],
    "before-1.10": [
      [{}, "it is of Docker before 1.10, which had no manifest.json"],
    ],
    "no-index": [
      [{}, "there is no index.json in it, so it is no OCI archive"],
    ],
    "no-manifest-list": [
      [{}, "there is no manifest.json in it, so it is no Docker archive"],
    ],
    "expand": [
      [
        { compression },
        "it is compressed with xz as a whole, which is not read here",
      ],
    ],
    "bomb": [
      [
        { ratio: 200 },
        "it expands to more than 200 times its size, as no image does",
      ],
    ],
    "broken": [[{ words: "odd" }, "it cannot be expanded (odd)"]],
    "truncated": [
      [
        { fault: { code: "ends", length: 9, within: "header" } },
        "it breaks off after 9 bytes, within a header",
      ],
    ],
    "outside": [
      [{ name: "../a" }, 'the name "../a" in it leads out of it'],
    ],
    "duplicate": [
      [
        { name: "a" },
        '"a" is in it twice, of which each loader takes another',
      ],
    ],
    "missing-file": [[{ name: "a" }, '"a" is not in it']],
    "bad-link": [
      [
        { name: "a", target: "/b" },
        '"a" in it is a link to "/b", which is no file of it',
      ],
    ],
    "other-layer": [
      [
        { name: "a", diffId: digest },
        `"a" in it is not the layer ${digest} that its image has`,
      ],
    ],
    "layer-compression": [
      [
        { name: "a", compression },
        '"a" in it is compressed with xz, which is not read here',
      ],
    ],
  },
  (problem) => new ArchiveError("a b", problem),
  'Cannot read images from "a b": ',
);

reasons<PlaceProblem>(
  "the problem of a place",
  {
    "empty": [[{}, "it is empty"]],
    "no-path": [[{}, "there is no path in it"]],
    "no-name": [[{}, "there is no name behind the last colon"]],
    "no-image": [[{}, "it names no image"]],
    "bad-number": [[{}, 'what follows "@" is no number']],
    "file-or-image": [[{}, "it can be a file and an image"]],
    "number-to-write": [[{}, "what is written has a name, and no number"]],
    "no-images": [[{}, "there is no image in it"]],
    "not-a-source": [[{}, "nothing can be read from there"]],
    "not-a-target": [[{}, "nothing can be written there"]],
    "no-registry": [[{}, "images are pushed to a registry"]],
    "foreign": [
      [
        { transport: "dir" },
        "dir: is a place that skopeo knows, and is not read here",
      ],
    ],
    "bad-name": [[{ name: "A" }, '"A" is no name for an image']],
    "other-digest": [[{ digest }, `the image that goes there is ${digest}`]],
    "no-such-number": [
      [{ count: 1 }, "there is 1 image in it"],
      [{ count: 2 }, "there are 2 images in it"],
    ],
    "no-such-image": [
      [
        { name: "c", names: ["a", "b"] },
        'there is no "c" in it; there are a, b',
      ],
      [{ name: "c", names: ["a"] }, 'there is no "c" in it; there is a'],
      [{ name: "c", names: [] }, 'there is no "c" in it; there is nothing'],
    ],
    "several-images": [
      [
        { names: ["a", "b"] },
        "it takes one image, and there are 2: a, b",
      ],
    ],
    "same-name": [
      [
        { name: "a" },
        'two images that differ would be called "a" there',
      ],
    ],
  },
  (problem) => new PlaceError("a b", problem),
  'Cannot use "a b": ',
);

const failed = (code: string, words?: string) =>
  explainError(new StorageError("open", "a b", code, { words })).sentence;

/** The system's codes, and this library's own. */
const STORAGE: Record<string, string> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the quota is used up",
  EFBIG: "the file is too large for this file system",
  EACCES: "permission denied",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of the path is no folder",
  EISDIR: "it is a folder",
  EEXIST: "something else is in its place",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files",
  ENFILE: "too many open files on this machine",
  EBUSY: "another program uses it",
  EIO: "the disk does not work properly",
  "is-a-link": "it is a symbolic link",
  "not-a-file": "it is no plain file",
  "too-large": "it is too large for what it should be",
  "system-folder": "no files are kept in /dev, /proc and /sys, nor in a device",
  "not-an-archive": "it is no image archive",
  "not-for-k3s":
    "k3s imports no file of that name, and takes one that ends in " +
    ".txt for a list of images to pull",
  "one-platform": "the form docker-legacy holds one platform of each image",
  "not-a-layout": "it has other things in it than an image layout",
  "no-layout": "it is no image layout",
  malformed:
    "it is not what it should be, and may hold what others have put there",
  replaced: "another file has taken its place",
};

for (const [code, words] of Object.entries(STORAGE)) {
  test(`a failure of storage with ${code} is told in these words`, () => {
    assertEquals(failed(code), `Cannot open "a b": ${words}`);
  });
}

test("a failure of storage that has no code is told in the system's words", () => {
  assertEquals(failed("unknown", "it is odd"), 'Cannot open "a b": it is odd');
  assertEquals(
    failed("not-permitted", "needs --allow-read"),
    'Cannot open "a b": needs --allow-read',
  );
});

test("wrong contents and a missing platform are told in these words", () => {
  const descriptor = { mediaType: "a/b", digest, size: 5 };
  for (
    const [error, code, sentence] of [
      [
        new ContentMismatchError(descriptor, { size: 6 }),
        "size",
        `Cannot verify ${digest}: 6 bytes instead of 5`,
      ],
      [
        new ContentMismatchError(descriptor, { digest: "sha256:b" }),
        "digest",
        `Cannot verify ${digest}: the bytes have digest sha256:b`,
      ],
      [
        new PlatformNotFoundError(amd64, [arm64]),
        "no-platform",
        "Cannot find platform linux/amd64: the image has linux/arm64",
      ],
      [
        new DownloadLimitError(2_500_000, 1_000),
        "max-bytes",
        "Cannot pull: 2.5 MB would be fetched, and --max-bytes allows 1 kB",
      ],
      [
        new PlatformNotFoundError(amd64, []),
        "no-platform",
        "Cannot find platform linux/amd64: the image has none",
      ],
    ] as [DockerPullError, string, string][]
  ) {
    assertEquals([error.code, explainError(error).sentence], [code, sentence]);
  }
});

test("each status of a registry has its code", () => {
  const { url, method } = { url: "https://r.test/v2/", method: "GET" };
  for (
    const [status, code] of [
      [401, "unauthorized"],
      [403, "forbidden"],
      [404, "not-found"],
      [429, "rate-limited"],
      [500, "server-fault"],
      [599, "server-fault"],
      [400, "status"],
      [600, "status"],
    ] as const
  ) {
    assertEquals(new RegistryError({ status, url, method }).code, code);
  }
});

const pushed = "Cannot push to r.test/a/b: the registry ";
const other = `sha256:${"b".repeat(64)}`;

eachOf<UploadProblem>(
  "the push",
  {
    "read-only": [[{}, `${pushed}takes nothing from anyone there`]],
    "no-repository": [
      [{}, `${pushed}has no such repository, and makes none by itself`],
    ],
    "no-room": [[{}, `${pushed}has no room left`]],
    "no-registry": [[{}, `${pushed}answers as no registry does`]],
    "no-location": [
      [{}, `${pushed}begins an upload and does not say where it goes on`],
    ],
    "forgetful": [[{}, `${pushed}forgets uploads before they are complete`]],
    "too-large": [
      [
        { digest, size: 5_000_000 },
        `${pushed}or something on the way to it takes no request of 5000000 ` +
        "bytes, nor a smaller part",
      ],
    ],
    "other-digest": [
      [
        { digest, actual: other },
        `${pushed}says that it has stored ${other} in place of ${digest}`,
      ],
    ],
    "digest-refused": [
      [
        { digest },
        `${pushed}says that ${digest} has another digest, and it is right here`,
      ],
    ],
    "index-incomplete": [
      [{ digest }, `${pushed}takes no index that lists what it lacks`],
    ],
    "foreign-refused": [
      [
        { digest, words: "" },
        `${pushed}does not take the image, whose layer ${digest} names ` +
        "addresses where else it is kept",
      ],
    ],
    "manifest-refused": [
      [
        {
          mediaType: "application/vnd.docker.distribution.manifest.v2+json",
          words: "",
        },
        `${pushed}takes no manifest like ` +
        "application/vnd.docker.distribution.manifest.v2+json",
      ],
    ],
    "tag-fixed": [
      [
        { tag: "1", digest },
        `${pushed}does not let the tag 1 be moved`,
      ],
      [
        { tag: "1", digest, actual: other },
        `${pushed}does not let the tag 1 be moved from ${other}`,
      ],
    ],
  },
  (problem) => explainError(new UploadError("r.test", "a/b", problem)).sentence,
);
