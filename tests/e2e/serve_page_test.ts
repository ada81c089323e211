/** The page in a real browser: light and dark, narrow and wide, without script. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { listen } from "../../lib/serve/listen.ts";
import { inFolder } from "../disk/folder.ts";
import { buildImage, buildIndex } from "../fixtures/mod.ts";
import { test } from "../harness.ts";
import { putLayout } from "../serve/world.ts";
import {
  inBrowser,
  NO_BROWSER,
  type Page,
  type View,
} from "./servers/browser.ts";

const platforms = ["amd64", "arm64"].map((architecture) => ({
  os: "linux",
  architecture,
}));
const LONG =
  "a-rather-long-organisation/and-deep/path/to/an-image-of-that-name";

function looking(
  view: View,
  body: (page: Page, url: string) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const images = await Promise.all(
      platforms.map((platform) => buildImage({ platform, layers: 3 })),
    );
    const hostile = await buildImage({
      config: {
        architecture: "<img src=x onerror=alert(1)>",
        history: [{
          created_by: `<script>alert(1)</script>${"w".repeat(500)}`,
        }],
      },
    });
    const layout = join(folder, "images");
    await putLayout(layout, [
      { content: buildIndex(images), name: "nginx:1" },
      { content: hostile, name: `ghcr.io/${LONG}:${"1.2.3-".repeat(15)}rc` },
    ]);
    const controller = new AbortController();
    const { signal } = controller;
    const { url, closed } = await listen(layout, { port: 0, signal });
    try {
      await inBrowser(`${url}/`, view, (page) => body(page, url));
    } finally {
      controller.abort();
      await closed;
    }
  });
}

const VIEWS: [string, View][] = [
  ["wide and light", { width: 1440, height: 900 }],
  ["wide and dark", { width: 1440, height: 900, dark: true }],
  ["narrow and light", { width: 320, height: 640 }],
  ["narrow and dark, without script", {
    width: 320,
    height: 640,
    dark: true,
    script: false,
  }],
];

for (const [name, view] of VIEWS) {
  test(
    `the page is whole, ${name}`,
    { skip: NO_BROWSER },
    () =>
      looking(view, async (page, url) => {
        await page.evaluate(
          "document.querySelectorAll('details').forEach((each) => each.open = true)",
        );
        assertEquals(page.complaints, []);
        assertEquals(
          page.requests.filter((each) => !each.startsWith("data:")),
          [
            `${url}/`,
          ],
        );
        // Nothing has to be scrolled sideways, and nothing is cut off.
        assertEquals(
          await page.evaluate("document.documentElement.scrollWidth"),
          view.width,
        );
        const articles = await page.evaluate<number>(
          "document.querySelectorAll('article h2, article .bar').length",
        );
        assertEquals(articles, 2 + 3 + 3 + 1);
        const [back, text] = await page.evaluate<[string, string]>(
          "[getComputedStyle(document.body).backgroundColor, " +
            "getComputedStyle(document.body).color]",
        );
        const brightness = (colour: string) =>
          colour.match(/\d+/g)!.slice(0, 3).reduce(
            (sum, each) => sum + Number(each),
            0,
          );
        assertEquals(brightness(back) < brightness(text), view.dark ?? false);
        // Bars are as wide as layers are large.
        const width = await page.evaluate<number>(
          "document.querySelector('.bar rect').getBoundingClientRect().width",
        );
        assert(width > 20, String(width));
        const buttons = await page.evaluate<number>(
          "document.querySelectorAll('button.copy').length",
        );
        assertEquals(buttons > 0, view.script ?? true);
        assert((await page.screenshot()).length > 10_000);
      }),
  );
}

test(
  "the page is used with the keyboard alone",
  { skip: NO_BROWSER },
  () =>
    looking({ width: 800, height: 600, script: false }, async (page) => {
      const open = () =>
        page.evaluate<number>(
          "document.querySelectorAll('details[open]').length",
        );
      const before = await open();
      await page.press("Tab", "Tab", 9);
      assertEquals(
        await page.evaluate("document.activeElement.tagName"),
        "SUMMARY",
      );
      await page.press("Enter", "Enter", 13);
      assertEquals(Math.abs(await open() - before), 1);
    }),
);

test(
  "every button of the page has a name of its own",
  { skip: NO_BROWSER },
  () =>
    looking({ width: 800, height: 600 }, async (page) => {
      const names = await page.evaluate<string[]>(
        "[...document.querySelectorAll('button')].map((each) => each.getAttribute('aria-label'))",
      );
      assert(names.every((name) => name.startsWith("Copy ")), names.join());
      await page.evaluate("document.querySelector('button.copy').click()");
      const told = await page.evaluate<string>(
        "new Promise((done) => setTimeout(() => done(document.querySelector('.told').textContent), 300))",
      );
      assert(["Copied", "It could not be copied"].includes(told), told);
    }),
);
