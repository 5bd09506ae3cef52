import { afterAll, describe, expect, it } from "vitest";
import { createSession } from "../../runtime/create-session.ts";
import type { Session } from "../../runtime/session.ts";
import { train } from "../../runtime/training/trainer.ts";
import type { StepRow } from "../../runtime/training/step-reports.ts";
import type { TrainOptions } from "../../runtime/training/trainer.ts";
import { countingDevice } from "../support/counting-device.ts";
import { fakeDevice } from "../support/fake-device.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { ROWS, TinyReference, WIDTH, tinyProgram } from "../support/tiny-program.ts";

function batch(step: number, micro = 0) {
  const B = 1 + ((step + micro) % 4), T = 1 + (step % 5);
  const ids = Int32Array.from({ length: B * T }, (_, i) => (i * 7 + step + micro) % ROWS);
  const wanted = Float32Array.from({ length: B * T * WIDTH }, (_, i) => Math.sin(i + step));
  return { sizes: { B, T }, fields: { ids, wanted }, tokens: B * T };
}

describeGpu("train", () => {
  const sessions: Session[] = [];
  const open = async (device?: GPUDevice, batches = 1) => {
    const session = await createSession(tinyProgram, { device: device ?? (await gpuDevice()), bounds: { B: 4, T: 5 }, batches, seed: 1 });
    sessions.push(session);
    return session;
  };
  afterAll(() => sessions.forEach((session) => session.dispose()));
  const run = async (options: Partial<TrainOptions> = {}) => {
    const session = options.session ?? (await open());
    const rows: StepRow[] = [];
    const result = await train({ batches: (step) => [batch(step)], steps: 20, reportEvery: 5, onStep: (row) => rows.push(row), ...options, session });
    return { session, rows, result };
  };

  it("reports every few steps with the numbers of the reference", async () => {
    const session = await open();
    const reference = new TinyReference(await session.readState("embed.table"));
    const losses = Array.from({ length: 20 }, (_, at) => {
      const { fields, sizes } = batch(at + 1);
      reference.grad(fields.ids, fields.wanted, sizes.T);
      reference.update(at + 1);
      return reference.loss;
    });
    const { rows, result } = await run({ session });
    expect(result).toMatchObject({ step: 20, end: "done", last: { step: 20 } });
    expect(rows.map(({ step }) => step)).toEqual([5, 10, 15, 20]);
    for (const row of rows) {
      expect(Math.abs(row.loss - (losses[row.step - 1] as number))).toBeLessThan(1e-4 * Math.max(1, row.loss));
      expect(row.learningRate).toBeCloseTo(0.1 / row.step, 12);
      expect(row.ms).toBeGreaterThan(0);
      expect(row.tokensPerSecond).toBeGreaterThan(0);
    }
  });

  it("submits once per step and creates nothing", async () => {
    const counted = countingDevice(await gpuDevice());
    const session = await open(counted.device);
    counted.reset();
    await run({ session, steps: 50 });
    expect(counted.counts).toMatchObject({ submits: 50, passes: 50, pipelines: 0, layouts: 0, bindGroups: 0, buffers: 0 });
  });

  it("accumulates micro-batches in one submission a step", async () => {
    const counted = countingDevice(await gpuDevice());
    const session = await open(counted.device, 2);
    const reference = new TinyReference(await session.readState("embed.table"));
    counted.reset();
    await run({ session, steps: 6, batches: (step) => [batch(step, 0), batch(step, 1)] });
    expect(counted.counts).toMatchObject({ submits: 6, passes: 12, buffers: 0 });
    for (let step = 1; step <= 6; step++) {
      for (const micro of [0, 1]) {
        const { fields, sizes } = batch(step, micro);
        reference.grad(fields.ids, fields.wanted, sizes.T, micro);
      }
      reference.update(step);
    }
    (await session.readState("embed.table")).forEach((w, at) => expect(Math.abs(w - (reference.w[at] as number))).toBeLessThan(1e-4));
  });

  it("stops after a step as an interruption would, and writes a checkpoint", async () => {
    const saved: number[] = [];
    const checkpoint = async (step: number) => void saved.push(step);
    expect((await run({ stopAt: 7, checkpoint })).result).toMatchObject({ step: 7, end: "stopped", last: { step: 7 } });
    const signal = { aborted: false };
    const onStep = (row: StepRow) => void (signal.aborted = row.step >= 5);
    const { result } = await run({ steps: 1000, signal, onStep, checkpoint, checkpointEvery: 4 });
    expect(result.end).toBe("interrupted");
    expect(result.step).toBeLessThan(30);
    expect(saved.slice(0, 2)).toEqual([7, 4]);
    expect(saved.at(-1)).toBe(result.step);
    expect(new Set(saved).size).toBe(saved.length);
  });

  it("pauses where it is told, with nothing under way", async () => {
    const seen: number[] = [];
    const { rows } = await run({
      pauseAfter: (step) => step === 3 || step === 10,
      pause: async (step) => void seen.push(step),
    });
    expect(seen).toEqual([3, 10]);
    expect(rows.map(({ step }) => step)).toEqual([3, 5, 10, 15, 20]);
  });

  it("ends in a pause that says that it is enough, or during which it is interrupted, with no further step", async () => {
    const checkpoints: number[] = [];
    const checkpoint = async (step: number) => void checkpoints.push(step);
    const pauseAfter = (step: number) => step % 4 === 0;
    expect((await run({ pauseAfter, checkpoint, pause: async (step) => (step === 8 ? "enough" : undefined) })).result).toMatchObject({ step: 8, end: "enough" });
    const signal = { aborted: false };
    expect((await run({ pauseAfter, checkpoint, signal, pause: async (step) => void (signal.aborted = step === 4) })).result).toMatchObject({ step: 4, end: "interrupted" });
    expect((await run({ pauseAfter, checkpoint, pause: async (step) => (step === 20 ? "enough" : undefined) })).result).toMatchObject({ step: 20, end: "done" });
    expect(checkpoints).toEqual([8, 4, 20]);
  });

  it("names the first step that is not finite and keeps the weights of before", async () => {
    const broken = (step: number) => {
      const one = batch(step);
      if (step >= 7) one.fields.wanted[0] = Number.POSITIVE_INFINITY;
      return [one];
    };
    const session = await open();
    await expect(run({ session, batches: broken, reportEvery: 10 })).rejects.toMatchObject({ exit: 5, code: "not-finite", message: /at step 7\b/ });
    const { session: other } = await run({ steps: 6 });
    expect(await session.readState("embed.table")).toEqual(await other.readState("embed.table"));
  });

  it("blames the learning rate only where something was learned", async () => {
    const broken = (from: number) => (step: number) => {
      const one = batch(step);
      if (step >= from) one.fields.wanted[0] = Number.POSITIVE_INFINITY;
      return [one];
    };
    await expect(run({ batches: broken(1) })).rejects.toMatchObject({ message: /by the model or its data/, hint: /division by 0/ });
    await expect(run({ batches: broken(2) })).rejects.toMatchObject({ message: /at step 2\b/, hint: /learning rate/ });
  });

  it("continues bit for bit from the states of an interrupted run", async () => {
    const kinds = ["parameter", "optimizer"] as const;
    const { session: whole } = await run({ steps: 20 });
    const { session: first } = await run({ stopAt: 9 });
    const states = await first.readStates(kinds);
    const second = await open();
    second.writeStates(states);
    await run({ session: second, from: 9 });
    expect(await second.readStates(kinds)).toEqual(await whole.readStates(kinds));
  });
});

