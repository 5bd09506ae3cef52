import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { namesIn } from "../../src/gpu/adapter.ts";
import { driverNoiseFilter } from "../../src/gpu/child.ts";
import { adapterEnvironment } from "../../src/gpu/environment.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "tfm-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function fetched(): void {
  mkdirSync(path.join(root, ".cache/adapter"), { recursive: true });
  writeFileSync(path.join(root, ".cache/adapter/adapter.json"), JSON.stringify({ driver: "root/icd/lvp.json", libraries: "root/lib", packages: ["mesa 25"] }));
}

it("leaves the system's adapter alone where set-up has fetched none", () => {
  expect(adapterEnvironment(root, { XDG_RUNTIME_DIR: "/run/user/1" })).toEqual({ source: "system", variables: {}, packages: [] });
  expect(adapterEnvironment(root, {}).variables).toEqual({ XDG_RUNTIME_DIR: tmpdir() });
});

it("points loader and driver to the private one, by the folder's place today", () => {
  fetched();
  const folder = path.join(root, ".cache/adapter/root");
  expect(adapterEnvironment(root, { XDG_RUNTIME_DIR: "/x", LD_LIBRARY_PATH: "/opt/lib" })).toEqual({
    source: "private",
    variables: { LD_LIBRARY_PATH: `${folder}/lib:/opt/lib`, VK_DRIVER_FILES: `${folder}/icd/lvp.json`, MESA_SHADER_CACHE_DIR: path.join(root, ".cache/mesa") },
    packages: ["mesa 25"],
  });
});

it("gives itself again inside its own environment", () => {
  fetched();
  const first = adapterEnvironment(root, { LD_LIBRARY_PATH: "/opt/lib" });
  expect(adapterEnvironment(root, { LD_LIBRARY_PATH: "/opt/lib", ...first.variables })).toMatchObject({ source: "private", variables: { LD_LIBRARY_PATH: first.variables["LD_LIBRARY_PATH"] } });
});

it("obeys a driver that the user names", () => {
  fetched();
  expect(adapterEnvironment(root, { VK_DRIVER_FILES: "/usr/share/vulkan/icd.d/nvidia_icd.json" })).toMatchObject({ source: "given" });
  expect(adapterEnvironment(root, { VK_ICD_FILENAMES: "/x.json" })).toMatchObject({ source: "given" });
});

it("takes the driver's start-up lines out of stderr, however they are cut", () => {
  const text = [
    "step 1",
    "Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000000 to 16 to fit dynamic offset allocation limit.",
    "error: XDG_RUNTIME_DIR not set in the environment.",
    "Warning: the user's own",
    "no newline at the end",
  ].join("\n");
  const wanted = "step 1\nWarning: the user's own\nno newline at the end";
  for (let size = 1; size < text.length; size += 7) {
    const filter = driverNoiseFilter();
    let kept = "";
    for (let at = 0; at < text.length; at += size) kept += filter.push(text.slice(at, at + size));
    expect(kept + filter.end()).toBe(wanted);
  }
});

it("reads the adapters' names from Dawn's list, and leaves out the null backend", () => {
  const list = "no suitable backends found\nAvailable adapters:\n * backend: 'vulkan', name: 'llvmpipe (LLVM 15.0.6, 256 bits)'\n * backend: 'vulkan', name: 'NVIDIA H200'\n * backend: 'null', name: 'Null backend'";
  expect(namesIn(list)).toEqual(["llvmpipe (LLVM 15.0.6, 256 bits)", "NVIDIA H200"]);
});
