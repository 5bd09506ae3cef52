/** The library's initialisers by the formulas of their papers, and the numbers that the runtime draws for them. */
import { describe, expect, it } from "vitest";
import { fillTensor } from "../../runtime/init.ts";
import { checkedModel } from "../support/reference.ts";

const INPUTS = 240, OUTPUTS = 360, COUNT = INPUTS * OUTPUTS;

function drawnBy(init: string): Float32Array {
  const { parameters } = checkedModel("drawn.tfm", `model Drawn() {
    param w: [${INPUTS}, ${OUTPUTS}] ~ ${init}
    forward(x: [B, ${INPUTS}]) -> [B, ${OUTPUTS}] { y[b,j] = sum[i] x[b,i] * w[i,j]; return y }
  }`);
  const values = new Float32Array(COUNT);
  fillTensor(values, parameters[0]!.init, 3, "w");
  return values;
}

const meanOf = (values: Float32Array, power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length;

describe.each([
  // He et al. 2015, eq. 10: half of the inputs times the variance is one.
  ["kaiming(240)", 2 / INPUTS],
  // GPT's and BERT's 0.02, whatever the fans.
  ["even(240, 360)", 0.02 ** 2],
  ["even(240, 360, 0.5)", 0.01 ** 2],
])("%s", (init, variance) => {
  it("is normal, of that variance", () => {
    const values = drawnBy(init);
    // Five standard errors: of the mean, of the variance, and of the fourth moment, which is three squared variances for a normal alone.
    expect(Math.abs(meanOf(values, 1))).toBeLessThan(5 * Math.sqrt(variance / COUNT));
    expect(Math.abs(meanOf(values, 2) / variance - 1)).toBeLessThan(5 * Math.sqrt(2 / COUNT));
    expect(Math.abs(meanOf(values, 4) / variance ** 2 - 3)).toBeLessThan(5 * Math.sqrt(96 / COUNT));
  });
});

describe.each([
  ["xavier(240, 360)", 1],
  ["xavier(240, 360, 3)", 3],
])("%s", (init, gain) => {
  it("is uniform between the bounds of Glorot & Bengio 2010, eq. 16, times the gain", () => {
    const values = drawnBy(init), bound = gain * Math.sqrt(6 / (INPUTS + OUTPUTS)), variance = bound ** 2 / 3;
    const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(most).toBeLessThanOrEqual(Math.fround(bound));
    expect(most).toBeGreaterThan(bound * (1 - 20 / COUNT));
    expect(Math.abs(meanOf(values, 1))).toBeLessThan(5 * Math.sqrt(variance / COUNT));
    // A uniform's fourth moment is 9/5 of its squared variance: the variance of its square 4/5 of it.
    expect(Math.abs(meanOf(values, 2) / variance - 1)).toBeLessThan(5 * Math.sqrt(0.8 / COUNT));
  });
});
