// `npm run setup`: the npm packages, the bundles in dist/, a WebGPU adapter. All of it stays inside this folder.

import { setUp } from "./setup/setup.mjs";

process.exit(await setUp());
