/** The storage behind a registry: signed addresses that run out. */

import { blob } from "../registry_server/answers.ts";
import type {
  Answer,
  FakeRegistry,
  RecordedRequest,
} from "../registry_server/mod.ts";
import { type StorageFacts, text, xml } from "./facts.ts";
import type { Secrets } from "./secrets.ts";

/** The names under which each kind writes its signature and its end. */
const SIGNATURES: Record<
  StorageFacts["kind"],
  (signature: string, end: Date, seconds: number) => Record<string, string>
> = {
  s3: (signature, end, seconds) => ({
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Date": end.toISOString().replace(/[-:]|\.\d+/g, ""),
    "X-Amz-Expires": `${seconds}`,
    "X-Amz-Signature": signature,
  }),
  gcs: (signature, _end, seconds) => ({
    "X-Goog-Algorithm": "GOOG4-RSA-SHA256",
    "X-Goog-Expires": `${seconds}`,
    "X-Goog-Signature": signature,
  }),
  azure: (signature, end) => ({
    se: end.toISOString(),
    sp: "r",
    sv: "2018-03-28",
    sr: "b",
    sig: signature,
  }),
  cloudfront: (signature, end) => ({
    Expires: `${Math.floor(end.getTime() / 1000)}`,
    Signature: signature,
    "Key-Pair-Id": "APKAJ67PQLWGCSP66DGA",
  }),
  cloudflare: (signature, end) => ({
    verify: `${Math.floor(end.getTime() / 1000)}-${signature}`,
  }),
  oss: (signature, end) => ({
    Expires: `${Math.floor(end.getTime() / 1000)}`,
    OSSAccessKeyId: "LTAI5tExample",
    Signature: signature,
  }),
};

const EXPIRED: Record<StorageFacts["kind"], Answer> = {
  s3: xml(403, "AccessDenied", "Request has expired"),
  gcs: xml(400, "ExpiredToken", "The provided token has expired."),
  azure: xml(
    403,
    "AuthenticationFailed",
    "Server failed to authenticate the request. Make sure the value of " +
      "Authorization header is formed correctly including the signature.",
  ),
  cloudfront: xml(403, "AccessDenied", "Access denied"),
  cloudflare: text(403, "error code: 1020"),
  oss: xml(403, "AccessDenied", "Request has expired."),
};

const TWO_LOGINS: Record<StorageFacts["kind"], Answer> = {
  s3: xml(
    400,
    "InvalidArgument",
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query " +
      "parameter, Signature query string parameter or the Authorization " +
      "header should be specified",
  ),
  gcs: xml(403, "AccessDenied", "Access denied."),
  azure: xml(
    400,
    "InvalidAuthenticationInfo",
    "Authentication information is not given in the correct format. Check " +
      "the value of Authorization header.",
  ),
  cloudfront: xml(403, "AccessDenied", "Access denied"),
  cloudflare: text(403, "error code: 1020"),
  oss: xml(400, "InvalidArgument", "Only one auth mechanism allowed"),
};

/** Signs addresses and serves what they lead to. */
export class Storage {
  /** Its facts. */
  readonly facts: StorageFacts;
  readonly #registry: FakeRegistry;
  readonly #secrets: Secrets;
  /** By signature. */
  readonly #signed = new Map<
    string,
    { repository: string; digest: string; end: number }
  >();

  constructor(facts: StorageFacts, registry: FakeRegistry, secrets: Secrets) {
    this.facts = facts;
    this.#registry = registry;
    this.#secrets = secrets;
  }

  /** The answer that leads to a blob. */
  redirect(repository: string, digest: string, protocol = "https:"): Answer {
    const { host, status, lifetime, kind } = this.facts;
    const signature = crypto.randomUUID().replaceAll("-", "");
    const end = this.#registry.now() + lifetime * 1000;
    this.#signed.set(signature, { repository, digest, end });
    this.#secrets.add("signed address", signature, [host]);
    const location = new URL(
      `${protocol}//${host}/docker/registry/v2/blobs/sha256/${
        digest.slice(7, 9)
      }/${digest.slice(7)}/data`,
    );
    const query = SIGNATURES[kind](signature, new Date(end), lifetime);
    location.search = new URLSearchParams(query).toString();
    const headers = {
      "content-type": "text/html; charset=utf-8",
      location: location.href,
    };
    const bytes = new TextEncoder().encode("<a>Temporary Redirect</a>.\n");
    return { status, headers, bytes };
  }

  /** The answer to a request to the storage's own host. */
  answer({ method, url, headers }: RecordedRequest): Answer {
    const { kind } = this.facts;
    if (headers.has("authorization")) return TWO_LOGINS[kind];
    const values = [...new URL(url).searchParams.values()];
    const found = [...this.#signed].find(([signature]) =>
      values.some((value) => value.endsWith(signature))
    )?.[1];
    // An address that is signed for GET is good for nothing else.
    if (found === undefined || method !== "GET") return EXPIRED[kind];
    if (this.#registry.now() >= found.end) return EXPIRED[kind];
    const repository = this.#registry.repository(found.repository);
    const answer = blob(repository, found.digest, headers.get("range"));
    // A storage knows of no digests.
    delete answer.headers["docker-content-digest"];
    return answer;
  }
}
