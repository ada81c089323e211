/** Looks into an archive that was written: whether it holds what it should. */

import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { Blob } from "./push.ts";

interface Member {
  name: string;
  position: number;
  size: number;
}

function readText(header: Uint8Array, start: number, end: number): string {
  return new TextDecoder().decode(header.subarray(start, end))
    .replace(/\0.*$/s, "");
}

function readSize(header: Uint8Array): number {
  return header[124]! & 0x80
    ? header.subarray(125, 136).reduce((sum, byte) => sum * 256 + byte, 0)
    : parseInt(readText(header, 124, 136), 8);
}

async function readAt(
  file: FileHandle,
  position: number,
  size: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  const { bytesRead } = await file.read(bytes, 0, size, position);
  return bytes.subarray(0, bytesRead);
}

/** Yields the members of a tar by its headers, sizes of PAX included. */
async function* readMembers(file: FileHandle): AsyncGenerator<Member> {
  let paxSize: number | undefined;
  for (let position = 0;;) {
    const header = await readAt(file, position, 512);
    if (header.length < 512 || header.every((byte) => byte === 0)) return;
    const size = paxSize ?? readSize(header);
    paxSize = undefined;
    position += 512;
    if (header[156] === "x".charCodeAt(0)) {
      const records = readText(await readAt(file, position, size), 0, size);
      const found = /^\d+ size=(\d+)$/m.exec(records);
      paxSize = found ? Number(found[1]) : undefined;
    } else {
      const name = readText(header, 0, 100);
      const prefix = readText(header, 345, 500);
      yield { name: prefix ? `${prefix}/${name}` : name, position, size };
    }
    position += Math.ceil(size / 512) * 512;
  }
}

async function digestOf(file: FileHandle, member: Member): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1 << 20);
  const { position, size } = member;
  for (let done = 0; done < size;) {
    const wanted = Math.min(buffer.length, size - done);
    const { bytesRead } = await file.read(buffer, 0, wanted, position + done);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return `sha256:${hash.digest("hex")}`;
}

/** Throws unless an archive holds each blob, in full and unaltered. */
export async function verifyArchive(
  path: string,
  blobs: Blob[],
): Promise<void> {
  await using file = await open(path);
  const members = new Map<string, Member>();
  for await (const member of readMembers(file)) {
    members.set(member.name, member);
  }
  for (const { digest, size } of blobs) {
    const member = members.get(`blobs/${digest.replace(":", "/")}`);
    if (!member) throw new Error(`the archive lacks ${digest}`);
    if (member.size !== size) {
      throw new Error(`${digest} has ${member.size} bytes and not ${size}`);
    }
    if (await digestOf(file, member) !== digest) {
      throw new Error(`${digest} has other bytes in the archive`);
    }
  }
}
