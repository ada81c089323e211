/** What an examination can find, as data: times in milliseconds, sizes in bytes. */

/** What the way to a registry is like; the subject is the host. */
export type WayFact =
  /** It is reached by a proxy, or by none. */
  | {
    code: "proxy";
    subject: string;
    details: { proxy: string; login: boolean };
  }
  | { code: "no-proxy"; subject: string; details: { proxy: null } }
  /** The host that is connected to is an address; or a name that has some. */
  | { code: "address"; details: { host: string } }
  | {
    code: "addresses";
    details: { host: string; addresses: string[]; time: number };
  }
  /** It is asked by plain http, on this machine; or over a network. */
  | {
    code: "plain-http" | "plain-http-risk";
    subject: string;
    details: { version: null };
  }
  /** Its certificate is valid, and for how long if that is known. */
  | { code: "certificate"; subject: string; details: CertificateDetails }
  /** It ends in `left` milliseconds; or ended so many ago. */
  | {
    code: "certificate-ends" | "certificate-ended";
    subject: string;
    left: number;
    details: CertificateDetails;
  };

/** What is told of a certificate, which is not verified for it. */
export interface CertificateDetails {
  /** The version of TLS. */
  version: string;
  /** Who has issued it. */
  issuer: string;
  /** Until when it is valid, as ISO 8601 writes it, if that is known. */
  validUntil: string | null;
  /** Milliseconds that the handshake took. */
  time: number;
}

/** What a registry says; the subject is its host. */
export type RegistryFact =
  /**
   * How it answers: it wants no login at first, one by Basic, a token, one
   * without saying which, or has a status that registries do not have.
   */
  | {
    code:
      | "wants-nothing"
      | "wants-basic"
      | "wants-token"
      | "wants-unknown"
      | "odd-status";
    subject: string;
    details: GreetingDetails;
  }
  /** The clock of this machine and the registry's; or it tells no time. */
  | { code: "clock-agrees" | "clock-differs"; details: { skew: number } }
  | { code: "no-clock" }
  /** Where the login comes from; or there is none. */
  | {
    code: "login";
    subject: string;
    details: {
      source: string;
      kind: "basic" | "identity-token" | "registry-token";
    };
  }
  | { code: "no-login"; subject: string; details: { source: null } }
  /** The token server gives a token. */
  | { code: "token"; details: TokenDetails }
  /** It does without the login, from that source, which it refuses. */
  | { code: "token-without-login"; source: string; details: TokenDetails }
  /** The pulls that are left, of so many in so many seconds. */
  | {
    code: "limit";
    subject: string;
    details: { remaining: number; limit: number | null; window: number | null };
  }
  | { code: "no-limit"; subject: string; details: { remaining: null } };

/** What a registry's first response says. */
export interface GreetingDetails {
  /** Its status. */
  status: number;
  /** Milliseconds until it came. */
  time: number;
  /** How it asks for a login. */
  schemes: string[];
  /** The token server, without the scheme and query of its address. */
  realm?: string;
  /** For which service it gives tokens. */
  service?: string;
}

/** What is told of a token. */
export interface TokenDetails {
  /** Milliseconds that it took. */
  time: number;
  /** Milliseconds that it lasts, if that is said. */
  lifetime: number | null;
  /** Whether it was got without a login. */
  anonymous: boolean;
}

/** What an image is like. */
export type ImageFact =
  /** The subject is its tag or digest. */
  | {
    code: "image";
    subject: string;
    details: { digest: string; layers: number; size: number; time: number };
  }
  /** The platforms that it is for, one or several, and the one of a pull. */
  | {
    code: "one-platform" | "platforms";
    details: { available: string[]; chosen: string };
  }
  /** Its layers come from the registry itself; or from elsewhere. */
  | {
    code: "storage" | "storage-elsewhere";
    details: { host: string; redirected: boolean };
  }
  /** It has no layer to try. */
  | { code: "no-layer" }
  /** Whether parts of layers can be asked for. */
  | { code: "ranges" | "no-ranges"; details: { ranges: boolean } }
  /** The first bytes of a layer, and how many came in a second. */
  | {
    code: "speed";
    details: { bytes: number; time: number; rate: number; waited: number };
  }
  /** A mirror holds it. */
  | {
    code: "mirror-holds";
    details: { name: string; holds: true; time: number };
  };

/** What the folders are like. */
export type FolderFact =
  /** It can be written, or made where it does not exist. */
  | {
    code: "cache-folder" | "archive-folder";
    details: {
      path: string;
      exists: boolean;
      writable: true;
      /** The room that there is, if that is known. */
      free: number | null;
    };
  }
  | { code: "no-cache" };

/**
 * What was thrown or warned of. As it may hold secrets, it is not here itself,
 * but in the words that `explain` has for it, without them.
 */
export type ToldFact =
  /** An error of that name. */
  | {
    code: "problem";
    error: string;
    words: string;
    details?:
      /** What a folder is like that has no room. */
      | {
        path: string;
        exists: boolean;
        writable: true;
        free: number | null;
        needed: number;
      }
      /** The platforms that there are. */
      | { available: string[] };
  }
  /** A warning, of that code if it came from the library. */
  | {
    code: "warning";
    words: string;
    details?:
      | { code: string }
      /** A mirror that does not help. */
      | { name: string; holds: false | null; fault: string };
  };

/** What one step has found. */
export type Fact =
  | WayFact
  | RegistryFact
  | ImageFact
  | FolderFact
  | ToldFact;
