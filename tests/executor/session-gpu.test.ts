import { afterAll, expect, it } from "vitest";
import { createSession } from "../../runtime/create-session.ts";
import { timeDispatches } from "../../runtime/profile.ts";
import type { Session } from "../../runtime/session.ts";
import { countingDevice } from "../support/counting-device.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { ROWS, TinyReference, WIDTH, tinyProgram } from "../support/tiny-program.ts";

/** A deterministic batch whose content differs with `salt`. */
function batch(B: number, T: number, salt = 0) {
  const ids = Int32Array.from({ length: B * T }, (_, i) => (i * 7 + salt * 3 + (i >> 2)) % ROWS);
  const wanted = Float32Array.from({ length: B * T * WIDTH }, (_, i) => Math.sin(i + salt));
  return { sizes: { B, T }, fields: { ids, wanted } };
}

const close = (actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-5) => {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  expected.forEach((value, at) => expect(Math.abs((actual[at] as number) - value)).toBeLessThan(tolerance * scale));
};

describeGpu("a session on the adapter", () => {
  const sessions: Session[] = [];
  const open = async (options: Partial<Parameters<typeof createSession>[1]> = {}) => {
    const session = await createSession(tinyProgram, { device: await gpuDevice(), bounds: { B: 6, T: 9 }, ...options });
    sessions.push(session);
    return session;
  };
  afterAll(() => sessions.toReversed().forEach((session) => session.dispose()));

  it("runs an entry at sizes below its bounds and reads its output", async () => {
    const session = await open();
    const reference = new TinyReference(await session.readState("embed.table"));
    for (const [B, T] of [[6, 9], [1, 1], [3, 7]] as const) {
      const { ids } = batch(B, T, B).fields;
      session.run("forward", { sizes: { B, T }, fields: { ids } });
      const { shape, data } = await session.read(session.output("forward"));
      expect(shape).toEqual([B, T, WIDTH]);
      close(data, reference.forward(ids, T));
    }
  });

  it("trains like the reference, all lengths through the same objects", async () => {
    const counted = countingDevice(await gpuDevice());
    const session = await open({ device: counted.device });
    const reference = new TinyReference(await session.readState("embed.table"));
    counted.reset();
    const lengths = new Set<string>();
    let indexBytes = 0;
    const reports: Promise<Float32Array>[] = [];
    for (let step = 1; step <= 50; step++) {
      const B = 1 + (step % 6), T = 1 + (step % 9);
      lengths.add(`${B} ${T}`);
      const feed = { ...batch(B, T, step), step };
      if (step % 10 === 0) reports.push(session.runWithReport([{ entries: ["grad", "update"], feed }]));
      else session.run(["grad", "update"], feed);
      indexBytes += (B * T + B * T * WIDTH + ROWS + 1 + B * T) * 4;
      reference.grad(feed.fields.ids, feed.fields.wanted, T);
      reference.update(step);
      if (step % 10 === 0) {
        const report = (await reports.at(-1)) as Float32Array;
        expect(Math.abs((report[0] as number) - reference.loss)).toBeLessThan(1e-4 * Math.max(1, reference.loss));
        expect(report[2]).toBe(0);
      }
    }
    expect(lengths.size).toBeGreaterThanOrEqual(10);
    expect(counted.counts).toMatchObject({ submits: 50, passes: 50, dispatches: 250, pipelines: 0, layouts: 0, bindGroups: 0, buffers: 0, textures: 0 });
    expect(counted.counts.writtenBytes).toBeLessThanOrEqual(indexBytes + 50 * 256);
    close(await session.readState("embed.table"), reference.w, 1e-4);
    close(await session.readState("embed.table", "optimizer"), reference.moment, 1e-4);
  });

  it("accumulates micro-batches in one submission", async () => {
    const counted = countingDevice(await gpuDevice());
    const session = await open({ device: counted.device, batches: 3 });
    const reference = new TinyReference(await session.readState("embed.table"));
    counted.reset();
    const feeds = [batch(2, 3, 1), batch(4, 9, 2), batch(1, 5, 3)].map((one, micro) => ({ ...one, step: 2, micro }));
    session.runJobs(feeds.map((feed, micro) => ({ entries: micro === 2 ? ["grad", "update"] : ["grad"], feed })));
    feeds.forEach((feed, micro) => reference.grad(feed.fields.ids, feed.fields.wanted, feed.sizes.T, micro));
    reference.update(2);
    expect(counted.counts).toMatchObject({ submits: 1, passes: 3, buffers: 0, bindGroups: 0 });
    close(await session.readState("embed.table"), reference.w);
  });

  it("gives the same parameters for the same seed and others for another", async () => {
    const [a, b, c] = await Promise.all([open({ seed: 5 }), open({ seed: 5 }), open({ seed: 6 })]);
    const [wa, wb, wc] = await Promise.all([a, b, c].map((session) => session.readState("embed.table")));
    expect(wa).toEqual(wb);
    expect(wa).not.toEqual(wc);
    const deviation = Math.sqrt((wa as Float32Array).reduce((sum, x) => sum + x * x, 0) / ROWS / WIDTH);
    expect(deviation).toBeGreaterThan(0.2);
    expect(deviation).toBeLessThan(1);
  });

  it("shares its states with another session, and a device with both", async () => {
    const training = await open({ entries: ["grad", "update"] });
    const evaluating = await createSession(tinyProgram, { states: training, bounds: { B: 20, T: 3 }, entries: ["forward"] });
    const feed = { ...batch(6, 9), step: 1 };
    training.run(["grad", "update"], feed);
    const reference = new TinyReference(await training.readState("embed.table"));
    const { ids } = batch(20, 3, 4).fields;
    evaluating.run("forward", { sizes: { B: 20, T: 3 }, fields: { ids } });
    close((await evaluating.read(evaluating.output("forward"))).data, reference.forward(ids, 3));
    evaluating.dispose();
    training.run(["grad", "update"], { ...feed, step: 2 });
    expect((await training.readState("embed.table")).every(Number.isFinite)).toBe(true);
  });

  it("makes only the states that its entries use", async () => {
    const session = await open({ entries: ["forward"] });
    expect(session.tensors(["parameter", "gradient", "optimizer"]).map(({ kind }) => kind)).toEqual(["parameter"]);
  });

  it("reads slices of an output and feeds rows of it to another entry", async () => {
    const session = await open();
    const feed = batch(4, 2, 1);
    session.run("forward", { sizes: feed.sizes, fields: { ids: feed.fields.ids } });
    const y = session.output("forward", "y");
    const { data } = await session.read(y);
    const slices = await session.readSlices(y, [{ offset: 8, length: 4 }, { offset: 0, length: 4 }]);
    expect(Array.from(slices)).toEqual([...data.slice(8, 12), ...data.slice(0, 4)]);
    // The rows 2 and 0 of y wanted of themselves: no loss.
    const row = feed.sizes.T;
    const ids = Int32Array.from([...feed.fields.ids.slice(2 * row, 3 * row), ...feed.fields.ids.slice(0, row)]);
    const report = await session.runWithReport([
      { entries: ["grad"], feed: { sizes: { B: 2, T: row }, fields: { ids, wanted: { from: y, rows: [2, 0] } } } },
    ]);
    expect(report[0]).toBe(0);
  });

  it("changes nothing at a step that is not finite and says which it was", async () => {
    const session = await open();
    const feed = batch(2, 2);
    session.run(["grad", "update"], { ...feed, step: 1 });
    const before = await session.readState("embed.table");
    feed.fields.wanted[3] = Number.NaN;
    for (const step of [2, 3]) session.run(["grad", "update"], { ...feed, step });
    const report = await session.runWithReport([{ entries: ["grad", "update"], feed: { ...feed, step: 4 } }]);
    expect(report[2]).toBe(2);
    expect(await session.readState("embed.table")).toEqual(before);
  });

  it("measures every dispatch where the device has timestamps", async () => {
    const session = await open();
    const times = await session.profile(["grad", "update"], { ...batch(6, 9), step: 1 }, timeDispatches);
    const expected = session.device.features.has("timestamp-query") ? ["gather", "difference", "loss", "scatter", "descend"] : [];
    expect(times.map(({ kernel }) => kernel)).toEqual(expected);
    expect(times.every(({ nanoseconds }) => nanoseconds >= 0)).toBe(true);
  });
});
