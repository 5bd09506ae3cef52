import { expect, it } from "vitest";
import { progressLines } from "../../src/experiment/progress-line.ts";

it("says what it counts: of pictures there are no tokens", () => {
  const row = { step: 10, loss: 2.5, learningRate: 1e-3, gradNorm: 1, tokensPerSecond: 1200, ms: 8 };
  expect(progressLines(100, "pairs")(row)).toContain("  1,200 tokens/s  ");
  expect(progressLines(100, "images")(row)).toContain("  1,200 images/s  ");
});
