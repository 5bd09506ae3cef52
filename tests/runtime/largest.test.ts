import { expect, it } from "vitest";
import { largest } from "../../runtime/largest.ts";

it("takes more values than a call may have arguments", () => {
  const texts = Array.from({ length: 500_000 }, (_, at) => "x".repeat(at % 7));
  expect(() => Math.max(...texts.map((text) => text.length))).toThrow(RangeError);
  expect(largest(texts, (text) => text.length)).toBe(6);
  expect(largest([], (value: number) => value)).toBe(0);
});
