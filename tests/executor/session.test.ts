import { describe, expect, it } from "vitest";
import { TfmError } from "../../runtime/errors.ts";
import type { Program } from "../../runtime/program.ts";
import { createSession } from "../../runtime/create-session.ts";
import { firstValues } from "../../runtime/init.ts";
import { DeviceWatch } from "../../runtime/device.ts";
import type { SessionOptions } from "../../runtime/create-session.ts";
import type { TraceEvent } from "../../runtime/trace.ts";
import { fakeDevice } from "../support/fake-device.ts";
import type { FakeOptions } from "../support/fake-device.ts";
import { ROWS, WIDTH, constant, product, tinyProgram } from "../support/tiny-program.ts";

async function open(options: Partial<SessionOptions> = {}, fakeOptions: FakeOptions = {}, program: Program = tinyProgram) {
  const fake = fakeDevice(fakeOptions);
  const session = await createSession(program, { device: fake.device, bounds: { B: 4, T: 6 }, ...options });
  return { fake, session };
}

const feed = (B: number, T: number) => ({
  sizes: { B, T },
  fields: { ids: new Int32Array(B * T).fill(1), wanted: new Float32Array(B * T * WIDTH) },
});

/** The words of the uniform block, and its floats, as last written. */
function uniform(fake: ReturnType<typeof fakeDevice>) {
  const { data } = fake.buffers.find(({ label }) => label === "uniform") ?? { data: new ArrayBuffer(256) };
  return { words: new Uint32Array(data), floats: new Float32Array(data) };
}

