import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { NetworkError, RegistryError } from "../../lib/image/errors.ts";
import {
  describeFailure,
  toNetworkError,
} from "../../lib/net/network_error.ts";
import { test } from "../harness.ts";

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function deno(words: string): Error {
  const cause = new Error(
    `error sending request for url (https://r.test/): client error (Connect): ${words}`,
  );
  return new TypeError("fetch failed", { cause });
}

function node(code: string, message: string): Error {
  return new TypeError("fetch failed", { cause: coded(code, message) });
}

/** What Deno 2.9, Bun 1.4 and Node 20 throw, as it was observed. */
const FAILURES: [string, string, Error[]][] = [
  ["dns", "dns", [
    deno(
      "dns error: failed to lookup address information: Name or service not known",
    ),
    node("ENOTFOUND", "getaddrinfo ENOTFOUND r.test"),
    coded("ENOTFOUND", "getaddrinfo ENOTFOUND r.test"),
  ]],
  ["refused", "refused", [
    deno("tcp connect error: Connection refused (os error 111)"),
    node("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1"),
    coded(
      "ECONNREFUSED",
      "ECONNREFUSED: Unable to connect. Is the computer able to access the url?",
    ),
    new AggregateError([coded("ECONNREFUSED", "connect ECONNREFUSED ::1:1")]),
  ]],
  ["tls", "expired", [
    deno(
      "invalid peer certificate: certificate expired: verification time 1795309206 (UNIX), but certificate is not valid after 1580515200",
    ),
    node("CERT_HAS_EXPIRED", "certificate has expired"),
  ]],
  ["tls", "not-yet-valid", [
    deno(
      "invalid peer certificate: certificate not valid yet: verification time 1795309206 (UNIX), but certificate is not valid before 1901232000",
    ),
    node("CERT_NOT_YET_VALID", "certificate is not yet valid"),
  ]],
  ["tls", "unknown-authority", [
    deno("invalid peer certificate: UnknownIssuer"),
    node(
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "unable to verify the first certificate",
    ),
    coded(
      "SELF_SIGNED_CERT_IN_CHAIN",
      "self signed certificate in certificate chain",
    ),
  ]],
  ["tls", "self-signed", [
    deno("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))"),
    node("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate"),
  ]],
  ["tls", "other-host", [
    deno(
      'invalid peer certificate: certificate not valid for name "localhost"; certificate is only valid for DnsName("elsewhere.example")',
    ),
    coded(
      "ERR_TLS_CERT_ALTNAME_INVALID",
      'ERR_TLS_CERT_ALTNAME_INVALID fetching "https://localhost/"',
    ),
  ]],
  ["tls", "client-certificate", [
    new TypeError("fetch failed", {
      cause: new Error("received fatal alert: CertificateRequired"),
    }),
    coded(
      "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
      "tlsv13 alert certificate required",
    ),
  ]],
  ["tls", "client-certificate-refused", [
    new TypeError("fetch failed", {
      cause: new Error("received fatal alert: BadCertificate"),
    }),
    coded(
      "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
      "error:10000412:SSL routines:OPENSSL_internal:SSLV3_ALERT_BAD_CERTIFICATE",
    ),
    coded("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "tlsv1 alert unknown ca"),
  ]],
  ["tls", "handshake-refused", [
    new Error("received fatal alert: HandshakeFailure"),
    coded("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "handshake failure"),
  ]],
  ["tls", "no-tls", [
    deno("received corrupt message of type InvalidContentType"),
    node(
      "ERR_SSL_WRONG_VERSION_NUMBER",
      "error:0A00010B:SSL routines:ssl3_get_record:wrong version number",
    ),
  ]],
  ["tls", "handshake", [
    coded(
      "EPROTO",
      "EPROTO: The TLS handshake failed. Does the server speak TLS on this port?",
    ),
  ]],
  ["reset", "reset", [
    deno(
      "client error (SendRequest): connection closed before message completed",
    ),
    new TypeError("fetch failed", {
      cause: new Error(
        "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/latest/rustls/manual/_03_howto/index.html#unexpected-eof",
      ),
    }),
    deno("tls handshake eof"),
    coded(
      "ECONNRESET",
      "Client network socket disconnected before secure TLS connection was established",
    ),
    coded("ERR_SOCKET_CLOSED", "Socket is closed"),
    node("UND_ERR_SOCKET", "other side closed"),
    coded("ECONNRESET", "socket hang up"),
    coded(
      "ECONNRESET",
      "ECONNRESET: The socket connection was closed unexpectedly.",
    ),
  ]],
  ["truncated", "truncated", [
    new TypeError("error reading a body from connection"),
    new TypeError("terminated", {
      cause: coded("UND_ERR_SOCKET", "other side closed"),
    }),
    coded("ECONNRESET", "aborted"),
    new Error("the connection closed before the end"),
  ]],
  ["timeout", "timeout", [
    coded("ETIMEDOUT", "connect ETIMEDOUT 192.0.2.1:443"),
    node("UND_ERR_CONNECT_TIMEOUT", "Connect Timeout Error"),
    deno("tcp connect error: Connection timed out (os error 110)"),
  ]],
  ["proxy", "proxy", [
    deno("unsuccessful tunnel"),
    deno("proxy authentication required"),
    coded(
      "ERR_PROXY_TUNNEL",
      "Proxy refused to open a tunnel: 407 Proxy Authentication Required",
    ),
  ]],
  ["other", "unreachable", [
    coded("ENETUNREACH", "connect ENETUNREACH 192.0.2.1:443"),
  ]],
  ["other", "no-http", [
    deno("client error (SendRequest): invalid HTTP version parsed"),
    node(
      "HPE_INVALID_CONSTANT",
      "Response does not match the HTTP/1.1 protocol (Expected HTTP/)",
    ),
  ]],
];

for (const [kind, code, errors] of FAILURES) {
  for (const error of errors) {
    const { cause } = error as { cause?: Error };
    test(
      `describeFailure() takes ${
        (cause ?? error).message.slice(-60)
      } for ${kind}`,
      () => {
        assertEquals(
          describeFailure(error),
          { kind, problem: { code } } as unknown,
        );
      },
    );
  }
}

test("describeFailure() takes no word of an address for what went wrong", () => {
  const cause = new Error(
    "error sending request from 127.0.0.1:1 for https://handshake.tls.test/timeout (127.0.0.1:2): client error (SendRequest): connection closed before message completed",
  );
  assertEquals(
    describeFailure(new TypeError("fetch failed", { cause })).kind,
    "reset",
  );
});

test("describeFailure() repeats words that it does not know, without secrets", () => {
  const error = new Error("odd thing at https://s.test/?sig=SECRET\x1b[0m");
  assertEquals(describeFailure(error), {
    kind: "other",
    problem: { code: "other", words: "Error odd thing at https://s.test/?…" },
  });
  assertEquals(describeFailure(undefined).kind, "other");
});

test("toNetworkError() keeps no signed address, not even in its cause", () => {
  const raw = new TypeError("fetch failed", {
    cause: new Error(
      "error sending request for url (https://s.test/b?sig=SECRET): tcp connect error: Connection refused",
    ),
  });
  const error = toNetworkError(raw, "https://u:SECRET@s.test/b?sig=SECRET");
  assertInstanceOf(error, NetworkError);
  assertEquals(error.url, "https://s.test/b?…");
  const cause = error.cause as Error;
  const all = [error.message, error.stack, cause.message, cause.stack].join();
  assert(!all.includes("SECRET"), all);
});

test("toNetworkError() gives an aborted signal's reason, and own errors as they are", () => {
  const reason = new Error("stop");
  const raw = new Error("aborted");
  assertEquals(
    toNetworkError(raw, "https://r.test/", AbortSignal.abort(reason)),
    reason,
  );
  const own = new RegistryError({ status: 404, method: "GET", url: "" });
  assertEquals(toNetworkError(own, "https://r.test/"), own);
});
