// `node bench/compile.mjs [--file model.tfm] [--layers 2,6,12] [--set NAME=VALUE …] [--warm 3] [--inference] [--profile FOLDER]`: from source to WGSL and plan, phase by phase,
// in ms of the process's CPU time, the first time in a process and again. Every row is a process of its own. `--profile` writes a .cpuprofile of each.
import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const outfile = path.join(root, ".cache", "bench", "compile-one.mjs");
await build({ entryPoints: [path.join(root, "bench", "compile.ts")], outfile, bundle: true, platform: "node", format: "esm", target: "node20", logLevel: "warning" });

const { values } = parseArgs({
  options: {
    file: { type: "string", default: path.join(root, "examples", "translation", "model.tfm") }, layers: { type: "string", default: "2,6,12" }, set: { type: "string", multiple: true, default: [] },
    warm: { type: "string", default: "3" }, inference: { type: "boolean", default: false }, profile: { type: "string" },
  },
});

console.log(`load ${loadavg().map((load) => load.toFixed(1)).join(" ")}, ${path.relative(root, values.file)}, ${values.inference ? "inference" : "training"}; ms first / again`);
for (const layers of values.layers.split(",")) {
  const request = { root, file: values.file, set: [`layers=${layers}`, ...values.set], warm: Number(values.warm), training: !values.inference };
  const prof = values.profile === undefined ? [] : ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${values.profile}`];
  const { status, stdout } = spawnSync(process.execPath, [...prof, outfile, JSON.stringify(request)], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (status !== 0) process.exit(status ?? 1);
  const { first, again, kernels, dispatches, bytes, wall } = JSON.parse(stdout);
  const ms = (value) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
  const cells = Object.keys(first).map((phase) => `${phase} ${ms(first[phase])}/${again === undefined ? "-" : ms(again[phase])}`);
  console.log(`layers ${layers}: ${cells.join("  ")}  (${kernels} kernels, ${dispatches} dispatches, ${(bytes / 1024).toFixed(0)} KB of WGSL, ${wall.toFixed(0)} ms of wall time)`);
}
