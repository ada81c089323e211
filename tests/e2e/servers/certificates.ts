/** A private certificate authority, made with openssl. */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A key and its certificate. */
export interface Certificate {
  /** The path of the key. */
  keyFile: string;
  /** The path of the certificate. */
  certFile: string;
  /** The key, in PEM. */
  key: string;
  /** The certificate, in PEM. */
  cert: string;
}

/** What a certificate is for. */
export interface IssueOptions {
  /**
   * The names and addresses that it is for.
   *
   * @default {["DNS:localhost", "IP:127.0.0.1"]}
   */
  names?: string[];
  /**
   * Who shows it.
   *
   * @default {"serverAuth"}
   */
  usage?: "serverAuth" | "clientAuth";
}

/** A certificate authority. */
export interface Authority extends Certificate {
  /** Makes a certificate, by default for this machine's loopback names. */
  issue(name: string, days: number, options?: IssueOptions): Certificate;
}

/** Makes a certificate authority in a folder. */
export function makeAuthority(folder: string): Authority {
  const read = (name: string): Certificate => {
    const keyFile = join(folder, `${name}.key`);
    const certFile = join(folder, `${name}.crt`);
    const key = readFileSync(keyFile, "utf8");
    const cert = readFileSync(certFile, "utf8");
    return { keyFile, certFile, key, cert };
  };
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync("openssl", args, { cwd: folder });
    if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  };
  const newKey = (name: string) => [
    ..."req -newkey rsa:2048 -nodes -keyout".split(" "),
    `${name}.key`,
    "-subj",
    `/CN=docker-pull tests ${name}`,
  ];
  openssl(...newKey("ca"), ..."-x509 -days 2 -out ca.crt".split(" "));
  return {
    ...read("ca"),
    issue(name, days, options = {}) {
      const {
        names = ["DNS:localhost", "IP:127.0.0.1"],
        usage = "serverAuth",
      } = options;
      openssl(...newKey(name), "-out", `${name}.csr`);
      const extensions = [
        `subjectAltName=${names.join(",")}`,
        "basicConstraints=CA:FALSE",
        `extendedKeyUsage=${usage}`,
      ];
      writeFileSync(join(folder, "extensions"), extensions.join("\n"));
      openssl(
        ..."x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial".split(" "),
        ..."-extfile extensions -days".split(" "),
        `${days}`,
        "-in",
        `${name}.csr`,
        "-out",
        `${name}.crt`,
      );
      return read(name);
    },
  };
}
