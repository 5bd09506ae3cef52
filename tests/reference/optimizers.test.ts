/** Every optimizer of std/, ten steps on the gradients of optimizers.py: the weights after each, by the interpreter and on the adapter. */
import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import type { Model, OptimizerGroup } from "../../compiler/check/model.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { stateKey } from "../../compiler/ir/walk.ts";
import { REPORT } from "../../runtime/training/report.ts";
import { createSession } from "../../runtime/create-session.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, referenceTensors, relativeError } from "../support/reference.ts";

const STEPS = 10;
const PATHS = ["weight", "bias"] as const;
const SHAPES = { weight: [3, 5], bias: [7] } as const;

const APART = 'undecayed = "bias"';
/** As the script calls them. */
const CASES: Readonly<Record<string, readonly [optimizer: string, more?: string]>> = {
  sgd: ["Sgd(lr: 0.1)"],
  sgd_momentum: ["Sgd(lr: 0.1, momentum: 0.9, decay: 0.01)"],
  sgd_cosine: ["Sgd(lr: 0.1 * cosine(step, steps, low: 0.2))"],
  sgd_linear: ["Sgd(lr: 0.1 * linear(step, 8))"],
  adam: ["Adam(lr: 0.01, beta2: 0.98, eps: 1e-9)"],
  adam_decay: ["Adam(lr: 0.01, decay: 0.1)", APART],
  adamw: ["AdamW(lr: 0.01, decay: 0.1)"],
  adamw_apart: ["AdamW(lr: 0.05 * warmup(step, 4), beta2: 0.95, decay: 0.2)", APART],
  lion: ["Lion(lr: 0.01)"],
  lion_apart: ["Lion(lr: 0.05 * warmup(step, 4), beta1: 0.95, beta2: 0.98, decay: 0.3)", APART],
};

const numbers = referenceTensors("optimizers");
const volume = (path: (typeof PATHS)[number]): number => SHAPES[path].reduce((product, size) => product * size, 1);
const at = (name: string, path: (typeof PATHS)[number], step: number): Float32Array => Float32Array.from(numbers.get(`${name}.${path}`)!.data.subarray((step - 1) * volume(path), step * volume(path)));

function modelOf(name: string): Model {
  const [optimizer, more = ""] = CASES[name]!;
  return checkedModel("two.tfm", `model Two(d = 1) {
  param weight: [3, 5] ~ zeros
  param bias: [7] ~ zeros

  forward(x: [B, d]) -> real = (mean[b,i] x[b,i]) * (sum[i < 3, j] weight[i,j] + sum[k] bias[k])
}
train one {
  data  = images("images", side: 1)
  model = Two()
  loss(image) {
    x[b,i] = image[b,0,0,i]
    return model(x)
  }
  optimizer = ${optimizer}; ${more}
  batch = 1; steps = ${STEPS}
}
`);
}

it("every run of the script is tried", () => {
  const named = new Set([...numbers.keys()].map((name) => name.split(".")[0]!).filter((name) => name !== "before" && name !== "gradient"));
  expect(Object.keys(CASES).sort()).toEqual([...named].sort());
});

describe.each(Object.keys(CASES))("%s", (name) => {
  it("in f64, by the interpreter", () => {
    for (const group of modelOf(name).recipe!.optimizer.groups) {
      const paths = PATHS.filter((path) => group.paths.includes(path));
      const states = new Map<string, ArrayLike<number>>([["parameter/w", joined(paths.map((path) => numbers.get(`before.${path}`)!.data))]]);
      for (let step = 1; step <= STEPS && paths.length > 0; step++) {
        stepped(group, states, joined(paths.map((path) => at("gradient", path, step))), step);
        // The reference is rounded to f32.
        expect(relativeError(states.get("parameter/w")!, joined(paths.map((path) => at(name, path, step))), 0), `${paths.join()} after ${step}`).toBeLessThan(1e-7);
      }
    }
  });

  describeGpu("on the adapter", () => {
    it("to 1e-6", async () => {
      const { program } = compile(modelOf(name), { profile: { kind: "cpu" }, training: true, entries: [] });
      const session = await createSession(program, { device: await gpuDevice(), bounds: {}, entries: ["update"], debug: true });
      for (const path of PATHS) session.writeState(path, Float32Array.from(numbers.get(`before.${path}`)!.data));
      for (let step = 1; step <= STEPS; step++) {
        for (const path of PATHS) session.writeState(path, at("gradient", path, step), "gradient");
        const report = await session.runWithReport([{ entries: ["update"], feed: { sizes: {}, fields: {}, step } }]);
        expect(report[REPORT.badStep]).toBe(0);
        for (const path of PATHS) expect(relativeError(await session.readState(path), at(name, path, step), 0), `${path} after ${step}`).toBeLessThan(1e-6);
      }
      session.dispose();
    });
  });
});

/** One update of a group; `states` hold what it leaves. */
function stepped({ graph }: OptimizerGroup, states: Map<string, ArrayLike<number>>, gradient: ArrayLike<number>, step: number): void {
  const zero = new Float64Array(gradient.length);
  const given = Object.fromEntries(graph.values.flatMap((value) => (value.kind === "state" ? [[stateKey(value.state), states.get(stateKey(value.state)) ?? zero] as const] : [])));
  const { outputs } = interpret(graph, { sizes: { n: gradient.length }, inputs: {}, states: { ...given, "gradient/dw": gradient }, step });
  for (const { name, state } of graph.outputs) states.set(stateKey(state!), outputs[name]!.data);
}

function joined(parts: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => Array.from(part)));
}