describe("a session", () => {
  it("makes everything once and then only writes, dispatches and submits once a run", async () => {
    const { fake, session } = await open();
    expect(session.usage.dispatches).toEqual({ forward: 1, grad: 4, update: 1 });
    session.run("forward", feed(1, 1));
    fake.log.length = 0;
    session.run(["grad", "update"], { ...feed(2, 3), step: 4 });
    expect(fake.log).toEqual([
      "write input ids 24",
      "write input wanted 96",
      "write index list of ids 48",
      "write uniform 256",
      "pass",
      ...Array.from({ length: 5 }, () => "dispatch 1 1"),
      "submit",
    ]);
    expect(fake.buffers.filter(({ label }) => label === "staging")).toEqual([]);
  });

  it("draws first values at their offsets when something needs them, and none in the place of what was written", async () => {
    const tensors = [
      { path: "ones", shape: [3], offset: 0, init: { kind: "constant", value: 1 } },
      { path: "none", shape: [2], offset: 64, init: { kind: "constant", value: 0 } },
      { path: "embed.table", shape: [2], offset: 128, init: { kind: "normal", std: 0.5 } },
    ] as const;
    const states = tinyProgram.states.map((state) => (state.kind === "parameter" ? { ...state, length: 192, tensors } : state));
    const program: Program = { ...tinyProgram, states };
    const drawn = firstValues(tensors[2], 7);
    for (const needs of ["run", "read", "another session"] as const)
      for (const written of [false, true]) {
        const { fake, session } = await open({ seed: 7 }, {}, program);
        expect(fake.log.filter((line) => line.startsWith("write parameters"))).toEqual([]);
        if (written) session.writeState("embed.table", Float32Array.of(8, 9));
        if (needs === "run") session.run("forward", feed(1, 1));
        if (needs === "read") await session.readState("ones");
        if (needs === "another session") await createSession(program, { device: fake.device, bounds: { B: 1, T: 1 }, states: session });
        const values = new Float32Array(fake.buffers.find(({ label }) => label === "parameters")!.data);
        const [first, second] = written ? [8, 9] : drawn;
        expect(Array.from(values).flatMap((x, at) => (x === 0 ? [] : [[at, x]])), needs).toEqual([[0, 1], [1, 1], [2, 1], [128, first], [129, second]]);
        fake.log.length = 0;
        session.run("forward", feed(1, 1));
        expect(fake.log.filter((line) => line.startsWith("write parameters"))).toEqual([]);
      }
  });

  it("runs the steps of a loop once for every time, over a uniform block of each", async () => {
    const loops = [{ first: 1, last: 2, count: product(1, "T") }, { first: 3, last: 3, count: constant(2), reverse: true }];
    const entries = tinyProgram.entries.map((entry) => (entry.name === "grad" ? { ...entry, loops } : entry));
    const program: Program = { ...tinyProgram, uniform: [...tinyProgram.uniform.slice(0, 5), { kind: "iter" }], entries };
    const { fake, session } = await open({}, {}, program);
    session.run("forward", feed(1, 1));
    fake.offsets.splice(0);
    fake.log.length = 0;
    session.run("grad", feed(2, 3));
    expect(fake.log.slice(3)).toEqual(["write uniform 768", "pass", ...Array.from({ length: 1 + 2 * 3 + 2 }, () => "dispatch 1 1"), "submit"]);
    expect(fake.offsets).toEqual([0, 0, 0, 256, 256, 512, 512, 256, 0]);
    const { words } = uniform(fake);
    expect([0, 1, 2].map((time) => Array.from(words.subarray(64 * time, 64 * time + 6)))).toEqual([0, 1, 2].map((time) => [2, 3, 1, 0, 0, time]));
    // The next run is shorter: nothing of the longer one is in its blocks.
    session.run("grad", { ...feed(1, 2), step: 9 });
    expect(Array.from(uniform(fake).words.subarray(64, 70))).toEqual([1, 2, 9, 0, 0, 1]);
  });

  it("writes sizes, step, micro-batch, seed and host scalars into the uniform block", async () => {
    const { fake, session } = await open({ seed: 77 });
    session.run("forward", { ...feed(3, 5), step: 8, micro: 2 });
    const { words, floats } = uniform(fake);
    expect(Array.from(words.subarray(0, 5))).toEqual([3, 5, 8, 2, 77]);
    expect(floats[5]).toBe(Math.fround(0.1 / 8));
    expect(session.scalar("learning_rate", 8)).toBe(0.1 / 8);
    expect(session.scalar("momentum", 8)).toBeUndefined();
  });

  it("computes tables for the bounds", async () => {
    const { fake } = await open({ bounds: { B: 1, T: 3 } });
    const table = fake.buffers.find(({ label }) => label === "table place");
    expect(Array.from(new Float32Array(table?.data ?? new ArrayBuffer(0), 0, 12))).toEqual([0, 0.5, 1, 1.5, 1, 1.5, 2, 2.5, 2, 2.5, 3, 3.5]);
  });

  it("writes the inverse of an index field", async () => {
    const { fake, session } = await open();
    const { fields } = feed(2, 3);
    session.run("grad", { sizes: { B: 2, T: 3 }, fields: { ...fields, ids: Int32Array.of(4, 0, 4, 2, 0, 4) } });
    const list = fake.buffers.find(({ label }) => label === "index list of ids");
    expect(Array.from(new Int32Array(list?.data ?? new ArrayBuffer(0), 0, ROWS + 1 + 6))).toEqual([0, 2, 2, 3, 3, 6, 1, 4, 3, 0, 2, 5]);
  });

  it("folds workgroup counts above 65,535 into two dimensions and skips empty dispatches", async () => {
    const [forward] = tinyProgram.entries;
    const step = forward?.steps[0];
    if (forward === undefined || step === undefined) throw new Error("no entry");
    const counts = [65_535, 65_536, 200_000, 0];
    const program = { ...tinyProgram, entries: [{ ...forward, steps: counts.map((count) => ({ ...step, groups: constant(count) })) }] };
    const { fake, session } = await open({}, {}, program);
    session.run("forward", feed(1, 1));
    const folded = fake.log.filter((line) => line.startsWith("dispatch")).map((line) => line.split(" ").slice(1).map(Number));
    expect(folded).toEqual([[65_535, 1], [32_768, 2], [50_000, 4]]);
  });

  it("refuses two overlapping bindings in a dispatch", async () => {
    const [forward] = tinyProgram.entries;
    const step = forward?.steps[0];
    if (forward === undefined || step === undefined) throw new Error("no entry");
    const twice = { ...step, bindings: [step.bindings[0], step.bindings[0], step.bindings[2], step.bindings[3]] as typeof step.bindings };
    await expect(open({}, {}, { ...tinyProgram, entries: [{ ...forward, steps: [twice] }] })).rejects.toThrow(/^internal: .*overlap/);
  });

  it("frees what it made and nothing else", async () => {
    const { fake, session } = await open();
    session.run("forward", feed(1, 1));
    await session.read(session.output("forward"));
    const shared = await createSession(tinyProgram, { states: session, bounds: { B: 1, T: 1 }, entries: ["forward"] });
    shared.dispose();
    expect(fake.buffers.filter(({ label, destroyed }) => destroyed && label === "parameters")).toEqual([]);
    session.run("forward", feed(1, 1));
    session.dispose();
    session.dispose();
    expect(fake.buffers.filter(({ destroyed }) => !destroyed).map(({ label }) => label)).toEqual([]);
    expect(fake.log).not.toContain("destroy device");
    expect(() => session.run("forward", feed(1, 1))).toThrow(/disposed/);
  });

  it("draws the states that the session it shares with does not hold, and leaves the others", async () => {
    const { fake, session } = await open({ entries: ["forward"] });
    session.run("forward", feed(1, 1));
    fake.log.length = 0;
    const shared = await createSession(tinyProgram, { states: session, bounds: { B: 4, T: 6 }, entries: ["grad", "update"] });
    expect(fake.log.filter((line) => line.startsWith("write parameters"))).toEqual([]);
    expect(shared.stateBuffers.get(0)).toBe(session.stateBuffers.get(0));
    expect(shared.tensors(["optimizer"])).toHaveLength(1);
    // The gradients, the momentum and the report, in steps of 256 bytes.
    expect(shared.usage.bytes.state).toBe(3 * 256);
  });

  it("tells a trace what it makes and runs", async () => {
    const events: TraceEvent[] = [];
    const { session } = await open({ trace: (event) => events.push(event), debug: true });
    session.run(["grad", "update"], { ...feed(2, 3), step: 9 });
    expect(events.map(({ kind }) => kind)).toEqual(["buffers", "pipelines", "run"]);
    expect(events[0]).toEqual({ kind: "buffers", bytes: session.usage.bytes });
    expect(events[1]).toMatchObject({ count: 5, fallbacks: [] });
    expect(events[2]).toMatchObject({ entries: ["grad", "update"], sizes: { B: 2, T: 3 }, step: 9 });
    expect(session.usage.arenaRatio).toBe(1);
  });

  it("destroys a device that it made itself", async () => {
    const fake = fakeDevice();
    const asked: GPUDeviceDescriptor[] = [];
    const adapter = {
      features: new Set<string>(),
      limits: fake.device.limits,
      requestDevice: async (descriptor: GPUDeviceDescriptor) => {
        asked.push(descriptor);
        return fake.device;
      },
    };
    const gpu = { requestAdapter: async () => adapter } as unknown as GPU;
    const session = await createSession(tinyProgram, { gpu, bounds: { B: 1, T: 1 }, timestamps: true });
    expect(asked[0]?.requiredFeatures).toEqual([]);
    session.dispose();
    expect(fake.log.at(-1)).toBe("destroy device");
    const none = { requestAdapter: async () => null } as unknown as GPU;
    await expect(createSession(tinyProgram, { gpu: none, bounds: { B: 1, T: 1 } })).rejects.toMatchObject({ code: "no-adapter", exit: 3 });
  });
});

