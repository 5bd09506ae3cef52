/** The average of the weights that a recipe asks for, against its definition in f64. */
import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { encodeWeights, loadWeights } from "../../runtime/index.ts";
import { draws } from "../../runtime/random/philox.ts";
import { createSession } from "../../runtime/create-session.ts";
import type { Session } from "../../runtime/session.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, relativeError } from "../support/reference.ts";

const SOURCE = `model Net(d = 5, ff = 9, classes = 3) {
  up = Linear(d, ff); out = Linear(ff, classes)

  forward(x: [B, d]) -> [B, classes] = out(gelu(up(x)))
}

train plain {
  data  = images("digits", side: 1, channels: 5, classes: 3)
  model = Net()
  loss(image, label) {
    x[b,i] = image[b,0,0,i]
    return cross_entropy(model(x), label)
  }
  optimizer = AdamW(lr: 0.05, decay: 0.1)
  undecayed = "*.bias"; clip = 1.0; batch = 4; steps = 30; seed = 3
}
train averaged like plain {
  average = 0.7
}
train partly like averaged {
  frozen = "up.weight"
}
`;

const program = (recipe: string, training = true) => compile(checkedModel("net.tfm", SOURCE, { recipe }), { profile: { kind: "cpu" }, training }).program;

async function opened(recipe: string): Promise<Session> {
  return createSession(program(recipe), { device: await gpuDevice(), bounds: { B: 4 }, seed: 3, debug: true });
}

async function step(session: Session, at: number, scale = 1): Promise<void> {
  const random = draws(5, at);
  const fields = { image: Float32Array.from({ length: 20 }, () => scale * random.normal()), label: Int32Array.from({ length: 4 }, () => random.below(3)) };
  await session.runWithReport([{ entries: ["grad", "update"], feed: { sizes: { B: 4 }, fields, step: at } }]);
}

const read = async (session: Session, kind: "parameter" | "average"): Promise<Map<string, Float32Array>> => new Map((await session.readStates([kind])).map(({ path, data }) => [path, data]));

describeGpu("an average of the weights", () => {
  it("is m + (1 - min(a, (1 + t) / (10 + t))) (w - m), and leaves training alone", async () => {
    const [session, plain] = [await opened("averaged"), await opened("plain")];
    const wanted = new Map([...(await read(session, "parameter"))].map(([path, data]) => [path, Float64Array.from(data)]));
    expect(await read(session, "average")).toEqual(await read(session, "parameter"));
    for (let at = 1; at <= 25; at++) {
      await step(session, at);
      await step(plain, at);
      const keep = Math.min(0.7, (1 + at) / (10 + at));
      for (const [path, w] of await read(session, "parameter")) wanted.set(path, wanted.get(path)!.map((m, k) => keep * m + (1 - keep) * w[k]!));
      if (at % 8 === 1) for (const [path, data] of await read(session, "average")) expect(relativeError(data, wanted.get(path)!, 0.01), `${path} after ${at}`).toBeLessThan(1e-6);
    }
    expect(await read(session, "parameter")).toEqual(await read(plain, "parameter"));
    session.dispose();
    plain.dispose();
  });

  it("stays as it is in a step whose loss is not finite", async () => {
    const session = await opened("averaged");
    await step(session, 1);
    const before = await read(session, "average");
    await step(session, 2, Number.POSITIVE_INFINITY);
    expect(await read(session, "average")).toEqual(before);
    session.dispose();
  });

  it("is what the model's functions compute with, in training and from its file; what is frozen has none", async () => {
    const session = await opened("partly");
    for (let at = 1; at <= 6; at++) await step(session, at);
    const [weights, averages] = [await read(session, "parameter"), await read(session, "average")];
    expect([...averages.keys()].sort()).toEqual(["out.bias", "out.weight", "up.bias"]);
    const x = Float32Array.from({ length: 20 }, (_, at) => Math.sin(at));
    const forward = async (one: Session): Promise<unknown> => {
      one.run("forward", { sizes: { B: 4 }, fields: { x } });
      return (await one.read(one.output("forward"))).data;
    };
    const inTraining = await forward(session);
    const alone = await createSession(program("partly", false), { device: await gpuDevice(), bounds: { B: 4 }, debug: true });
    loadWeights(alone, await encodeWeights(session), "required");
    expect(await forward(alone)).toEqual(inTraining);
    for (const [path, data] of averages) alone.writeState(path, data);
    expect(await forward(alone)).toEqual(inTraining);
    for (const [path, data] of weights) alone.writeState(path, data);
    expect(await forward(alone)).not.toEqual(inTraining);
    alone.dispose();
    session.dispose();
  });

  it("costs one dispatch for those that decay and one for the others", () => {
    const steps = (recipe: string): number => program(recipe).entries.find(({ name }) => name === "update")!.steps.length;
    expect(steps("averaged")).toBe(steps("plain") + 2);
  });
});
