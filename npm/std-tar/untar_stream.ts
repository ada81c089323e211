/** `@std/tar/untar-stream` over modern-tar. */
import { createTarDecoder } from "modern-tar";

const TYPEFLAGS: Record<string, string> = {
  file: "0",
  link: "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
};

/** One entry that was read; a file's `readable` is read or cancelled. */
export interface TarStreamEntry {
  path: string;
  header: {
    name: string;
    mode: number;
    uid: number;
    gid: number;
    size: number;
    mtime: number;
    typeflag: string;
    linkname: string;
  };
  readable?: ReadableStream<Uint8Array>;
}

/** The archive's bytes in, entries out. */
export class UntarStream
  implements TransformStream<Uint8Array, TarStreamEntry> {
  readonly readable: ReadableStream<TarStreamEntry>;
  readonly writable: WritableStream<Uint8Array>;

  constructor() {
    const { readable, writable } = createTarDecoder({ strict: true });
    this.writable = writable;
    this.readable = readable.pipeThrough(
      new TransformStream({
        async transform({ header, body }, controller) {
          const isFile = header.type === "file";
          if (!isFile) await body.cancel();
          controller.enqueue({
            path: header.name,
            header: {
              name: header.name,
              mode: header.mode ?? 0,
              uid: header.uid ?? 0,
              gid: header.gid ?? 0,
              size: header.size,
              mtime: Math.floor(Number(header.mtime ?? 0) / 1000),
              typeflag: TYPEFLAGS[header.type ?? "file"] ?? "0",
              linkname: header.linkname ?? "",
            },
            ...(isFile && { readable: body }),
          });
        },
      }),
    );
  }
}
