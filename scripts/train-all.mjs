// `npm run train:all`: the set-up where it is missing, then the program that trains the examples on real data, with the arguments given after `--`.

import path from "node:path";
import { inherited } from "./setup/child.mjs";
import { root } from "./setup/paths.mjs";
import { setUp } from "./setup/setup.mjs";

const ready = await setUp();
process.exit(ready === 0 ? await inherited(process.execPath, [path.join(root, "dist", "train-all.js"), ...process.argv.slice(2)]) : ready);
