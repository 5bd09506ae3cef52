import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "./package-root.ts";

/** The standard library's sources by file name ("attention.tfm"), in the order of their names. The compiler reads no files itself. */
export function standardLibrary(): ReadonlyMap<string, string> {
  const folder = path.join(packageRoot, "std");
  const names = readdirSync(folder).filter((name) => name.endsWith(".tfm")).sort();
  return new Map(names.map((name) => [name, readFileSync(path.join(folder, name), "utf8")]));
}
