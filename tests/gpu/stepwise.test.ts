/** Losses that know the step as a number, as a whole number and as a condition, against the interpreter. */
import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { createSession } from "../../runtime/create-session.ts";
import { REPORT } from "../../runtime/training/report.ts";
import { stepJobs } from "../../runtime/training/trainer.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel } from "../support/reference.ts";

const LOSSES = [
  "return mean[b] (if step < 3 then y[b,0] else 2 * y[b,1])^2",
  "return mean[b,j] (y[b,j] * step / 10)^2",
  "k = step % 2 == 0; return mean[b] (if k then y[b,0]^2 else y[b,1]^2)",
  "z[b] = y[b, step % 3]; return mean[b] z[b]^2",
  "z[b] = if label[b] < step - 1 then y[b,0] else 2 * y[b,1]; return mean[b] z[b]^2",
  "late = 20000001 < step * 10000000; return mean[b] (if late then y[b,0] else 3 * y[b,2])^2",
];

const source = (loss: string): string => `model M() { head = Linear(4, 3); forward(image: [B, 2, 2, 1]) -> [B, 3] { x[b, i < 4] = image[b, i / 2, i % 2, 0]; return head(x) } }
train t { data = images("digits", side: 2, classes: 3); model = M(); loss(image, label) { y = model(image); ${loss} }; optimizer = Sgd(lr: 0); batch = 2; steps = 5 }`;

describeGpu("a loss that depends on the step", () => {
  it.each(LOSSES)("%s", async (loss) => {
    const model = checkedModel("model.tfm", source(loss));
    const { program } = compile(model, { profile: { kind: "cpu" }, training: true, entries: [] });
    const session = await createSession(program, { device: await gpuDevice(), bounds: { B: 2 }, seed: 5, debug: true });
    const fields = { image: Float32Array.from({ length: 8 }, (_, at) => Math.sin(at)), label: Int32Array.of(0, 2) };
    const states = Object.fromEntries((await session.readStates(["parameter"])).map(({ path, data }) => [`parameter/${path}`, data]));
    for (const step of [1, 2, 3, 4, 5]) {
      const report = await session.runWithReport(stepJobs(session, [{ sizes: { B: 2 }, fields, tokens: 2 }], step));
      const { outputs } = interpret(model.recipe!.loss.graph, { sizes: { B: 2 }, inputs: fields, states, step });
      expect(report[REPORT.loss], `step ${step}`).toBeCloseTo(outputs["loss"]!.data[0]!, 5);
    }
    session.dispose();
  });
});
