/** Every command line, for what tells of all of them. */

import { SUBCOMMANDS } from "./cache.ts";
import type { CommandHelp } from "../options/help.ts";
import { COMPLETION } from "./completion_options.ts";
import { CONFIG } from "./config_options.ts";
import { COPY } from "./copy_options.ts";
import { DIFF } from "./diff_options.ts";
import { DOCTOR } from "./doctor_options.ts";
import { INSPECT } from "./inspect_options.ts";
import { LOCK } from "./lock_options.ts";
import { LOGIN, LOGOUT } from "./login_options.ts";
import { MAN } from "./man_options.ts";
import { PLAN } from "./plan_options.ts";
import { PULL } from "./pull_options.ts";
import { PUSH } from "./push_options.ts";
import { SERVE } from "./serve_options.ts";
import { TAGS } from "./tags_options.ts";
import { VERIFY } from "./verify_options.ts";

/** The commands by the words that name them; a pull needs none. */
export const ALL_LINES: Readonly<Record<string, CommandHelp>> = {
  "": PULL,
  login: LOGIN,
  logout: LOGOUT,
  doctor: DOCTOR,
  verify: VERIFY,
  serve: SERVE,
  copy: COPY,
  push: PUSH,
  inspect: INSPECT,
  tags: TAGS,
  lock: LOCK,
  diff: DIFF,
  plan: PLAN,
  ...Object.fromEntries(
    Object.entries(SUBCOMMANDS).map(([name, { line }]) => [
      `cache ${name}`,
      line,
    ]),
  ),
  config: CONFIG,
  completion: COMPLETION,
  man: MAN,
};
