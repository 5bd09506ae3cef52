import { fileURLToPath } from "node:url";

/** The folder with package.json, std/ and, in a clone, .cache/. This file and every bundle in dist/ lie one level below it. */
export const packageRoot = fileURLToPath(new URL("..", import.meta.url));
