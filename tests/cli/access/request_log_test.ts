import { assert, assertEquals, assertRejects } from "@std/assert";
import { assertStringIncludes } from "@std/assert";
import { logRequests } from "../../../cli/access/request_log.ts";
import { test } from "../../harness.ts";

async function logOf(
  answer: Response | Error,
  url: string,
  init?: RequestInit,
): Promise<string[]> {
  const lines: string[] = [];
  const fetch = logRequests(
    () =>
      answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve(answer),
    (line) => lines.push(line),
  );
  if (answer instanceof Error) await assertRejects(() => fetch(url, init));
  else {
    assertEquals(await fetch(url, init), answer);
    await answer.body?.cancel();
  }
  return lines.map((line) => line.replace(/\d+ ms$/, "N ms"));
}

test("logRequests() tells of requests without their secrets", async () => {
  const lines = await logOf(
    new Response("body", {
      status: 206,
      headers: { "content-type": "a/b" },
    }),
    "https://me:pw@s.example/b?X-Sig=secret",
    { headers: { authorization: "Bearer secret", range: "bytes=0-9" } },
  );
  assertEquals(lines, [
    "GET https://s.example/b?… bytes=0-9, with a login by Bearer → 206, N ms",
    "  content-type: a/b",
  ]);
});

test("logRequests() tells what an answer's headers say, made harmless", async () => {
  const headers = {
    "location": "/storage/b?signature=secret1",
    "www-authenticate": 'Bearer realm="https://a.example/t?k=secret2",' +
      'service="\u009b2Js"',
    "set-cookie": "sid=secret3",
    "x-token": "secret4",
    "ratelimit-remaining": "7;w=21600",
    "warning": "x".repeat(1000),
  };
  const lines = await logOf(
    new Response(null, { status: 401, headers }),
    "https://r.example/v2/",
  );
  assertEquals(lines.slice(0, 4), [
    "GET https://r.example/v2/ → 401, N ms",
    "  location: https://r.example/storage/b?…",
    '  www-authenticate: Bearer realm="https://a.example/t?…",' +
    'service="\\x9b2Js"',
    "  ratelimit-remaining: 7;w=21600",
  ]);
  assert(!lines.join("").includes("secret"));
  assert(lines.every((line) => line.length <= 300));
});

test("logRequests() tells of failures and passes them on", async () => {
  const failure = new TypeError("cannot send to https://s.example/b?k=secret");
  const [line] = await logOf(failure, "http://r.example/v2/", {
    method: "HEAD",
  });
  assertStringIncludes(
    line!,
    "HEAD http://r.example/v2/ → cannot send to https://s.example/b?…",
  );
});
