/** The command line of `man`. */

import { UsageError } from "../options/arguments.ts";
import { COMMON_OPTIONS } from "../options/shared_options.ts";
import type { CommandLine } from "./command.ts";

/** The command line of `man`. */
export const MAN: CommandLine<undefined> = {
  summary: "Prints the manual page, made of what --help says of each command.",
  usage: ["docker-pull man [OPTIONS]"],
  options: COMMON_OPTIONS,
  variables: [],
  examples: ["docker-pull man | man -l -"],
  read({ operands: [word] }) {
    if (word === undefined) return undefined;
    throw new UsageError(`${JSON.stringify(word)} is one word too many`);
  },
};
