import { assert, assertEquals } from "@std/assert";
import { parseErrorBody } from "../../lib/net/error_body.ts";
import { redactText, redactUrl } from "../../lib/redact/address.ts";
import { cleanText } from "../../lib/redact/clean.ts";
import { test } from "../harness.ts";

test("redactUrl() leaves out user, password, query and fragment", () => {
  assertEquals(
    redactUrl("https://user:pass@s3.test:8443/b/x?X-Amz-Signature=SECRET#t"),
    "https://s3.test:8443/b/x?…",
  );
  assertEquals(redactUrl("http://r.test/v2/"), "http://r.test/v2/");
  assertEquals(redactUrl("no url?token=SECRET"), "no url?…");
  assertEquals(redactUrl("http://user:SECRET@:::"), "http://•••@:::");
});

test("cleanText() takes out what a terminal would obey", () => {
  assertEquals(
    cleanText("a\x1b[31mred\x1b[0m\r\nb\x07\u009b2Jc\u202egnp\u200bd\0"),
    "ared b 2Jc gnp d",
  );
  assertEquals(cleanText("  a   b  "), "a b");
  assertEquals(cleanText("x".repeat(1e6), 5), "xxxxx…");
  assertEquals(cleanText("\ud800 lone"), "\ufffd lone");
});

test("redactText() leaves out the secrets of every address in a text", () => {
  const text =
    "error sending request for url (https://u:p@s.test/blob?sig=SECRET&x=1): " +
    'see "http://s.test/a?token=SECRET" or HTTPS://s.test/#SECRET';
  const clean = redactText(text);
  assert(!/SECRET|u:p/.test(clean), clean);
  assert(clean.includes("https://s.test/blob?…"), clean);
});

const BODIES: [string, string, [code: string, message: string][]][] = [
  [
    "the specification's errors",
    '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"},{"code":"B","message":"b"}]}',
    [["MANIFEST_UNKNOWN", "manifest unknown"], ["B", "b"]],
  ],
  ["Harbor's irregular details", '{"details":"incorrect username"}', [
    ["", "incorrect username"],
  ]],
  [
    "OAuth's",
    '{"error":"invalid_grant","error_description":"token expired"}',
    [["invalid_grant", "token expired"]],
  ],
  ["a nested error", '{"error":{"code":403,"message":"no access"}}', [
    ["403", "no access"],
  ]],
  ["a lone message", '{"message":"unauthorized"}', [["", "unauthorized"]]],
  ["a string", '"denied"', [["", "denied"]]],
  ["an error without message", '{"errors":[{"code":"DENIED"}]}', [
    ["DENIED", ""],
  ]],
  ["errors that are strings", '{"errors":["one","two"]}', [
    ["", "one"],
    ["", "two"],
  ]],
  [
    "plain text",
    "Your authorization token has expired. Reauthenticate and try again.\n",
    [[
      "",
      "Your authorization token has expired. Reauthenticate and try again.",
    ]],
  ],
  [
    "S3's XML",
    '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
    [["AccessDenied", "Request has expired"]],
  ],
  [
    "a page's title",
    "<!DOCTYPE html><html><head><title>502 Bad\nGateway</title></head></html>",
    [["", "502 Bad Gateway"]],
  ],
  ["a page without one", "<html><body>hello</body></html>", []],
  ["broken JSON", '{"errors":[', [["", '{"errors":[']]],
  ["nothing", "  ", []],
  ["an empty object", "{}", []],
  ["null", "[null, 7]", []],
];

for (const [what, body, expected] of BODIES) {
  test(`parseErrorBody() reads ${what}`, () => {
    assertEquals(
      parseErrorBody(body).map(({ code, message }) => [code, message]),
      expected,
    );
  });
}

test("parseErrorBody() keeps small details, without control characters", () => {
  const detail = { Type: "repo\x1b[2J" };
  const entry = { code: "A", message: "b\x1b]0;title\x07", detail };
  assertEquals(parseErrorBody(JSON.stringify({ errors: [entry] })), [{
    code: "A",
    message: "b ]0;title",
    detail: { Type: "repo" },
  }]);
  const large = { code: "A", message: "b", detail: "x".repeat(10_000) };
  assertEquals(parseErrorBody(JSON.stringify({ errors: [large] })), [
    { code: "A", message: "b" },
  ]);
});

test("parseErrorBody() survives what is deep and what is many", () => {
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  assert(parseErrorBody(deep).length <= 1);
  const many = JSON.stringify({ errors: Array(5_000).fill({ code: "A" }) });
  assertEquals(parseErrorBody(many).length, 10);
});
