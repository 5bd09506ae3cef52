// `npm run quickstart`, `train:all` and `figures`: the set-up where it is missing, then a bundle of dist/ with the arguments given after `--`.

import path from "node:path";
import { inherited } from "./setup/child.mjs";
import { root } from "./setup/paths.mjs";
import { setUp } from "./setup/setup.mjs";

const [bundle, ...args] = process.argv.slice(2);
const ready = await setUp();
process.exit(ready === 0 ? await inherited(process.execPath, [path.join(root, "dist", `${bundle}.js`), ...args]) : ready);
