import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidDocumentError } from "../../lib/image/errors.ts";
import {
  layoutManifest,
  layoutNames,
  updateLayoutIndex,
} from "../../lib/layout/layout_index.ts";
import type { Descriptor, Index } from "../../lib/image/types.ts";
import { test } from "../harness.ts";

const NAME = "io.containerd.image.name";
const REF = "org.opencontainers.image.ref.name";

function manifest(letter: string, architecture?: string): Descriptor {
  return {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: `sha256:${letter.repeat(64)}`,
    size: 1,
    ...(architecture && { platform: { os: "linux", architecture } }),
  };
}

/** Name, ref name and digest's first letter of every entry. */
function entries(text: string): (string | undefined)[][] {
  return (JSON.parse(text) as Index).manifests.map((
    { annotations, digest },
  ) => [
    annotations?.[NAME],
    annotations?.[REF],
    digest[7],
  ]);
}

test("updateLayoutIndex() begins an index", () => {
  const text = updateLayoutIndex(undefined, "h/a:1", manifest("a"));
  assertEquals(JSON.parse(text), {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{
      ...manifest("a"),
      annotations: { [NAME]: "h/a:1", [REF]: "h/a:1" },
    }],
  });
  assertEquals(layoutNames(text), new Set(["h/a:1"]));
});

test("updateLayoutIndex() moves a name", () => {
  const first = updateLayoutIndex(undefined, "h/a:1", manifest("a"));
  const both = updateLayoutIndex(first, "h/b:1", manifest("b"));
  const moved = updateLayoutIndex(both, "h/a:1", manifest("c"));
  assertEquals(entries(moved), [["h/a:1", "h/a:1", "c"], [
    "h/b:1",
    "h/b:1",
    "b",
  ]]);
});

test("updateLayoutIndex() keeps one entry a platform, the newest by its name", () => {
  let text = updateLayoutIndex(undefined, "h/a:1", manifest("a", "amd64"));
  text = updateLayoutIndex(text, "h/a:1", manifest("b", "arm64"));
  assertEquals(entries(text), [["h/a:1", undefined, "a"], [
    "h/a:1",
    "h/a:1",
    "b",
  ]]);
  text = updateLayoutIndex(text, "h/a:1", manifest("c", "amd64"));
  assertEquals(entries(text), [["h/a:1", "h/a:1", "c"], [
    "h/a:1",
    undefined,
    "b",
  ]]);
});

test("updateLayoutIndex() names for loaders what is there, and asks by what was asked", () => {
  // The digest of an index, whose manifests have others.
  const asked = "h/a@sha256:1";
  let text: string | undefined;
  for (let i = 0; i < 3; i++) {
    text = updateLayoutIndex(text, asked, manifest("a", "amd64"), {
      imageName: "h/a@a",
    });
    text = updateLayoutIndex(text, asked, manifest("b", "arm64"), {
      imageName: "h/a@b",
    });
    assertEquals(entries(text), [
      ["h/a@a", undefined, "a"],
      ["h/a@b", asked, "b"],
    ]);
  }
  assertEquals(layoutNames(text), new Set(["h/a@a", "h/a@b", asked]));
  assertEquals(layoutManifest(text, asked), manifest("b").digest);
});

test("updateLayoutIndex() gives a tag to one of two digests, the newest", () => {
  const asked = "h/a:1@sha256:1";
  let text = updateLayoutIndex(undefined, asked, manifest("a"), {
    imageName: "h/a:1",
  });
  text = updateLayoutIndex(text, "h/a:1", manifest("b"));
  assertEquals(entries(text), [
    ["h/a:1", "h/a:1", "b"],
    [undefined, asked, "a"],
  ]);
  text = updateLayoutIndex(text, asked, manifest("a"), { imageName: "h/a:1" });
  assertEquals(entries(text), [
    [undefined, "h/a:1", "b"],
    ["h/a:1", asked, "a"],
  ]);
});

test("updateLayoutIndex() is the same when it is done again, and in any order", () => {
  const once = updateLayoutIndex(undefined, "h/a:1", manifest("a"));
  assertEquals(updateLayoutIndex(once, "h/a:1", manifest("a")), once);
  const ab = updateLayoutIndex(once, "h/b:1", manifest("b"));
  const b = updateLayoutIndex(undefined, "h/b:1", manifest("b"));
  assertEquals(updateLayoutIndex(b, "h/a:1", manifest("a")), ab);
});

