/** The encoder-decoder of examples/, small and compiled, against PyTorch: ten training steps on ten different lengths. */
import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { createSession } from "../../runtime/create-session.ts";
import type { Session } from "../../runtime/session.ts";
import { REPORT } from "../../runtime/training/report.ts";
import type { Tensor } from "../../runtime/training/safetensors.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { referenceCase, referenceModel, referenceTensors, relativeError } from "../support/reference.ts";

const BOUNDS = { B: 4, S: 16, T: 16 };

async function trainingSession(recipe: string, pre: boolean): Promise<Session> {
  const { program } = compile(referenceModel(recipe, pre), { profile: { kind: "cpu" }, training: true });
  const session = await createSession(program, { device: await gpuDevice(), bounds: BOUNDS, entries: ["grad", "update"], debug: true });
  for (const [path, data] of referenceCase(`translation-${pre ? "pre" : "post"}`).weights) session.writeState(path, Float32Array.from(data));
  return session;
}

function feedOf(expected: ReadonlyMap<string, Tensor>, prefix: string) {
  const [source, target, next] = ["source", "target", "next"].map((name) => expected.get(`${prefix}.${name}`)!);
  const fields = { source: Int32Array.from(source!.data), target: Int32Array.from(target!.data), next: Int32Array.from(next!.data) };
  return { fields, sizes: { B: source!.shape[0]!, S: source!.shape[1]!, T: target!.shape[1]! } };
}

describeGpu("an encoder-decoder equals PyTorch", () => {
  for (const pre of [true, false]) {
    const variant = pre ? "pre" : "post";

    for (const recipe of ["plain", "linear", "warm", "sgd"])
      it(`in ten losses and gradient norms, ${variant}-norm, ${recipe}`, async () => {
        const session = await trainingSession(recipe, pre);
        const expected = referenceTensors(`translation-${variant}-training`);
        const run = { plain: "constant", warm: "noam" }[recipe] ?? recipe;
        const losses: number[] = [];
        const norms: number[] = [];
        for (let step = 1; step <= 10; step++) {
          const report = await session.runWithReport([{ entries: ["grad", "update"], feed: { ...feedOf(expected, `step.${step}`), step } }]);
          losses.push(report[REPORT.loss]!);
          norms.push(report[REPORT.gradNorm]!);
          expect(report[REPORT.badStep]).toBe(0);
        }
        expect(relativeError(losses, expected.get(`${run}.loss`)!.data, 1e-6)).toBeLessThan(1e-4);
        expect(relativeError(norms, expected.get(`${run}.grad_norm`)!.data, 1e-6)).toBeLessThan(1e-4);
        session.dispose();
      });
  }
});
