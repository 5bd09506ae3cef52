import path from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Everything that set-up keeps besides node_modules and dist; gone with `rm -r`. */
export const cache = path.join(root, ".cache");
export const adapterFolder = path.join(cache, "adapter");
export const browserFolder = path.join(cache, "browser");
export const denoFolder = path.join(cache, "deno");
