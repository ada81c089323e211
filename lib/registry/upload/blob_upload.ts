/**
 * The upload of one blob: what is there is not sent, what another repository
 * has is mounted, what broke off goes on.
 *
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#push}
 */

import { later, type LateSignal } from "../../image/abort.ts";
import { RegistryError, UploadError } from "../../image/errors.ts";
import type { UploadedBy } from "../../image/events.ts";
import type { UploadProblem } from "../../image/problems.ts";
import type { Descriptor } from "../../image/types.ts";
import { isRetryable } from "../../net/retry.ts";
import { type UploadContent, verifyContent } from "./content.ts";
import type { ClaimedUpload } from "./records.ts";
import { asPush, refusal } from "./refusals.ts";
import type { UploadShared } from "./shared.ts";
import { UploadRequests } from "./upload_requests.ts";

/** What became of a blob. */
export interface UploadOutcome {
  /** How the registry has come to have it. */
  how: UploadedBy;
  /** Bytes that were sent. */
  sent: number;
  /** Bytes that an earlier run had sent. */
  resumed: number;
}

/** More than a registry needs that forgets an upload now and then. */
const MOST_STARTS = 10;
/** More refusals of parts than it takes to find out what a registry takes. */
const MOST_REFUSALS = 12;
/** What is under way has so many milliseconds to end once it is to be stopped. */
const LAST_MS = 8_000;
/** What is smaller is sent again rather than remembered, in bytes. */
const REMEMBERED_BYTES = 2 ** 20;

/** The upload of one blob to one repository. */
export class BlobUpload {
  readonly #shared: UploadShared;
  readonly #descriptor: Descriptor;
  readonly #signal: AbortSignal | undefined;
  readonly #cut: AbortSignal | undefined;
  /** Ends the part under way. */
  #end: LateSignal | undefined;
  readonly #requests: UploadRequests;
  /** How many bytes the registry has. */
  #offset = 0;
  #furthest = 0;
  /** The size of the part before. */
  #part = 0;
  /** Whether a request has failed, so that it must be asked how far it is. */
  #doubtful = false;
  /** Whether the blob may be there, as it was being put together. */
  #finishing = false;
  #starts = 0;
  #refusals = 0;
  #mismatched = false;
  /** What is wrong with the bytes here, so that no other try is of use. */
  #wrong: unknown;
  #claim: ClaimedUpload | undefined;
  #began = false;
  #resumed = 0;

  /**
   * Sends nothing yet.
   *
   * @param signal Stops it: a part under way has some seconds to end, as there
   * are registries that forget all of an upload where a request breaks off.
   * @param cut Breaks off at once what is under way, too.
   */
  constructor(
    shared: UploadShared,
    descriptor: Descriptor,
    signal?: AbortSignal,
    cut?: AbortSignal,
  ) {
    this.#shared = shared;
    this.#descriptor = descriptor;
    this.#signal = signal;
    this.#cut = cut;
    this.#requests = new UploadRequests(shared, descriptor, signal);
  }

  /** The repository that the blob is for. */
  get repository(): string {
    return this.#shared.repository;
  }

  /**
   * Asks whether the repository has the blob.
   *
   * @returns What became of it; nothing where its bytes are missing.
   */
  async find(): Promise<UploadOutcome | undefined> {
    const there = await this.#trying(() => this.#requests.isThere());
    if (!there) return undefined;
    const { records, registry, repository } = this.#shared;
    const descriptor = this.#descriptor;
    if (descriptor.size >= REMEMBERED_BYTES) {
      await records?.drop(registry, repository, descriptor);
    }
    return this.#outcome("there");
  }

