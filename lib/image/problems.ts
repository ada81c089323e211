/**
 * What can be wrong with a text or a document, as data: a code, and what it is
 * about. Putting it in words is the caller's affair.
 */

/** What is wrong, by its code; the rest is what it is about. */
export interface Problem {
  /** Which problem it is. */
  code: string;
}

/** Why a text is no digest. */
export type DigestProblem =
  /** It has no `algorithm:` at its beginning. */
  | { code: "no-algorithm" }
  | { code: "unknown-algorithm"; known: readonly string[] }
  /** The algorithm has so many hex digits, in lower case. */
  | { code: "bad-hex"; algorithm: string; length: number };

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
  /** It takes no manifest of that type, or none like that. */
  | { code: "manifest-refused"; mediaType: string; words: string }
  /** The tag may not be moved from the digest that it has to another one. */
  | { code: "tag-fixed"; tag: string; digest: string; actual?: string };

/** Why a text is no platform. */
export type PlatformProblem = {
  code: "two-versions" | "bad-shape" | "no-architecture";
};

/** Why a text is no reference, or no part of one. */
export type ReferenceProblem =
  | {
    code:
      | "empty"
      /** It is the address of a page about images. */
      | "page"
      /** There is a login in it. */
      | "login"
      | "space"
      | "empty-tag"
      | "bad-port"
      /** What stands in brackets is no IPv6 address, or one stands in none. */
      | "bad-ipv6"
      | "bare-ipv6"
      /** A part of the host's name is empty, or one of the repository's. */
      | "empty-label"
      | "empty-component"
      | "no-name"
      | "capital"
      /** A name begins or ends with something else than a letter or a digit. */
      | "bad-start"
      | "bad-end"
      /** It is an image's ID. */
      | "image-id"
      /** It cannot be part of an address, or is neither tag nor digest. */
      | "not-for-address"
      | "no-tag-or-digest";
  }
  | {
    code: "too-long" | "long-tag" | "long-name";
    /** The most characters that it can have. */
    limit: number;
  }
  | {
    code:
      /** A character that nothing can have, or none of a repository's name. */
      | "bad-character"
      | "bad-name-character"
      | "scheme"
      | "bad-tag"
      | "bad-label"
      | "bad-separator";
    /** What is wrong. */
    part: string;
  }
  | { code: "bad-digest"; problem: DigestProblem };

/** What a member of a document is to be: `time` as in RFC 3339. */
export type JsonType =
  | "object"
  | "list"
  | "text"
  | "number"
  | "boolean"
  | "time"
  | "int64";

/**
 * What is wrong with a document. Where the code begins with `ambiguous`, one
 * program may read it as one thing and the next one as another.
 */
export type DocumentProblem =
  | {
    code:
      | "no-json"
      | "no-object"
      | "no-index"
      | "no-manifest"
      /** Neither an index nor a manifest. */
      | "neither"
      /** The same of a file of logins, none of which is quoted. */
      | "invalid-json"
      | "not-json-object"
      | "manifests-no-list"
      | "no-tag-list"
      /** Of an archive: `manifest.json`, an entry of it, its `Config`, a tag. */
      | "not-a-list"
      | "entry-no-object"
      | "config-no-name"
      | "no-tag"
      | "tag-with-digest"
      | "layout-version"
      | "nested-too-deep"
      | "ambiguous-schemas"
      | "ambiguous-index";
  }
  /** It has more bytes, or nobody knows how many, than there can be. */
  | { code: "too-large"; size?: number; limit: number }
  | { code: "config-too-large"; size: number; limit: number }
  | {
    code:
      | "too-many-entries"
      | "too-many-layers"
      | "too-many-images"
      | "image-too-many-layers"
      | "index-too-deep"
      /** The image is not among the first entries of an index. */
      | "not-among-first"
      | "ambiguous-nesting";
    limit: number;
  }
  | {
    code:
      | "member-no-object"
      | "no-list"
      | "no-names"
      | "no-descriptor"
      | "no-media-type"
      | "no-size";
    field: string;
  }
  | { code: "blob-too-large"; field: string; size: number; limit: number }
  | { code: "bad-digest"; field: string; problem: DigestProblem }
  | { code: "two-sizes" | "two-diff-ids"; digest: string }
  /** Of a layer: what it is compressed with, and why it does not expand. */
  | { code: "cannot-expand"; compression: string; reason: string }
  | { code: "unknown-compression"; compression: string }
  /** A list of tags that goes on at another place, or at no address. */
  | { code: "elsewhere"; where?: string }
  /** The configuration has so many layers, the manifest so many. */
  | { code: "layer-count"; config: number; manifest: number }
  | { code: "not-as-announced"; mediaType: string; announced: string }
  /** Inline data that is not the base64 of so many bytes. */
  | { code: "bad-inline-data"; size: number }
  /** It says that it is of one type, and whoever sent it of another. */
  | { code: "ambiguous-type"; own: string; told: string }
  /** It has the fields of something else than its type. */
  | { code: "ambiguous-fields"; told: string; fields: "index" | "manifest" }
  /** What is found: a literal, or `{` or `[` for an object or a list. */
  | { code: "wrong-type"; field: string; found: string; wanted: JsonType }
  /** Half a character, or a number that is something else. */
  | { code: "ambiguous-character" | "ambiguous-no-number"; field: string }
  | { code: "ambiguous-number"; field: string; written: string }
  | { code: "ambiguous-repetition"; written: string }
  | {
    code: "ambiguous-neighbour" | "ambiguous-spelling";
    written: string;
    field: string;
  };

