/** `@std/tar/tar-stream` over modern-tar. */
import { createTarPacker } from "modern-tar";

/** The metadata of an entry. */
export interface TarStreamOptions {
  mode?: number;
  uid?: number;
  gid?: number;
  /** Seconds since 1970; now by default. */
  mtime?: number;
  uname?: string;
  gname?: string;
}

/** One entry to write. */
export type TarStreamInput =
  & { path: string; options?: TarStreamOptions }
  & (
    | { type: "file"; size: number; readable: ReadableStream<Uint8Array> }
    | { type: "directory" }
    | { type: "symlink"; linkname: string }
  );

/** Entries in, the archive's bytes out. */
export class TarStream
  implements TransformStream<TarStreamInput, Uint8Array<ArrayBuffer>> {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<TarStreamInput>;

  constructor() {
    const { readable, controller } = createTarPacker();
    this.readable = readable;
    this.writable = new WritableStream({
      async write(
        { path: name, options: { mtime, ...options } = {}, ...entry },
      ) {
        const seconds = mtime ?? Math.floor(Date.now() / 1000);
        const body = controller.add({
          name,
          mode: entry.type === "directory" ? 0o755 : 0o644,
          ...options,
          mtime: new Date(seconds * 1000),
          type: entry.type,
          size: entry.type === "file" ? entry.size : 0,
          linkname: entry.type === "symlink" ? entry.linkname : undefined,
        });
        if (entry.type === "file") await entry.readable.pipeTo(body);
        else await body.close();
      },
      close: () => controller.finalize(),
      abort: (reason) => controller.error(reason),
    });
  }
}
