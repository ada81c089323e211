import { assert, assertEquals, assertRejects } from "@std/assert";
import { lstat, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { UploadRecords } from "../../../lib/registry/upload/records.ts";
import { inFolder } from "../../disk/folder.ts";
import { test } from "../../harness.ts";
import type { UploadRules } from "../../registry_server/mod.ts";
import { randomFrom } from "../../faults/random.ts";
import { blobOf, MiB, pushTo, world } from "./world.ts";

const LARGE = blobOf(30 * MiB, "large");
const { size } = LARGE.descriptor;

/** Runs that are ended at random, and one that is not. */
async function endAtRandom(folder: string, rules: UploadRules, seed: number) {
  const scene = world(rules);
  const random = randomFrom(seed).next;
  for (let kills = 0; kills < 20; kills++) {
    const end = new AbortController();
    let left = size / 20 * (0.5 + random());
    scene.registry.fault = ({ method }) => {
      if (method !== "PATCH") return;
      // As a process that is killed: its connection breaks, and it says no more.
      const now = left;
      left -= 8 * MiB;
      if (now > 8 * MiB) return;
      scene.onSleep = () => end.abort(new Error("killed"));
      return { breakAfter: Math.max(0, Math.floor(now)) };
    };
    const records = new UploadRecords(folder);
    const upload = scene.open("team/app", { records })
      .blob(LARGE.descriptor, end.signal);
    if (await upload.find()) break;
    await upload.send(LARGE).catch(() => {});
  }
  scene.registry.fault = undefined;
  const records = new UploadRecords(folder);
  const outcome = await pushTo(scene.open("team/app", { records }), LARGE);
  return { ...scene, outcome };
}

test("20 runs that are ended send hardly a byte twice", async () => {
  await inFolder(async (folder) => {
    const { received, registry } = await endAtRandom(folder, {}, 1);
    const { blobs } = registry.repository("team/app");
    assertEquals(blobs.get(LARGE.descriptor.digest), LARGE.bytes);
    assert(received() <= 1.15 * size, `${received() / size}`);
    assertEquals(await readdir(folder), []);
  });
});

async function broken(folder: string, rules: UploadRules = {}) {
  const scene = world(rules);
  const end = new AbortController();
  scene.registry.fault = ({ method }, count) => {
    if (method !== "PATCH" || count < 2) return;
    scene.onSleep = () => end.abort(new Error("killed"));
    return { breakAfter: MiB };
  };
  const records = new UploadRecords(folder);
  const first = scene.open("team/app", { records });
  await assertRejects(() =>
    first.blob(LARGE.descriptor, end.signal).send(LARGE)
  );
  scene.registry.fault = undefined;
  return scene;
}

for (const isCut of [false, true]) {
  const what = isCut ? "cut" : "stopped";
  test(`a part under way of an upload that is ${what}`, () =>
    inFolder(async (folder) => {
      const scene = world({ forgetsBroken: true });
      const end = new AbortController();
      let asked = 0;
      scene.registry.fault = ({ method }) => {
        if (method === "PATCH" && ++asked === 1) end.abort(new Error("enough"));
      };
      const records = new UploadRecords(folder);
      const { signal } = end;
      const upload = scene.open("team/app", { records })
        .blob(LARGE.descriptor, signal, isCut ? signal : undefined);
      const error = await assertRejects(() => upload.send(LARGE), Error);
      assertEquals(error.message, "enough");
      assertEquals(scene.received(), isCut ? 0 : 8 * MiB);
      const next = scene.open("team/app", {
        records: new UploadRecords(folder),
      });
      const outcome = await pushTo(next, LARGE);
      assertEquals(outcome.resumed, isCut ? 0 : 8 * MiB);
      assertEquals(scene.received(), size);
      scene.registry.assertNoOpenBodies();
    }));
}

test("an upload that lacks nothing but its end comes to it when it is stopped", () =>
  inFolder(async (folder) => {
    const scene = world();
    const end = new AbortController();
    scene.registry.fault = ({ method }, count) => {
      if (method === "PATCH" && count === 2) end.abort(new Error("enough"));
    };
    const records = new UploadRecords(folder);
    const upload = scene.open("team/app", { records })
      .blob(LARGE.descriptor, end.signal);
    assertEquals((await upload.send(LARGE)).how, "uploaded");
    assertEquals(await readdir(folder), []);
  }));

test("the next run goes on from what the registry has", async () => {
  await inFolder(async (folder) => {
    const { open, received } = await broken(folder);
    const records = new UploadRecords(folder);
    assertEquals(await pushTo(open("team/app", { records }), LARGE), {
      how: "uploaded",
      sent: 21 * MiB,
      resumed: 9 * MiB,
    });
    assertEquals(received(), size);
  });
});

test("an upload that the registry has forgotten begins anew", async () => {
  await inFolder(async (folder) => {
    const { open, registry } = await broken(folder);
    registry.uploads!.forget();
    const records = new UploadRecords(folder);
    const { how, resumed } = await pushTo(
      open("team/app", { records }),
      LARGE,
    );
    assertEquals([how, resumed], ["uploaded", 0]);
  });
});

test("an upload of another repository is none of this one's", async () => {
  await inFolder(async (folder) => {
    const { open } = await broken(folder);
    const records = new UploadRecords(folder);
    const { resumed } = await pushTo(open("other", { records }), LARGE);
    assertEquals(resumed, 0);
  });
});

test("a record is this user's alone, and of no use when it is old", async () => {
  await inFolder(async (folder) => {
    await broken(folder);
    const [name = ""] = await readdir(folder);
    const path = join(folder, name);
    if (process.platform !== "win32") {
      assertEquals((await lstat(path)).mode & 0o777, 0o600);
    }
    const text = await readFile(path, "utf8");
    assert(text.includes("a-signature-of-the-state"));
    const claim = async (now: number) => {
      const claimed = await new UploadRecords(folder, () => now)
        .claim("registry.test", "team/app", LARGE.descriptor);
      const record = await claimed.read();
      await claimed.release();
      return record?.offset;
    };
    const now = Date.now();
    assertEquals(await claim(now), 8 * MiB);
    for (const bad of ["", "[]", "null", text.replace(/"http[^"]*"/, '"x"')]) {
      await writeFile(path, bad);
      assertEquals(await claim(now), undefined, bad);
    }
    await writeFile(path, text);
    const week = 7 * 24 * 60 * 60 * 1000;
    assertEquals(await claim(now + week), undefined);
    const old = new Date(now - week);
    await utimes(path, old, old);
    await claim(now);
    assertEquals(await readdir(folder), []);
  });
});

test("two at a time upload a blob once", async () => {
  await inFolder(async (folder) => {
    const { open, received, registry } = world();
    registry.latency = 1;
    const outcomes = await Promise.all(
      [1, 2].map(() =>
        pushTo(open("a", { records: new UploadRecords(folder) }), LARGE)
      ),
    );
    assertEquals(outcomes.map(({ how }) => how).sort(), ["there", "uploaded"]);
    assertEquals(received(), size);
  });
});
