/** Lists of images from files and standard input, as the command reads them. */

import { assertEquals, assertRejects } from "@std/assert";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readLists } from "../../../cli/access/lists.ts";
import { explainError } from "../../../cli/messages/errors.ts";
import { listedLines } from "../../../cli/messages/lists.ts";
import { UsageError } from "../../../cli/options/arguments.ts";
import { StorageError } from "../../../lib/image/errors.ts";
import { imagesOf, InvalidListError } from "../../../lib/lists/lists.ts";
import { inFolder } from "../../disk/folder.ts";
import { test } from "../../harness.ts";

/** A standard input that holds a text, byte by byte. */
function input(text = "", isTTY = false) {
  return {
    isTTY,
    async *[Symbol.asyncIterator]() {
      for (const byte of new TextEncoder().encode(text)) {
        yield await Promise.resolve(new Uint8Array([byte]));
      }
    },
  };
}

test("readLists() reads files and standard input, each image once", () =>
  inFolder(async (folder) => {
    const compose = join(folder, "compose.yaml");
    const list = join(folder, "images.txt");
    await writeFile(list, "redis:7\nnginx:1.27 --platform linux/arm64\n");
    await writeFile(
      compose,
      "services:\n  a: {image: 'redis:${V}'}\n  b: {image: 'app:${W}'}\n",
    );
    await writeFile(join(folder, ".env"), '# mine\nV="7"\nW=1\n');
    const { images } = await readLists([list, "-", compose], {
      variables: { W: "2" },
      stdin: input("# é\nredis:7\n"),
    });
    const lines = listedLines(images);
    assertEquals(
      lines.map((line) =>
        line.replaceAll(join(folder, "/"), "").replace(/ +# /, " # ")
      ),
      [
        "docker.io/library/redis:7 # images.txt:1, standard input:2, " +
        "compose.yaml:2",
        "docker.io/library/nginx:1.27 --platform linux/arm64 # images.txt:2",
        "docker.io/library/app:2 # compose.yaml:3",
      ],
    );
    assertEquals(new Set(lines.map((line) => line.indexOf("#"))).size, 1);
    // What is printed can be read again.
    const again = await imagesOf(lines.join("\n"));
    assertEquals(again.images.map(({ reference }) => reference.repository), [
      "library/redis",
      "library/nginx",
      "library/app",
    ]);
  }));

test("readLists() names all that is wrong in all of them", () =>
  inFolder(async (folder) => {
    const paths = ["a.txt", "b.yaml"].map((name) => join(folder, name));
    await writeFile(paths[0]!, "Redis\nnginx\nA\x1b[2J\n");
    await writeFile(paths[1]!, "- image: B\n");
    const error = await assertRejects(
      () => readLists(paths, { variables: {}, stdin: input() }),
      InvalidListError,
    );
    const { sentence, excerpt, code } = explainError(error);
    assertEquals(
      [sentence, code],
      ["Cannot use the lists: 3 things are wrong", 2],
    );
    assertEquals(
      excerpt!.map((line) => line.slice(folder.length + 1).split(" is ")[0]),
      ['a.txt:1: "Redis"', 'a.txt:3: "A\\u001b[2J"', 'b.yaml:1: "B"'],
    );
  }));

test("readLists() refuses a folder, a missing file and a terminal", () =>
  inFolder(async (folder) => {
    const sources = { variables: {}, stdin: input("", true) };
    await mkdir(join(folder, "x"));
    for (const name of ["x", "y"]) {
      await assertRejects(
        () => readLists([join(folder, name)], sources),
        StorageError,
      );
    }
    await assertRejects(() => readLists(["-"], sources), UsageError);
  }));
