import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { loadModel } from "../../runtime/embedded/load-model.ts";
import { Sessions } from "../../runtime/embedded/sessions.ts";
import { TfmError } from "../../runtime/errors.ts";
import type { Entry, Program } from "../../runtime/program.ts";
import type { Session } from "../../runtime/session.ts";
import { characters } from "../../runtime/text/index.ts";
import { encodeSafetensors } from "../../runtime/training/safetensors.ts";
import { fakeDevice } from "../support/fake-device.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel } from "../support/reference.ts";
import { tinyProgram } from "../support/tiny-program.ts";
import { program as tiny } from "./tiny.ts";

const program: Program = { ...tinyProgram, entries: tinyProgram.entries.filter(({ name }) => name === "forward") };
const entry = program.entries[0] as Entry;

describeGpu("the session behind a loaded model", () => {
  it("stays while calls fit, doubles what they exceed where they do not, and keeps the weights", async () => {
    const sessions = await Sessions.open(program, { device: await gpuDevice(), bounds: { B: 2, T: 4 } });
    try {
      sessions.base.writeState("embed.table", Float32Array.from({ length: 20 }, (_, at) => at / 8));
      expect(await sessions.fitting(entry, { B: 1, T: 4 })).toBe(sessions.base);
      const larger = await sessions.fitting(entry, { B: 3, T: 2 });
      expect(larger.bounds).toEqual({ B: 4, T: 4 });
      expect(await sessions.fitting(entry, { B: 2, T: 4 })).toBe(larger);
      expect((await sessions.fitting(entry, { B: 1, T: 100 })).bounds).toEqual({ B: 4, T: 100 });
      const last = await sessions.fitting(entry, { B: 4, T: 100 });
      last.run("forward", { sizes: { B: 1, T: 2 }, fields: { ids: Int32Array.of(4, 0) } });
      // w[id, d] + t + d / 2 of the program by hand.
      expect(Array.from((await last.read(last.output("forward"))).data)).toEqual([2, 2.625, 3.25, 3.875, 1, 1.625, 2.25, 2.875]);
    } finally {
      sessions.dispose();
    }
  });

  it("takes what is asked for where there is no room for more, and refuses what breaks a requirement before it grows", async () => {
    const most = { ...entry, requires: [{ text: "T <= 30", test: { kind: "nonnegative", size: [{ coefficient: -1, factors: ["T"] }, { coefficient: 30, factors: [] }] } }] } as const;
    const limited = await Sessions.open({ ...program, entries: [most] }, { device: await gpuDevice(), bounds: { B: 1, T: 25 } });
    expect((await limited.fitting(most, { B: 1, T: 26 })).bounds).toEqual({ B: 1, T: 30 });
    expect(limited.limit("T")).toBe(30);
    await expect(limited.fitting(most, { B: 1, T: 31 })).rejects.toThrow(TfmError);
    limited.dispose();

    // 600 rows of 100 positions of 4 numbers and an id take 1.15 MiB beside the 0.96 MiB of 500; of 1000 rows, 1.9 MiB are too much.
    const tight = await Sessions.open(program, { device: await gpuDevice(), bounds: { B: 500, T: 100 }, memoryBudget: 2.5 * 2 ** 20 });
    expect((await tight.fitting(entry, { B: 600, T: 100 })).bounds).toEqual({ B: 600, T: 100 });
    tight.dispose();
  });
});

/** It writes the letter of the number of places that it sees: `c` of three. */
const COUNTING = `model Counting(vocab) {
  param one: [1] ~ ones
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] {
    REQUIRED
    y[b,t, v < vocab] = if v == 3 + T then one[0] else (if v == ids[b,t] then 0.5 else 0.0)
    return y
  }
}`;

async function counting(required: string, bounds?: Readonly<Record<string, number>>): Promise<{ generate(text: string, options: object): Promise<string>; dispose(): void }> {
  const tokenizer = characters(["abcdefghijklmnopqrstuvw"]);
  const model = checkedModel("counting.tfm", COUNTING.replace("REQUIRED", required), { set: { vocab: String(tokenizer.size) } });
  const { program } = compile(model, { profile: { kind: "any" }, training: false, entries: ["last.forward"] });
  const generation = { use: { kind: "forward", entry: "last.forward", target: "ids" }, decoding: { method: "greedy" }, window: 4 } as const;
  const weights = encodeSafetensors([{ name: "one", shape: [1], data: Float32Array.of(1) }]);
  return (await loadModel({ program, generation }, weights, { device: await gpuDevice(), tokenizer: tokenizer.toJSON(), ...(bounds && { bounds }) })) as never;
}

