/** A table that the model's file declares, from the file to trained weights. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { decodeSafetensors } from "../../runtime/training/safetensors.ts";
import type { Device } from "../../src/experiment/compiled.ts";
import { readCheckpoint } from "../../src/experiment/run-folder.ts";
import { readModel } from "../../src/experiment/source.ts";
import { openRun, prepareRun } from "../../src/experiment/train.ts";
import type { RunOptions } from "../../src/experiment/train.ts";
import { valueOf } from "../../src/failure.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-own-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Lists of two numbers, of several lengths, and the sum over each of 2 u - 3 v, and 1. */
function row(at: number): string {
  const x = Array.from({ length: 1 + (at % 4) }, (_, t) => [Math.sin(7 * at + t), Math.cos(3 * at - 5 * t)] as const);
  return JSON.stringify({ x, y: x.reduce((sum, [u, v]) => sum + 2 * u - 3 * v, 1) });
}

const MODEL = `data sums(path: text) { x: [B, T, 2]; y: [B] }
model Sum() {
  param w: [2] ~ zeros
  param c: [1] ~ zeros

  forward(x: [B, T, 2]) -> [B] { y[b] = sum[t, i] x[b,t,i] * w[i] + c[0]; return y }
}
train add {
  data = sums("sums.jsonl"); model = Sum()
  loss(x, y) { e = model(x) - y; return mean[b] e[b]^2 }
  optimizer = Adam(lr: 0.1 * linear(step, steps)); batch = 16; steps = 240; accumulate = 2
}
`;

describeGpu("a model of a table of its own", () => {
  it("learns the numbers by which the table was made, and goes on to the same bits", async () => {
    writeFileSync(path.join(folder, "sums.jsonl"), Array.from({ length: 61 }, (_, at) => row(at)).join("\n"));
    writeFileSync(path.join(folder, "sum.tfm"), MODEL);
    const device: Device = { device: await gpuDevice(), adapter: { name: "test", hardware: false } };
    const train = async (name: string, options: RunOptions = {}): Promise<Buffer> => {
      const out = path.join(folder, name);
      const resume = existsSync(out) ? readCheckpoint(out) : undefined;
      const run = await openRun(await prepareRun({ source: resume?.source ?? valueOf(readModel(path.join(folder, "sum.tfm"))), resume }), device, out, resume);
      await run.train(options);
      run.dispose();
      return readFileSync(path.join(out, "model.safetensors"));
    };
    const whole = await train("whole");
    const learnt = Object.fromEntries(decodeSafetensors(whole).tensors.map(({ name, data }) => [name, Array.from(data as Float32Array, (value) => value.toFixed(2))]));
    expect(learnt).toEqual({ w: ["2.00", "-3.00"], c: ["1.00"] });
    await train("cut", { stopAt: 101 });
    expect(await train("cut")).toEqual(whole);
  });
});
