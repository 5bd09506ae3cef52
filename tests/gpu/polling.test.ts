import { performance } from "node:perf_hooks";
import { expect, it } from "vitest";
import { openAdapter } from "../../src/gpu/adapter.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";

/** Some tenths of a second on a CPU. */
const WORK = `
@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  var x = f32(id.x);
  for (var i = 0; i < 200000; i++) { x = sin(x) + 1.0; }
  out[id.x] = x;
}`;

/** How often Dawn asked whether the work is done, after the first milliseconds, until it was. */
async function timesAsked(work: Promise<unknown>): Promise<{ asked: number; elapsedMs: number }> {
  const schedule = globalThis.setImmediate;
  const started = performance.now();
  let asked = 0;
  const counted = (...args: Parameters<typeof schedule>): unknown => {
    if (performance.now() - started > FIRST_MS) asked++;
    return schedule(...args);
  };
  globalThis.setImmediate = Object.defineProperties(counted, Object.getOwnPropertyDescriptors(schedule)) as typeof schedule;
  try {
    await work;
  } finally {
    globalThis.setImmediate = schedule;
  }
  return { asked, elapsedMs: performance.now() - started };
}

/** In which it may ask without rest, for work that is done at once. */
const FIRST_MS = 2;

describeGpu("while the device works", () => {
  it("the event loop rests where the work is done on the same cores", async () => {
    if ((await openAdapter())?.hardware === true) return;
    const device = await gpuDevice();
    const buffer = device.createBuffer({ size: 4 * 64 * 8, usage: GPUBufferUsage.STORAGE });
    const pipeline = device.createComputePipeline({ layout: "auto", compute: { module: device.createShaderModule({ code: WORK }) } });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] }));
    pass.dispatchWorkgroups(8);
    pass.end();
    device.queue.submit([encoder.finish()]);
    const { asked, elapsedMs } = await timesAsked(device.queue.onSubmittedWorkDone());
    expect(elapsedMs).toBeGreaterThan(20);
    expect(asked).toBeGreaterThan(0);
    // Without rest it is dozens in a millisecond. The share of the time that the loop is busy would say less: on a busy machine it waits within.
    expect(asked).toBeLessThan(2 * elapsedMs);
    buffer.destroy();
  });

  it("other uses of setImmediate are as they were", async () => {
    await gpuDevice();
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      setTimeout(() => order.push("timer"), 50);
      setImmediate((word: string) => {
        order.push(word);
        resolve();
      }, "at once");
    });
    expect(order).toEqual(["at once"]);
    expect(clearImmediate(setImmediate(() => order.push("cleared")))).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(["at once"]);
  });
});
