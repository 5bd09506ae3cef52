import path from "node:path";
import { exitCodes } from "../exit-codes.ts";
import type { Result } from "../failure.ts";
import { readText } from "../files.ts";
import { packageRoot } from "../package-root.ts";

/** The runtime as a script that declares `tfm`, for a module that is to need nothing else (`ModuleOptions.runtime.text`). */
export function standaloneRuntime(): Result<string> {
  const text = readText(path.join(packageRoot, "dist", "embedded.js"));
  if (text.ok || text.failure.code !== "file-missing") return text;
  return { ok: false, failure: { code: "runtime-missing", exit: exitCodes.wrong, message: "dist/embedded.js, the runtime for modules, is not there", remedy: "`npm run build` makes it" } };
}
