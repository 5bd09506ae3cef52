// `node bench/matmul.mjs [--runs 9] [--kind cpu|gpu] [--variant 0] [FORM:ROWSxDEPTHxCOLUMNS …]`: the generated matrix products on this machine's adapter, in GFLOP/s.
// Bundles bench/matmul.ts and runs it with the environment that the adapter needs; shader caches are off, so `compileMs` is a cold one.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = path.join(root, ".cache", "bench");
const bundle = { bundle: true, platform: "node", format: "esm", target: "node20", external: ["webgpu"], outdir: folder, outExtension: { ".js": ".mjs" }, logLevel: "warning" };
await build({ ...bundle, entryPoints: [path.join(root, "bench", "matmul.ts"), path.join(root, "src", "gpu", "environment.ts")] });

const { adapterEnvironment } = await import(pathToFileURL(path.join(folder, "src", "gpu", "environment.mjs")).href);
const environment = { ...process.env, ...adapterEnvironment(root, process.env).variables, MESA_SHADER_CACHE_DISABLE: "true" };
const { status } = spawnSync(process.execPath, [path.join(folder, "bench", "matmul.mjs"), ...process.argv.slice(2)], { env: environment, stdio: "inherit" });
process.exit(status ?? 1);