describe("train on a device that does not answer", () => {
  it("submits a few steps ahead, no more, and ends with the cause", async () => {
    const fake = fakeDevice();
    const session = await createSession(tinyProgram, { device: fake.device, bounds: { B: 4, T: 5 } });
    fake.hang = true;
    fake.log.length = 0;
    const training = train({ session, batches: (step) => [batch(step)], steps: 100, reportEvery: 1 });
    await new Promise((done) => setTimeout(done, 20));
    expect(fake.log.filter((line) => line === "submit")).toHaveLength(3);
    fake.lose("unknown", "reset");
    await expect(training).rejects.toMatchObject({ code: "device-lost", message: "The GPU device was lost: reset" });
  });

  it("runs no step when it is interrupted before the first, or all were done", async () => {
    const fake = fakeDevice();
    const session = await createSession(tinyProgram, { device: fake.device, bounds: { B: 4, T: 5 } });
    fake.log.length = 0;
    const common = { session, batches: (step: number) => [batch(step)] };
    expect(await train({ ...common, steps: 5, signal: { aborted: true } })).toEqual({ step: 0, end: "interrupted" });
    expect(await train({ ...common, steps: 5, from: 5 })).toEqual({ step: 5, end: "done" });
    expect(fake.log).toEqual([]);
  });
});
