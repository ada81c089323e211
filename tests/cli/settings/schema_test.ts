/** Holds docs/config.schema.json to the table of options. */

import { assert, assertEquals } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import type { OptionDefinition } from "../../../cli/options/arguments.ts";
import { SETTINGS } from "../../../cli/settings/table.ts";
import { settingKind, takesList } from "../../../cli/settings/values.ts";
import { test } from "../../harness.ts";
import { schemaFaults } from "../../json_schema.ts";
import { inHome } from "./fixture.ts";

const SCHEMA = new URL("../../../docs/config.schema.json", import.meta.url);
const PAGE = new URL("../../../docs/config.md", import.meta.url);

type Schema = Record<string, unknown>;

function schemaOf(option: OptionDefinition): Schema {
  const { help, choices } = option;
  const text = { type: "string", minLength: 1 };
  const value: Schema = choices ? { enum: choices } : {
    flag: { type: "boolean" },
    number: { type: "number", minimum: 0 },
    size: { anyOf: [{ type: "number", minimum: 0 }, text] },
    text: takesList(option)
      ? { anyOf: [text, { type: "array", minItems: 1, items: text }] }
      : text,
  }[settingKind(option)];
  return { description: help, ...value };
}

function wholeSchema(): Schema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "https://jsr.io/@x/docker-pull/config.schema.json",
    title: "The configuration file of docker-pull",
    description: "What options are where nothing else is said.",
    type: "object",
    additionalProperties: false,
    properties: {
      $schema: { type: "string" },
      ...Object.fromEntries(
        SETTINGS.map((option) => [option.name, schemaOf(option)]),
      ),
    },
  };
}

/** The examples of the page, as texts. */
async function examples(): Promise<string[]> {
  const page = await readFile(PAGE, "utf8");
  return [...page.matchAll(/^```json\n(\{\n[^]*?)^```$/gm)]
    .map(([, text = ""]) => text);
}

test("docs/config.schema.json has what the table of options has", async () => {
  const wanted = wholeSchema();
  // UPDATE_README=1 brings it up to date.
  if (process.env.UPDATE_README) {
    await writeFile(SCHEMA, `${JSON.stringify(wanted, null, 2)}\n`);
  }
  assertEquals(JSON.parse(await readFile(SCHEMA, "utf8")), wanted);
});

test("what the schema allows is what the command takes", () =>
  inHome(async ({ write, say }) => {
    const schema = wholeSchema();
    const texts = [...await examples()];
    assert(texts.length > 0);
    const samples: Record<string, unknown> = {
      mirror: ["docker.io=https://m.example", "a.example=https://m.example"],
      platform: "linux/arm64",
      "insecure-host": "a.example:5000",
    };
    for (const option of SETTINGS) {
      const { name, choices } = option;
      const value = choices?.at(-1) ?? samples[name] ?? {
        flag: true,
        number: 2,
        size: "2G",
        text: takesList(option) ? ["a", "b"] : "a",
      }[settingKind(option)];
      const signed = /^(?:key|signature-policy|notation-trust-store)$/
        .test(name);
      const keyless = /^(?:trusted-root|certificate-)/.test(name) && {
        "trusted-root": "a",
        "certificate-identity": "a",
        "certificate-oidc-issuer": "a",
      };
      const more = signed || keyless ? { "require-signature": true } : {};
      texts.push(JSON.stringify({ ...more, ...keyless, [name]: value }));
    }
    for (const text of texts) {
      assertEquals(schemaFaults(schema, JSON.parse(text)), [], text);
      await write(text);
      const { code, stderr } = await say(["config"]);
      assertEquals([code, stderr], [0, ""], text);
    }
    for (const wrong of [{ retries: "3" }, { format: "zip" }, { no: 1 }]) {
      assert(schemaFaults(schema, wrong).length > 0, JSON.stringify(wrong));
      await write(wrong);
      assertEquals((await say(["config"])).code, 2);
    }
  }));
