/** States that a layer keeps from step to step, on the adapter. */
import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { LOSS } from "../../compiler/plan/layout.ts";
import { createSession } from "../../runtime/create-session.ts";
import type { Session } from "../../runtime/session.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, relativeError } from "../support/reference.ts";

/** Takes off what the batch before had on average; `w` is there to be trained. */
const SOURCE = `layer Drift(d) {
  state last: [d] ~ constant(0.5)

  forward(x: [B, d]) -> [B, d] {
    y[b,i] = x[b,i] - last[i]
    if training { now[i] = mean[b] x[b,i]; last = now }
    return y
  }
}

model Both(d = 3) {
  drift = Drift(d)
  param w: [d] ~ ones

  forward(x: [B, d]) -> [B, d] {
    y = drift(x)
    z[b,i] = y[b,i] * w[i]
    return z
  }
}

train one {
  data  = images("images", side: 1, channels: 3)
  model = Both()
  loss(image) {
    x[b,i] = image[b,0,0,i]
    y = model(x)
    return mean[b,i] y[b,i]^2
  }
  optimizer = Sgd(lr: 0.1)
  batch = 2; steps = 3
}
`;

const feedOf = (image: readonly number[], micro = 0) => ({ sizes: { B: 2 }, fields: { image: Float32Array.from(image) }, step: 1, micro });

async function sessionOf(set: Readonly<Record<string, string>> = {}): Promise<Session> {
  const { program } = compile(checkedModel("both.tfm", SOURCE, { set }), { profile: { kind: "cpu" }, training: true });
  return createSession(program, { device: await gpuDevice(), bounds: { B: 2 }, debug: true });
}

describeGpu("running states", () => {
  it("are read as the step before left them, and left alone by evaluation", async () => {
    const session = await sessionOf();
    let last = [0.5, 0.5, 0.5];
    for (const batch of [[1, 2, 3, 4, 5, 6], [2, 2, 2, 4, 4, 4], [0, 1, 0, 1, 0, 1]]) {
      session.writeState("w", Float32Array.of(1, 1, 1));
      session.run(["grad", "update"], feedOf(batch));
      const y = batch.map((x, i) => x - last[i % 3]!);
      expect((await session.readState(LOSS.path, LOSS.kind))[0]).toBeCloseTo(y.reduce((sum, v) => sum + v * v, 0) / 6, 5);
      expect(Array.from(await session.readState("w", "gradient"))).toEqual([0, 1, 2].map((i) => expect.closeTo((y[i]! ** 2 + y[i + 3]! ** 2) / 3, 5)));
      last = [0, 1, 2].map((i) => (batch[i]! + batch[i + 3]!) / 2);
      expect(Array.from(await session.readState("drift.last", "running"))).toEqual(last);
      session.writeState("w", Float32Array.of(1, 1, 1));
      session.run("forward", { sizes: { B: 2 }, fields: { x: Float32Array.from(batch) } });
      expect(Array.from((await session.read(session.output("forward"))).data)).toEqual(batch.map((x, i) => x - last[i % 3]!));
      expect(Array.from(await session.readState("drift.last", "running"))).toEqual(last);
    }
    session.dispose();
  });

  it("stay as they are in a step whose loss is not finite", async () => {
    const session = await sessionOf();
    session.run(["grad", "update"], feedOf([1, 2, 3, 4, 5, 3e38]));
    expect(Array.from(await session.readState("drift.last", "running"))).toEqual([0.5, 0.5, 0.5]);
    expect(Array.from(await session.readState("w"))).toEqual([1, 1, 1]);
    session.dispose();
  });

  it.each([
    ["of two rows each", [feedOf([1, 2, 3, 4, 5, 6], 0), feedOf([2, 2, 2, 4, 4, 4], 1)], [2.75, 3.25, 3.75]],
    ["of two rows and one", [feedOf([1, 2, 3, 4, 5, 6], 0), { ...feedOf([4, 4, 4], 1), sizes: { B: 1 } }], [3, 11 / 3, 13 / 3]],
    ["of which an epoch's end leaves one", [feedOf([1, 2, 3, 4, 5, 6], 0)], [2.5, 3.5, 4.5]],
  ])("become the average over the micro-batches %s, by their rows", async (_, feeds, expected) => {
    const session = await sessionOf({ "recipe.accumulate": "2" });
    if (session.has("count")) for (const feed of feeds) session.run("count", feed);
    for (const feed of feeds) session.run("grad", feed);
    session.run("update", feeds[0]!);
    expect(relativeError(await session.readState("drift.last", "running"), expected, 1)).toBeLessThan(1e-6);
    session.dispose();
  });
});
