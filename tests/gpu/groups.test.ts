/** Parameters that are frozen or have a learning rate of their own, against f64. */
import { expect, it } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { compile } from "../../compiler/compile.ts";
import type { Model } from "../../compiler/check/model.ts";
import { sourceFile } from "../../grammar/source.ts";
import { draws } from "../../runtime/random/philox.ts";
import type { Program } from "../../runtime/index.ts";
import { createSession } from "../../runtime/create-session.ts";
import type { Session } from "../../runtime/session.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, library, relativeError } from "../support/reference.ts";
import { HostAdam, HostGradient } from "./host-training.ts";

const SOURCE = `layer Encoder(d, ff) {
  norm = LayerNorm(d); up = Linear(d, ff)
  state seen: [ff] ~ zeros

  forward(x: [B, d]) -> [B, ff] {
    y = gelu(up(norm(x)))
    if training { now[i] = mean[b] y[b,i]; seen = now }
    return y
  }
}

model Net(d = 7, ff = 13, classes = 4) {
  encoder = Encoder(d, ff); head = Linear(ff, ff); out = Linear(ff, classes)

  forward(x: [B, d]) -> [B, classes] = out(gelu(head(encoder(x))))
}

train whole {
  data  = images("digits", side: 1, channels: 7, classes: 4)
  model = Net()
  loss(image, label) {
    x[b,i] = image[b,0,0,i]
    return cross_entropy(model(x), label)
  }
  optimizer = AdamW(lr: 0.01 * warmup(step, 4), beta2: 0.95, eps: 0.05, decay: 0.3)
  undecayed = "*.bias", "*.gain"; batch = 6; steps = 10; seed = 3
}
train headed like whole {
  frozen = "encoder.*"
}
train slow like whole {
  rates = 0.1 * "encoder.*", 0.5 * warmup(step, 2) * "*.weight"
}
train both like slow {
  frozen = "encoder.norm.*", "out.bias"
}
`;

const modelOf = (recipe: string, set: Readonly<Record<string, string>> = {}): Model => checkedModel("net.tfm", SOURCE, { recipe, set });
const programOf = (model: Model): Program => compile(model, { profile: { kind: "cpu" }, training: true, entries: [] }).program;
const stepsOf = (program: Program, entry: string): number => program.entries.find(({ name }) => name === entry)!.steps.length;

function batch(step: number, B: number) {
  const random = draws(11, step);
  return { sizes: { B }, fields: { image: Float32Array.from({ length: B * 7 }, () => random.normal()), label: Int32Array.from({ length: B }, () => random.below(4)) } };
}

async function opened(model: Model): Promise<Session> {
  return createSession(programOf(model), { device: await gpuDevice(), bounds: { B: 6 }, seed: 3, batches: model.recipe!.accumulate, debug: true });
}

const read = async (session: Session, kind: "parameter" | "optimizer" | "running" = "parameter"): Promise<Map<string, Float32Array>> =>
  new Map((await session.readStates([kind])).map(({ state, path, data }) => [kind === "optimizer" ? `${state}/${path}` : path, data]));

describeGpu("groups of parameters", () => {
  const cases = [
    ["headed", () => 1, (path: string) => path.startsWith("encoder.")],
    ["slow", (path: string, step: number) => (path.startsWith("encoder.") ? 0.1 : path.endsWith(".weight") ? 0.5 * Math.min(1, step / 2) : 1), () => false],
    ["both", (path: string, step: number) => (path.startsWith("encoder.") ? 0.1 : path.endsWith(".weight") ? 0.5 * Math.min(1, step / 2) : 1), (path: string) => path.startsWith("encoder.norm.") || path === "out.bias"],
  ] as const;
  for (const [recipe, rate, isFrozen] of cases)
    it(`are updated as the papers say, each at its rate: ${recipe}`, async () => {
      const model = modelOf(recipe);
      const session = await opened(model);
      const before = await read(session);
      const gradient = new HostGradient(model);
      const adam = new HostAdam(before, { lr: (step) => 0.01 * Math.min(1, step / 4), beta1: 0.9, beta2: 0.95, eps: 0.05, decay: 0.3, decays: (path) => !/\.(bias|gain)$/.test(path), rate });
      for (const step of [1, 2, 3]) {
        const feed = batch(step, 6);
        const gradients = new Map([...gradient.at(adam.parameters, feed).raw].filter(([path]) => !isFrozen(path)));
        adam.update(gradients);
        await session.runWithReport([{ entries: ["grad", "update"], feed: { ...feed, step } }]);
        const after = await read(session);
        for (const [path, wanted] of adam.parameters) {
          if (isFrozen(path)) expect(after.get(path), path).toEqual(before.get(path));
          else expect(relativeError(after.get(path)!, wanted, 0.1), `${path} after ${step}`).toBeLessThan(5e-6);
        }
      }
      session.dispose();
    });

  it("that are frozen have neither gradient nor optimizer state, and their layers' states stay", async () => {
    const session = await opened(modelOf("headed"));
    const trained = ["head.weight", "out.weight", "head.bias", "out.bias"];
    expect(session.tensors(["gradient"]).map(({ path }) => path)).toEqual(trained);
    expect(session.tensors(["optimizer"]).map(({ state, path }) => `${state}/${path}`)).toEqual(["m", "v"].flatMap((state) => trained.map((path) => `${state}/${path}`)));
    await session.runWithReport([{ entries: ["grad", "update"], feed: { ...batch(1, 6), step: 1 } }]);
    expect([...(await read(session, "running")).get("encoder.seen")!]).toEqual(new Array(13).fill(0));
    session.dispose();
    const free = await opened(modelOf("whole"));
    await free.runWithReport([{ entries: ["grad", "update"], feed: { ...batch(1, 6), step: 1 } }]);
    expect([...(await read(free, "running")).get("encoder.seen")!].some((value) => value !== 0)).toBe(true);
    free.dispose();
  });

  it("that are frozen cost nothing: their gradients are not computed", () => {
    const [all, headed] = [programOf(modelOf("whole")), programOf(modelOf("headed"))];
    // Of up, norm's gain, bias and row statistics, and of what stands between them.
    expect(stepsOf(headed, "grad")).toBeLessThanOrEqual(stepsOf(all, "grad") - 4);
    const bytes = (program: Program, kind: string): number => program.states.filter((state) => state.kind === kind).reduce((sum, { tensors }) => sum + tensors.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0), 0);
    expect(bytes(all, "gradient") - bytes(headed, "gradient")).toBe(7 + 7 + 7 * 13 + 13);
    expect(bytes(headed, "parameter")).toBe(bytes(all, "parameter"));
  });

  it("are added up over micro-batches as in one batch", async () => {
    const [whole, parts] = [await opened(modelOf("both")), await opened(modelOf("both", { "recipe.accumulate": "2" }))];
    const feed = batch(1, 6);
    const halves = [0, 1].map((at) => ({ sizes: { B: 3 }, fields: { image: feed.fields.image.subarray(at * 21, (at + 1) * 21), label: feed.fields.label.subarray(at * 3, (at + 1) * 3) }, step: 1, micro: at }));
    await whole.runWithReport([{ entries: ["grad", "update"], feed: { ...feed, step: 1 } }]);
    const counts = parts.has("count") ? [0, 1].map((at) => ({ entries: ["count"], feed: halves[at]! })) : [];
    await parts.runWithReport([...counts, { entries: ["grad"], feed: halves[0]! }, { entries: ["grad", "update"], feed: halves[1]! }]);
    const [a, b] = [await read(whole), await read(parts)];
    for (const [path, data] of a) expect(relativeError(b.get(path)!, data, 0.1), path).toBeLessThan(1e-6);
    whole.dispose();
    parts.dispose();
  });
});

