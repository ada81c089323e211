/** Uploads as the display of a pull shows them. */

import type { OnEvent } from "../../lib/image/events.ts";

/**
 * Has uploads shown as what comes is: a layer is done when the registry that
 * it goes to has it, and not when it has come here.
 *
 * @param onEvent Shows what comes.
 */
export function showUploads(onEvent: OnEvent): OnEvent {
  return (event) => {
    switch (event.type) {
      case "upload-start":
        return onEvent({ ...event, type: "blob-start", source: "registry" });
      case "upload-progress": {
        const { sent, ...others } = event;
        return onEvent({ ...others, type: "blob-progress", received: sent });
      }
      case "upload-done": {
        const { how, ...others } = event;
        const source = how === "uploaded" ? "registry" : "target";
        return onEvent({ ...others, type: "blob-done", source });
      }
      case "blob-done":
        return;
      default:
        return onEvent(event);
    }
  };
}
