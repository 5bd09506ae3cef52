import { afterAll, describe, expect, it } from "vitest";
import type { Program } from "../../runtime/program.ts";
import { createSession } from "../../runtime/create-session.ts";
import { stepJobs } from "../../runtime/training/trainer.ts";
import { openAdapter, openDevice } from "../../src/gpu/adapter.ts";
import { fakeDevice } from "../support/fake-device.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { WIDTH, constant, product, tinyProgram } from "../support/tiny-program.ts";

const feed = (B: number, T: number) => ({
  sizes: { B, T },
  fields: { ids: new Int32Array(B * T).fill(1), wanted: new Float32Array(B * T * WIDTH) },
});

/** y[i] = i for B elements, one workgroup of one invocation each. */
const countingProgram: Program = {
  ...tinyProgram,
  uniform: [{ kind: "size", name: "B" }],
  states: [],
  kernels: [
    {
      name: "count", workgroupSize: 1, features: [], bindings: 1,
      wgsl: `struct U { B: u32 } @group(0) @binding(0) var<uniform> u: U;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(1) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = group.y * groups.x + group.x;
  if (i >= u.B) { return; }
  y[i] = i;
}`,
    },
  ],
  entries: [
    {
      name: "count", inputs: [], requires: [], tables: [], indexLists: [],
      outputs: [{ name: "y", type: "u32", shape: [product(1, "B")], at: { kind: "temporary", at: 0 } }],
      temporaries: [{ name: "y", type: "u32", shape: [product(1, "B")], first: 0, last: 0 }],
      steps: [{ kernel: 0, groups: product(1, "B"), bindings: [{ kind: "temporary", at: 0 }], label: "y" }],
    },
  ],
};

describeGpu("hazards on the adapter", () => {
  it("more than 65,535 workgroups all run", async () => {
    const session = await createSession(countingProgram, { device: await gpuDevice(), bounds: { B: 150_000 }, debug: true });
    for (const B of [65_535, 65_536, 150_000]) {
      session.run("count", { sizes: { B }, fields: {} });
      const { data } = await session.read(session.output("count"));
      expect(data.length).toBe(B);
      expect(data.every((value, at) => value === at)).toBe(true);
    }
    session.dispose();
  });

  it("a size of zero runs nothing and reads as nothing", async () => {
    const session = await createSession(countingProgram, { device: await gpuDevice(), bounds: { B: 0 } });
    session.run("count", { sizes: { B: 0 }, fields: {} });
    expect(await session.read(session.output("count"))).toEqual({ shape: [0], data: new Uint32Array(0) });
    session.dispose();
  });

  it("a text that does not compile is our own bug, named, and leaves the device usable", async () => {
    const [kernel, ...kernels] = tinyProgram.kernels;
    const broken = { ...tinyProgram, kernels: [{ ...(kernel as Program["kernels"][number]), wgsl: "fn main() { nonsense }" }, ...kernels] };
    await expect(createSession(broken, { device: await gpuDevice(), bounds: { B: 1, T: 1 } })).rejects.toThrow(/^internal: the kernel gather is refused/);
    const session = await createSession(tinyProgram, { device: await gpuDevice(), bounds: { B: 1, T: 1 } });
    session.run("forward", feed(1, 1));
    await session.settled();
    session.dispose();
  });

  describe("with a device of their own", () => {
    const devices: GPUDevice[] = [];
    const own = async (): Promise<GPUDevice> => {
      const adapter = await openAdapter();
      if (adapter === undefined) throw new Error("no adapter");
      const device = await openDevice(adapter);
      devices.push(device);
      return device;
    };
    afterAll(() => devices.forEach((device) => device.destroy()));

    it("a device that is destroyed ends waits and the next run, readably", async () => {
      const device = await own();
      const session = await createSession(tinyProgram, { device, bounds: { B: 2, T: 2 } });
      session.run("forward", feed(2, 2));
      const reading = session.read(session.output("forward"));
      device.destroy();
      await expect(reading).rejects.toMatchObject({ code: "device-lost", exit: 4, message: /^The GPU device was destroyed: \S/ });
      expect(() => session.run("forward", feed(2, 2))).toThrow(expect.objectContaining({ code: "device-lost" }));
      await expect(createSession(tinyProgram, { device, bounds: { B: 2, T: 2 } }).then((late) => late.run("forward", feed(2, 2)))).rejects.toThrow(/destroyed/);
      session.dispose();
    });

    it("a command that WebGPU refuses is fatal", async () => {
      const device = await own();
      const session = await createSession(tinyProgram, { device, bounds: { B: 2, T: 2 } });
      // A destroyed buffer is noticed at the next submission.
      [...session.stateBuffers.values()][0]?.destroy();
      session.run("forward", feed(2, 2));
      await device.queue.onSubmittedWorkDone();
      expect(() => session.run("forward", feed(2, 2))).toThrow(expect.objectContaining({ code: "device-error", exit: 4 }));
      session.dispose();
    });

    it("disposed sessions give their memory back", async () => {
      const device = await own();
      const large = (groups: number): Program => ({
        ...countingProgram,
        entries: countingProgram.entries.map((entry) => ({ ...entry, steps: entry.steps.map((step) => ({ ...step, groups: constant(groups) })) })),
      });
      const before = process.memoryUsage.rss();
      for (let at = 0; at < 24; at++) {
        const session = await createSession(large(1), { device, bounds: { B: 2 ** 24 } });
        session.run("count", { sizes: { B: 1 }, fields: {} });
        // Writing all of it makes the pages real.
        device.queue.writeBuffer(session.rangeOf(session.output("count")).buffer, 0, new Uint8Array(2 ** 26));
        await session.settled();
        session.dispose();
      }
      // 24 × 64 MiB were made.
      expect(process.memoryUsage.rss() - before).toBeLessThan(768 * 2 ** 20);
    });
  });
});

