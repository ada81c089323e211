import { assertEquals, assertRejects } from "@std/assert";
import {
  DockerPullError,
  InvalidDocumentError,
} from "../../lib/image/errors.ts";
import { parseReference } from "../../lib/image/reference.ts";
import { Repository } from "../../lib/registry/repository.ts";
import { nextPage } from "../../lib/registry/tags.ts";
import { test } from "../harness.ts";
import { type Answer, fakeFetch, type Sent } from "../net/fake_fetch.ts";

const PAGE = new URL("https://r.test/v2/a/tags/list?n=2");
const BASE = new URL("https://r.test/v2/a/");

function list(answer: (sent: Sent, count: number) => Answer) {
  const web = fakeFetch(answer);
  const { fetch } = web;
  const repository = new Repository(parseReference("r.test/a"), {
    fetch,
    retries: 0,
  });
  return { repository, ...web };
}

test("tags() follows the pages", async () => {
  const { repository, log } = list(({ url }) =>
    url.searchParams.has("last") ? [200, {}, '{"tags":["3"]}'] : [200, {
      link: '</v2/a/tags/list?n=2&last=2>; rel="next"',
    }, '{"tags":["1","2"]}']
  );
  assertEquals(await repository.tags(), ["1", "2", "3"]);
  assertEquals(log(), [
    "GET r.test/v2/a/tags/list?n=1000",
    "GET r.test/v2/a/tags/list?n=2&last=2",
  ]);
});

test("tags() comes to an end where the pages do not", async () => {
  const answer = (name: (count: number, i: number) => string) =>
    list((_, count) => [
      200,
      {
        link: `<list?last=${count}>; rel=next`,
      },
      JSON.stringify({
        tags: Array.from({ length: 1000 }, (_, i) => name(count, i)),
      }),
    ]);
  const endless = answer((count, i) => `${count}-${i}`);
  assertEquals((await endless.repository.tags()).length, 100_000);
  assertEquals(endless.sent.length, 100);
  // The same ones over and over are no more tags.
  const same = answer((_, i) => `${i}`);
  assertEquals((await same.repository.tags()).length, 1000);
  assertEquals(same.sent.length, 2);
});

for (
  const [what, answer, name] of [
    ["a refusal", [404], "RegistryError"],
    ["a login that is missing", [401], "RegistryError"],
    ["no JSON", [200, {}, "<json/>"], "InvalidDocumentError"],
    ["a page", [200, {}, "<html>"], "NetworkError"],
    ["another shape", [200, {}, "[1]"], "InvalidDocumentError"],
    ["no object", [200, {}, "null"], "InvalidDocumentError"],
    [
      "an endless page",
      [200, { "content-length": "99999999" }, "{}"],
      "InvalidDocumentError",
    ],
    ["a broken connection", new TypeError("connection reset"), "NetworkError"],
  ] as [string, Answer, string][]
) {
  test(`tags() tells ${what} from an empty list`, async () => {
    const error = await assertRejects(
      () => list(() => answer).repository.tags(),
      DockerPullError,
    );
    assertEquals(error.name, name);
  });
}

for (const tags of ["null", "[]"]) {
  test(`tags() gives none for ${tags}`, async () => {
    const { repository } = list(() => [200, {}, `{"tags":${tags}}`]);
    assertEquals(await repository.tags(), []);
  });
}

test("tags() leaves out what is no tag", async () => {
  const body = JSON.stringify({ tags: ["ok", "../x", 7, "\x1b[2J", ""] });
  assertEquals(await list(() => [200, {}, body]).repository.tags(), ["ok"]);
});

test("tags() throws the signal's reason", async () => {
  const reason = new Error("stop");
  const signal = AbortSignal.abort(reason);
  const { repository } = list(() => [200]);
  assertEquals(await assertRejects(() => repository.tags({ signal })), reason);
});

for (
  const [link, expected] of [
    ['</v2/a/tags/list?last=x>; rel="next"', "tags/list?last=x"],
    ["<list?last=x>; rel=next", "tags/list?last=x"],
    ['<http://r.test/v2/a/tags/list?last=x>; rel="next"', "tags/list?last=x"],
    ['<list?last=x>; foo=bar; REL="Next"', "tags/list?last=x"],
    ['<list?last=x>; rel="prev"', undefined],
    ["rel=next", undefined],
    ['<?n=2>; rel="next"', undefined],
    ["<".repeat(100_000), undefined],
    [null, undefined],
  ] as const
) {
  test(`nextPage() reads ${link?.slice(0, 60)}`, () => {
    assertEquals(nextPage(link, PAGE, BASE), expected);
  });
}

for (
  const link of [
    '<https://evil.test/v2/a/tags/list?last=2>; rel="next"',
    '<//evil.test/v2/a/tags/list?last=2>; rel="next"',
    '<https://r.test:444/v2/a/tags/list?last=2>; rel="next"',
    '</v2/other/tags/list>; rel="next"',
    '<../../b/tags/list>; rel="next"',
    '<https://[>; rel="next"',
  ]
) {
  test(`tags() gives no list that goes on at ${link}`, async () => {
    const { repository, sent } = list(
      () => [200, { link }, '{"tags":["1","2"]}'],
    );
    await assertRejects(
      () => repository.tags(),
      InvalidDocumentError,
      "elsewhere",
    );
    assertEquals(sent.length, 1);
  });
}