test("updateLayoutIndex() notes what a name stands for at its registry, where that is another", () => {
  const noted = (text: string) =>
    (JSON.parse(text) as Index).manifests[0]!
      .annotations!["docker-pull.source.digest"];
  const a = manifest("a");
  const first = updateLayoutIndex(undefined, "h/a:1", a, {
    sourceDigest: manifest("b").digest,
  });
  assertEquals(noted(first), manifest("b").digest);
  // Who does not know it changes nothing; by the next pull it may be another.
  assertEquals(updateLayoutIndex(first, "h/a:1", a), first);
  const moved = { sourceDigest: manifest("c").digest };
  assertEquals(
    noted(updateLayoutIndex(first, "h/a:1", a, moved)),
    manifest("c").digest,
  );
  const same = { sourceDigest: a.digest };
  assertEquals(
    updateLayoutIndex(first, "h/a:1", a, same),
    updateLayoutIndex(undefined, "h/a:1", a),
  );
});

test("updateLayoutIndex() keeps what others have put there", () => {
  const other = { ...manifest("o"), annotations: { [REF]: "theirs" } };
  const plain = manifest("p");
  const text = JSON.stringify({ schemaVersion: 2, manifests: [other, plain] });
  const updated = updateLayoutIndex(text, "h/a:1", manifest("a"));
  assertEquals(entries(updated).length, 3);
  assertEquals(layoutNames(updated), new Set(["h/a:1", "theirs"]));
});

test("updateLayoutIndex() replaces no index that it cannot read", () => {
  for (const text of ["", "{", "null", "[]", "7", '{"manifests":7}']) {
    assertThrows(
      () => updateLayoutIndex(text, "h/a:1", manifest("a")),
      InvalidDocumentError,
    );
    assertThrows(() => layoutNames(text), InvalidDocumentError);
    assertThrows(() => layoutManifest(text, "h/a:1"), InvalidDocumentError);
  }
});

test("updateLayoutIndex() keeps all that it does not know", () => {
  const theirs = {
    artifactType: "application/x",
    nested: { a: [1, { b: null }] },
    annotations: { mine: "kept" },
  };
  const index = {
    ...theirs,
    schemaVersion: 2,
    manifests: [
      null,
      7,
      {},
      { digest: 7 },
      { ...manifest("o"), ...theirs },
      {
        ...manifest("a"),
        ...theirs,
        annotations: { mine: "x", [REF]: "h/a:1" },
      },
      { ...manifest("p"), annotations: 7 },
      {
        ...manifest("b"),
        ...theirs,
        annotations: { mine: "b", [REF]: "h/b:1" },
      },
    ],
  };
  const before = structuredClone(index);
  const text = updateLayoutIndex(
    updateLayoutIndex(JSON.stringify(index), "h/a:1", manifest("a")),
    "h/b:1",
    manifest("c"),
  );
  const after = JSON.parse(text);
  const { manifests, mediaType: _, ...fields } = after;
  const { manifests: known, ...others } = before;
  assertEquals(fields, others);
  assertEquals(manifests.length, known.length);
  const texts = manifests.map((entry: unknown) => JSON.stringify(entry));
  for (const i of [0, 1, 2, 3, 4, 6]) {
    assert(texts.includes(JSON.stringify(known[i])), `${i}`);
  }
  // What was said of this very manifest still holds, and of another one not.
  const of = (letter: string) =>
    manifests.find((entry: Descriptor | null) =>
      entry?.digest === manifest(letter).digest
    );
  assertEquals(of("a"), {
    ...manifest("a"),
    ...theirs,
    annotations: { mine: "x", [NAME]: "h/a:1", [REF]: "h/a:1" },
  });
  assertEquals(of("b"), undefined);
  assertEquals(of("c"), {
    ...manifest("c"),
    annotations: { [NAME]: "h/b:1", [REF]: "h/b:1" },
  });
});

test("updateLayoutIndex() takes entries of a strange shape", () => {
  for (const annotations of [null, 7, "x", [], { [NAME]: 7 }]) {
    for (const platform of [null, 7, "x", [], { os: 7 }]) {
      const manifests = [{ ...manifest("o"), annotations, platform }];
      const text = JSON.stringify({ manifests });
      assertEquals(
        entries(updateLayoutIndex(text, "h/a:1", manifest("a"))).length,
        2,
      );
    }
  }
});
