import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { pullCommands } from "../../lib/serve/page/commands.ts";
import { escaped, sizeText } from "../../lib/serve/page/text.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { type Held, inServeWorld, type ServeWorld } from "./world.ts";

const image = await buildImage({ layers: 2 });
const arm = await buildImage({
  platform: { os: "linux", architecture: "arm64" },
});
const index = buildIndex([image, arm], { attestations: true });
const HTML = { headers: { accept: "text/html,*/*;q=0.8" } };

async function page({ get }: ServeWorld, path = "/"): Promise<string> {
  const response = await get(path, HTML);
  assertEquals(response.status, 200);
  return await response.text();
}

test("the page shows images, platforms, layers, digests and commands", () =>
  inServeWorld([
    { content: index, name: "nginx:1.27" },
    { content: index, name: "nginx:latest" },
    { content: image, name: "ghcr.io/o/app:2" },
  ], async (world) => {
    const html = await page(world);
    for (
      const text of [
        "<title>My Images – images at localhost:5000</title>",
        "2 images",
        "linux/amd64",
        "linux/arm64",
        "from ghcr.io, 1 platform",
        "from docker.io, 2 platforms",
        index.document.descriptor.digest,
        arm.config.descriptor.digest,
        `data-copy="${image.layers[1]!.digest}"`,
        "step 2",
        "2024-01-02",
        "docker pull localhost:5000/library/nginx:1.27<",
        "docker-pull localhost:5000/o/app:2<",
        "<b>:latest</b>",
      ]
    ) assertStringIncludes(html, text);
    assert(!html.includes("unknown/unknown"));
    assertEquals(html.match(/<article/g)!.length, 2);
  }));

test("the page allows its own style and script, and nothing else", () =>
  inServeWorld([{ content: image, name: "nginx:1" }], async ({ get }) => {
    const response = await get("/", HTML);
    const html = await response.text();
    const policy = response.headers.get("content-security-policy")!;
    for (
      const [tag, directive] of [["style", "style-src"], [
        "script",
        "script-src",
      ]]
    ) {
      const [, text = ""] =
        new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html) ?? [];
      assert(text.length > 100);
      const hash = createHash("sha256").update(text).digest("base64");
      assertStringIncludes(policy, `${directive} 'sha256-${hash}'`);
      assertEquals(html.split(`<${tag}`).length, 2);
    }
    assertStringIncludes(policy, "default-src 'none'");
    assert(!/unsafe|\*/.test(policy), policy);
    assert(!/ (?:style|on[a-z]+)=/.test(html), "an inline style or handler");
    // Nothing is fetched from anywhere.
    const addresses = [...html.matchAll(/(?:src|href|action)="([^"]*)"/g)]
      .map(([, address = ""]) => address);
    assert(addresses.every((each) => /^(?:data:image\/svg|\/)/.test(each)));
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    assertEquals(response.headers.get("referrer-policy"), "no-referrer");
  }));

test("the page shows what an image calls itself, and obeys none of it", async () => {
  const hostile = await buildImage({
    layers: 3,
    config: {
      created: "2024-01-01T<b>",
      architecture: '"><img src=x onerror=alert(1)>',
      os: "<i>",
      history: [
        { created_by: "</style></script><script>alert(1)</script>" },
        { created_by: "\u202egnp.exe\x1b[31m" },
        { created_by: 7 },
      ],
    },
  });
  await inServeWorld(
    [{ content: hostile, name: "nginx:1" }],
    async (world) => {
      const html = await page(world, "/?q=%3Cscript%3E%22nginx&page=-1e9");
      assertStringIncludes(html, "&lt;script&gt;&quot;nginx");
      const all = await page(world);
      assertStringIncludes(all, "&lt;script&gt;alert(1)");
      assertStringIncludes(all, "\\u202egnp.exe\\x1b[31m");
      for (const text of [html, all]) {
        assertEquals(text.split("<script").length, 2);
        assert(!/<(?:img|i)\W/.test(text));
        assert(!text.includes("\u202e"));
      }
      // A host is of the client's making, too.
      const response = await world.handler(
        new Request("http://localhost/", {
          headers: { accept: "text/html", host: "x$(id)" },
        }),
      );
      assert(!(await response.text()).includes("$(id)"));
    },
  );
});

