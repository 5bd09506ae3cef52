/**
 * The whole training step against f64: gradients by the interpreter, then Adam from its paper. A gradient that rounding moves by
 * e moves a weight by up to lr · e / eps, so eps is as large as a gradient here: nothing amplifies the rounding of f32.
 */
import { expect, it } from "vitest";
import { compile, type Compiled } from "../../compiler/compile.ts";
import type { Model } from "../../compiler/check/model.ts";
import { createSession } from "../../runtime/create-session.ts";
import type { Session } from "../../runtime/session.ts";
import { REPORT } from "../../runtime/training/report.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, relativeError } from "../support/reference.ts";
import { draws } from "../../runtime/random/philox.ts";
import { HostAdam, type AdamSettings, HostGradient } from "./host-training.ts";

const MODEL = `model Net(side, classes, ff = 13) {
  param weight: [side, side, ff] ~ xavier(side * side, ff)
  param bias: [ff] ~ uniform(-0.3, 0.3)
  norm = LayerNorm(ff)
  down = Linear(ff, classes)

  forward(image: [B, side, side, 1]) -> [B, classes] {
    h[b,j] = bias[j] + sum[p,q] image[b,p,q,0] * weight[p,q,j]
    return down(gelu(norm(h)))
  }
}

train decayed {
  data = images("digits", side: 5, classes: 4)
  model = Net(side: 5, classes: 4)
  loss(image, label) = cross_entropy(model(image), label, smoothing: 0.1)
  optimizer = AdamW(lr: 0.01 * warmup(step, 4), beta2: 0.95, eps: 0.05, decay: 0.3)
  undecayed = "*bias", "*.gain"
  batch = 6; steps = 10; clip = 0.25; seed = 3
}
train loose like decayed {
  clip = 1000.0
}
train bare like loose {
  optimizer = AdamW(lr: 0.01 * warmup(step, 4), beta2: 0.95, eps: 0.05, decay: 0.0)
}
train sgd like decayed {
  optimizer = Sgd(lr: 0.1, momentum: 0.9, decay: 0.2)
}
`;

const SETTINGS: AdamSettings = { lr: (step) => 0.01 * Math.min(1, step / 4), beta1: 0.9, beta2: 0.95, eps: 0.05, decay: 0.3, decays: (path) => !path.endsWith("bias") && !path.endsWith(".gain") };

const programs = new Map<string, { readonly model: Model; readonly compiled: Compiled }>();

function compiledRecipe(recipe: string) {
  const known = programs.get(recipe);
  if (known) return known;
  const model = checkedModel("net.tfm", MODEL, { recipe });
  const made = { model, compiled: compile(model, { profile: { kind: "cpu" }, training: true, entries: [] }) };
  programs.set(recipe, made);
  return made;
}

async function opened(recipe: string): Promise<{ readonly model: Model; readonly session: Session; readonly parameters: Map<string, Float32Array> }> {
  const { model, compiled } = compiledRecipe(recipe);
  const session = await createSession(compiled.program, { device: await gpuDevice(), bounds: { B: 6 }, seed: 3, debug: true });
  const read = await session.readStates(["parameter"]);
  return { model, session, parameters: new Map(read.map(({ path, data }) => [path, data])) };
}

function batch(step: number, B: number): { readonly sizes: { readonly B: number }; readonly fields: { readonly image: Float32Array<ArrayBuffer>; readonly label: Int32Array<ArrayBuffer> } } {
  const random = draws(11, step);
  return { sizes: { B }, fields: { image: Float32Array.from({ length: B * 25 }, () => random.uniform()), label: Int32Array.from({ length: B }, () => random.below(4)) } };
}

async function trained(session: Session, step: number, feed: ReturnType<typeof batch>): Promise<Float32Array> {
  return session.runWithReport([{ entries: ["grad", "update"], feed: { ...feed, step } }]);
}

/** The largest difference, over the largest magnitude of the whole model: a tensor of tiny numbers is not held to more digits than its neighbours. */
async function expectStates(session: Session, kind: "parameter" | "optimizer", wanted: ReadonlyMap<string, Float64Array>, within: number, state?: string): Promise<void> {
  const largest = Math.max(...[...wanted.values()].flatMap((data) => Array.from(data, Math.abs)));
  for (const [path, data] of wanted) expect(relativeError(await session.readState(path, kind, state), data, largest), `${state ?? kind} ${path}`).toBeLessThan(within);
}

