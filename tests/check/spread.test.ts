/** What is proposed for two tensors of different shapes is right as it stands. */
import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { sourceFile } from "../../grammar/index.ts";

const CASES = [
  { types: "x: [B, T, d], bias: [d]", value: "x + bias", equation: "y[b,t,i] = x[b,t,i] + bias[i]" },
  { types: "x: [B, T, d], w: [B, T]", value: "w * x", equation: "y[b,t,i] = w[b,t] * x[b,t,i]" },
  { types: "x: [B, T, d], w: [T]", value: "x / w", equation: "y[b,t,i] = x[b,t,i] / w[t]" },
  { types: "x: [B, T, d], k: [B, 1, d]", value: "x - k", equation: "y[b,t,i] = x[b,t,i] - k[b,0,i]" },
  { types: "x: [1, T, d], k: [B, T, d]", value: "x - k", equation: "y[b,t,i] = x[0,t,i] - k[b,t,i]" },
  { types: "y: [B, d, d], s: [d]", value: "y * s", equation: "z[b,i,j] = y[b,i,j] * s[j]", result: "[B, d, d]" },
  { types: "x: [B, T, d], w: [T, B]", value: "x * w", equation: undefined },
  { types: "x: [B, T, d], w: [d]", value: "x * (w + 1)", equation: undefined },
];

const checked = (types: string, body: string) =>
  check(sourceFile("model.tfm", `layer L(d) {\n  f(${types}) -> ${body}\n}\n`), { std: [] }).diagnostics;

test.each(CASES)("$value of $types", ({ types, value, equation, result = "[B, T, d]" }) => {
  const refused = checked(types, `${result} = ${value}`);
  expect(refused.map(({ code }) => code)).toEqual(["shape-mismatch"]);
  expect(refused[0]!.fix?.text).toBe(equation && `write an equation with indices: \`${equation}\``);
  if (equation) expect(checked(types, `${result} { ${equation}; return ${equation[0]} }`)).toEqual([]);
});
