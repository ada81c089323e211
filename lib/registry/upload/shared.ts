/** What the uploads to one repository share. */

import type { OnEvent } from "../../image/events.ts";
import type { Session } from "../session.ts";
import type { ChunkSizes } from "./chunks.ts";
import type { UploadRecords } from "./records.ts";
import type { UploadPlace } from "./refusals.ts";

/** What the uploads to one repository share. */
export interface UploadShared extends UploadPlace {
  /** What sends and logs in. */
  session: Session;
  /** What is known of the parts that it takes. */
  chunks: ChunkSizes;
  /** Where uploads are remembered. */
  records?: UploadRecords;
  /** Told what goes on. */
  onEvent?: OnEvent;
}
