import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** The nearest package.json at or above a folder, if by it Node takes the folder's `.js` files for CommonJS, in which an ES module is a syntax error. */
export function commonJsPackage(folder: string): string | undefined {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const file = path.join(at, "package.json");
    if (existsSync(file)) return typeIn(file) === "commonjs" ? file : undefined;
    if (at === path.dirname(at)) return undefined;
  }
}

function typeIn(file: string): unknown {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { readonly type?: unknown } | null)?.type;
  } catch {
    // Not ours to judge: Node says what is wrong with it.
    return undefined;
  }
}