describeGpu("a training step equals f64", () => {
  for (const [recipe, decay, clipped] of [["decayed", 0.3, true], ["loose", 0.3, false], ["bare", 0, false]] as const)
    it(`in parameters and moments after each of three steps: ${recipe}`, async () => {
      const { model, session, parameters } = await opened(recipe);
      expect([...parameters.keys()].sort()).toEqual(["bias", "down.bias", "down.weight", "norm.bias", "norm.gain", "weight"]);
      const gradient = new HostGradient(model);
      const adam = new HostAdam(parameters, { ...SETTINGS, decay });
      for (const [step, rows] of [[1, 6], [2, 3], [3, 5]] as const) {
        const feed = batch(step, rows);
        const wanted = gradient.at(adam.parameters, feed);
        expect(wanted.norm > model.recipe!.clip!, `norm ${wanted.norm}`).toBe(clipped);
        adam.update(wanted.gradients);
        const report = await trained(session, step, feed);
        expect(relativeError([report[REPORT.loss]!, report[REPORT.gradNorm]!], [wanted.loss, wanted.norm], 0)).toBeLessThan(5e-6);
        expect(report[REPORT.badStep]).toBe(0);
        // Rounding of a gradient, some 1e-6 of the largest, is weighted by lr / eps = 0.2 in a weight; in v it counts twice.
        await expectStates(session, "parameter", adam.parameters, 2e-6);
        await expectStates(session, "optimizer", adam.m, 1e-5, "m");
        await expectStates(session, "optimizer", adam.v, 2e-5, "v");
      }
      session.dispose();
    });

  it("with momentum, and a decay that is part of the gradient", async () => {
    const { model, session, parameters } = await opened("sgd");
    const gradient = new HostGradient(model);
    const weights = new Map([...parameters].map(([path, data]) => [path, Float64Array.from(data)]));
    const momentum = new Map([...parameters].map(([path, data]) => [path, new Float64Array(data.length)]));
    for (const step of [1, 2]) {
      const feed = batch(step, 4);
      for (const [path, dw] of gradient.at(weights, feed).gradients) {
        const [w, m] = [weights.get(path)!, momentum.get(path)!];
        for (let at = 0; at < w.length; at++) {
          m[at] = 0.9 * m[at]! + dw[at]! + (SETTINGS.decays(path) ? 0.2 * w[at]! : 0);
          w[at] = w[at]! - 0.1 * m[at]!;
        }
      }
      await trained(session, step, feed);
    }
    await expectStates(session, "parameter", weights, 2e-6);
    await expectStates(session, "optimizer", momentum, 1e-5, "m");
    session.dispose();
  });

  it("decays what the recipe does not exempt, and nothing else", async () => {
    // Equal gradients with and without decay: weights differ by lr · decay · w where they decay.
    const [withDecay, without] = [await opened("loose"), await opened("bare")];
    const feed = batch(1, 6);
    for (const { session } of [withDecay, without]) await trained(session, 1, feed);
    for (const [path, before] of withDecay.parameters) {
      const [a, b] = [await withDecay.session.readState(path), await without.session.readState(path)];
      if (!SETTINGS.decays(path)) expect(a, path).toEqual(b);
      else expect(relativeError(a.map((value, at) => b[at]! - value), before.map((value) => 0.0025 * 0.3 * value), 1e-3), path).toBeLessThan(1e-3);
    }
    withDecay.session.dispose();
    without.session.dispose();
  });

  for (const [what, value] of [["infinite", Number.POSITIVE_INFINITY], ["not a number", Number.NaN]] as const)
    it(`that changes nothing and names the first bad step where the loss is not finite: an input that is ${what}`, async () => {
      const { session } = await opened("decayed");
      await trained(session, 1, batch(1, 4));
      const before = await session.readStates(["parameter", "optimizer"]);
      const spoilt = batch(2, 4);
      spoilt.fields.image[7] = value;
      const report = await trained(session, 2, spoilt);
      expect(Number.isFinite(report[REPORT.loss]!) && Number.isFinite(report[REPORT.gradNorm]!)).toBe(false);
      expect(report[REPORT.badStep]).toBe(2);
      expect(await session.readStates(["parameter", "optimizer"])).toEqual(before);
      // The first one stays on record, whatever follows.
      await trained(session, 3, spoilt);
      expect(await session.readStates(["parameter", "optimizer"])).toEqual(before);
      const sound = await trained(session, 4, batch(4, 4));
      expect(sound[REPORT.badStep]).toBe(2);
      expect(Number.isFinite(sound[REPORT.loss]!)).toBe(true);
      expect(await session.readStates(["parameter", "optimizer"])).not.toEqual(before);
      session.dispose();
    });

  it("that changes nothing where the loss is finite and the gradient's norm is not", async () => {
    const { session, parameters } = await opened("decayed");
    // Logits of 1e25 and gradients behind the norm of as much, whose squares are beyond f32.
    session.writeState("norm.gain", parameters.get("norm.gain")!.map(() => 1e25));
    const before = await session.readStates(["parameter", "optimizer"]);
    const report = await trained(session, 1, batch(1, 4));
    expect(Number.isFinite(report[REPORT.loss]!)).toBe(true);
    expect(Number.isFinite(report[REPORT.gradNorm]!)).toBe(false);
    expect(report[REPORT.badStep]).toBe(1);
    expect(await session.readStates(["parameter", "optimizer"])).toEqual(before);
    session.dispose();
  });
});
