/**
 * What a thread runs that fetches, writes and hashes blobs. It opens the files
 * itself and sends the requests itself, so that neither what is there already
 * nor what comes over the network ever leaves it.
 */

import type { ShortBody } from "../net/short/body.ts";
import { type ShortWay, shortWayText } from "../net/short/short_way.ts";
import type { ShortTls } from "../net/short/sockets.ts";
import { threadFetch } from "../net/transport.ts";
import { type Listen, programText } from "../disk/thread.ts";
import type { FileRegion } from "../image/types.ts";
import { BodyReader } from "./body_reader.ts";

type Hash = import("node:crypto").Hash;
type Stats = import("node:fs").Stats;

/** What is asked of the thread; a `ticket` gets a response. */
export type ThreadRequest =
  | {
    kind: "open";
    blob: number;
    algorithm: string | undefined;
    regions: FileRegion[];
  }
  | {
    kind: "write";
    blob: number;
    ticket: number;
    // No view of it: Deno would look at each of the view's elements.
    buffer: ArrayBuffer;
    offset: number;
    length: number;
    position: number;
    hashed: boolean;
  }
  | {
    kind: "reread";
    blob: number;
    ticket: number;
    start: number;
    end: number;
    copied: boolean;
  }
  | { kind: "digest"; blob: number; ticket: number }
  | { kind: "close"; blob: number; ticket: number }
  | {
    kind: "fetch";
    body: number;
    ticket: number;
    url: string;
    init: RequestInit;
    settings: Record<string, unknown>;
  }
  /** Writes a body's next bytes to a blob. */
  | {
    kind: "receive";
    blob: number;
    body: number;
    ticket: number;
    position: number;
    most: number;
    hashed: boolean;
  }
  /** Gives a body's next bytes to the thread's owner. */
  | { kind: "read"; body: number; ticket: number; most: number }
  /** Ends a request or its body. */
  | { kind: "end"; body: number };

/** An error as it can be passed on. */
export interface PlainError {
  name: string;
  message: string;
  code?: string;
  errno?: number;
  cause?: PlainError;
  errors?: PlainError[];
}

/** What the thread responds. */
export interface ThreadResponse {
  ticket: number;
  /** The buffer of a `write`, or what was `read`. */
  buffer?: ArrayBuffer;
  digest?: string;
  /** Where the bytes to be reread ended too early. */
  short?: number;
  /** The head of a response to a request. */
  head?: {
    status: number;
    statusText: string;
    headers: [string, string][];
    empty: boolean;
  };
  /** How many bytes were received. */
  count?: number;
  /** Whether the body has come to its end. */
  ended?: boolean;
  /** Why the network gave no more. */
  broken?: PlainError;
  /** Why a file could not be used. */
  failure?: { operation: string; subject: string; cause: PlainError };
}

