/** What dropout and stochastic depth draw, by its distribution: the share that falls away, what is left of the rest, and the gradient. */
import { describe, expect, it } from "vitest";
import type { Model } from "../../compiler/check/model.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { draws } from "../../runtime/random/philox.ts";
import { uniformOf } from "../support/graphs.ts";
import { checkedModel } from "../support/reference.ts";

const ROWS = 1000, TALL = 2, WIDE = 3, COUNT = ROWS * TALL * WIDE;

/** `up` stands beside the result, so that the result is its gradient. */
const modelOf = (call: string): Model => checkedModel("dropped.tfm", `model Dropped() {
  param x:  [${ROWS}, ${TALL}, ${WIDE}] ~ ones
  param up: [${ROWS}, ${TALL}, ${WIDE}] ~ ones

  forward(x: [B, T, D]) -> [B, T, D] = ${call}
}
train it {
  data = images("images", side: 1)
  model = Dropped()
  loss(image) {
    y = model(model.x)
    return sum[b,t,i] model.up[b,t,i] * y[b,t,i] + 0 * (mean[b,r,c,k] image[b,r,c,k])
  }
  optimizer = Sgd(lr: 1.0)
  batch = 1; steps = 1
}
`);

interface Dropped {
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Of x, where every element of the result has a gradient of its own. */
  readonly up: readonly number[];
  readonly gradient: readonly number[];
}

/** In training; without `seed` nothing may be drawn. */
function dropped(call: string, seed?: number): Dropped {
  const random = draws(17);
  const [x, up] = [0, 1].map(() => Array.from({ length: COUNT }, () => 1 + random.uniform())) as [number[], number[]];
  const graph = differentiate(modelOf(call).recipe!.loss.graph);
  const { outputs } = interpret(graph, { sizes: { B: 1 }, inputs: { image: [0] }, states: { "parameter/x": x, "parameter/up": up }, step: 1, micro: 0, ...(seed !== undefined && { uniform: uniformOf(seed) }) });
  const of = (path: string): number[] => Array.from(outputs[graph.outputs.find(({ state }) => state?.path === path)!.name]!.data);
  return { x, y: of("up"), up, gradient: of("x") };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
/** Five standard errors of the share of `count` draws with chance `p`. */
const allowed = (p: number, count: number): number => 5 * Math.sqrt((p * (1 - p)) / count);

describe.each([0.1, 0.5, 0.8])("with chance %d", (p) => {
  describe.each([["dropout", 1], ["drop_path", TALL * WIDE]] as const)("%s", (name, together) => {
    const { x, y, up, gradient } = dropped(`${name}(x, ${p})`, 5);
    const factor = y.map((value, at) => value / x[at]!);
    const groups = Array.from({ length: COUNT / together }, (_, at) => factor.slice(at * together, (at + 1) * together));
    const gone = groups.map(([first]) => (first === 0 ? 1 : 0));

    it(together === 1 ? "drops elements one by one, and scales the others by 1 / (1 - p)" : "drops whole examples, and scales the others by 1 / (1 - p)", () => {
      for (const group of groups) for (const value of group) expect(value).toBeCloseTo(group[0] === 0 ? 0 : 1 / (1 - p), 12);
    });

    it("drops the share p, and leaves the mean as it was", () => {
      expect(Math.abs(mean(gone) - p)).toBeLessThan(allowed(p, groups.length));
      // The factor is 0 or 1 / (1 - p): mean 1, variance p / (1 - p).
      expect(Math.abs(mean(factor) - 1)).toBeLessThan(allowed(p, groups.length) / (1 - p));
    });

    it("draws for each anew", () => {
      const both = mean(gone.slice(1).map((one, at) => one * gone[at]!));
      expect(Math.abs(both - p * p)).toBeLessThan(2 * allowed(p, groups.length));
    });

    it("hands a gradient back the way the value went", () => {
      for (const [at, value] of gradient.entries()) expect(value).toBeCloseTo(up[at]! * factor[at]!, 12);
    });
  });
});

describe.each(["dropout", "drop_path"])("%s draws nothing", (name) => {
  it("with chance 0", () => {
    const { x, y } = dropped(`${name}(x, 0)`);
    expect(y).toEqual(x);
  });

  it("outside of training", () => {
    const x = Array.from({ length: 24 }, (_, at) => at - 10.5);
    const { graph } = modelOf(`${name}(x, 0.5)`).entries[0]!;
    const { outputs } = interpret(graph, { sizes: { B: 4, T: 2, D: 3 }, inputs: { x } });
    expect(Array.from(Object.values(outputs)[0]!.data)).toEqual(x);
  });
});
