/**
 * Pulls with a login of the program's own, and tells what is wrong with it:
 * `PASSWORD=… login.ts registry.example/team/app:1 me`.
 */

import process from "node:process";
import {
  givenCredential,
  parseReference,
  pull,
  RegistryError,
} from "../mod.ts";

const [image = "nginx", username = ""] = process.argv.slice(2);
const password = process.env.PASSWORD ?? "";
const { registry } = parseReference(image);
try {
  const { path } = await pull(image, {
    platform: "linux/amd64",
    credentials: givenCredential(
      registry,
      { kind: "basic", username, password },
      "PASSWORD",
    ),
  });
  console.log(path);
} catch (error) {
  if (!(error instanceof RegistryError && error.status === 401)) throw error;
  console.log(`${registry} does not take the login of ${username}`);
}
