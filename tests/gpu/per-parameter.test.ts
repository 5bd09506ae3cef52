/** Optimizers whose update of an element needs all of its parameter, against f64; and states and noise of each parameter's own. */
import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import type { Model } from "../../compiler/check/model.ts";
import { createSession } from "../../runtime/create-session.ts";
import type { Session } from "../../runtime/session.ts";
import { stepJobs } from "../../runtime/training/trainer.ts";
import { draws } from "../../runtime/random/philox.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, relativeError } from "../support/reference.ts";
import { HostGradient } from "./host-training.ts";

const SOURCE = `model Net(d = 5, classes = 3) {
  up = Linear(4, d); down = Linear(d, classes); param decayed: [classes] ~ uniform(-1, 1)
  forward(image: [B, 2, 2, 1]) -> [B, classes] {
    x[b, i < 4] = image[b, i / 2, i % 2, 0]
    h = down(tanh(up(x)))
    y[b,k] = h[b,k] + decayed[k]
    return y
  }
}
/// You et al. 2020, algorithm 2.
optimizer Lamb(lr: real, beta1 = 0.9, beta2 = 0.999, eps = 0.05, decay = 0.01) {
  state m: [...] ~ zeros; state v: [...] ~ zeros
  update(w: [...], dw: [...], step: int, decays: flag) -> [...] {
    m = beta1 * m + (1 - beta1) * dw
    v = beta2 * v + (1 - beta2) * dw^2
    u = (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps)
    if decays { u = u + decay * w }
    a = sqrt(sum[...] w[...]^2); b = sqrt(sum[...] u[...]^2)
    return w - lr * (if a > 0 and b > 0 then a / b else 1.0) * u
  }
}
optimizer Centered(lr: real) {
  update(w: [...], dw: [...], step: int, decays: flag) -> [...] = w - lr * (dw - mean[...] dw[...])
}
optimizer Noise(std: real) {
  update(w: [...], dw: [...], step: int, decays: flag) -> [...] { draw u: [...] ~ normal(1); return w + std * u }
}
train lamb {
  data = images("digits", side: 2, classes: 3); model = Net()
  loss(image, label) = cross_entropy(model(image), label)
  optimizer = Lamb(lr: 0.05); undecayed = "*.bias"; batch = 4; steps = 5; seed = 1
}
train centered like lamb { optimizer = Centered(lr: 0.1) }
train noise like lamb { optimizer = Noise(std: 0.1) }
train plain like lamb { optimizer = Sgd(lr: 0.1) }
`;

function batch(step: number) {
  const random = draws(7, step);
  return { sizes: { B: 4 }, fields: { image: Float32Array.from({ length: 16 }, () => random.normal()), label: Int32Array.from({ length: 4 }, () => random.below(3)) }, tokens: 4 };
}

async function opened(recipe: string): Promise<{ readonly model: Model; readonly session: Session; readonly weights: () => Promise<Map<string, Float64Array>> }> {
  const model = checkedModel("net.tfm", SOURCE, { recipe });
  const { program } = compile(model, { profile: { kind: "cpu" }, training: true, entries: [] });
  const session = await createSession(program, { device: await gpuDevice(), bounds: { B: 4 }, seed: 5, debug: true });
  return { model, session, weights: async () => new Map((await session.readStates(["parameter"])).map(({ path, data }) => [path, Float64Array.from(data)])) };
}

const norm = (values: Float64Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

type Update = (w: Float64Array, dw: Float64Array, step: number, path: string) => Float64Array;

function lamb(): Update {
  const moments = new Map<string, { m: Float64Array; v: Float64Array }>();
  return (w, dw, step, path) => {
    const before = moments.get(path) ?? { m: new Float64Array(w.length), v: new Float64Array(w.length) };
    const m = before.m.map((value, at) => 0.9 * value + 0.1 * dw[at]!), v = before.v.map((value, at) => 0.999 * value + 0.001 * dw[at]! ** 2);
    moments.set(path, { m, v });
    const u = m.map((value, at) => value / (1 - 0.9 ** step) / (Math.sqrt(v[at]! / (1 - 0.999 ** step)) + 0.05) + (path.endsWith(".bias") ? 0 : 0.01 * w[at]!));
    const trust = norm(w) > 0 && norm(u) > 0 ? norm(w) / norm(u) : 1;
    return w.map((value, at) => value - 0.05 * trust * u[at]!);
  };
}

const OPTIMIZERS: readonly (readonly [recipe: string, update: () => Update])[] = [
  ["lamb", lamb],
  ["centered", () => (w, dw) => w.map((value, at) => value - 0.1 * (dw[at]! - dw.reduce((sum, each) => sum + each, 0) / dw.length))],
  ["plain", () => (w, dw) => w.map((value, at) => value - 0.1 * dw[at]!)],
];

describeGpu("an optimizer's update of a parameter", () => {
  it.each(OPTIMIZERS)("%s", async (recipe, make) => {
    const { model, session, weights } = await opened(recipe);
    const update = make(), gradient = new HostGradient(model);
    let wanted = await weights();
    for (let step = 1; step <= 5; step++) {
      session.runJobs(stepJobs(session, [batch(step)], step));
      const { gradients } = gradient.at(wanted, batch(step));
      wanted = new Map([...wanted].map(([path, w]) => [path, update(w, gradients.get(path)!, step, path)]));
    }
    for (const [path, data] of await weights()) expect(relativeError(data, wanted.get(path)!, 0.1), path).toBeLessThan(1e-5);
    session.dispose();
  });

  it("draws other numbers for what decays and what does not", async () => {
    const { session, weights } = await opened("noise");
    const before = await weights();
    session.runJobs(stepJobs(session, [batch(1)], 1));
    const after = await weights();
    const moved = [...before].flatMap(([path, data]) => Array.from(data, (value, at) => (after.get(path)![at]! - value).toFixed(6)));
    expect(new Set(moved).size).toBe(moved.length);
    session.dispose();
  });
});
