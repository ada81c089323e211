/**
 * A registry, its token server and its storage, of which a test says what
 * they do wrong. They are asked with a login, which is theirs to lose.
 */

import type { Document } from "../../../lib/image/types.ts";
import { buildDocument, MEDIA_TYPES } from "../../fixtures/image.ts";
import { problem } from "../../registry_server/answers.ts";
import type { Facts } from "../facts.ts";
import { image } from "../scene.ts";
import type { Sent } from "../secrets.ts";
import { Zoo } from "../zoo.ts";

/** The registry. */
export const HOST = "r.example";
/** The token server. */
export const AUTH = "auth.r.example";
/** The storage. */
export const STORE = "store.example";
/** A stranger. */
export const EVIL = "evil.example";
/** What is pulled. */
export const REFERENCE = `${HOST}/team/app:1.0`;

const MISSING = problem(404, "MANIFEST_UNKNOWN", "manifest unknown");

/** The registry as it is when nothing is wrong. */
export const VICTIM: Facts = {
  name: "victim",
  registry: HOST,
  closed: "team/app",
  user: "ann",
  auth: {
    kind: "bearer",
    realm: `https://${AUTH}/token`,
    service: "r",
    lifetime: 300,
    reply: (token) => ({ token }),
    post: 405,
    wrong: problem(401, "UNAUTHORIZED", "wrong"),
  },
  storage: { host: STORE, status: 307, lifetime: 600, kind: "s3" },
  noRepository: MISSING,
  noTag: MISSING,
  sentences: {
    noRepository: { says: /./, hint: /./, code: 0 },
    noTag: { says: /./, hint: /./, code: 0 },
  },
};

/** Who is asked for what. */
export type Part =
  | "challenge"
  | "token"
  | "manifest"
  | "head"
  | "config"
  | "layer"
  | "storage"
  | "tags"
  | "other";

/**
 * What is done wrong: an answer in place of the right one, by part; counted are
 * the requests for it, and for each manifest.
 */
export type Answers = Partial<
  Record<
    Part,
    (sent: Sent, count: number, world: World) => Response | undefined
  >
>;

/** The registry, and all that was asked of whoever. */
export class World {
  readonly zoo: Zoo = new Zoo(VICTIM);
  /** Bytes of bodies that were taken. */
  taken = 0;
  /** Bodies that were neither read to their end nor given up. */
  readonly open: Set<string> = new Set();
  /** The manifest that is tagged. */
  manifest: Document = image.manifest;

  constructor(answers: Answers) {
    this.zoo.add(image, "1.0");
    const counts = new Map<string, number>();
    this.zoo.intercept = (sent) => {
      const part = this.#part(sent);
      // Which of a set is asked for first is up to chance.
      const counted = part === "manifest" ? sent.url.pathname : part;
      const count = (counts.get(counted) ?? 0) + 1;
      counts.set(counted, count);
      return answers[part]?.(sent, count, this);
    };
  }

  /** Tags a document of whatever content. */
  tag(value: unknown, mediaType: string = MEDIA_TYPES.oci.manifest): Document {
    const document = this.hold(value, mediaType);
    this.zoo.registry.repository("team/app")
      .tags.set("1.0", document.descriptor.digest);
    return this.manifest = document;
  }

  /** Holds a document of whatever content. */
  hold(value: unknown, mediaType: string = MEDIA_TYPES.oci.manifest): Document {
    const document = buildDocument(mediaType, value);
    const { documents } = this.zoo.registry.repository("team/app");
    documents.set(document.descriptor.digest, document);
    return document;
  }

  /** An answer whose body is counted; a function gives it piece by piece. */
  reply(
    status: number,
    headers: Record<string, string> = {},
    body:
      | string
      | Uint8Array<ArrayBuffer>
      | (() => Uint8Array<ArrayBuffer> | undefined) = "",
  ): Response {
    const { url, signal } = this.zoo.sent.at(-1)!;
    const name = `${url} ${this.zoo.sent.length}`;
    const next = typeof body === "function" ? body : once(body);
    if (next === undefined) return new Response(null, { status, headers });
    this.open.add(name);
    let aborted = () => {};
    const close = () => {
      this.open.delete(name);
      signal?.removeEventListener("abort", aborted);
    };
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        aborted = () => {
          close();
          controller.error(signal!.reason);
        };
        signal?.addEventListener("abort", aborted);
      },
      pull: (controller) => {
        const bytes = next();
        // Never settles, as a connection on which nothing comes.
        if (bytes?.length === 0) return new Promise<void>(() => {});
        if (bytes === undefined) {
          close();
          return controller.close();
        }
        this.taken += bytes.length;
        controller.enqueue(bytes);
      },
      cancel: close,
    }, { highWaterMark: 0 });
    return new Response(stream, { status, headers });
  }

  /** An answer of JSON. */
  json(value: unknown, status = 200): Response {
    const headers = { "content-type": "application/json" };
    return this.reply(status, headers, JSON.stringify(value));
  }

  #part({ method, url, headers }: Sent): Part {
    if (url.host === AUTH) return "token";
    if (url.host === STORE) return "storage";
    if (url.host !== HOST) return "other";
    if (!headers.has("authorization")) return "challenge";
    const { pathname } = url;
    if (pathname.includes("/tags/")) return "tags";
    if (pathname.includes("/manifests/")) {
      return method === "HEAD" ? "head" : "manifest";
    }
    if (!pathname.includes("/blobs/")) return "other";
    return pathname.endsWith(image.config.descriptor.digest)
      ? "config"
      : "layer";
  }
}

/** A body in one piece; nothing for one of no bytes. */
function once(
  body: string | Uint8Array<ArrayBuffer>,
): (() => Uint8Array<ArrayBuffer> | undefined) | undefined {
  let bytes: Uint8Array<ArrayBuffer> | undefined = typeof body === "string"
    ? new TextEncoder().encode(body)
    : body;
  if (bytes.length === 0) return undefined;
  return () => {
    const all = bytes;
    bytes = undefined;
    return all;
  };
}

/** A body of which no byte comes. */
export const SILENCE = (): Uint8Array<ArrayBuffer> => new Uint8Array();

/** A body that has no end. */
export function endless(size = 65_536): () => Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size).fill(0x20);
  return () => bytes.slice();
}

/** A body of so many bytes. */
export function filler(
  total: number,
  first = "",
): () => Uint8Array<ArrayBuffer> | undefined {
  let left = total;
  let text: string | undefined = first;
  return () => {
    if (text) {
      const bytes = new TextEncoder().encode(text);
      text = undefined;
      left -= bytes.length;
      return bytes;
    }
    if (left <= 0) return undefined;
    const size = Math.min(left, 65_536);
    left -= size;
    return new Uint8Array(size).fill(0x20);
  };
}

/** The challenge that names a token server. */
export function challenge(realm: string): Answers["challenge"] {
  return (_sent, _count, world) =>
    world.reply(401, {
      "www-authenticate":
        `Bearer realm="${realm}",service="r",scope="repository:team/app:pull"`,
    }, "{}");
}

/** Leads elsewhere. */
export function redirect(location: string, status = 307): Answers["token"] {
  return (_sent, _count, world) => world.reply(status, { location });
}

/** The manifest of the image, with other fields. */
export function manifestWith(
  fields: Record<string, unknown>,
): Record<string, unknown> {
  return {
    ...JSON.parse(new TextDecoder().decode(image.manifest.bytes)),
    ...fields,
  };
}
