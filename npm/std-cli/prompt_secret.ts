/** `@std/cli/prompt-secret` over the terminal calls of node: built-ins. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import process from "node:process";

/** How the answer is shown while it is typed. */
export interface PromptSecretOptions {
  /** Printed for each character; none when empty. */
  mask?: string;
}

/** The line that was typed, or null where standard input is not a terminal. */
export function promptSecret(
  message = "Secret",
  { mask = "*" }: PromptSecretOptions = {},
): string | null {
  const { stdin } = process;
  if (!stdin.isTTY) return null;
  const print = (text: string) => writeSync(1, text);
  // Raw mode makes stdin's own descriptor non-blocking where there is a tty file.
  const own = process.platform !== "win32";
  const fd = own ? openSync("/dev/tty", "r") : 0;
  const typed: string[] = [];
  const byte = new Uint8Array(1);
  const bytes: number[] = [];
  let interrupted = false;
  print(`${message} `);
  stdin.setRawMode(true);
  try {
    while (readSync(fd, byte, 0, 1, null) > 0) {
      const code = byte[0]!;
      if (code === 0x0d || code === 0x0a || code === 0x04) break;
      if ((interrupted = code === 0x03)) break;
      if (code === 0x08 || code === 0x7f) {
        if (typed.pop() !== undefined && mask) {
          print("\b \b".repeat(mask.length));
        }
        continue;
      }
      bytes.push(code);
      const character = new TextDecoder().decode(new Uint8Array(bytes));
      if (character.includes("\ufffd") && bytes.length < 4) continue;
      bytes.length = 0;
      typed.push(character);
      print(mask);
    }
  } finally {
    stdin.setRawMode(false);
    if (own) closeSync(fd);
    print("\n");
  }
  if (interrupted) {
    process.kill(process.pid, "SIGINT");
    return null;
  }
  return typed.join("");
}
