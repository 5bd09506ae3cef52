import { readFileSync } from "node:fs";
import path from "node:path";
import type { AdapterEnvironment } from "./gpu/environment.ts";
import { packageRoot } from "./package-root.ts";

/** Of what a result may depend on: tfm, Node, Dawn, and the driver that set-up fetched. */
export function versions({ packages }: Pick<AdapterEnvironment, "packages">): Readonly<Record<string, string>> {
  const mesa = packages.find((one) => one.startsWith("mesa-vulkan-drivers "))?.split(" ")[1];
  return {
    tfm: versionIn(path.join(packageRoot, "package.json")),
    node: process.versions.node,
    webgpu: versionIn(path.join(packageRoot, "node_modules", "webgpu", "package.json")),
    ...(mesa === undefined ? {} : { mesa }),
    system: `${process.platform} ${process.arch}`,
  };
}

function versionIn(file: string): string {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
  } catch {
    return "unknown";
  }
}
