/** One process of `bench/compile.mjs`: compiles a model, then again, and prints the CPU time of each phase as JSON. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { check } from "../compiler/check/check.ts";
import { compile, type Compiled } from "../compiler/compile.ts";
import { parse } from "../grammar/index.ts";
import { sourceFile } from "../grammar/source.ts";

interface Request {
  readonly root: string;
  readonly file: string;
  readonly set: readonly string[];
  readonly warm: number;
  readonly training: boolean;
}

type Times = Record<string, number>;

const request = JSON.parse(process.argv[2]!) as Request;
const folder = path.join(request.root, "std");
const text = readFileSync(request.file, "utf8");
const std = readdirSync(folder).filter((name) => name.endsWith(".tfm")).sort().map((name) => sourceFile(`std/${name}`, readFileSync(path.join(folder, name), "utf8")));
const set = Object.fromEntries(request.set.map((entry) => entry.split("=") as [string, string]));

/** CPU time since the last call, added to a phase. */
function stopwatch(times: Times): (phase: string) => void {
  let last = process.cpuUsage();
  return (phase) => {
    const used = process.cpuUsage(last);
    last = process.cpuUsage();
    times[phase] = (times[phase] ?? 0) + (used.user + used.system) / 1000;
  };
}

function once(): { readonly times: Times; readonly compiled: Compiled } {
  const times: Times = {};
  const lap = stopwatch(times);
  // A source object of its own: what is kept for a source already seen must not help.
  const source = sourceFile(request.file, text);
  parse(source);
  lap("parse");
  const { model, diagnostics } = check(source, { std, set, vocab: 800 });
  lap("check");
  if (!model) throw new Error(diagnostics.map(({ title }) => title).join("\n"));
  const compiled = compile(model, { profile: { kind: "gpu" }, training: request.training, onPhase: lap });
  lap("rest");
  times["total"] = Object.values(times).reduce((a, b) => a + b, 0);
  return { times, compiled };
}

const start = performance.now();
const { times: first, compiled } = once();
const wall = performance.now() - start;
const rounds = Array.from({ length: request.warm }, () => once().times);
// The least of each phase: what the machine's other work adds is never negative.
const again = rounds.length === 0 ? undefined : Object.fromEntries(Object.keys(first).map((phase) => [phase, Math.min(...rounds.map((times) => times[phase]!))]));
const { program } = compiled;
const dispatches = program.entries.reduce((sum, { steps }) => sum + steps.length, 0);
const bytes = program.kernels.reduce((sum, { wgsl, fallback }) => sum + wgsl.length + (fallback?.wgsl.length ?? 0), 0);
process.stdout.write(JSON.stringify({ first, again, kernels: program.kernels.length, dispatches, bytes, wall }));