/** Why a document or layer of a media type cannot be used. */
export type MediaTypeProblem =
  /** It is in Docker's schema 1, which ended in 2019. */
  | { code: "schema-1" }
  /** It is no image. */
  | { code: "artifact" }
  /** It is none of the types that a document can have. */
  | { code: "unknown-document"; known: readonly string[] }
  /** It is a layer in a form that loaders cannot unpack. */
  | { code: "unknown-layer" };

/** Where a tar is broken; positions and lengths are in bytes. */
export type TarFault =
  /** It ends within a header, a record, or the file `name`. */
  | { code: "ends"; length: number; within: "header" | "record" }
  | { code: "ends-within"; length: number; name: string }
  | { code: "no-header"; offset: number }
  | { code: "record-too-large"; offset: number; limit: number };

/** What is wrong with an archive or a layout itself. */
export type ContainerFault =
  /** The name leads out of it. */
  | { code: "outside" }
  /** There is more than one of that name, of which loaders take another. */
  | { code: "twice" }
  | TarFault;

/** What is worth to be known of it. */
export type ContainerNote =
  /** So many names are written in a roundabout way, as `./name`. */
  | { code: "roundabout"; count: number }
  /** It has no end mark. */
  | { code: "endless" };

/** Why a file or folder cannot be read as images. */
export type ArchiveProblem =
  | {
    code:
      /** It is neither a tar nor a layout. */
      | "no-archive"
      /** The folder is no layout. */
      | "no-layout"
      | "zip"
      /** There is neither `index.json` nor `manifest.json` in it. */
      | "no-image"
      /** It is of Docker before 1.10. */
      | "before-1.10"
      /** `oci-archive:` was said, and there is no `index.json`; or the reverse. */
      | "no-index"
      | "no-manifest-list";
  }
  /** It has to be expanded first: nobody here can, or nobody was asked to. */
  | { code: "expand"; compression: string }
  /** It expands to more than so many times its size. */
  | { code: "bomb"; ratio: number }
  /** It cannot be expanded, in these words of the decoder. */
  | { code: "broken"; words: string }
  /** It breaks off, or is no tar from some place on. */
  | { code: "truncated"; fault: TarFault }
  /** The name of a file in it leads out of it. */
  | { code: "outside"; name: string }
  | { code: "duplicate"; name: string }
  /** A file that its documents name is not there, or is a link to nothing. */
  | { code: "missing-file"; name: string }
  | { code: "bad-link"; name: string; target: string }
  /** A layer that is not the one that the configuration speaks of. */
  | { code: "other-layer"; name: string; diffId: string }
  /** A layer of a compression that cannot be looked into here. */
  | { code: "layer-compression"; name: string; compression: string };

/** Why a text names no place of images, or nothing that is there. */
export type PlaceProblem =
  | {
    code:
      | "empty"
      /** There is no path behind `oci:` and the like. */
      | "no-path"
      /** There is nothing behind the colon after the path. */
      | "no-name"
      /** There is nothing behind `docker-daemon:`. */
      | "no-image"
      /** What follows `@` is no number. */
      | "bad-number"
      /** It ends as an archive does, and begins as a reference. */
      | "file-or-image"
      /** An image that is written has a name, and no number. */
      | "number-to-write"
      /** There is no image in it. */
      | "no-images"
      /** Nothing can be read from it, or written to it. */
      | "not-a-source"
      | "not-a-target"
      /** Images are to be pushed there, and it is no registry's. */
      | "no-registry";
  }
  /** A place that other programs know. */
  | { code: "foreign"; transport: string }
  | { code: "bad-name"; name: string }
  | { code: "no-such-number"; count: number }
  | { code: "no-such-image"; name: string; names: string[] }
  /** What goes there has another digest than it names. */
  | { code: "other-digest"; digest: string }
  /** It takes one image, and there are several. */
  | { code: "several-images"; names: string[] }
  /** Two images that differ would have one name. */
  | { code: "same-name"; name: string };

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

/** A problem for developers: its code and data. */
export function problemText({ code, ...data }: Problem): string {
  return Object.keys(data).length > 0
    ? `${code} ${JSON.stringify(data)}`
    : code;
}

/** Why a lock cannot be used, or an image of it. */
export type LockProblem =
  /** It is one of a version that is not known here. */
  | { code: "lock-version"; version: string }
  /** A member of it is missing, or is not what it should be. */
  | { code: "bad-member"; member: string }
  | { code: "no-images" }
  /** An image of a list has no digest. */
  | { code: "no-digest"; image: string; line?: number }
  /** A name stands for two things. */
  | { code: "two-of-a-name"; name: string }
  | { code: "too-large"; limit: number }
  /** An image was asked for that is not locked. */
  | { code: "not-locked"; name: string; names: readonly string[] }
  | {
    code: "platform-not-locked";
    platform: string;
    platforms: readonly string[];
  }
  /** What is locked is none of the index that the name stands for. */
  | { code: "not-in-index"; digest: string; index: string }
  /** What it says of an image is not what the digest in it stands for. */
  | { code: "contradiction"; field: string };

/** Why a set of images cannot be pulled as it was asked for. */
export type SetProblem =
  /** Nothing is asked for. */
  | { code: "no-images" }
  /** Some of what names the images is none. */
  | { code: "bad-images"; images: readonly BadImage[] }
  /** One name would stand for two things in one place. */
  | { code: "two-of-a-name"; name: string; digests: readonly string[] }
  /** Several images would be written to one path. */
  | { code: "two-at-a-path"; path: string; images: readonly string[] };

/** What should name an image, or its platform, and does not. */
export interface BadImage {
  /** As it was given, without a login. */
  text: string;
  /** Where it comes from, such as a file and a line. */
  from?: string;
  /** What is wrong with it. */
  error: Error;
}