describe("a step with accumulation", () => {
  const batches = [1, 2].map((B) => ({ ...feed(B, 2), tokens: 2 }));
  const names = async (program: Program, count: number) => {
    const session = await createSession(program, { device: fakeDevice().device, bounds: { B: 2, T: 2 }, batches: 2 });
    return stepJobs(session, batches.slice(0, count), 5).map(({ entries, feed: fed }) => [entries.join(" "), fed.micro, fed.step]);
  };
  const [, grad] = tinyProgram.entries;
  const counted: Program = { ...tinyProgram, entries: [...tinyProgram.entries, { ...(grad as Program["entries"][number]), name: "count" }] };

  it("counts every micro-batch before the first gradient", async () => {
    expect(await names(counted, 2)).toEqual([["count", 0, 5], ["count", 1, 5], ["grad", 0, 5], ["grad update", 1, 5]]);
    expect(await names(counted, 1)).toEqual([["count grad update", 0, 5]]);
    expect(await names(tinyProgram, 2)).toEqual([["grad", 0, 5], ["grad update", 1, 5]]);
  });

  it("brings each batch in its turn, in one submission", async () => {
    const fake = fakeDevice();
    const session = await createSession(counted, { device: fake.device, bounds: { B: 2, T: 2 }, batches: 2 });
    session.runJobs(stepJobs(session, batches, 1));
    fake.log.length = 0;
    session.runJobs(stepJobs(session, batches, 1));
    const order = fake.log.filter((line) => /^(copy upload input ids|pass|submit)/.test(line));
    expect(order).toEqual([...Array.from({ length: 4 }, () => ["copy upload input ids", "pass"]).flat(), "submit"]);
    expect(fake.log.filter((line) => line.startsWith("write") && !line.startsWith("write upload"))).toEqual([]);
    const three = [...batches, { ...feed(1, 1), tokens: 1 }];
    expect(() => session.runJobs(stepJobs(session, three, 1))).toThrow(/^internal: 3 batches, but room for 2/);
  });
});

