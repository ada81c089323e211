/** What an unknown option of a pull is, where a command comes after it. */

import { parseArguments, UsageError } from "../options/arguments.ts";
import { OPTIONS, OTHER_COMMANDS } from "../options/option_table.ts";
import { ALL_LINES } from "./all_lines.ts";
import { optionsFirst } from "./pull_options.ts";

/**
 * Finds the command that arguments are for which make no sense as a pull's.
 *
 * @returns Nothing where no word of them is the name of one by which they do.
 */
export function misplacedOptions(
  argv: readonly string[],
): UsageError | undefined {
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  for (const [at, word] of words.entries()) {
    if (!OTHER_COMMANDS.some((name) => name === word)) continue;
    const command = word === "cache" ? `cache ${words[at + 1]}` : word;
    const own = ALL_LINES[command]?.options ?? [];
    const names = new Set(own.map(({ name }) => name));
    const options = [...own, ...OPTIONS.filter(({ name }) => !names.has(name))];
    const read = (some: readonly string[]) => {
      try {
        return parseArguments(some, options);
      } catch (error) {
        if (error instanceof UsageError) return undefined;
        throw error;
      }
    };
    // It may be the value of an option, or come after an image.
    const [first, ...others] = read(words.slice(0, at + 1))?.operands ?? [];
    if (first !== word || others.length > 0) continue;
    return optionsFirst(command, read(argv));
  }
  return undefined;
}
