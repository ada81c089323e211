import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../harness.ts";
import { UsageError } from "../../cli/arguments.ts";
import { logRequests, openNetwork } from "../../cli/network.ts";
import { StorageError } from "../../lib/errors.ts";

test("logRequests() tells of requests without their secrets", async () => {
  const lines: string[] = [];
  const answer = new Response("body", { status: 206 });
  const fetch = logRequests(
    () => Promise.resolve(answer),
    (line) => lines.push(line),
  );
  const response = await fetch("https://me:pw@s.example/b?X-Sig=secret", {
    headers: { authorization: "Bearer secret", range: "bytes=0-9" },
  });
  assertEquals(response, answer);
  await response.body?.cancel();
  assertEquals(
    lines.map((line) => line.replace(/\d+ ms$/, "N ms")),
    ["GET https://s.example/b?… bytes=0-9 → 206, N ms"],
  );
});

test("logRequests() tells of failures and passes them on", async () => {
  const lines: string[] = [];
  const failure = new TypeError("cannot send to https://s.example/b?k=secret");
  const fetch = logRequests(
    () => Promise.reject(failure),
    (line) => lines.push(line),
  );
  await assertRejects(
    () => fetch("http://r.example/v2/", { method: "HEAD" }),
    TypeError,
  );
  assertStringIncludes(
    lines[0]!,
    "HEAD http://r.example/v2/ → cannot send to https://s.example/b?…",
  );
});

test("openNetwork() says which certificate file is of no use", async () => {
  const folder = await mkdtemp(join(tmpdir(), "docker-pull-"));
  try {
    const none = join(folder, "none.pem");
    const options = { caCerts: [none], insecure: false };
    await assertRejects(() => openNetwork(options, {}), StorageError, "ENOENT");
    await writeFile(none, "not a certificate");
    await assertRejects(
      () => openNetwork(options, {}),
      UsageError,
      "there is no PEM certificate in it",
    );
    await assertRejects(
      () =>
        openNetwork({ caCerts: [], insecure: false }, { SSL_CERT_FILE: none }),
      UsageError,
      "no PEM",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
