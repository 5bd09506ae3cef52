import { expect, it } from "vitest";
import { evaluationRow, logLine, logUpTo, trainingRow } from "../../runtime/training/log.ts";

it("a log has one JSON object a line, with the names that plots expect", () => {
  const row = trainingRow({ step: 10, loss: 2.5, learningRate: 0.003, gradNorm: 1.25, tokensPerSecond: 1234.6, ms: 130.1234 });
  expect(logLine(row)).toBe('{"step":10,"loss":2.5,"learning_rate":0.003,"grad_norm":1.25,"tokens_per_second":1235,"ms":130.12}\n');
  expect(evaluationRow(20, { bleu: 61.5, exact_match: 0.7 })).toEqual({ step: 20, eval_bleu: 61.5, eval_exact_match: 0.7 });
});

it("a resumed run keeps the rows up to its step and drops a line that a crash cut off", () => {
  const text = `${[5, 10, 15].map((step) => logLine(evaluationRow(step, { loss: 1 }))).join("")}{"step":2`;
  expect(logUpTo(text, 10)).toBe('{"step":5,"eval_loss":1}\n{"step":10,"eval_loss":1}\n');
  expect(logUpTo("", 10)).toBe("");
});
