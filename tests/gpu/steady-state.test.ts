/**
 * Steady training: whatever lengths the batches have, a step is one submission that creates nothing and moves the batch alone. The
 * translation example's own recipe at a small width, on real phrases.
 */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compile, type Compiled } from "../../compiler/compile.ts";
import { pairExamples } from "../../runtime/data/index.ts";
import { createSession } from "../../runtime/create-session.ts";
import { evaluateSize } from "../../runtime/size.ts";
import { trainBpe } from "../../runtime/text/train-bpe.ts";
import { stepJobs } from "../../runtime/training/trainer.ts";
import { corpus } from "../../src/corpus/index.ts";
import { countingDevice } from "../support/counting-device.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel } from "../support/reference.ts";

const TEXT = readFileSync(new URL("../../examples/translation/model.tfm", import.meta.url), "utf8");
const STEPS = 50;

function compiled(set: Readonly<Record<string, string>>, tokenizer = { size: 300, pad: 0, start: 1, end: 2, unk: 3 }): Compiled {
  return compile(checkedModel("model.tfm", TEXT, { tokenizer, set }), { profile: { kind: "cpu" }, training: true, entries: [] });
}

describeGpu("a steady training step", () => {
  it(`is one submission and at most two passes, creates nothing and writes the batch alone, over ${STEPS} steps`, async () => {
    const pairs = corpus(1, { train: 600, heldout: 1 }).train.map(({ french, english }) => ({ source: french, target: english }));
    const tokenizer = trainBpe(pairs.flatMap(({ source, target }) => [source, target]), 300);
    const batches = pairExamples(pairs).encode({ tokenizer, batch: 4, seed: 0, limit: 512 });
    const { program } = compiled({ d: "16", heads: "2", ff: "20", layers: "2" }, tokenizer);
    const { device, counts, reset } = countingDevice(await gpuDevice());
    const session = await createSession(program, { device, bounds: batches.bounds, seed: 0 });
    // The first to need them has first values drawn.
    await session.readStates(["parameter"]);
    const looked = program.entries.flatMap(({ indexLists }) => indexLists);
    expect(looked.map(({ of }) => of).sort()).toEqual(["next", "source", "target"].filter((field) => looked.some(({ of }) => of === field)));

    const lengths = new Set<string>();
    for (let step = 1; step <= STEPS; step++) {
      const batch = batches.batch(step - 1);
      lengths.add(`${batch.sizes["S"]} ${batch.sizes["T"]}`);
      reset();
      session.runJobs(stepJobs(session, [batch], step));
      expect(counts).toMatchObject({ submits: 1, pipelines: 0, layouts: 0, bindGroups: 0, buffers: 0, bufferBytes: 0, textures: 0 });
      expect(counts.passes).toBeLessThanOrEqual(2);
      expect(counts.dispatches).toBeLessThanOrEqual(200);
      // The fields, each table's list of who looked it up (a start for every row, then the positions), and one block of numbers.
      const fields = Object.values(batch.fields).reduce((bytes, { byteLength }) => bytes + byteLength, 0);
      const lists = looked.reduce((bytes, { of, rows }) => bytes + 4 * (evaluateSize(rows, batch.sizes) + 1 + batch.fields[of]!.length), 0);
      expect(counts.writtenBytes).toBeGreaterThan(fields + lists);
      expect(counts.writtenBytes).toBeLessThanOrEqual(fields + lists + 256);
      if (step % 10 === 0) await session.settled();
    }
    expect(lengths.size).toBeGreaterThanOrEqual(10);
    session.dispose();
  }, 300_000);

  it("has hardly more kernels, in hardly more bytes, however many layers there are", () => {
    const [two, six] = [compiled({ layers: "2" }), compiled({ layers: "6" })];
    const bytes = ({ program }: Compiled): number => program.kernels.reduce((sum, { wgsl, fallback }) => sum + wgsl.length + (fallback?.wgsl.length ?? 0), 0);
    // Eight ranges go into a kernel: a sum over all layers, or gradients of biases, may leave a rest of another number.
    expect(six.program.kernels.length).toBeLessThanOrEqual(two.program.kernels.length + 7);
    expect(bytes(six)).toBeLessThanOrEqual(1.05 * bytes(two));
    for (const { program } of [two, six]) expect(Math.max(...program.kernels.map(({ bindings }) => bindings))).toBeLessThanOrEqual(8);
    const dispatches = ({ program }: Compiled): number => program.entries.reduce((sum, { steps }) => sum + steps.length, 0);
    expect(dispatches(two)).toBeLessThanOrEqual(200);
    expect((dispatches(six) - dispatches(two)) / 4).toBeLessThanOrEqual(80);
  }, 300_000);
});
