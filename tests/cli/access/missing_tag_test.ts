import { assertEquals } from "@std/assert";
import { explainError } from "../../../cli/messages/errors.ts";
import {
  isMissing,
  nearestTags,
  partHint,
} from "../../../cli/access/missing_tag.ts";
import { nearestFew } from "../../../cli/options/meant.ts";
import { NetworkError, RegistryError } from "../../../lib/image/errors.ts";
import { parseReference } from "../../../lib/image/reference.ts";
import { buildImage } from "../../fixtures/mod.ts";
import { test } from "../../harness.ts";
import { FakeRegistry } from "../../registry_server/mod.ts";

const reference = parseReference("registry.test/team/app:1.2.9");
const never = new AbortController().signal;

function refusal(status: number, path: string, code = "") {
  const [kind, name = ""] = path.split("/");
  return new RegistryError({
    asked: kind === "blobs" || name.includes(":")
      ? { kind: kind === "blobs" ? "blob" : "digest", digest: name }
      : { kind: "tag", tag: name },
    status,
    method: "GET",
    url: `https://registry.test/v2/team/app/${path}`,
    errors: code ? [{ code, message: "" }] : [],
  });
}

test("nearestFew() gives the nearest first", () => {
  const tags = ["latest", "1.2.8", "2.0", "1.2.10", "1.2"];
  assertEquals(nearestFew("1.2.9", tags, 3), ["1.2.8", "1.2.10", "1.2"]);
  assertEquals(nearestFew("x", [], 3), []);
});

test("isMissing() is true of a tag's 404 and nothing else", () => {
  assertEquals(isMissing(refusal(404, "manifests/1.2.9"), "tag"), true);
  const others: unknown[] = [
    refusal(404, "manifests/1.2.9", "NAME_UNKNOWN"),
    refusal(404, "blobs/sha256:00"),
    refusal(401, "manifests/1.2.9"),
    refusal(404, "manifests/sha256:00"),
    new NetworkError("https://r/", "dns", "dns"),
    undefined,
  ];
  for (const error of others) assertEquals(isMissing(error, "tag"), false);
});

test("a registry that knows no repository, and says so of its tags only", async () => {
  // Distribution's own answers: MANIFEST_UNKNOWN to the one request,
  // NAME_UNKNOWN to the other.
  const fetch = () =>
    Promise.resolve(
      new Response(`{"errors":[{"code":"NAME_UNKNOWN","message":"none"}]}`, {
        status: 404,
      }),
    );
  const hints = await nearestTags(reference, { fetch }, never);
  assertEquals(hints, { repositoryUnknown: true });
  const { repository, registry } = reference;
  const missing = refusal(404, "manifests/1.2.9", "MANIFEST_UNKNOWN");
  const { sentence, code } = explainError(missing, {
    ...hints,
    reference,
    repository,
    registry,
    image: "registry.test/team/app:1.2.9",
  });
  assertEquals(
    sentence.includes('has no repository "team/app"'),
    true,
    sentence,
  );
  assertEquals(code, 5);
});

test("nearestTags() asks the registry with the login", async () => {
  const registry = new FakeRegistry({
    auth: { kind: "bearer", users: { me: "s3cret" } },
  });
  const image = await buildImage();
  registry.add("team/app", image, "1.2.8", "1.2.10", "1.2", "latest");
  const credentials = () =>
    Promise.resolve({
      credential: {
        kind: "basic" as const,
        username: "me",
        password: "s3cret",
      },
      source: "x",
    });
  const { fetch } = registry;
  const ask = (options: Parameters<typeof nearestTags>[1]) =>
    nearestTags(reference, options, never);
  assertEquals(await ask({ fetch, credentials }), {
    nearestTags: ["1.2.8", "1.2.10", "1.2"],
    tagListed: false,
  });
  registry.add("team/app", image, "1.2.9");
  // What is listed and has no manifest is not offered to whoever asked for it.
  assertEquals(await ask({ fetch, credentials }), {
    nearestTags: ["1.2.8", "1.2.10", "1.2"],
    tagListed: true,
  });
  registry.assertNoOpenBodies();
});

test("nearestTags() gives none where the registry does not tell", async () => {
  const registry = new FakeRegistry();
  registry.fault = () => ({ status: 503 });
  const { fetch } = registry;
  assertEquals(await nearestTags(reference, { fetch }, never), {});
  // There is no second try for a mere hint.
  assertEquals(registry.requests.length, 1);
  assertEquals(
    await nearestTags(reference, { fetch }, AbortSignal.abort(new Error("x"))),
    {},
  );
});

test("isMissing() is true of a digest's 404 and nothing else", () => {
  const missing = refusal(404, "manifests/sha256:00");
  assertEquals(isMissing(missing, "digest"), true);
  const others: unknown[] = [
    refusal(404, "manifests/1.2.9"),
    refusal(404, "manifests/sha256:00", "NAME_UNKNOWN"),
    refusal(404, "blobs/sha256:00"),
    refusal(401, "manifests/sha256:00"),
    undefined,
  ];
  for (const error of others) assertEquals(isMissing(error, "digest"), false);
});

test("partHint() knows the digests of layers and configurations", async () => {
  const registry = new FakeRegistry();
  const image = await buildImage();
  registry.add("team/app", image, "1");
  const { fetch } = registry;
  const ask = (digest: string, signal = never) =>
    partHint({ ...reference, tag: undefined, digest }, { fetch }, signal);
  for (const { digest } of [...image.layers, image.config.descriptor]) {
    assertEquals(await ask(digest), { digestOfPart: true });
  }
  const absent = `sha256:${"0".repeat(64)}`;
  assertEquals(await ask(absent), { digestOfPart: false });
  assertEquals(
    await ask(absent, AbortSignal.abort(new Error("x"))),
    { digestOfPart: undefined },
  );
  registry.assertNoOpenBodies();
});
