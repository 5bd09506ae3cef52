// `npm run figures -- NAME`: the set-up where it is missing, then the program that draws an example's figure from its run.

import path from "node:path";
import { inherited } from "./setup/child.mjs";
import { root } from "./setup/paths.mjs";
import { setUp } from "./setup/setup.mjs";

const ready = await setUp();
process.exit(ready === 0 ? await inherited(process.execPath, [path.join(root, "dist", "figures.js"), ...process.argv.slice(2)]) : ready);
