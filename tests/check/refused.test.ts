/** Mistakes of which a message is all that tells them: without it the function would be left out. */
import { expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { sourceFile } from "../../grammar/index.ts";
import { library } from "../support/reference.ts";

const std = library();

test.each([
  ["y[b,t] = sum[i] -x[b,t,i] * 2", "binder-misused"],
  ["y[b,t] = sum[i]", "binder-misused"],
  ["y[b,t] = (sum[i]) * x[b,t,0]", "binder-misused"],
  ["y[b,t] = max[i] + x[b,t,0]", "binder-misused"],
  ["y[b,t] = softmax[t] - x[b,t,0]", "binder-misused"],
  ["y[b,t] = sum[i] l[b,t,i]", "index-is-no-tensor"],
  ["y[b,t] = sum[i] x[b,i]", "rank-mismatch"],
  ["y[b,t] = sum[i] x[b,t,i,0] * w[i]", "rank-mismatch"],
])("%s", (equation, code) => {
  const text = `model M(d = 4) {\n  param w: [d] ~ zeros\n  l = Linear(d, d)\n  forward(x: [B, T, d]) -> [B, T] {\n    ${equation}\n    return y\n  }\n}\n`;
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
});

test("an input is not of a negative size", () => {
  expect(check(sourceFile("model.tfm", "model M(d = 4) {\n  forward(x: [B, d - 6]) -> [B, d - 6] = x\n}\n"), { std }).diagnostics.map(({ title }) => title)).toEqual(["`d - 6` is negative"]);
});

test("what is expanded too deep is told", () => {
  const text = "model M(d = 8) {\n  l = Linear(d, d)\n  forward(x: [B, d]) -> [B, d] {\n    for i < 2000 { x = tanh(l(x)) }\n    return x\n  }\n}\n";
  expect(check(sourceFile("model.tfm", text), { std }).diagnostics.map(({ code }) => code)).toEqual(["too-much-work"]);
});
