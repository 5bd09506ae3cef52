import { describe, expect, it } from "vitest";
import { fillTensor, pathStream } from "../../runtime/init.ts";

const filled = (init: Parameters<typeof fillTensor>[1], seed = 1, path = "a.w", length = 20_000): Float32Array => {
  const values = new Float32Array(length);
  fillTensor(values, init, seed, path);
  return values;
};
const mean = (values: Float32Array): number => values.reduce((sum, x) => sum + x, 0) / values.length;

describe("initial values", () => {
  it("are normal with the deviation asked for", () => {
    const values = filled({ kind: "normal", std: 0.02 });
    expect(Math.abs(mean(values))).toBeLessThan(5 * 0.02 / Math.sqrt(20_000));
    const deviation = Math.sqrt(mean(values.map((x) => x * x)));
    expect(Math.abs(deviation / 0.02 - 1)).toBeLessThan(0.03);
    // A normal variable is within one deviation with probability 0.6827.
    expect(Math.abs(mean(values.map((x) => (Math.abs(x) < 0.02 ? 1 : 0))) - 0.6827)).toBeLessThan(0.02);
  });

  it("are uniform in [low, high)", () => {
    const values = filled({ kind: "uniform", low: -2, high: 6 });
    expect(values.every((x) => x >= -2 && x < 6)).toBe(true);
    expect(Math.abs(mean(values) - 2)).toBeLessThan(0.1);
  });

  it("depend on the seed and the path alone", () => {
    const init = { kind: "normal", std: 1 } as const;
    expect(filled(init, 1, "a.w", 10)).toEqual(filled(init, 1, "a.w", 50).subarray(0, 10));
    expect(filled(init, 1, "a.w", 10)).not.toEqual(filled(init, 2, "a.w", 10));
    expect(filled(init, 1, "a.w", 10)).not.toEqual(filled(init, 1, "a.v", 10));
    const paths = Array.from({ length: 5000 }, (_, at) => `layer.${at % 50}.block.${Math.floor(at / 50)}.weight`);
    expect(new Set(paths.map(pathStream)).size).toBe(5000);
  });
});
