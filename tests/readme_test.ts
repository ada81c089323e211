import { assertEquals, assertStringIncludes } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { PULL } from "../cli/commands/pull_options.ts";
import { EXIT_CODES } from "../cli/messages/exit_codes.ts";
import { helpText } from "../cli/options/help.ts";
import { test } from "./harness.ts";

const README = new URL("../README.md", import.meta.url);

/** What the README says of the options is what --help says. */
function withHelp(readme: string): string {
  const help = helpText(PULL);
  const from = help.indexOf("Usage:");
  const to = help.indexOf("Exit codes:");
  return readme.replace(
    /(<!-- options -->\n)[\s\S]*(<!-- \/options -->)/,
    (_, open, close) =>
      `${open}\n\`\`\`text\n${
        help.slice(from, to).trimEnd()
      }\n\`\`\`\n\n${close}`,
  );
}

test("the README has the options that --help has", async () => {
  const readme = await readFile(README, "utf8");
  const updated = withHelp(readme);
  // UPDATE_README=1 brings it up to date.
  if (process.env.UPDATE_README) await writeFile(README, updated);
  else assertEquals(readme.split("\n"), updated.split("\n"));
});

test("the README has every exit code, and says the same of it", async () => {
  const readme = await readFile(README, "utf8");
  for (const [code, meaning] of EXIT_CODES) {
    const row = readme.split("\n").find((line) =>
      new RegExp(`^\\| ${code}\\b`).test(line)
    );
    assertEquals(row !== undefined, true, `${code}: ${meaning}`);
    // The signals stand in one row.
    if (code < 128) assertStringIncludes(row!, ` ${meaning} `);
  }
});