test("the page leads through many images, and finds one", async () => {
  const held: Held[] = Array.from({ length: 120 }, (_, i) => ({
    content: image,
    name: `ghcr.io/o/app-${i}:1`,
  }));
  await inServeWorld(held, async (world) => {
    const first = await page(world);
    assertEquals(first.match(/<article/g)!.length, 50);
    assertStringIncludes(first, '<a href="/?page=2" rel="next">');
    assert(!first.includes('rel="prev"'));
    const last = await page(world, "/?page=99");
    assertEquals(last.match(/<article/g)!.length, 20);
    assertStringIncludes(last, "Page 3 of 3");
    const found = await page(world, "/?q=APP-11");
    assertEquals(found.match(/<article/g)!.length, 11);
    assertStringIncludes(found, "11 images with “APP-11” in the name");
    assertStringIncludes(await page(world, "/?q=zzz"), "There are none.");
    for (const odd of ["x", "0", "-1", "1.5", "1e99", "NaN"]) {
      assertEquals(
        (await page(world, `/?page=${odd}`)).includes("<article"),
        true,
      );
    }
  });
});

test("a terminal is shown a list", () =>
  inServeWorld([
    { content: image, name: "nginx:1" },
    { content: image, name: "nginx:2" },
  ], async ({ get }) => {
    const response = await get("/");
    assertEquals(
      await response.text(),
      "localhost:5000/library/nginx:1\nlocalhost:5000/library/nginx:2\n",
    );
    const head = await get("/", { ...HTML, method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
    assert(head.headers.get("content-type")!.startsWith("text/html"));
    for (const path of ["/favicon.ico", "/v3/", "/index.html"]) {
      const missing = await get(path);
      assertEquals(missing.status, 404);
      await missing.body?.cancel();
    }
    const posted = await get("/", { method: "POST" });
    assertEquals(posted.status, 405);
    await posted.body?.cancel();
  }));

test("the page knows what is no image", async () => {
  const chart = await buildImage({
    configType: "application/vnd.cncf.helm.config.v1+json",
    describe: (layer) => ({
      ...layer,
      mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
    }),
  });
  await inServeWorld(
    [{ content: chart, name: "ghcr.io/o/chart:1" }],
    async (world) => {
      const html = await page(world);
      assertStringIncludes(html, "from ghcr.io, 1 artifact");
      assertStringIncludes(html, "application/vnd.cncf.helm.config.v1+json");
      assertStringIncludes(
        html,
        "oras pull --plain-http localhost:5000/o/chart:1",
      );
      assert(!html.includes("docker pull"));
    },
  );
});

test("the page of nothing says so", () =>
  inServeWorld([], async (world) => {
    assertStringIncludes(await page(world), "There are no images here yet");
  }));

test("pullCommands() tells each program that there is no TLS", () => {
  const local = pullCommands("localhost:5000", "a/b:1").map(([, text]) => text);
  const remote = pullCommands("10.0.0.1:5000", "a/b:1").map(([, text]) => text);
  assertEquals(local, [
    "docker pull localhost:5000/a/b:1",
    "podman pull --tls-verify=false localhost:5000/a/b:1",
    "skopeo copy --src-tls-verify=false docker://localhost:5000/a/b:1 " +
    "oci-archive:a_b_1.tar",
    "crane pull localhost:5000/a/b:1 a_b_1.tar",
    "docker-pull localhost:5000/a/b:1",
    "ctr images pull --plain-http localhost:5000/a/b:1",
  ]);
  assertEquals(
    remote[3],
    "crane pull --insecure 10.0.0.1:5000/a/b:1 a_b_1.tar",
  );
  assertEquals(remote[4], "docker-pull --plain-http 10.0.0.1:5000/a/b:1");
});

test("sizeText() gives three digits", () => {
  const sizes: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.00 kB"],
    [9_995, "10.0 kB"],
    [99_950, "100 kB"],
    [999_499, "999 kB"],
    [999_500, "1.00 MB"],
    [70_412_345, "70.4 MB"],
    [2 ** 43, "8.80 TB"],
  ];
  for (const [bytes, text] of sizes) assertEquals(sizeText(bytes), text);
});

test("escaped() leaves no character that means something", () => {
  assertEquals(
    escaped(`<a b="c" d='e'>&`),
    "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;",
  );
  assertEquals(escaped("x".repeat(700)).length, 601);
});
