/** The page itself, which needs no script. */

import { isThisMachine, pullCommands } from "./commands.ts";
import type { ShownLayer, ShownName, ShownVariant } from "./images.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";
import { counted, escaped, sizeText } from "./text.ts";

/** An image with all that is shown of it. */
export interface ShownImage extends ShownName {
  /** One for each platform that is there. */
  variants: ShownVariant[];
}

/** What the page shows. */
export interface PageContent {
  /** The host that was asked. */
  host: string;
  /** What is served: the name of a file or folder. */
  title: string;
  /** How many images there are in all. */
  count: number;
  /** The bytes of all their blobs, each once. */
  size: number;
  /** What was looked for, if anything was. */
  search?: string;
  /** How many of the images have that in their name. */
  found: number;
  /** Which page of them this is, from 1. */
  page: number;
  /** How many pages there are. */
  pages: number;
  /** The images on this page. */
  images: ShownImage[];
}

/** From how many images on they can be looked for. */
const MANY = 8;
/** From how many layers on they are shown when they are asked for. */
const MANY_LAYERS = 12;
/** How many colours layers have. */
const COLOURS = 6;

/** Writes the page. */
export function pageHtml(content: PageContent): string {
  const { host, title, count, size, images, found, search } = content;
  const total = `${counted(count, "image")}, ${sizeText(size)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)} – images at ${escaped(host)}</title>
<link rel="icon" href="${ICON}">
<style>${STYLE}</style>
</head>
<body>
<header>
<div class="mark" aria-hidden="true">${MARK}</div>
<div>
<h1>${escaped(title)}</h1>
<p>${total}, to be pulled from <code>${escaped(host)}</code></p>
</div>
</header>
<main>
${count > MANY || search !== undefined ? searchForm(content) : ""}${
    images.map((image) => article(host, image)).join("\n")
  }
${found === 0 ? nothing(search) : ""}
${pageLinks(content)}
</main>
<footer>
<p>Served read-only by docker-pull.${
    isThisMachine(host)
      ? ""
      : ` For Docker to pull by plain HTTP, <code>${
        escaped(host)
      }</code> has to be among the <code>insecure-registries</code> of its ` +
        "daemon.json."
  }</p>
</footer>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function searchForm({ search = "", found }: PageContent): string {
  const told = search === ""
    ? ""
    : `<p role="status">${counted(found, "image")} with “${
      escaped(search)
    }” in the name. <a href="/">Show all</a></p>`;
  return `<form method="get" action="/" role="search">
<label for="q">Find an image</label>
<input id="q" name="q" type="search" value="${escaped(search)}"
 autocomplete="off" spellcheck="false">
<button>Find</button>
</form>
${told}`;
}

function nothing(search: string | undefined): string {
  return `<p class="nothing">${
    search === undefined
      ? "There are no images here yet. What is pulled while this runs appears " +
        "when the page is loaded again."
      : "There are none."
  }</p>`;
}

function pageLinks({ page, pages, search }: PageContent): string {
  if (pages < 2) return "";
  const link = (to: number, text: string, rel: string) => {
    const query = new URLSearchParams({ page: String(to) });
    if (search !== undefined) query.set("q", search);
    return `<a href="/?${escaped(String(query))}" rel="${rel}">${text}</a>`;
  };
  return `<nav aria-label="Pages">
${page > 1 ? link(page - 1, "Previous", "prev") : ""}
<span>Page ${page} of ${pages}</span>
${page < pages ? link(page + 1, "Next", "next") : ""}
</nav>`;
}

function article(host: string, image: ShownImage): string {
  const { name, tags, digest, variants, home } = image;
  const [first = ""] = tags;
  const id = escaped(`${name}:${first}`);
  const from = home.registry === "" ? "" : `from ${escaped(home.registry)}, `;
  const isArtifact = variants.length > 0 &&
    variants.every((each) => each.isArtifact);
  const kinds = counted(variants.length, isArtifact ? "artifact" : "platform");
  const [[, primary], ...others] = pullCommands(
    host,
    `${name}:${first}`,
    isArtifact,
  );
  return `<article aria-labelledby="${id}">
<h2 id="${id}"><span>${breakable(name)}</span>${
    tags.map((tag) => `<b>:${breakable(tag)}</b>`).join(" ")
  }</h2>
<p class="about">${from}${kinds}</p>
${copyLine("Pull", primary)}
${copyLine(variants.length > 1 ? "Index" : "Digest", digest)}
${variants.map((each) => variantBlock(each, variants.length === 1)).join("\n")}
<details class="pull">
<summary><span>With other tools</span></summary>
<dl>
${
    others.map(([program, command]) =>
      `<div><dt>${program}</dt><dd><code data-copy>${
        escaped(command)
      }</code></dd></div>`
    ).join("\n")
  }
</dl>
</details>
</article>`;
}

function variantBlock(variant: ShownVariant, isOnly: boolean): string {
  const { title, digest, imageId, created, layers, size } = variant;
  const made = created === undefined
    ? ""
    : `, <time datetime="${created}">${created}</time>`;
  const largest = Math.max(1, ...layers.map(({ size }) => size));
  return `<details class="variant"${
    isOnly && layers.length <= MANY_LAYERS ? " open" : ""
  }>
<summary>
<span class="platform">${escaped(title)}</span>
<span class="sum">${counted(layers.length, "layer")}, ${
    sizeText(size)
  }${made}</span>
${stack(layers, size)}
</summary>
${isOnly ? "" : copyLine("Digest", digest)}
${copyLine("Image ID", imageId)}
<ol class="layers" aria-label="Layers of ${escaped(title)}, lowest first">
${layers.map((layer, i) => layerItem(layer, i, largest)).join("\n")}
</ol>
</details>`;
}

/** All layers side by side, each as wide as it is large. */
function stack(layers: ShownLayer[], size: number): string {
  if (size === 0) return "";
  let at = 0;
  const parts = layers.map((layer, i) => {
    const width = layer.size / size * 1000;
    const rect = `<rect class="c${i % COLOURS}" x="${at.toFixed(2)}" width="${
      // A thin gap tells neighbours apart.
      Math.max(0.5, width - 2).toFixed(2)}" height="10"/>`;
    at += width;
    return rect;
  });
  return `<svg class="stack" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">${
    parts.join("")
  }</svg>`;
}

