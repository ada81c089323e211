/** What goes wrong on the way to a host, and there. */

/** What is wrong with the network. Times are in milliseconds. */
export type NetworkProblem =
  | { code: PlainNetworkCode }
  /** No answer within so long. */
  | { code: "unanswered"; duration: number }
  /** No byte for so long. */
  | { code: "silence"; duration: number }
  /** A document that is not complete in so long. */
  | { code: "endless"; duration: number }
  /** It sends, and less than the minimum speed. */
  | { code: "slow"; bytes: number; duration: number }
  /** So many bytes of a document came, of `size`. */
  | { code: "short"; bytes: number; size: number }
  /** The connection ended at least so many bytes too early. */
  | { code: "early"; missing: number }
  /** It sent bytes from `offset` on instead of `wanted`. */
  | { code: "wrong-range"; offset: number; wanted: number }
  | { code: "too-many-redirects"; limit: number }
  /** A web page came from `host`; it has a title, fit for a terminal, or none. */
  | { code: "web-page"; title: string; host: string }
  /** The proxy's address is none, or of a kind that is not spoken. */
  | { code: "proxy-address"; fault: "encoding" | "shape" }
  /** SOCKS has no room for a longer user name or password, in bytes. */
  | { code: "proxy-long-login"; limit: number }
  /** The proxy does not connect to that host. */
  | { code: "proxy-refused"; why: ProxyRefusal }
  /** The same, as an HTTP proxy has it. */
  | { code: "proxy-status"; status: number; words: string }
  /** Something else, in the words of the runtime. */
  | { code: "other"; words?: string };

/** What can go wrong with the network, of which no more is to be said. */
export type PlainNetworkCode =
  /** There is no host of that name. */
  | "dns"
  /** It cannot be found out now. */
  | "lookup"
  | "refused"
  | "reset"
  | "truncated"
  /** No answer in time. */
  | "timeout"
  /** No byte came. */
  | "empty"
  /** The connection is much slower than the others. */
  | "slower"
  /** The network does not lead there. */
  | "unreachable"
  /** The certificate's issuer is not trusted here. */
  | "unknown-authority"
  /** The certificate is its own issuer. */
  | "self-signed"
  /** The certificate has expired. */
  | "expired"
  /** The certificate is not valid yet. */
  | "not-yet-valid"
  /** The certificate is for another host's name. */
  | "other-host"
  /** The certificate has been revoked. */
  | "revoked"
  /** Something else is wrong with the certificate. */
  | "bad-certificate"
  /** The server wants to be shown a certificate. */
  | "client-certificate"
  /** The server wants a certificate, or another one than it was shown. */
  | "client-certificate-refused"
  /** The server broke off the handshake, without a word about certificates. */
  | "handshake-refused"
  /** The handshake failed. */
  | "handshake"
  /** The server does not speak TLS where it was expected to. */
  | "no-tls"
  /** The server speaks TLS where plain HTTP was sent. */
  | "tls-port"
  /** What came is no HTTP. */
  | "no-http"
  /** It redirects to no address of the web, or from https to http. */
  | "redirect-nowhere"
  | "redirect-to-http"
  /** An address that an image names is none of the web. */
  | "no-address"
  /** It is for this machine alone. */
  | "link-local"
  /** The proxy refuses the connection. */
  | "proxy"
  /** The proxy wants a user and a password. */
  | "proxy-login-missing"
  /** The proxy refuses the user or the password. */
  | "proxy-login-refused"
  /** The proxy wants a login of a kind that is not spoken. */
  | "proxy-login-other"
  /** The proxy closed the connection, or broke off. */
  | "proxy-closed"
  | "proxy-broken"
  /** The proxy speaks another protocol, or says too much. */
  | "proxy-no-http"
  | "proxy-no-socks"
  | "proxy-reply-too-large"
  /** The transport was closed meanwhile. */
  | "closed";

/** Why a proxy does not connect to a host, as SOCKS has it. */
export type ProxyRefusal =
  | "not-allowed"
  | "network"
  | "host"
  | "host-refuses"
  | "host-silent"
  | "address"
  | "unknown";

/** Why no login, or no token, could be had or sent. */
export type AuthenticationProblem =
  /** The token server is no absolute address, has another scheme, or a login. */
  | {
    code: "realm-not-absolute" | "realm-scheme" | "realm-login";
    realm: string;
  }
  /** It is not asked unless the user vouches for it, as `host[:port]`. */
  | { code: "realm-plain" | "realm-private"; realm: string; host: string }
  | {
    code:
      | "no-realm"
      /** A registry token cannot be part of a header. */
      | "bad-registry-token"
      /** It asks for a login in none of the ways Basic and Bearer. */
      | "no-scheme";
  }
  /** The same, and these are the ways. */
  | { code: "other-schemes"; schemes: string }
  /** The reply of the token server `host` is of no use. */
  | { code: "reply-too-large"; host: string; limit: number }
  | {
    code: "reply-no-json" | "reply-no-token" | "reply-bad-token";
    host: string;
  }
  /** The login is refused, in these words of the registry. */
  | { code: "login-refused"; words: string }
  /** There is no registry, for its `/v2/` has another status. */
  | { code: "no-registry"; status: number };

/** Why something cannot be uploaded to a registry. */
export type UploadProblem =
  | {
    code:
      /** It takes nothing from anyone. */
      | "read-only"
      /** It has no such repository, and makes none. */
      | "no-repository"
      /** It has no room left, or no more of it for this repository. */
      | "no-room"
      /** It answers as no registry does, such as with a page. */
      | "no-registry"
      /** It begins an upload, and does not say where that goes on. */
      | "no-location"
      /** It forgets its uploads, or their bytes, again and again. */
      | "forgetful";
  }
  /** It, or something on the way to it, takes no requests of that size. */
  | { code: "too-large"; digest: string; size: number }
  /** It says that it has stored something else. */
  | { code: "other-digest"; digest: string; actual: string }
  /** It says that the bytes are others, and they are right here. */
  | { code: "digest-refused"; digest: string }
  /** It takes no index that lists what it lacks. */
  | { code: "index-incomplete"; digest: string }
  /** It takes no layer of which the manifest says where else it is kept. */
  | { code: "foreign-refused"; digest: string; words: string }
  /** It takes no manifest of that type, or none like that. */
  | { code: "manifest-refused"; mediaType: string; words: string }
  /** The tag may not be moved from the digest that it has to another one. */
  | { code: "tag-fixed"; tag: string; digest: string; actual?: string };
