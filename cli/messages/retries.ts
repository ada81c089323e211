/** What a request failed with that is made again. */

import {
  ContentMismatchError,
  NetworkError,
  RegistryError,
} from "../../lib/image/errors.ts";
import { explainError } from "./errors.ts";
import { networkSentence } from "./network_errors.ts";

/** The whole sentence, with the address that was asked. */
export function retrySentence(error: Error): string {
  if (error instanceof RegistryError) {
    const { method, url, status, words } = error;
    return `Cannot ${method} ${url}: HTTP ${status}${words && ` (${words})`}`;
  }
  return error instanceof NetworkError
    ? networkSentence(error)
    : error instanceof ContentMismatchError
    ? explainError(error).sentence
    : error.message;
}