function layerItem(
  { digest, size, step }: ShownLayer,
  i: number,
  largest: number,
): string {
  const width = Math.max(4, size / largest * 1000).toFixed(1);
  return `<li>
<span class="size">${sizeText(size)}</span>
<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect class="c${
    i % COLOURS
  }" width="${width}" height="10"/></svg>
<code class="digest" data-copy="${escaped(digest)}">${
    shortDigest(digest)
  }</code>
${step ? `<span class="step">${escaped(step)}</span>` : ""}
</li>`;
}

function copyLine(label: string, text: string): string {
  return `<p class="line"><span>${label}</span> <code data-copy>${
    escaped(text)
  }</code></p>`;
}

function shortDigest(digest: string): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return `<span title="${escaped(digest)}">${escaped(algorithm)}:${
    escaped(hex.slice(0, 12))
  }…</span>`;
}

/** Where a long name may be broken. */
function breakable(text: string): string {
  return escaped(text).replace(/[/_.-]/g, "$&<wbr>");
}

const MARK =
  '<svg viewBox="0 0 24 24" width="40" height="40"><path d="M12 2 3 7v10l9 5 9-5V7z" ' +
  'fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round"/>' +
  '<path d="m3 7 9 5 9-5M12 12v10" fill="none" stroke="currentColor" ' +
  'stroke-width="1.6" stroke-linejoin="round"/></svg>';
const ICON = `data:image/svg+xml,${
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M12 2 3 7v10l9 5 9-5V7z" fill="#0b6bcb"/></svg>',
  )
}`;