  /**
   * Has the registry link the blob from another repository. Where it does not,
   * that has begun an upload, which the bytes go to.
   *
   * @param from Another repository of the registry, that has the blob.
   * @returns What became of it; nothing where its bytes are missing.
   */
  async mount(from: string): Promise<UploadOutcome | undefined> {
    try {
      const mounted = await this.#trying(async () => {
        const there = await this.#requests.mount(from);
        if (!there) await this.#opened();
        return there;
      });
      return mounted ? this.#outcome("mounted") : undefined;
    } catch (error) {
      // Whoever may not pull there may still push here.
      if (error instanceof RegistryError && !isRetryable(error)) return;
      throw error;
    }
  }

  /**
   * Sends what the registry lacks of the blob.
   *
   * @param content Its bytes.
   * @returns What became of it.
   * @throws {UploadError} If the registry does not take it.
   * @throws {RegistryError} If it refuses the login.
   * @throws {NetworkError} If it cannot be reached.
   * @throws {ContentMismatchError} If the bytes are not those of the digest
   * here.
   */
  async send(content: UploadContent): Promise<UploadOutcome> {
    this.#requests.content = content;
    this.#signal?.throwIfAborted();
    this.#end = later(this.#signal, LAST_MS, this.#cut);
    try {
      if (await this.#resume()) return this.#outcome("there");
      await this.#trying(() => this.#try());
      await this.#claim?.forget();
      return this.#outcome("uploaded");
    } finally {
      this.#end.forget();
      await this.#claim?.release();
    }
  }

  /** What ends a request that sends bytes, or has them put together. */
  get #ending(): AbortSignal | undefined {
    // Where nothing is lost, nobody is kept waiting.
    return this.#shared.chunks.kept ? this.#signal : this.#end?.signal;
  }

  #trying<T>(task: () => Promise<T>): Promise<T> {
    const { session } = this.#shared;
    return session.http.retrying(
      session.url(`blobs/${this.#descriptor.digest}`),
      task,
      this.#signal,
      undefined,
      () => this.#furthest,
    ).catch((error) => {
      throw asPush(this.#shared, error);
    });
  }

  #outcome(how: UploadedBy): UploadOutcome {
    const descriptor = this.#descriptor;
    this.#shared.onEvent?.({ type: "upload-done", descriptor, how });
    return { how, sent: this.#requests.sent, resumed: this.#resumed };
  }

  /** Goes on with an upload that is remembered; tells whether it is there now. */
  async #resume(): Promise<boolean> {
    const { records, registry, repository, chunks } = this.#shared;
    const descriptor = this.#descriptor;
    const signal = this.#signal;
    if (!records || descriptor.size < REMEMBERED_BYTES) return false;
    let waited = false;
    const onWait = () => {
      waited = true;
      this.#shared.onEvent?.({ type: "blob-wait", descriptor });
    };
    this.#claim = await records.claim(registry, repository, descriptor, {
      signal,
      onWait,
    });
    // Whoever was waited for may have done it.
    if (waited && await this.#requests.isThere()) return true;
    const record = await this.#claim.read();
    if (!record) {
      if (this.#requests.location) await this.#remember();
      return false;
    }
    chunks.kept ??= record.kept;
    this.#requests.location = new URL(record.location);
    this.#offset = record.offset;
    this.#doubtful = true;
    return false;
  }

  /** One try, from wherever it is to the end. */
  async #try(): Promise<void> {
    if (this.#wrong) throw this.#wrong;
    try {
      if (this.#doubtful && await this.#recover()) return;
      this.#doubtful = true;
      if (!this.#requests.location) await this.#begin();
      this.#tellStart();
      await this.#send();
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      throw refusal(this.#shared, error, this.#descriptor);
    }
  }

  #tellStart(): void {
    const descriptor = this.#descriptor;
    const resumed = this.#offset;
    if (!this.#began) this.#resumed = resumed;
    this.#began = true;
    this.#shared.onEvent?.({ type: "upload-start", descriptor, resumed });
  }

  #fail(problem: UploadProblem, cause?: unknown): UploadError {
    const { registry, repository } = this.#shared;
    return new UploadError(registry, repository, problem, { cause });
  }

  /**
   * Asks how far the upload is after a failure, of this run or an earlier one.
   *
   * @returns Whether the blob is there.
   */
  async #recover(): Promise<boolean> {
    if (this.#finishing && await this.#requests.isThere()) return true;
    this.#finishing = false;
    if (!this.#requests.location) return false;
    const { chunks } = this.#shared;
    const before = this.#offset;
    try {
      const range = await this.#requests.offset(before) ?? before;
      await this.#reached(range);
      if (range > before) chunks.kept = true;
      else if (this.#requests.left > REMEMBERED_BYTES || !this.#began) {
        chunks.kept ??= false;
      }
      this.#requests.left = 0;
      if (range > this.#descriptor.size) return this.#forget();
    } catch (error) {
      if (!(error instanceof RegistryError) || isRetryable(error)) throw error;
      const { status } = error;
      if (status === 401 || status === 403) throw error;
      // Whoever cannot be asked may go on; else it has forgotten the upload.
      if (status === 405) return false;
      if (this.#requests.left > REMEMBERED_BYTES) chunks.kept ??= false;
      return this.#forget();
    }
    return false;
  }

  #forget(): false {
    this.#requests.location = undefined;
    this.#begins();
    return false;
  }

  async #begin(): Promise<void> {
    if (++this.#starts > MOST_STARTS) throw this.#fail({ code: "forgetful" });
    await this.#requests.begin();
    await this.#opened();
  }

  /** An upload has begun, from its first byte on. */
  async #opened(): Promise<void> {
    this.#begins();
    await this.#remember();
  }

  #begins(): void {
    this.#offset = 0;
    this.#part = 0;
    this.#requests.left = 0;
  }

  /** The registry has so many bytes. */
  async #reached(offset: number): Promise<void> {
    this.#offset = offset;
    this.#furthest = Math.max(this.#furthest, offset);
    await this.#remember();
  }

  async #remember(): Promise<void> {
    const { kept } = this.#shared.chunks;
    const offset = this.#offset;
    const location = this.#requests.location!.href;
    await this.#claim?.write({ location, offset, kept });
  }

  /** Sends what is missing, and has it put together. */
  async #send(): Promise<void> {
    const { size } = this.#descriptor;
    const { chunks } = this.#shared;
    while (true) {
      if (!this.#requests.location) await this.#begin();
      const rest = size - this.#offset;
      if (rest > 0) this.#signal?.throwIfAborted();
      const next = chunks.next(rest, this.#part, this.#requests.minimum);
      const whole = this.#offset === 0 && next === size;
      if (rest > 0 && !whole) await this.#patch(next);
      else if (await this.#finish(whole ? size : 0)) return;
    }
  }

  /** Sends a part. */
  async #patch(length: number): Promise<void> {
    const { chunks, session } = this.#shared;
    const start = this.#offset;
    const end = start + length;
    const began = session.http.now();
    let told: number | undefined;
    try {
      told = await this.#requests.patch(start, end, this.#ending);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      return await this.#refused(error, length);
    }
    chunks.took(length, session.http.now() - began);
    this.#requests.left = 0;
    this.#part = length;
    await this.#reached(end);
    // It has taken less, or something else is wrong: it says how far it is.
    if (told !== undefined && told !== end) {
      if (++this.#refusals > MOST_REFUSALS) {
        throw this.#fail({ code: "forgetful" });
      }
      this.#offset = start;
      await this.#recover();
      chunks.kept = undefined;
    }
  }

  /** Finds another way where a part is refused. */
  async #refused(error: RegistryError, length: number): Promise<void> {
    const { chunks } = this.#shared;
    const { status, errors } = error;
    if (isRetryable(error) || status === 401 || status === 403) throw error;
    if (status >= 500 && status !== 501) throw error;
    if (++this.#refusals > MOST_REFUSALS) throw error;
    if (status === 413) {
      if (!chunks.shrink(length, this.#requests.minimum)) throw error;
      return;
    }
    if (status === 416 && this.#refusals === 1) {
      await this.#recover();
      return;
    }
    const never = status === 405 || status === 501 ||
      errors.some(({ code }) => code === "UNSUPPORTED");
    // An upload of its own that is refused from the first byte on.
    if (never || this.#refusals > 2) chunks.whole = true;
    this.#forget();
  }

  /**
   * Has it put together; of a blob that was not sent in parts, sends it.
   *
   * @returns Whether it is there; otherwise it must be sent again.
   */
  async #finish(length: number): Promise<boolean> {
    this.#finishing = true;
    try {
      await this.#requests.put(length, this.#ending);
      return true;
    } catch (error) {
      if (!(error instanceof RegistryError) || isRetryable(error)) throw error;
      const { status } = error;
      if (status === 413 && length > 0 && ++this.#refusals <= MOST_REFUSALS) {
        const { minimum } = this.#requests;
        if (!this.#shared.chunks.shrink(length, minimum)) throw error;
        return false;
      }
      return await this.#unfinished(error);
    }
  }

  async #unfinished(error: RegistryError): Promise<boolean> {
    const { status, errors } = error;
    const { digest } = this.#descriptor;
    if (status === 401 || status === 403 || status === 413) throw error;
    if (await this.#requests.isThere()) return true;
    if (status >= 500 && status !== 501) throw error;
    if (errors.some(({ code }) => code === "DIGEST_INVALID")) {
      try {
        await verifyContent(this.#requests.content!, this.#signal);
      } catch (error) {
        throw this.#wrong = error;
      }
      // Something else may have got into it; once is enough.
      if (this.#mismatched) {
        throw this.#fail({ code: "digest-refused", digest }, error);
      }
      this.#mismatched = true;
    } else if (++this.#refusals > MOST_STARTS) throw error;
    // Where uploads are forgotten, the fewer requests there are, the better.
    else if (this.#refusals > 1) this.#shared.chunks.whole = true;
    this.#finishing = false;
    this.#forget();
    return false;
  }
}
