/** The schedules by the formulas of their papers, from the first step to beyond the last. */
import { expect, test } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { checkedModel } from "../support/reference.ts";

const STEPS = 14, TOTAL = 10;

/** At the steps 1 to STEPS. */
function alongSteps(schedule: string): readonly number[] {
  const { entries } = checkedModel("schedule.tfm", `model Schedule() {
    forward(x: [B]) -> [B, ${STEPS}] { y[b, t < ${STEPS}] = x[b] * ${schedule}; return y }
  }`);
  return Array.from(Object.values(interpret(entries[0]!.graph, { sizes: { B: 1 }, inputs: { x: [1] } }).outputs)[0]!.data);
}

const CASES: readonly (readonly [schedule: string, wanted: (step: number) => number])[] = [
  // SGDR, Loshchilov & Hutter 2017, eq. 5, without restarts: it stays at the least.
  ["cosine(t + 1, 10)", (step) => (step < TOTAL ? 0.5 * (1 + Math.cos((Math.PI * step) / TOTAL)) : 0)],
  ["cosine(t + 1, 10, low: 0.2)", (step) => (step < TOTAL ? 0.2 + 0.5 * (1 - 0.2) * (1 + Math.cos((Math.PI * step) / TOTAL)) : 0.2)],
  ["linear(t + 1, 10)", (step) => (step < TOTAL ? (TOTAL - step) / TOTAL : 0)],
  ["warmup(t + 1, 10)", (step) => (step < TOTAL ? step / TOTAL : 1)],
  // Vaswani et al. 2017, eq. 3.
  ["noam(t + 1, 64, 5)", (step) => 64 ** -0.5 * Math.min(step ** -0.5, step * 5 ** -1.5)],
];

test.each(CASES)("%s", (schedule, wanted) => {
  alongSteps(schedule).forEach((value, at) => expect(value, `step ${at + 1}`).toBeCloseTo(wanted(at + 1), 12));
});
