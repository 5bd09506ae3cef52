import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { AdapterEnvironment } from "./gpu/environment.ts";
import { packageRoot } from "./package-root.ts";

/** Of what a result may depend on: tfm, Node, Dawn, and the driver that set-up fetched. */
export function versions({ packages }: Pick<AdapterEnvironment, "packages">): Readonly<Record<string, string>> {
  const mesa = packages.find((one) => one.startsWith("mesa-vulkan-drivers "))?.split(" ")[1];
  return {
    tfm: versionIn(path.join(packageRoot, "package.json")),
    node: process.versions.node,
    webgpu: versionIn(foundFrom(packageRoot, "webgpu")),
    ...(mesa === undefined ? {} : { mesa }),
    system: `${process.platform} ${process.arch}`,
  };
}

/** A dependency's package.json: npm puts it beside this package as often as into it. Not by `resolve`, which asks what a package exports. */
export function foundFrom(root: string, name: string): string | undefined {
  const folders = createRequire(path.join(root, "package.json")).resolve.paths(name) ?? [];
  return folders.map((folder) => path.join(folder, name, "package.json")).find((file) => existsSync(file));
}

function versionIn(file: string | undefined): string {
  if (file === undefined) return "unknown";
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
  } catch {
    return "unknown";
  }
}
