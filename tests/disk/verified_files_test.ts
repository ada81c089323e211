import { assert, assertEquals } from "@std/assert";
import {
  type FileState,
  isUntouched,
  VerifiedFiles,
} from "../../lib/disk/verified_files.ts";
import { test } from "../harness.ts";

const NOW = 1_700_000_000_000;
const state: FileState = {
  dev: 1n,
  ino: 2n ** 63n,
  size: 3n,
  mtimeNs: 1_699_999_999_000_000_001n,
  ctimeNs: 1_699_999_999_000_000_002n,
};

/** What several processes share. */
function shelf(text?: string) {
  const texts = { text };
  return {
    texts,
    open: () =>
      new VerifiedFiles({
        read: () => Promise.resolve(texts.text),
        replace: (text) => Promise.resolve(void (texts.text = text)),
      }, () => NOW),
  };
}

test("VerifiedFiles knows a file again, and not one that was touched", async () => {
  const { open } = shelf();
  const files = open();
  assertEquals(await files.find(state), undefined);
  files.add(state, "sha256:a");
  assertEquals(await files.find(state), "sha256:a");
  await files.save();
  assertEquals(await open().find(state), "sha256:a");
  for (const field of ["dev", "ino", "size", "mtimeNs", "ctimeNs"] as const) {
    const other = { ...state, [field]: state[field] + 1n };
    assertEquals(await open().find(other), undefined, field);
    assertEquals(isUntouched(state, other), false);
  }
  assert(isUntouched(state, { ...state }));
  const later = { ...state, mtimeNs: state.mtimeNs + 5n };
  files.add(later, "sha256:b");
  await files.save();
  assertEquals(await open().find(later), "sha256:b");
  assertEquals(await open().find(state), undefined);
});

test("VerifiedFiles keeps what another process has written", async () => {
  const { open } = shelf();
  const [a, b] = [open(), open()];
  const other = { ...state, ino: 7n };
  await a.find(state);
  await b.find(state);
  a.add(state, "sha256:a");
  b.add(other, "sha256:b");
  await a.save();
  await b.save();
  assertEquals(await open().find(state), "sha256:a");
  assertEquals(await open().find(other), "sha256:b");
});

test("VerifiedFiles takes garbage for nothing", async () => {
  for (
    const text of [
      "",
      "{",
      "null",
      "7",
      "[]",
      "{}",
      '{"verified":7}',
      '{"verified":null}',
      '{"verified":{"1:9223372036854775808":7}}',
      '{"verified":{"1:9223372036854775808":"3"}}',
      `{"verified":{"__proto__":"x"}}`,
      `"${"x".repeat(2_000_000)}"`,
    ]
  ) {
    const { open } = shelf(text);
    assertEquals(await open().find(state), undefined, text.slice(0, 50));
    const files = open();
    files.add(state, "sha256:a");
    await files.save();
    assertEquals(await open().find(state), "sha256:a");
  }
  const failing = new VerifiedFiles({
    read: () => Promise.reject(new Error("no")),
    replace: () => Promise.reject(new Error("no")),
  });
  failing.add(state, "sha256:a");
  await failing.save();
  assertEquals(await failing.find(state), "sha256:a");
});

test("VerifiedFiles keeps the newest, and no end of them", async () => {
  const { open, texts } = shelf();
  const at = (i: number) => ({ ...state, ino: BigInt(i) });
  const files = open();
  for (let i = 0; i < 5_000; i++) {
    files.add(at(i), `sha256:${"a".repeat(64)}`);
  }
  await files.save();
  assert(texts.text!.length < 500_000);
  assertEquals(await open().find(at(0)), undefined);
  assert(await open().find(at(4_999)) !== undefined);
});

test("VerifiedFiles does not trust times that are too coarse and too young", async () => {
  const whole = (seconds: number) => BigInt(seconds) * 1_000_000_000n;
  const at = (seconds: number, fraction = 0n): FileState => ({
    ...state,
    mtimeNs: whole(seconds) + fraction,
    ctimeNs: whole(seconds),
  });
  const files = shelf().open();
  const now = NOW / 1_000;
  for (
    const [state, known] of [
      [at(now), false],
      [at(now - 1), false],
      [at(now - 2), true],
      [at(now + 10), false],
      // The time of the last writing can be set back.
      [at(now, 5_000_000n), false],
      [at(now - 2, 5_000_000n), true],
      [{ ...at(now), ctimeNs: whole(now) + 1n }, true],
    ] as const
  ) {
    files.add(state, "sha256:a");
    assertEquals(await files.find(state) !== undefined, known);
  }
});

test("VerifiedFiles knows what may not be on the disk until the next start of the system", async () => {
  const texts = { text: undefined as string | undefined };
  const open = (boot: string | undefined) =>
    new VerifiedFiles(
      {
        read: () => Promise.resolve(texts.text),
        replace: (text) => Promise.resolve(void (texts.text = text)),
      },
      () => NOW,
      () => Promise.resolve(boot),
    );
  const files = open("one");
  await files.addUnsynced(state, "sha256:a");
  await files.save();
  assertEquals(await files.find(state), "sha256:a");
  assertEquals(await open("one").find(state), "sha256:a");
  for (const boot of ["two", "on", "", undefined]) {
    assertEquals(await open(boot).find(state), undefined, boot);
  }
  // Nobody can tell whether the system was started anew.
  const other = { ...state, ino: 7n };
  const unknown = open(undefined);
  await unknown.addUnsynced(other, "sha256:a");
  assertEquals(await unknown.find(other), undefined);
  // Once it is on the disk, it stays.
  files.add(state, "sha256:a");
  await files.save();
  assertEquals(await open("two").find(state), "sha256:a");
});

test("VerifiedFiles looks again for what others have written, when told to", async () => {
  const { open } = shelf();
  const [a, b] = [open(), open()];
  assertEquals(await b.find(state), undefined);
  a.add(state, "sha256:a");
  await a.save();
  assertEquals(await b.find(state), undefined);
  b.refresh();
  assertEquals(await b.find(state), "sha256:a");
});

test("VerifiedFiles writes down what is added while it writes", async () => {
  const { texts } = shelf();
  let late = () => {};
  const files = new VerifiedFiles({
    read: () => Promise.resolve(texts.text),
    replace: async (text) => {
      late();
      await Promise.resolve();
      texts.text = text;
    },
  }, () => NOW);
  const other = { ...state, ino: 7n };
  files.add(state, "sha256:a");
  late = () => files.add(other, "sha256:b");
  await files.save();
  late = () => {};
  await Promise.all([files.save(), files.save()]);
  assert(texts.text!.includes("sha256:a"));
  assert(texts.text!.includes("sha256:b"));
});
