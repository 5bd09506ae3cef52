import { expect, it } from "vitest";
import { shown } from "../../runtime/shown.ts";

const cycle: Record<string, unknown> = {};
cycle["self"] = cycle;

it.each<readonly [unknown, string]>([
  [undefined, "undefined"],
  [null, "null"],
  [Number.NaN, "NaN"],
  [3n, "3"],
  ["4", '"4"'],
  [Symbol("a"), "Symbol(a)"],
  [() => 0, "a function"],
  [[1, "a"], '[1,"a"]'],
  [{ a: 1 }, '{"a":1}'],
  [Promise.resolve(), "a Promise"],
  [new Set([1]), "a Set"],
  [Int32Array.of(1), "an Int32Array"],
  [cycle, "an Object"],
  [[3n], "an Array"],
  ["x".repeat(100), `"${"x".repeat(79)}…`],
])("%s has a form for messages", (value, text) => {
  expect(shown(value)).toBe(text);
});
