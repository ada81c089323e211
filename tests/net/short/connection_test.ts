/** One connection and the responses that come over it, one after another. */
import { assertEquals } from "@std/assert";
import { ShortBody } from "../../../lib/net/short/body.ts";
import { ShortConnection } from "../../../lib/net/short/connection.ts";
import { BodyFrames } from "../../../lib/net/short/frames.ts";
import { parseHead } from "../../../lib/net/short/head.ts";
import { test } from "../../harness.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function connect(): { connection: ShortConnection; kept: ShortConnection[] } {
  const kept: ShortConnection[] = [];
  const connection = new ShortConnection(
    { parseHead, Frames: BodyFrames, Body: ShortBody },
    { keep: (one) => void kept.push(one), lose: () => {} },
    1024,
  );
  connection.attach({ write() {}, resume() {}, destroy() {} });
  return { connection, kept };
}

async function read(body: ShortBody): Promise<string> {
  let text = "";
  for (let ended = false; !ended;) {
    ended = await body.pump(1024, 0, (bytes) => {
      text += new TextDecoder().decode(bytes);
    });
  }
  return text;
}

test("what nobody has taken of a body is not overwritten by the next", async () => {
  const { connection, kept } = connect();
  const bodies: ShortBody[] = [];
  for (const text of ["first", "second", "third"]) {
    const response = connection.request("GET / HTTP/1.1\r\n\r\n", "GET");
    connection.bytes(encode(
      `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n`,
    ));
    // All of it comes, and the connection is free, before it is read.
    connection.bytes(encode(text));
    bodies.push((await response).body);
  }
  assertEquals(kept.length, 3);
  const texts = [];
  for (const body of bodies) texts.push(await read(body));
  assertEquals(texts, ["first", "second", "third"]);
});
