/** Adds to a command line what the configuration file says besides. */

import type { Io } from "../io.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import type {
  OptionDefinition,
  ParsedArguments,
} from "../options/arguments.ts";
import { settingsPlace } from "../options/environment.ts";
import { readSettingsFile } from "./file.ts";
import { SETTINGS } from "./table.ts";

/**
 * Reads the file, if there is one, and adds what neither the command line nor
 * the environment says. What a variable could say is said by that, and means
 * what it means there: `platform` is for images of registries and not for
 * files.
 *
 * @param options Those that the command has; of others, nothing is heeded.
 * @param context Is told what is being read, for an error's message.
 * @throws {UsageError} The file says what makes no sense.
 * @throws {StorageError} It cannot be read.
 */
export async function applyFile(
  parsed: ParsedArguments,
  options: readonly OptionDefinition[],
  io: Pick<Io, "env" | "os">,
  context: ErrorContext = {},
): Promise<void> {
  const { path, found = false } = await settingsPlace(io) ?? {};
  if (!path || !found) return;
  const { subject } = context;
  context.subject = "settings";
  const settings = await readSettingsFile(path, io);
  context.subject = subject;
  const { flags, values, denied, origins } = parsed;
  parsed.file = path;
  const said = { ...io.env };
  for (const [name, value] of settings) {
    const { variable, unless } = SETTINGS.find((each) => each.name === name)!;
    const given = flags.has(name) || values.has(name) || denied.has(name);
    if (value === false || given || variable && said[variable]) continue;
    if (unless && flags.has(unless)) continue;
    if (value !== true && variable) io.env[variable] = value.join(" ");
    else if (!options.some((each) => each.name === name && each.setting)) {
      continue;
    } else if (value === true) flags.add(name);
    else values.set(name, value);
    origins.set(name, "file");
  }
}
