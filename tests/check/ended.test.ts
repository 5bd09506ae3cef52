import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { renderDiagnostic, sourceFile } from "../../grammar/index.ts";

const said = (text: string): string[] => check(sourceFile("model.tfm", text), { std: [] }).diagnostics.map((diagnostic) => renderDiagnostic(diagnostic));

test("an index behind the product that its binder is over: told once, at the binder", () => {
  expect(said("fn distance(x: [N], y: [N]) -> real = mean[i] x[i] - 2 * x[i] * y[i] + y[i]\n").join("\n")).toBe(`error[unbound-index]: \`mean[i]\` ends before \`-\`
  ┌─ model.tfm:1:39
1 │ fn distance(x: [N], y: [N]) -> real = mean[i] x[i] - 2 * x[i] * y[i] + y[i]
  │                                       ^^^^^^^              - here \`i\` is not bound
  │                                       a binder is over the product that follows it
  = fix: put all that it is over in parentheses: \`mean[i] (… - …)\``);
});

test.each([
  ["sum[i] x[b,i] + sum[j] y[b,j] - y[b,i]", "`sum[i]` ends before `-`"],
  ["sum[i] x[b,i] + sum[j] y[b,j] - y[b,j]", "`sum[j]` ends before `-`"],
  ["max[i] sum[j] x[b,i] * y[b,j] + exp(x[b,i] - y[b,j])", "`max[i] sum[j]` ends before `+`"],
  ["if any[i] x[b,i] == 1 and y[b,i] == 1 then 1.0 else 0.0", "`any[i]` ends before `and`"],
  ["if 0 < sum[i] x[b,i] < y[b,i] then 1.0 else 0.0", "`sum[i]` ends before `<`"],
  ["-sum[i] x[b,i] - y[b,i]", "`sum[i]` ends before `-`"],
])("%s", (equation, title) => {
  expect(said(`fn f(x: [B, N], y: [B, N]) -> [B] {\n  z[b] = ${equation}\n  return z\n}\n`).filter((text) => text.startsWith("error[unbound-index]")).map((text) => text.split("\n")[0])).toEqual([`error[unbound-index]: ${title}`]);
});

test.each([
  ["what parentheses end", "(sum[i] x[b,i]) * y[b,i]"],
  ["what stands before its binder", "y[b,i] + sum[i] x[b,i]"],
  ["another name", "sum[i] x[b,i] + y[b,j]"],
])("%s is an index that nothing binds", (_, equation) => {
  expect(said(`fn f(x: [B, N], y: [B, N]) -> [B] {\n  z[b] = ${equation}\n  return z\n}\n`).join("")).toContain("is not bound\n");
});
