// `npm run build && npx --no-install tfmc exec -- node bench/train-step.mjs --peers FOLDER [--runs 7] [--layers 2] [--width 64] [--seq 64] [--batch 4] [--vocab 256]`:
// a training step of examples/gpt beside the same model in peer libraries (FOLDER holds their `train-step.mjs PEER …`), interleaved
// on one adapter: median milliseconds, device calls and peak bytes of a steady step, and the ratios to ours.
import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const number = (fallback) => ({ type: "string", default: String(fallback) });
const { values } = parseArgs({
  options: { peers: { type: "string" }, names: { type: "string", default: "jax-js,tfjs" }, runs: number(7), layers: number(2), width: number(64), seq: number(64), batch: number(4), vocab: number(256), heads: number(4) },
});

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** { ms, dispatch, submit, peakBytes } of one process. */
function ours() {
  const set = { layers: values.layers, d: values.width, heads: values.heads, vocab: values.vocab, "model.length": values.seq };
  const args = ["profile", "examples/gpt/model.tfm", "--json", "--batch", values.batch, "--length", values.seq, ...Object.entries(set).flatMap(([name, value]) => ["--set", `${name}=${value}`])];
  const { stdout, status, stderr } = spawnSync(process.execPath, [path.join(root, "dist", "tfmc.js"), ...args], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const { ms, dispatches, submits, peakBytes } = JSON.parse(stdout);
  return { ms, dispatch: dispatches, submit: submits, peakBytes };
}

function peer(name) {
  const args = ["layers", "width", "seq", "batch", "vocab", "heads"].flatMap((option) => [`--${option}`, values[option]]);
  const { stdout, status, stderr } = spawnSync(process.execPath, ["train-step.mjs", name, ...args, "--steps", "8"], { cwd: values.peers, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const steps = stdout.trim().split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)).filter(({ step }) => step >= 2);
  const last = steps.at(-1);
  return { ms: median(steps.map(({ ms }) => ms)), dispatch: last.dispatch, submit: last.submit, peakBytes: last.peakBytes };
}

const contenders = { tfm: ours, ...(values.peers ? Object.fromEntries(values.names.split(",").map((name) => [name, () => peer(name)])) : {}) };
const rows = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
console.log(`GPT, ${values.layers} layers of width ${values.width}, ${values.batch} rows of ${values.seq}, vocabulary ${values.vocab}; load ${loadavg()[0].toFixed(1)}, ${values.runs} interleaved runs`);
for (let run = 0; run < Number(values.runs); run++) for (const [name, measure] of Object.entries(contenders)) rows[name].push(measure());
for (const [name, runs] of Object.entries(rows)) {
  const ratio = median(runs.map(({ ms }, at) => rows.tfm[at].ms / ms));
  const { dispatch, submit, peakBytes } = runs.at(-1);
  console.log(`${name.padEnd(8)} ${median(runs.map(({ ms }) => ms)).toFixed(1).padStart(7)} ms  ${String(dispatch).padStart(4)} dispatches  ${String(submit).padStart(4)} submits  ${(peakBytes / 1e6).toFixed(1).padStart(6)} MB  tfm takes ${ratio.toFixed(2)} of its time`);
}
console.log(`load ${loadavg()[0].toFixed(1)} at the end`);
