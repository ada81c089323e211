import { assertEquals } from "@std/assert";
import { constants } from "node:os";
import process from "node:process";
import { storageError, systemCode } from "../../lib/disk/io.ts";
import { test } from "../harness.ts";

const windows = process.platform === "win32";

test("systemCode() knows an error's code", () => {
  const coded = (code: unknown) => Object.assign(new Error("x"), { code });
  assertEquals(systemCode(coded("ENOSPC")), "ENOSPC");
  assertEquals(
    systemCode(coded("ERR_FS_FILE_TOO_LARGE")),
    "ERR_FS_FILE_TOO_LARGE",
  );
  for (const none of [coded(7), coded(undefined), new Error("x"), "x", null]) {
    assertEquals(systemCode(none), undefined);
  }
});

test("systemCode() names what the runtimes have no name for", {
  skip: windows && "Windows has other numbers",
}, () => {
  for (const name of ["EDQUOT", "EFBIG", "ENOSPC"] as const) {
    const number = constants.errno[name];
    // As Node and Bun, Bun's synchronous calls, and Deno throw them.
    const unknown = `Unknown system error -${number}`;
    for (
      const error of [
        Object.assign(new Error(`${unknown}: ${unknown}, write`), {
          code: unknown,
          errno: -number,
        }),
        Object.assign(new Error("it failed"), { errno: -number }),
        new Error(`Something of a sort (os error ${number}): write 'a'`),
      ]
    ) {
      assertEquals(systemCode(error), name);
      assertEquals(storageError("write", "a", error).code, name);
    }
  }
  const odd = Object.assign(new Error("odd"), { code: "Unknown 7" });
  assertEquals(systemCode(odd), "Unknown 7");
});