describeGpu("a model that goes on with a text", () => {
  it.each([undefined, { B: 1, T: 2 }, { B: 3, T: 40 }])("sees as much as it was trained on, with room for %j", async (bounds) => {
    const model = await counting("", bounds);
    expect(await model.generate("a", { maxLength: 7 })).toBe("abcdddd");
    model.dispose();
  });

  it("names the function that was written where one of its lengths is refused", async () => {
    const model = await counting("require 2 divides T");
    await expect(model.generate("ab", { maxLength: 2 })).rejects.toMatchObject({ code: "requirement-fails", message: "forward requires 2 divides T, which does not hold for B = 1, T = 3." });
    model.dispose();
  });
});

it("has room for what was called, and is ready for what it was opened for", async () => {
  const { device } = fakeDevice();
  const all = tiny("any");
  const named = (name: string): Entry => all.entries.find((one) => one.name === name) as Entry;
  const sessions = await Sessions.open(all, { device, entries: ["last.forward"] });
  const has = (session: Session): string[] => all.entries.flatMap(({ name }) => (session.has(name) ? [name] : []));
  expect(has(sessions.base)).toEqual(["last.forward"]);
  expect(await sessions.fitting(named("last.forward"), { B: 2, T: 9, S: 16 })).toBe(sessions.base);
  const larger = await sessions.fitting(named("last.forward"), { B: 1, T: 20, S: 3 });
  expect(has(larger)).toEqual(["last.forward"]);
  const both = await sessions.fitting(named("forward"), { B: 1, T: 2, S: 2 });
  expect(has(both)).toEqual(["forward", "last.forward"]);
  expect(both.bounds["T"]).toBe(larger.bounds["T"]);
  expect(await sessions.fitting(named("last.forward"), { B: 1, T: 20, S: 3 })).toBe(both);
  expect(has(await sessions.fitting(named("last.forward"), { B: 1, T: 3, S: 40 }, ["encode"]))).toEqual(["encode", "forward", "last.forward"]);
  sessions.dispose();
});

it("all that is on the GPU at a time is within the budget, while it grows too", async () => {
  const { device, live } = metered();
  const memoryBudget = 1.5 * 2 ** 20;
  const sessions = await Sessions.open(program, { device, bounds: { B: 100, T: 100 }, memoryBudget });
  // 5 numbers of 4 bytes for each position, and few besides.
  const bytesOf = (rows: number): number => rows * 100 * 5 * 4;
  for (const rows of [400, 500]) {
    expect((await sessions.fitting(entry, { B: rows, T: 100 })).bounds).toEqual({ B: rows, T: 100 });
    expect(live.now).toBeGreaterThan(bytesOf(100) + bytesOf(rows));
    expect(live.most).toBeLessThan(bytesOf(100) + bytesOf(rows) + 10_000);
  }
  // 700 rows fit into the budget by themselves, but not beside the 100.
  expect(bytesOf(700)).toBeLessThan(memoryBudget);
  await expect(sessions.fitting(entry, { B: 700, T: 100 })).rejects.toMatchObject({ code: "out-of-memory", message: /needs 1\.5\d MiB .* held already 0\.2 MiB\); its budget is 1\.50 MiB/ });
  expect((await sessions.fitting(entry, { B: 500, T: 100 })).bounds).toEqual({ B: 500, T: 100 });
  expect(live.most).toBeLessThanOrEqual(memoryBudget);
  sessions.dispose();
  expect(live.now).toBe(0);
});

/** A device that says how many bytes of buffers are there, and were at most. */
function metered(): { readonly device: GPUDevice; readonly live: { now: number; most: number } } {
  const { device } = fakeDevice();
  const live = { now: 0, most: 0 };
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    live.now += descriptor.size;
    live.most = Math.max(live.most, live.now);
    buffer.destroy = () => {
      live.now -= descriptor.size;
      destroy();
    };
    return buffer;
  };
  return { device, live };
}
