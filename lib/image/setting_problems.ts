/** What is wrong with a setting, or with a helper that is one. */

/** Why a setting cannot be used. */
export type SettingProblem =
  | {
    code:
      /** Of a certificate or key: it is none. */
      | "no-pem"
      /** Of a client certificate: it has no key, or a key has none. */
      | "half-pair"
      /** Of a user's name. */
      | "empty"
      | "colon"
      /** Of an address, such as a mirror's. */
      | "too-long"
      | "login"
      | "no-address"
      | "scheme"
      | "query"
      /** Of a compression: the runtime has no zstd. */
      | "no-zstd"
      /** Of an index as served: layers that are made anew have other digests. */
      | "other-layers";
  }
  /** Its path cannot begin the name of a repository. */
  | { code: "prefix"; prefix: string };

/** Why a credential helper was of no use. */
export type HelperFailure =
  /** What it is called is no helper's name. */
  | { code: "not-a-name" }
  | { code: "not-installed" }
  /** It cannot be started; `system` is the system's code. */
  | { code: "unstartable"; system: string }
  /** It did not answer in that time, in milliseconds. */
  | { code: "timeout"; timeout: number }
  /** It printed more than that many bytes. */
  | { code: "overflow"; limit: number }
  /** It failed, and says why in words that are known to hold no secret. */
  | { code: "failed"; status: number; words: string }
  /** What it printed is no login. */
  | { code: "no-login" }
  /** Helpers do not keep registry tokens. */
  | { code: "registry-token" };
