import { describe, expect, it } from "vitest";
import { f1, surprise } from "../../runtime/metrics/index.ts";

describe("surprise", () => {
  it("is the sum of -log softmax over the tokens that count", () => {
    // softmax(0, log 3) = (1/4, 3/4); softmax(log 2, 0) = (2/3, 1/3).
    const logits = [0, Math.log(3), Math.log(2), 0, 5, 5];
    const { nats, tokens } = surprise(logits, [1, 0, 1], 2);
    expect(tokens).toBe(3);
    expect(nats).toBeCloseTo(Math.log(4 / 3) + Math.log(3 / 2) + Math.log(2), 12);
    expect(surprise(logits, [1, 0, 1], 2, 1)).toEqual({ nats: expect.closeTo(Math.log(3 / 2), 12) as number, tokens: 1 });
  });
  it("bears logits of any size", () => {
    expect(surprise([1e4, -1e4, -1e4, 1e4], [0, 0], 2).nats).toBe(2e4);
  });
});

describe("F1", () => {
  it("is that of class 1 of two classes: 2·2 / (2·2 + 1 + 1)", () => {
    expect(f1([1, 1, 0, 1, 0], [1, 0, 1, 1, 0])).toBeCloseTo(2 / 3, 12);
    expect(f1([0, 0], [1, 0])).toBe(0);
    expect(f1([], [])).toBe(0);
  });
  it("is the mean over more classes", () => {
    // Class 0: 2·1/(2·1+1) = 2/3; class 1: 2·1/(2·1+1) = 2/3; class 2: 1.
    expect(f1([0, 1, 1, 2], [0, 0, 1, 2])).toBeCloseTo((2 / 3 + 2 / 3 + 1) / 3, 12);
  });
});
