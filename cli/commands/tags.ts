/** `docker-pull tags`: the tags of a repository. */

import { listTags, type TagList } from "../../lib/look/tags.ts";
import { formatReference } from "../../lib/image/reference.ts";
import { readImage, readMirrors } from "../access/image_access.ts";
import { withLookAccess } from "../access/look_access.ts";
import { explainError } from "../messages/errors.ts";
import type { ErrorContext } from "../messages/explanation.ts";
import { gravest } from "../messages/exit_codes.ts";
import { createStyle, type Style } from "../progress/style.ts";
import { neutralize } from "../progress/text.ts";
import type { Run } from "./command.ts";
import type { TagsCommandOptions } from "./tags_options.ts";

/** Lists tags as the options say. */
export const runTags: Run<TagsCommandOptions> = async (
  options,
  io,
  context,
  services = {},
) => {
  const { image, filter, newest, all, json, quiet } = options;
  const reference = readImage(image);
  const { registry, repository } = reference;
  Object.assign(context, { image, registry, repository });
  context.action = `list the tags of ${neutralize(nameOf(reference))}`;
  const print = (line: string) => void (quiet || io.stderr.write(`${line}\n`));
  const found = await withLookAccess(
    { registries: [registry], mirrors: readMirrors(options) },
    options,
    io,
    context,
    services,
    (look) =>
      listTags(reference, {
        ...look,
        filter,
        newest,
        all,
        onCost: ({ tags, requests, pulls }) =>
          print(
            `Asking when each of ${tags} tags was made: up to ${requests} ` +
              `requests, of which ${pulls} may count as pulls`,
          ),
      }),
  );
  const { tags, hidden, total } = found;
  const style = createStyle(io.stdout, io.env);
  const errors = tags.flatMap(({ error }) => error ? [error] : []);
  const code = gravest(
    errors.map((error) => explainError(error, context).code),
  );
  if (!json) {
    for (const note of notes(found, options)) print(note);
    return { lines: tagLines(found, style, context, newest), code };
  }
  const { errorDocument } = await import("../messages/pull_document.ts");
  return {
    document: {
      name: nameOf(reference),
      tags: tags.map(({ tag, created, descriptor, error }) => ({
        tag,
        created,
        digest: descriptor?.digest,
        error: error && errorDocument(error, context),
      })),
      total,
      hidden,
    },
    code,
  };
};

function nameOf(reference: TagList["reference"]): string {
  const { tag: _, digest: __, ...name } = reference;
  return formatReference({ ...name, tag: "x" }).replace(/:x$/, "");
}

/** What is not among the tags, for a line beside them. */
function notes(
  { reference, tags, hidden, total }: TagList,
  { filter, newest }: TagsCommandOptions,
): string[] {
  const out: string[] = [];
  if (hidden > 0) {
    out.push(
      `note: ${hidden} of ${total} tags stand for signatures and the like ` +
        "and are not shown; --all shows them",
    );
  }
  if (tags.length === 0 && newest === undefined) {
    out.push(
      filter === undefined
        ? `note: ${neutralize(nameOf(reference))} has no tags`
        : `note: no tag of ${total} is like ${
          neutralize(JSON.stringify(filter))
        }`,
    );
  }
  return out;
}

function tagLines(
  { tags }: TagList,
  style: Style,
  context: ErrorContext,
  newest: number | undefined,
): string[] {
  if (newest === undefined) return tags.map(({ tag }) => neutralize(tag));
  const width = Math.max(0, ...tags.map(({ tag }) => tag.length));
  return tags.map(({ tag, created, error }) => {
    const told = error
      ? style.warn(explainError(error, context).sentence)
      : style.faint(neutralize(created ?? "no time is given"));
    return `${neutralize(tag.padEnd(width))}  ${told}`;
  });
}
