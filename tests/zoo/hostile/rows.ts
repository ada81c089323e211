/** All that hostile and broken servers do. */

import { blobs } from "./blobs.ts";
import { documents } from "./documents.ts";
import { fields } from "./fields.ts";
import { logins } from "./logins.ts";
import { redirects } from "./redirects.ts";
import type { Row } from "./row.ts";
import { words } from "./words.ts";

/** Every row of the table. */
export const ROWS: readonly Row[] = [
  ...logins,
  ...redirects,
  ...documents,
  ...fields,
  ...blobs,
  ...words,
];
