/** What the user reads of all that doctor can find, an example of each code. */

import { assertEquals } from "@std/assert";
import {
  tellDiagnosis,
  type ToldFinding,
} from "../../../cli/messages/doctor.ts";
import type { Fact } from "../../../lib/doctor/facts.ts";
import { test } from "../../harness.ts";
import { eachOf } from "./examples.ts";

const tell = (fact: Fact): ToldFinding =>
  tellDiagnosis({
    reference: "r.test/x:1",
    platform: "linux/amd64",
    canPull: true,
    findings: [{ step: "image", status: "note", ...fact }],
  }).findings[0]!;

const CERTIFICATE = {
  version: "TLSv1.3",
  issuer: "Test CA",
  validUntil: "2124-01-01T00:00:00.000Z",
  time: 9,
};
const GREETING = { status: 401, time: 12, schemes: ["bearer"] };
const TOKEN = { time: 34, lifetime: 300_000, anonymous: true };
const FOLDER = { path: "out", exists: true, writable: true } as const;

eachOf<Fact>("the finding", {
  "proxy": [
    [
      { subject: "r.test", details: { proxy: "http://p:1", login: true } },
      "r.test is reached by the proxy http://p:1, with a login",
    ],
    [
      { subject: "r.test", details: { proxy: "http://p:1", login: false } },
      "r.test is reached by the proxy http://p:1",
    ],
  ],
  "no-proxy": [[
    { subject: "r.test", details: { proxy: null } },
    "r.test is reached without a proxy",
  ]],
  "address": [[
    { details: { host: "127.0.0.1" } },
    "127.0.0.1 is an address, so no name is looked up",
  ]],
  "addresses": [
    [
      { details: { host: "r.test", addresses: ["192.0.2.1"], time: 5 } },
      "r.test has 1 address: 192.0.2.1, found in 5 ms",
    ],
    [
      {
        details: {
          host: "r.test",
          addresses: ["::1", "::2", "::3", "::4", "::5"],
          time: 2_500,
        },
      },
      "r.test has 5 addresses: ::1, ::2, ::3, ::4, …, found in 2.5 s",
    ],
  ],
  "plain-http": [[
    { subject: "127.0.0.1:5000", details: { version: null } },
    "127.0.0.1:5000 is asked by plain http",
  ]],
  "plain-http-risk": [[
    { subject: "r.test", details: { version: null } },
    "r.test is asked by plain http, so anyone on the way can read and change " +
    "what is sent",
  ]],
  "certificate": [
    [
      { subject: "r.test", details: CERTIFICATE },
      'r.test speaks TLSv1.3, with a certificate by "Test CA" that is valid ' +
      "until 2124-01-01",
    ],
    [
      { subject: "r.test", details: { ...CERTIFICATE, validUntil: null } },
      'r.test speaks TLSv1.3, with a certificate by "Test CA"',
    ],
  ],
  "certificate-ends": [[
    { subject: "r.test", left: 172_800_000, details: CERTIFICATE },
    'r.test speaks TLSv1.3, with a certificate by "Test CA" that ends in ' +
    "2 days",
  ]],
  "certificate-ended": [[
    { subject: "r.test", left: -691_200_000, details: CERTIFICATE },
    'r.test speaks TLSv1.3, with a certificate by "Test CA" that ended ' +
    "8 days ago",
  ]],
  "wants-nothing": [[
    { subject: "r.test", details: { ...GREETING, status: 200 } },
    "r.test answers in 12 ms and asks for no login at first",
  ]],
  "wants-basic": [[
    { subject: "r.test", details: GREETING },
    "r.test answers in 12 ms and wants a user name and a password",
  ]],
  "wants-token": [
    [
      { subject: "r.test", details: { ...GREETING, realm: "t.test/token" } },
      "r.test answers in 12 ms and wants a token of t.test/token",
    ],
    [
      {
        subject: "r.test",
        details: { ...GREETING, realm: "t.test/token", service: "s" },
      },
      "r.test answers in 12 ms and wants a token of t.test/token for s",
    ],
  ],
  "wants-unknown": [[
    { subject: "r.test", details: GREETING },
    "r.test answers in 12 ms and wants a login without saying which, Basic " +
    "or Bearer",
  ]],
  "odd-status": [[
    { subject: "r.test", details: { ...GREETING, status: 404 } },
    "r.test answers in 12 ms with HTTP 404, which registries do not do",
  ]],
  "clock-agrees": [[
    { details: { skew: 20 } },
    "This machine's clock agrees with the registry's",
  ]],
  "clock-differs": [
    [
      { details: { skew: 600_000 } },
      "This machine's clock is 10 minutes ahead of the registry's, so tokens " +
      "and certificates may seem invalid",
    ],
    [
      { details: { skew: -10_800_000 } },
      "This machine's clock is 3 hours behind the registry's, so tokens and " +
      "certificates may seem invalid",
    ],
  ],
  "no-clock": [[{}, "The registry does not say what time it is"]],
  "login": [
    [
      { subject: "r.test", details: { source: "~/x", kind: "basic" } },
      "The login for r.test is a user name and a password from ~/x",
    ],
    [
      { subject: "r.test", details: { source: "~/x", kind: "identity-token" } },
      "The login for r.test is an identity token from ~/x",
    ],
    [
      { subject: "r.test", details: { source: "~/x", kind: "registry-token" } },
      "The login for r.test is a token of the registry's from ~/x",
    ],
  ],
  "no-login": [[
    { subject: "r.test", details: { source: null } },
    "There is no login for r.test",
  ]],
  "token": [
    [
      { details: TOKEN },
      "The token server gives a token that lasts 5 minutes, in 34 ms",
    ],
    [
      { details: { ...TOKEN, lifetime: null } },
      "The token server gives a token of unknown life, taken for 60 s, in " +
      "34 ms",
    ],
  ],
  "token-without-login": [[
    { source: "~/x", details: TOKEN },
    "The token server refuses the login from ~/x; without one it gives a " +
    "token that lasts 5 minutes",
  ]],
  "limit": [
    [
      {
        subject: "r.test",
        details: { remaining: 99, limit: 100, window: 21_600 },
      },
      "r.test allows 99 more pulls of 100 in 6 hours",
    ],
    [
      {
        subject: "r.test",
        details: { remaining: 1, limit: null, window: null },
      },
      "r.test allows 1 more pull",
    ],
  ],
  "no-limit": [[
    { subject: "r.test", details: { remaining: null } },
    "r.test announces no limit of pulls",
  ]],
  "image": [[
    {
      subject: "1.0",
      details: {
        digest: `sha256:${"0123456789abcdef".repeat(4)}`,
        layers: 2,
        size: 17_300_000_000,
        time: 90,
      },
    },
    '"1.0" is sha256:0123456789ab…, 2 layers of 17.3 GB, described in 90 ms',
  ]],
  "one-platform": [[
    { details: { available: ["linux/arm64"], chosen: "linux/arm64" } },
    "The image is for linux/arm64 only",
  ]],
  "platforms": [[
    {
      details: {
        available: ["linux/amd64", "linux/arm64"],
        chosen: "linux/arm64",
      },
    },
    "The image is for linux/amd64, linux/arm64; linux/arm64 is taken",
  ]],
  "storage": [[
    { details: { host: "r.test", redirected: false } },
    "Layers come from r.test itself",
  ]],
  "storage-elsewhere": [[
    { details: { host: "s.test", redirected: true } },
    "Layers come from s.test",
  ]],
  "no-layer": [[{}, "The image has no layer to try"]],
  "ranges": [[
    { details: { ranges: true } },
    "Parts of layers can be asked for, so a pull that breaks off goes on " +
    "where it stopped",
  ]],
  "no-ranges": [[
    { details: { ranges: false } },
    "Layers come as a whole only, this time at least, so a layer that breaks " +
    "off begins anew",
  ]],
  "speed": [[
    { details: { bytes: 1_048_576, time: 500, rate: 2_097_152, waited: 34 } },
    "The first 1.0 MB of a layer came at 2.1 MB per second, after 34 ms",
  ]],
  "mirror-holds": [[
    { details: { name: "m.test", holds: true, time: 8 } },
    "Mirror m.test holds the image, and answers in 8 ms",
  ]],
  "cache-folder": [[
    { details: { ...FOLDER, free: 5_000 } },
    'The cache folder "out" can be written, with room for 5.0 kB',
  ]],
  "archive-folder": [[
    { details: { ...FOLDER, exists: false, free: null } },
    'The archive\'s folder "out" is not there yet and can be made',
  ]],
  "no-cache": [[{}, "No cache is used"]],
  "problem": [[{ error: "NetworkError", words: "it is so" }, "it is so"]],
  "warning": [[{ words: "it is so" }, "it is so"]],
}, (fact) => tell(fact).message);

test("a finding is told with what programs read, and no more", () => {
  const details = { skew: 20 };
  assertEquals(
    JSON.stringify(tell({ code: "clock-agrees", details })),
    [
      '{"step":"image","status":"note"',
      '"message":"This machine\'s clock agrees with the registry\'s"',
      '"details":{"skew":20}}',
    ].join(),
  );
  assertEquals(Object.keys(tell({ code: "no-cache" })), [
    "step",
    "status",
    "message",
  ]);
});

test("a finding is told in no more than 1000 characters", () => {
  const available = Array.from({ length: 500 }, (_, i) => `linux/arch${i}`);
  const details = { available, chosen: available[0]! };
  assertEquals(tell({ code: "platforms", details }).message.length, 1001);
});
