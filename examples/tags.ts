/** Lists a repository's tags: `tags.ts nginx "1.2?"`. */

import process from "node:process";
import { listTags } from "../mod.ts";

const [repository = "nginx", filter] = process.argv.slice(2);
const { tags } = await listTags(repository, { filter });
for (const { tag } of tags) console.log(tag);
