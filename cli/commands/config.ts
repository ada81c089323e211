/** `docker-pull config`: what is in force, and where it comes from. */

import type { Io } from "../io.ts";
import { table } from "../messages/table.ts";
import type {
  OptionDefinition,
  Origin,
  ParsedArguments,
} from "../options/arguments.ts";
import { SETTINGS } from "../settings/table.ts";
import { neutralize } from "../progress/text.ts";
import { settingsPlace } from "../options/environment.ts";
import { settingKind, takesList } from "../settings/values.ts";
import type { Run } from "./command.ts";
import type { ConfigCommandOptions } from "./config_options.ts";

/** One setting, as JSON has it. */
interface Told {
  /** The option's name. */
  name: string;
  /** What is in force, or `null` where nothing is said and there is no default. */
  value: boolean | number | string | readonly string[] | null;
  /** Where it comes from. */
  from: "option" | Origin | "default";
  /** The environment's variable, where it comes from one. */
  variable?: string;
}

/** Tells it. */
export const runConfig: Run<ConfigCommandOptions> = async (
  { parsed, json },
  { env, os },
) => {
  const settings = SETTINGS.map((option) => tell(option, parsed, env));
  const { path = null, found = false } = await settingsPlace({ env, os }) ?? {};
  if (json) {
    return { document: { file: { path, found }, settings } };
  }
  const file = path === null
    ? "No configuration file is read"
    : found
    ? `Configuration file: ${path}`
    : `There is no configuration file: it would be ${path}`;
  const rows = settings.map(({ name, value, from, variable }) => [
    name,
    neutralize(text(value)),
    variable ? `${from}, ${variable}` : from,
  ]);
  return {
    lines: [
      neutralize(file),
      "",
      ...table([["SETTING", "VALUE", "FROM"], ...rows]),
    ],
  };
};

function tell(
  option: OptionDefinition,
  { flags, values, denied, origins }: ParsedArguments,
  env: Io["env"],
): Told {
  const { name, variable } = option;
  const [origin, given] = [origins.get(name), values.get(name)];
  const from = (where: Told["from"]) => ({
    from: where,
    variable: where === "environment" ? variable : undefined,
  });
  if (settingKind(option) === "flag") {
    const value = flags.has(name);
    const said = value || denied.has(name);
    return { name, value, ...from(said ? origin ?? "option" : "default") };
  }
  if (given) {
    return { name, value: valueOf(option, given), ...from(origin ?? "option") };
  }
  // Another option may leave nothing of it, and the folder is in the values.
  const off = name === "cache-dir" || flags.has(`no-${name}s`);
  const other = variable && !off ? env[variable] : undefined;
  if (other !== undefined) {
    const value = valueOf(
      option,
      takesList(option) ? other.split(/\s+/) : [other],
    );
    return { name, value, ...from(origin ?? "environment") };
  }
  const value = option.default === undefined || flags.has("no-cache") && off
    ? null
    : valueOf(option, [option.default]);
  return { name, value, ...from("default") };
}

function valueOf(
  option: OptionDefinition,
  texts: readonly string[],
): Told["value"] {
  if (settingKind(option) === "number") return Number(texts[0]);
  return takesList(option) ? texts : texts.join(",");
}

function text(value: Told["value"]): string {
  if (value === null) return "-";
  return Array.isArray(value) ? value.join(" ") : String(value);
}