describe("what a session refuses", () => {
  const refused = async (run: Parameters<Awaited<ReturnType<typeof open>>["session"]["run"]>): Promise<TfmError> => {
    const { session, fake } = await open();
    const before = fake.log.length;
    try {
      session.run(...run);
    } catch (error) {
      expect(fake.log.slice(before)).not.toContain("submit");
      if (error instanceof TfmError) return error;
      throw error;
    }
    throw new Error("it was accepted");
  };

  it("a size above its bound", async () => {
    expect(await refused(["forward", feed(4, 7)])).toMatchObject({ code: "size-above-bound", exit: 1, message: "The size T is 7, above this session's limit of 6." });
  });
  it("a size that is missing or no count", async () => {
    expect(await refused(["forward", { ...feed(1, 1), sizes: { B: 1 } }])).toMatchObject({ code: "size-missing" });
    expect(await refused(["forward", { ...feed(1, 1), sizes: { B: 1, T: 1.5 } }])).toMatchObject({ code: "size-not-a-count" });
  });
  it("a requirement that does not hold", async () => {
    expect(await refused(["forward", feed(0, 3)])).toMatchObject({ code: "requirement-fails", message: "forward requires B >= 1, which does not hold for B = 0, T = 3: B must be at least 1." });
  });
  it("an index outside its range, with field, position, value and limit", async () => {
    const { sizes, fields } = feed(2, 3);
    fields.ids[5] = ROWS;
    expect(await refused(["forward", { sizes, fields }])).toMatchObject({
      code: "index-out-of-range",
      exit: 1,
      message: "The field ids has 5 at [1, 2]; its values must be from 0 to 4.",
    });
    fields.ids[5] = -1;
    expect((await refused(["forward", { sizes, fields }])).message).toMatch(/has -1 at \[1, 2\]/);
  });
  it("a field that is missing, of another type or length", async () => {
    const { sizes, fields } = feed(2, 3);
    expect(await refused(["grad", { sizes, fields: { ids: fields.ids } }])).toMatchObject({ code: "field-missing" });
    expect(await refused(["grad", { sizes, fields: { ...fields, wanted: fields.ids } }])).toMatchObject({ code: "field-type" });
    expect(await refused(["forward", { sizes, fields: { ids: fields.ids.subarray(1) } }])).toMatchObject({
      code: "field-length",
      message: "The field ids of shape [2, 3] has 6 elements; 5 were given.",
    });
  });
  it("an entry or output that does not exist", async () => {
    expect(await refused(["backward", feed(1, 1)])).toMatchObject({ code: "unknown-entry", exit: 2 });
    const { session } = await open();
    expect(() => session.output("forward", "z")).toThrow(/no output z/);
  });
  it("a feed, without leaving its error scope open on a device that was handed in", async () => {
    const { fake, session } = await open();
    let scopes = 0;
    Object.assign(fake.device, { pushErrorScope: () => void scopes++, popErrorScope: () => Promise.resolve(null).finally(() => scopes--) });
    expect(() => session.run("forward", feed(4, 7))).toThrow(/above this session's limit/);
    session.run("forward", feed(1, 1));
    await session.settled();
    expect(scopes).toBe(0);
  });
  it("bounds that are missing, and more memory than the budget, before anything is made", async () => {
    await expect(open({ bounds: { B: 1 } })).rejects.toMatchObject({ code: "bound-missing", exit: 2 });
    const fake = fakeDevice();
    const large = createSession(tinyProgram, { device: fake.device, bounds: { B: 1000, T: 1000 }, memoryBudget: 10 * 2 ** 20 });
    await expect(large).rejects.toMatchObject({ code: "out-of-memory", exit: 4, message: /arena 30\.5 MiB/ });
    expect(fake.buffers).toEqual([]);
    const limits = { maxBufferSize: 128, maxStorageBufferBindingSize: 128 };
    await expect(open({ bounds: { B: 1, T: 1 } }, { limits })).rejects.toMatchObject({ code: "value-too-large", message: /model's parameters take/ });
    await expect(open({ bounds: { B: 1, T: 1 } }, { limits: { maxBufferSize: 4096, maxStorageBufferBindingSize: 16 } })).rejects.toMatchObject({ code: "value-too-large", hint: /as large for every batch/ });
    await expect(open({ bounds: { B: 10_000, T: 1000 } })).rejects.toMatchObject({ code: "value-too-large", exit: 4, message: /value y takes 153 MiB/ });
  });
});

describe("a device in trouble", () => {
  it("that is lost ends the next run and the waits under way with its cause", async () => {
    const { fake, session } = await open();
    session.run("forward", feed(1, 1));
    fake.hang = true;
    const reading = session.read(session.output("forward"));
    fake.lose("unknown", "The driver reset the GPU.");
    await expect(reading).rejects.toMatchObject({ code: "device-lost", exit: 4, message: "The GPU device was lost: The driver reset the GPU." });
    expect(() => session.run("forward", feed(1, 1))).toThrow(/driver reset/);
    await expect(createSession(tinyProgram, { device: fake.device, bounds: { B: 1, T: 1 } }).then((late) => late.run("forward", feed(1, 1)))).rejects.toThrow(/driver reset/);
  });

  it("that never answers is given up", async () => {
    const { fake, session } = await open({ patience: 0.02 });
    session.run("forward", feed(1, 1));
    await session.settled();
    fake.hang = true;
    session.run("forward", feed(1, 1));
    await expect(session.settled()).rejects.toMatchObject({ code: "device-silent", exit: 4, message: "The GPU has not answered for 0.02 s." });
    expect(() => session.run("forward", feed(1, 1))).toThrow(/not answered/);
  });

  it("may take longer for its first answer, which its kernels are compiled for", async () => {
    const { fake, session } = await open({ patience: 0.02 });
    fake.hang = true;
    session.run("forward", feed(1, 1));
    await expect(session.settled()).rejects.toMatchObject({ code: "device-silent", message: "The GPU has not answered for 0.1 s." });
  });

  it("is waited for after its process was stopped, however long that was", async () => {
    const watch = new DeviceWatch(fakeDevice().device, 0.2, true);
    await watch.wait(Promise.resolve());
    // It was at work when all stopped, and answers soon after.
    const answer = watch.wait(new Promise((answered) => setTimeout(() => setTimeout(answered, 1, "answered"), 0)));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    await expect(answer).resolves.toBe("answered");
  });

  it.each([["GPUValidationError", "device-error"], ["GPUOutOfMemoryError", "out-of-memory"]] as const)("that the session made is not used again after a %s", async (name, code) => {
    const fake = fakeDevice({});
    const adapter = { features: fake.device.features, limits: fake.device.limits, requestDevice: () => Promise.resolve(fake.device) };
    const gpu = { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU;
    const session = await createSession(tinyProgram, { gpu, bounds: { B: 4, T: 6 } });
    fake.raise(name, "Invalid BindGroup");
    expect(() => session.run("forward", feed(1, 1))).toThrow(expect.objectContaining({ code, exit: 4 }));
  });

  it("that was handed in may meet errors of others, but none of the session's own", async () => {
    const { fake, session } = await open();
    fake.raise("GPUValidationError", "a buffer of the app");
    session.run("forward", feed(1, 1));
    await session.settled();
    const invalid = new (class GPUValidationError extends Error {})("Invalid BindGroup") as GPUError;
    Object.assign(fake.device, { popErrorScope: () => Promise.resolve(invalid) });
    session.run("forward", feed(1, 1));
    await expect(session.settled()).rejects.toMatchObject({ code: "device-error", message: expect.stringContaining("Invalid BindGroup") as string });
    expect(() => session.run("forward", feed(1, 1))).toThrow(expect.objectContaining({ code: "device-error" }));
  });
});

describe("the choice of variants", () => {
  const [first, ...others] = tinyProgram.kernels;
  if (first === undefined) throw new Error("no kernel");
  const withFallback: Program = {
    ...tinyProgram,
    kernels: [{ ...first, wgsl: "// fast", features: ["subgroups"], subgroupSize: 8, fallback: { wgsl: "// plain", workgroupSize: 64 } }, ...others],
    entries: tinyProgram.entries.map((entry) => ({
      ...entry,
      steps: entry.steps.map((step) => (step.kernel === 0 ? { ...step, fallbackGroups: product(3, "B") } : step)),
    })),
  };
  const taken = async (fakeOptions: FakeOptions): Promise<readonly [string | undefined, string | undefined]> => {
    const { fake, session } = await open({ entries: ["forward"] }, fakeOptions, withFallback);
    session.run("forward", feed(2, 1));
    return [fake.log.find((line) => line.startsWith("pipeline gather"))?.slice("pipeline gather: ".length), fake.log.find((line) => line.startsWith("dispatch"))];
  };

  it("takes the fast kernel where its features are, else the fallback with its own counts", async () => {
    expect(await taken({ features: ["subgroups"], subgroupSize: 8 })).toEqual(["// fast", "dispatch 1 1"]);
    expect(await taken({ features: ["subgroups"], subgroupSize: 32 })).toEqual(["// plain", "dispatch 6 1"]);
    expect(await taken({})).toEqual(["// plain", "dispatch 6 1"]);
    expect(await taken({ features: ["subgroups"], subgroupSize: 8, refuse: (wgsl) => wgsl === "// fast" })).toEqual(["// plain", "dispatch 6 1"]);
  });

  it("refuses a kernel with more bindings than a device has", async () => {
    await expect(open({}, { limits: { maxStorageBuffersPerShaderStage: 3 } })).rejects.toThrow(/^internal: the kernel gather binds 4 ranges/);
  });

  it("says what the adapter lacks where there is no fallback", async () => {
    const { fallback: _, ...kernel } = withFallback.kernels[0] as Program["kernels"][number];
    const program = { ...withFallback, kernels: [kernel, ...others] };
    await expect(open({ entries: ["forward"] }, {}, program)).rejects.toMatchObject({ code: "no-kernel-variant", exit: 3, message: /gather needs subgroups/ });
  });
});