/** The program; it is passed on as text, and refers to nothing outside. */
function serve(
  listen: Listen<ThreadRequest>,
  Reader: typeof BodyReader,
  connect: typeof threadFetch,
  shortWay: () => ShortWay,
) {
  const BUFFER_SIZE = 1024 * 1024;
  /** A `receive` is answered after so many milliseconds, if with few bytes. */
  const STEP_MS = 100;
  type OpenFile = FileRegion & { handle?: number };
  type Result = Omit<ThreadResponse, "ticket">;
  type Of<K> = ThreadRequest & { kind: K };
  interface OpenBlob {
    files: OpenFile[];
    algorithm: string | undefined;
    hash?: Hash;
  }
  interface OpenBody {
    /** Ends the request. */
    stop: () => void;
    /** Kept, because Deno forgets the signal of one that is garbage. */
    response?: Response;
    reader?: BodyReader;
    short?: ShortBody;
  }
  const blobs = new Map<number, OpenBlob>();
  const bodies = new Map<number, OpenBody>();
  const buffers: ArrayBuffer[] = [];
  const send = connect();
  let sendShort: ShortWay | undefined;

  // They take longer to load than a request to be sent, which comes first.
  let fs: typeof import("node:fs");
  let createHash: typeof import("node:crypto").createHash;
  let loaded: Promise<void> | undefined;
  async function load() {
    ({ createHash } = await import("node:crypto"));
    fs = await import("node:fs");
  }

  function hashOf(blob: OpenBlob): Hash | undefined {
    const { algorithm } = blob;
    return algorithm === undefined
      ? undefined
      : blob.hash ??= createHash(algorithm);
  }

  function plain(error: unknown, depth = 0): PlainError {
    if (!(error instanceof Error)) {
      return { name: "Error", message: String(error) };
    }
    const { name, message, code, errno, cause, errors } = error as
      & Error
      & PlainError;
    const deeper = depth < 4;
    return {
      name,
      message,
      code: typeof code === "string" ? code : undefined,
      errno: typeof errno === "number" ? errno : undefined,
      cause: deeper && cause !== undefined
        ? plain(cause, depth + 1)
        : undefined,
      errors: deeper && Array.isArray(errors)
        ? errors.slice(0, 4).map((each) => plain(each, depth + 1))
        : undefined,
    };
  }

  /** Opens the very file that is meant, and no link to it. */
  function open({ path, identity, writable }: FileRegion): number {
    const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY, O_RDWR } = fs.constants;
    const check = (found: Stats) => {
      const meant = identity
        ? found.dev === identity[0] && found.ino === identity[1]
        : found.isFile();
      if (!meant) {
        const error = new Error("another file is in its place");
        throw Object.assign(error, { code: "replaced" });
      }
    };
    // Where opening can follow links, they are seen before.
    if (!O_NOFOLLOW) check(fs.lstatSync(path));
    const flags = (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK;
    const handle = fs.openSync(path, flags);
    try {
      check(fs.fstatSync(handle));
      return handle;
    } catch (error) {
      fs.closeSync(handle);
      throw error;
    }
  }

  /** Runs a call on a file; what it throws says which. */
  function on<T>(
    file: OpenFile,
    operation: string,
    call: (fd: number) => T,
  ): T {
    try {
      return call(file.handle ??= open(file));
    } catch (error) {
      throw { operation, subject: file.subject, cause: plain(error) };
    }
  }

  function write(file: OpenFile, bytes: Uint8Array, position: number) {
    on(file, "write", (fd) => {
      for (let done = 0; done < bytes.length;) {
        const at = file.offset + position + done;
        done += fs.writeSync(fd, bytes, done, bytes.length - done, at);
      }
    });
  }

  function put(
    blob: OpenBlob,
    bytes: Uint8Array,
    { position, hashed }: { position: number; hashed: boolean },
  ) {
    for (const file of blob.files) write(file, bytes, position);
    if (hashed) hashOf(blob)?.update(bytes);
  }

  function reread(blob: OpenBlob, request: Of<"reread">): Result {
    const [primary, ...copies] = blob.files;
    const hash = hashOf(blob);
    const { end, copied } = request;
    const lent = buffers.pop() ?? new ArrayBuffer(BUFFER_SIZE);
    const buffer = new Uint8Array(lent);
    try {
      for (let position = request.start; position < end;) {
        const most = Math.min(buffer.length, end - position);
        const count = on(
          primary!,
          "read",
          (fd) => fs.readSync(fd, buffer, 0, most, primary!.offset + position),
        );
        if (count === 0) return { short: position };
        const bytes = buffer.subarray(0, count);
        if (copied) { for (const copy of copies) write(copy, bytes, position); }
        hash?.update(bytes);
        position += count;
      }
    } finally {
      buffers.push(lent);
    }
    return {};
  }

  async function fetchHead(request: Of<"fetch">): Promise<Result> {
    try {
      return {
        head: await (request.settings.short
          ? shortHead(request)
          : ordinaryHead(request)),
      };
    } catch (error) {
      bodies.delete(request.body);
      return { broken: plain(error) };
    }
  }

  async function ordinaryHead(
    { body: id, url, init, settings }: Of<"fetch">,
  ): Promise<Result["head"]> {
    const controller = new AbortController();
    const body: OpenBody = { stop: () => controller.abort() };
    bodies.set(id, body);
    const sent = send(url, { ...init, signal: controller.signal }, settings);
    loaded ??= load();
    const response = await sent;
    body.response = response;
    if (response.body) body.reader = new Reader(response.body);
    const { status, statusText } = response;
    const headers = [...response.headers];
    return { status, statusText, headers, empty: !response.body };
  }

  async function shortHead(
    { body: id, url, init, settings }: Of<"fetch">,
  ): Promise<Result["head"]> {
    const { method = "GET" } = init;
    const sent = (sendShort ??= shortWay())({
      url,
      method,
      headers: init.headers as [string, string][],
      tls: settings.short as ShortTls,
    });
    const body: OpenBody = { stop: sent.cancel };
    bodies.set(id, body);
    loaded ??= load();
    const response = await sent.response;
    const { status, statusText, headers } = response;
    body.short = response.body;
    // What was said before the end of a response without a body comes, too.
    return { status, statusText, headers, empty: method === "HEAD" };
  }

  /** A body's next bytes, which are on loan. */
  async function next(
    id: number,
    most: number,
  ): Promise<{ bytes?: Uint8Array<ArrayBuffer>; broken?: PlainError }> {
    const reader = bodies.get(id)?.reader;
    if (!reader) return { broken: plain(new Error("aborted")) };
    const buffer = buffers.pop() ?? new ArrayBuffer(BUFFER_SIZE);
    try {
      const bytes = await reader.read(buffer, Math.min(most, BUFFER_SIZE));
      return bytes ? { bytes } : {};
    } catch (error) {
      return { broken: plain(error) };
    }
  }

  async function receive(
    blob: OpenBlob,
    request: Of<"receive">,
  ): Promise<Result> {
    const { most, hashed } = request;
    const until = performance.now() + STEP_MS;
    let count = 0;
    const short = bodies.get(request.body)?.short;
    if (short) {
      let wrong: { failure: unknown } | undefined;
      try {
        const ended = await short.pump(most, STEP_MS, (bytes) => {
          try {
            put(blob, bytes, { position: request.position + count, hashed });
          } catch (failure) {
            wrong = { failure };
            throw failure;
          }
          count += bytes.length;
        });
        return ended ? { count, ended } : { count };
      } catch (error) {
        if (wrong) throw wrong.failure;
        return { count, broken: plain(error) };
      }
    }
    do {
      const { bytes, broken } = await next(request.body, most - count);
      if (!bytes) return broken ? { count, broken } : { count, ended: true };
      put(blob, bytes, { position: request.position + count, hashed });
      count += bytes.length;
      buffers.push(bytes.buffer);
    } while (count < most && performance.now() < until);
    return { count };
  }

  async function readShort(body: ShortBody, most: number): Promise<Result> {
    const buffer = new ArrayBuffer(most);
    let count = 0;
    try {
      const ended = await body.pump(most, 0, (bytes) => {
        new Uint8Array(buffer).set(bytes, count);
        count += bytes.length;
      });
      if (count === 0 && ended) return { ended };
      return {
        count,
        buffer: count === most ? buffer : buffer.slice(0, count),
      };
    } catch (error) {
      return { broken: plain(error) };
    }
  }

  async function read({ body, most }: Of<"read">): Promise<Result> {
    const short = bodies.get(body)?.short;
    if (short) return await readShort(short, most);
    const { bytes, broken } = await next(body, most);
    if (!bytes) return broken ? { broken } : { ended: true };
    const { length } = bytes;
    return {
      count: length,
      buffer: length === bytes.buffer.byteLength
        ? bytes.buffer
        : bytes.buffer.slice(0, length),
    };
  }

  function end(id: number) {
    const body = bodies.get(id);
    bodies.delete(id);
    body?.reader?.cancel();
    body?.stop();
  }

  function close(id: number): Result {
    const blob = blobs.get(id);
    blobs.delete(id);
    for (const { handle } of blob?.files ?? []) {
      if (handle !== undefined) fs.closeSync(handle);
    }
    return {};
  }

  async function respond(
    request: Extract<ThreadRequest, { ticket: number }>,
  ): Promise<Result> {
    if (request.kind === "fetch") return await fetchHead(request);
    if (request.kind === "read") return await read(request);
    await (loaded ??= load());
    if (request.kind === "close") return close(request.blob);
    const blob = blobs.get(request.blob)!;
    switch (request.kind) {
      case "write": {
        const { buffer, offset, length } = request;
        put(blob, new Uint8Array(buffer, offset, length), request);
        return {};
      }
      case "reread":
        return reread(blob, request);
      case "receive":
        return await receive(blob, request);
      default: {
        const digest = hashOf(blob)?.digest("hex");
        return digest === undefined ? {} : { digest };
      }
    }
  }

  async function take(request: ThreadRequest) {
    if (request.kind === "end") return end(request.body);
    if (request.kind === "open") {
      const { blob, regions: files, algorithm } = request;
      return void blobs.set(blob, { files, algorithm });
    }
    let result: Result;
    try {
      result = await respond(request);
    } catch (failure) {
      result = { failure: failure as ThreadResponse["failure"] };
    }
    const { ticket } = request;
    const buffer = request.kind === "write" ? request.buffer : result.buffer;
    post({ ...result, ticket, buffer }, buffer ? [buffer] : []);
  }

  const post = listen(take);
}

/** The program's text. */
export function threadProgram(): string {
  return programText(serve, BodyReader, threadFetch, shortWayText());
}
