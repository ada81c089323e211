import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertEquals, assertThrows } from "@std/assert";
import { test } from "../harness.ts";
import { Secrets } from "./secrets.ts";

const SECRET = 'pä:ss "word"+/&?';
const base64 = (text: string) => Buffer.from(text).toString("base64");

function book(): Secrets {
  const secrets = new Secrets();
  secrets.add("password", SECRET, ["auth.test"]);
  secrets.add("token", "opaque-token", ["r.test"]);
  return secrets;
}

for (
  const [what, text] of [
    ["as it is", SECRET],
    ["in an address", `https://r.test/?a=${encodeURIComponent(SECRET)}`],
    ["in a form", new URLSearchParams({ password: SECRET }).toString()],
    ["in JSON", JSON.stringify({ password: SECRET })],
    ["in base64", base64(SECRET)],
    ["in a header with its user", `Basic ${base64(`a:${SECRET}`)}`],
    ["with another user", `Basic ${base64(`ab:${SECRET}`)}`],
    ["with yet another user", base64(`abc:${SECRET}`)],
    ["in base64 within JSON", `{"auth":"${base64(`me:${SECRET}\n`)}"}`],
    ["in base64 for addresses", base64(SECRET).replaceAll("/", "_")],
    ["in hexadecimal digits", Buffer.from(SECRET).toString("hex")],
  ] as const
) {
  test(`Secrets.find() finds a secret ${what}`, () => {
    assertEquals(book().find(`before ${text} after`), ["password"]);
    assertEquals(book().find(new TextEncoder().encode(text)), ["password"]);
  });
}

test("Secrets.find() finds nothing in what is no secret", () => {
  assertEquals(book().find("password, opaque, cMOkOnNzICJ3b3, word"), []);
});

test("Secrets.assertClean() looks into causes and fields", () => {
  const cause = Object.assign(new Error("x"), { url: "/?t=opaque-token" });
  const error = new Error("outer", { cause: { deeper: [cause] } });
  assertThrows(
    () => book().assertClean("the error", { error }),
    Error,
    "the error holds the token",
  );
  book().assertClean("the error", new Error("fine"));
});

test("Secrets.assertCleanFolder() looks into files and their names", () => {
  const folder = mkdtempSync(join(tmpdir(), "docker-pull-zoo-"));
  try {
    writeFileSync(join(folder, "clean"), "nothing");
    book().assertCleanFolder(folder);
    writeFileSync(
      join(folder, "a"),
      Buffer.from([0, 255, ...Buffer.from(SECRET)]),
    );
    assertThrows(() => book().assertCleanFolder(folder), Error, "the file a");
    rmSync(join(folder, "a"));
    writeFileSync(join(folder, "opaque-token"), "");
    assertThrows(() => book().assertCleanFolder(folder), Error, "the name");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("Secrets.assertConfined() tells where a secret may go", () => {
  const sent = (url: string, authorization = "", body = "") => [{
    method: "GET",
    url: new URL(url),
    headers: new Headers({ authorization }),
    body,
  }];
  const login = `Basic ${base64(`ann:${SECRET}`)}`;
  book().assertConfined(sent("https://auth.test/", login));
  book().assertConfined(sent("https://r.test/", "Bearer opaque-token"));
  for (
    const wrong of [
      sent("https://r.test/", login),
      sent("https://auth.test/", "Bearer opaque-token"),
      sent(`https://r.test/?x=${encodeURIComponent(SECRET)}`),
      sent(
        "https://r.test/",
        "",
        `refresh_token=${encodeURIComponent(SECRET)}`,
      ),
    ]
  ) {
    assertThrows(() => book().assertConfined(wrong), Error, "was sent to");
  }
});
