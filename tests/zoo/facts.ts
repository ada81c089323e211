/**
 * What is known of a registry: how it asks for a login, what its token server
 * takes and gives, where its blobs are, and how it puts its refusals.
 */

import type {
  Answer,
  RecordedRequest,
  UploadRules,
} from "../registry_server/mod.ts";

/** A registry that asks for user and password with every request. */
export interface BasicFacts {
  /** Which one this is. */
  kind: "basic";
  /** The challenge. */
  challenge: string;
  /** The refusal of a wrong login. */
  wrong?: Answer;
  /** The refusal of a login that has run out. */
  expired?: Answer;
}

/** What a challenge is made for. */
export interface Asked {
  /** What it says of the repository; nothing at `/v2/`. */
  scope?: string;
  /** What was wrong with the token, if there was one. */
  error?: "invalid_token" | "insufficient_scope";
  /** The method that is refused. */
  method: string;
}

/** A registry with tokens. */
export interface BearerFacts {
  /** Which one this is. */
  kind: "bearer";
  /** The token server's address. */
  realm: string;
  /** The `service` that the token server insists on. */
  service?: string;
  /** The challenge; without it, as distribution makes it. */
  challenge?: (right: string, asked: Asked) => string | undefined;
  /** How many seconds a token lasts. */
  lifetime: number;
  /** The fields of the reply. */
  reply: (token: string, lifetime: number) => Record<string, unknown>;
  /** The status of a `POST`, or whether it takes identity tokens. */
  post: number | "identity token";
  /** The token server's refusal of a wrong login. */
  wrong: Answer;
  /**
   * Its refusal where a repository is missing or closed to this user; without
   * it, the token just does not allow it.
   */
  closed?: Answer;
  /** Its refusal of everyone who does not log in. */
  anonymous?: Answer;
  /** The registry's answer to a token that has run out; without it, 401. */
  expired?: Answer;
  /** The registry's answer to a login by Basic; without it, 401. */
  basic?: Answer;
}

/** How a storage signs addresses and refuses. */
export interface StorageFacts {
  /** The host. */
  host: string;
  /** The redirect's status. */
  status: 302 | 307;
  /** How many seconds an address lasts. */
  lifetime: number;
  /** The kind of storage. */
  kind: "s3" | "gcs" | "azure" | "cloudfront" | "cloudflare" | "oss";
}

/** A refusal as the command puts it. */
export interface Sentence {
  /** What the sentence must say. */
  says: RegExp;
  /** What the hint must say. */
  hint: RegExp;
  /** The exit code. */
  code: number;
}

/** The refusals that each registry is asked for. */
export interface Sentences {
  /** A login with a wrong password, for what needs one. */
  wrongLogin?: Sentence;
  /** No login, for what needs one. */
  noLogin?: Sentence;
  /** A repository that is not there. */
  noRepository: Sentence;
  /** A right login, and a repository that is not there. */
  noAccess?: Sentence;
  /** A tag that is not there. */
  noTag: Sentence;
  /** Too many pulls. */
  limit?: Sentence;
  /** A login that has run out, for what needs one. */
  expired?: Sentence;
}

/** How a registry takes what is pushed to it. */
export interface UploadFacts {
  /** What is odd about it. */
  rules: UploadRules;
  /** What it answers where the tag for referrers is missing. */
  fallback?: "subject";
  /** Its answer to who asks what refers to something. */
  referrers?: Answer;
  /** Its answer to an upload into a repository that nobody has made. */
  missing?: Answer;
  /** What the command makes of its refusals. */
  sentences?: {
    /** A repository that is not there, and is not made. */
    missing?: Sentence;
    /** A tag that may not be moved. */
    tag?: Sentence;
    /** No room left. */
    room?: Sentence;
    /** Nobody may push. */
    readOnly?: Sentence;
  };
}

/** What is known of a registry. */
export interface Facts {
  /** What it is called. */
  name: string;
  /** As references name it. */
  registry: string;
  /**
   * The host that answers.
   *
   * @default {undefined} The same.
   */
  host?: string;
  /** A repository that everyone may pull, where there is such. */
  open?: string;
  /** A repository that needs a login, where there is such. */
  closed?: string;
  /** The user of the login. */
  user: string;
  /** How it asks for a login, if at all. */
  auth?: BasicFacts | BearerFacts;
  /** Where blobs are, if not with the registry itself. */
  storage?: StorageFacts;
  /** Its answer where the repository is missing. */
  noRepository: Answer;
  /** Its answer where the tag is missing. */
  noTag: Answer;
  /** Its answer where a token does not reach; without it, 401. */
  insufficient?: Answer;
  /** Its answer where too many pulls were made. */
  limit?: Answer;
  /** How it takes what is pushed; without it, not at all. */
  uploads?: UploadFacts;
  /** Its missing or odd headers. */
  amend?: (record: RecordedRequest, answer: Answer) => Answer;
  /** What the command makes of its refusals. */
  sentences: Sentences;
}

/** The repository that the login may push to. */
export function pushedTo({ open, closed }: Facts): string {
  return closed ?? open!;
}

/** An answer of plain text. */
export function text(status: number, words: string): Answer {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
    bytes: new TextEncoder().encode(words),
  };
}

/** An answer of XML, as storages refuse. */
export function xml(status: number, code: string, message: string): Answer {
  return {
    status,
    headers: { "content-type": "application/xml" },
    bytes: new TextEncoder().encode(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code>` +
        `<Message>${message}</Message><RequestId>4442587FB7D0A2F9</RequestId>` +
        "</Error>",
    ),
  };
}
