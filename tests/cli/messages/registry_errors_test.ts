import { assertEquals, assertStringIncludes } from "@std/assert";
import type { ErrorContext } from "../../../cli/messages/explanation.ts";
import { loginCommand } from "../../../cli/messages/login_hints.ts";
import { explainRegistryError } from "../../../cli/messages/registry_errors.ts";
import { RegistryError } from "../../../lib/image/errors.ts";
import { askedBy } from "../../../lib/registry/session.ts";
import { test } from "../../harness.ts";

const context: ErrorContext = {
  image: "r.example/a/b:1",
  registry: "r.example",
  repository: "a/b",
};
const LOGIN: ErrorContext = {
  ...context,
  login: true,
  loginSource: "~/.docker/config.json",
};

function explain(
  status: number,
  given: ErrorContext,
  { code = "", message = "", path = "/v2/a/b/manifests/1" } = {},
) {
  const error = new RegistryError({
    status,
    method: "GET",
    url: `https://r.example${path}`,
    asked: askedBy(path.replace("/v2/a/b/", "")),
    errors: code || message ? [{ code, message }] : [],
  });
  return explainRegistryError(error, given);
}

test("explainRegistryError() knows whether there was a login, and whose", () => {
  const refused = explain(401, LOGIN);
  assertEquals(
    refused.sentence,
    'Cannot pull "r.example/a/b:1": r.example refuses the user name or ' +
      "password from ~/.docker/config.json",
  );
  assertEquals(refused.hint, "log in again: docker-pull login r.example");
  const typed = explain(401, { ...LOGIN, loginSource: "--username" });
  assertStringIncludes(typed.sentence, "refuses the user name or password");
  assertStringIncludes(typed.hint!, "check both");
  assertStringIncludes(
    explain(403, LOGIN).sentence,
    "r.example forbids it to this user",
  );
});

test("explainRegistryError() does not blame a password that gave a token", () => {
  const bearer = { ...LOGIN, bearer: true };
  const { sentence, hint, code } = explain(401, bearer);
  assertStringIncludes(
    sentence,
    "r.example gives this login no access, or has no such image",
  );
  assertStringIncludes(hint!, "check the name");
  assertEquals(code, 3);
  assertStringIncludes(
    explain(401, bearer, { path: "/token" }).sentence,
    "refuses the user name or password",
  );
});

// What the registries themselves say when a token has run out.
const EXPIRED: [string, number, string][] = [
  [
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    403,
    "Your authorization token has expired. Reauthenticate and try again.",
  ],
  ["public.ecr.aws", 400, "Your Authorization Token has expired."],
];
for (const [registry, status, message] of EXPIRED) {
  test(`explainRegistryError() gives the command that renews a login to ${registry}`, () => {
    const { sentence, hint, code } = explain(
      status,
      { ...LOGIN, registry },
      { message },
    );
    assertStringIncludes(sentence, `${registry} says that this login has expi`);
    assertEquals(hint, `log in again: ${loginCommand(registry)}`);
    assertEquals(code, 3);
  });
}

test("explainRegistryError() takes a plain 400 for what it is", () => {
  assertEquals(explain(400, LOGIN, { message: "bad name" }).code, 1);
});

test("explainRegistryError() names the nearest tags", () => {
  const missing = (nearestTags: string[]) =>
    explain(404, { ...context, nearestTags }, { code: "MANIFEST_UNKNOWN" });
  const { sentence, hint, code } = missing(["1.2", "1.3", "latest"]);
  assertStringIncludes(sentence, "r.example has no such tag (MANIFEST_UNKNOWN");
  assertEquals(hint, "the nearest tags are 1.2, 1.3 and latest");
  assertEquals(code, 5);
  assertEquals(
    missing(["1.2", "1.3"]).hint,
    "the nearest tags are 1.2 and 1.3",
  );
  assertEquals(missing(["1.2"]).hint, "the nearest tag is 1.2");
  assertStringIncludes(missing([]).sentence, "has no such tag");
  const listed = explain(404, { ...context, tagListed: true });
  assertStringIncludes(listed.sentence, "lists that tag, and has no image");
  const lost = explain(404, { ...context, nearestTags: ["1"] }, {
    path: "/v2/a/b/blobs/sha256:00",
  });
  assertStringIncludes(lost.sentence, "lost a part of the image");
  const part = explain(404, { ...context, digestOfPart: true }, {
    path: "/v2/a/b/manifests/sha256:00",
  });
  assertStringIncludes(part.sentence, "that of a layer or a configuration");
  assertStringIncludes(part.hint!, "manifest or index");
});

const COMMANDS: [string, string][] = [
  ["docker.io", "docker-pull login"],
  ["r.example:5000", "docker-pull login r.example:5000"],
  [
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    "aws ecr get-login-password --region eu-west-1 | docker-pull login " +
    "--password-stdin --username AWS " +
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
  ],
  [
    "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
    "aws ecr get-login-password --region cn-north-1 | docker-pull login " +
    "--password-stdin --username AWS " +
    "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
  ],
  [
    "public.ecr.aws",
    "aws ecr-public get-login-password --region us-east-1 | docker-pull " +
    "login --password-stdin --username AWS public.ecr.aws",
  ],
  [
    "europe-docker.pkg.dev",
    "gcloud auth print-access-token | docker-pull login --password-stdin " +
    "--username oauth2accesstoken europe-docker.pkg.dev",
  ],
  [
    "eu.gcr.io",
    "gcloud auth print-access-token | docker-pull login --password-stdin " +
    "--username oauth2accesstoken eu.gcr.io",
  ],
  [
    "team.azurecr.io",
    "az acr login --name team --expose-token --output tsv --query " +
    "accessToken | docker-pull login --password-stdin --username " +
    "00000000-0000-0000-0000-000000000000 team.azurecr.io",
  ],
  ["nvcr.io", "docker-pull login --username '$oauthtoken' nvcr.io"],
  ["evilgcr.io", "docker-pull login evilgcr.io"],
  ["x.azurecr.io.evil.example", "docker-pull login x.azurecr.io.evil.example"],
];
test("loginCommand() knows each registry's way to log in", () => {
  for (const [registry, command] of COMMANDS) {
    assertEquals(loginCommand(registry), command);
  }
});