it("--set names patterns as the file does, and takes them back", () => {
  const groups = (set: Readonly<Record<string, string>>) => modelOf("slow", set).recipe!.optimizer.groups.map(({ name, paths }) => [name, paths.length]);
  expect(groups({})).toEqual([["decayed", 0], ["undecayed", 2], ["decayed.1", 1], ["undecayed.1", 3], ["decayed.2", 2]]);
  expect(groups({ "recipe.rates": "none", "recipe.frozen": "encoder.*, out.bias" })).toEqual([["decayed", 2], ["undecayed", 1]]);
  expect(groups({ "recipe.rates": "0.2 * out.*", "recipe.undecayed": "none" })).toEqual([["decayed", 6], ["undecayed", 0], ["decayed.1", 2]]);
  expect(modelOf("both", { "recipe.frozen": "none", "recipe.rates": "none" }).recipe!.optimizer.groups).toHaveLength(2);
});

it("what is wrong with the optimizer of all groups is told once", () => {
  const { diagnostics } = check(sourceFile("net.tfm", SOURCE.replace("0.01 * warmup(step, 4)", "0.01 * warmup(step, steps / 4)")), { std: library(), recipe: "slow" });
  expect(diagnostics.map(({ code }) => code)).toEqual(["inexact-size"]);
});

it("rates scale a hyperparameter that the optimizer must have, by one number", () => {
  const told = (rates: string): readonly string[] => check(sourceFile("net.tfm", SOURCE.replace(/  rates = .*/, `  rates = ${rates}`)), { std: library(), recipe: "slow" }).diagnostics.map(({ code, title }) => `${code}: ${title}`);
  expect(told('0.1 * "encoder.*"')).toEqual([]);
  expect(told('"encoder.*"')).toEqual(['setting-value: `rates` is a list of factors with patterns of parameter paths, such as 0.1 * "encoder.*"']);
  expect(told('0.1 * "encode.*"')).toEqual(['pattern-unmatched: no parameter is named by "encode.*" of `rates`']);
  expect(told(Array.from({ length: 17 }, () => '0.1 * "out.*"').join(", "))).toEqual(["setting-value: `rates` is a list of at most 16 factors with patterns"]);
  const own = `optimizer Plain(speed: real) { update(w: [...], dw: [...], step: int, decays: flag) -> [...] = w - speed * dw }\n`;
  const { diagnostics } = check(sourceFile("net.tfm", own + SOURCE.replace(/  optimizer = .*/, "  optimizer = Plain(speed: 0.1)")), { std: library(), recipe: "slow" });
  expect(diagnostics.map(({ title }) => title)).toEqual(["`rates` scales the hyperparameter `lr`, which `Plain` has not"]);
});

it("more numbers of the step than a program has room for are refused by how many there are", () => {
  const paths = ["encoder.norm.gain", "encoder.norm.bias", "encoder.up.weight", "encoder.up.bias", "head.weight", "head.bias", "out.weight", "out.bias"];
  const one = (path: string, at: number): string => `0.${at + 10} * "${path}"`;
  const optimizer = Array.from({ length: 9 }, (_, at) => `lr^${at + 2}`).join(" + w * ");
  const source = `${SOURCE}
optimizer Powers(lr: real) { update(w: [...], dw: [...], step: int, decays: flag) -> [...] = w - dw * (${optimizer}) }
train powers like whole { optimizer = Powers(lr: 0.01 * warmup(step, 4)); rates = ${paths.map(one).join(", ")} }`;
  expect(() => programOf(checkedModel("net.tfm", source, { recipe: "powers" }))).toThrow(expect.objectContaining({ code: "too-many-scalars", hint: expect.stringContaining("`rates`") as string }));
});
