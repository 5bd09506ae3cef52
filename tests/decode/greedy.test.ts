import { describe, expect, it } from "vitest";
import { batchesOf } from "../../runtime/decode/batches.ts";
import { greedy } from "../../runtime/decode/greedy.ts";
import type { NextLogits } from "../../runtime/decode/next-logits.ts";
import { sessionLogits } from "../../runtime/decode/session-logits.ts";
import type { Program } from "../../runtime/program.ts";
import { createSession } from "../../runtime/create-session.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { TinyReference, WIDTH, constant, over, product, tinyProgram } from "../support/tiny-program.ts";

const START = 1, END = 2, PAD = 0;

/** A model that says its source backwards, then END, and records the batches it was asked for. */
function reverser(rows = 100, length = 50): { readonly model: NextLogits; readonly calls: (readonly [number, number])[] } {
  const calls: [number, number][] = [];
  const model: NextLogits = {
    limits: { rows, length },
    begin: (sources) => ({
      next: async (open, prefixes, prefixLength) => {
        calls.push([open.length, prefixLength]);
        const logits = new Float32Array(open.length * 10);
        open.forEach((row, at) => {
          const words = Array.from(sources[row] ?? []).filter((id) => id !== PAD).toReversed();
          expect(Array.from(prefixes.subarray(at * prefixLength, (at + 1) * prefixLength))).toEqual([START, ...words.slice(0, prefixLength - 1)]);
          logits[at * 10 + (words[prefixLength - 1] ?? END)] = 1;
        });
        return logits;
      },
    }),
  };
  return { model, calls };
}

const requests = Array.from({ length: 60 }, (_, at) => ({
  source: Array.from({ length: at % 7 }, (_unused, k) => 3 + ((at + k) % 7)),
  prefix: [START],
}));

describe("greedy", () => {
  for (const pad of [PAD, undefined]) {
    it(`answers in the order of the requests, ${pad === undefined ? "by equal lengths" : "with padding"}`, async () => {
      const { model, calls } = reverser();
      const answers = await greedy(model, requests, { end: END, maxLength: 20, ...(pad === undefined ? {} : { pad }) });
      expect(answers).toEqual(requests.map(({ source }) => source.toReversed()));
      // One batch for all, or one for each of the seven lengths; no step runs a row that has ended.
      const starts = calls.filter(([, length]) => length === 1).map(([rows]) => rows);
      expect(starts).toEqual(pad === undefined ? [9, 9, 9, 9, 8, 8, 8] : [60]);
      expect(calls.reduce((sum, [rows]) => sum + rows, 0)).toBe(requests.reduce((sum, { source }) => sum + source.length + 1, 0));
    });
  }

  it("stops at the longest answer and at the model's longest prefix", async () => {
    const long = [{ source: [3, 4, 5, 6, 7], prefix: [START] }];
    expect(await greedy(reverser().model, long, { end: END, maxLength: 3 })).toEqual([[7, 6, 5]]);
    expect(await greedy(reverser(100, 2).model, long, { end: END, maxLength: 30 })).toEqual([[7, 6]]);
    expect(await greedy(reverser().model, [], { end: END, maxLength: 3 })).toEqual([]);
  });

  it("keeps batches within the model's rows and of one prefix length", () => {
    const mixed = requests.map((request, at) => ({ ...request, prefix: at % 2 === 0 ? [START] : [START, 4] }));
    const batches = batchesOf(mixed, 8, { pad: PAD });
    expect(batches.every((batch) => batch.length <= 8 && new Set(batch.map((at) => mixed[at]?.prefix.length)).size === 1)).toBe(true);
    expect(batches.flat().toSorted((a, b) => a - b)).toEqual(mixed.map((_, at) => at));
    expect(batches.length).toBe(8);
  });
});

/** Entries of which one copies its input and the other adds: memory[b, s] = source[b, s], logits[b, t, v] = w[target, v] + Σ memory·keep. */
function encodeDecodeProgram(): Program {
  const [forward] = tinyProgram.entries;
  if (forward === undefined) throw new Error("no entry");
  const head = "struct U { B: u32, T: u32, S: u32 } @group(0) @binding(0) var<uniform> u: U;";
  const bind = (at: number, name: string, type: string) => `@group(0) @binding(${at}) var<storage, read_write> ${name}: array<${type}>;`;
  const main = "@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { let i = id.x;";
  const copy = `${head}${bind(1, "source", "i32")}${bind(2, "memory", "f32")}${main} if (i < u.B * u.S) { memory[i] = f32(source[i]); } }`;
  const decode = `${head}${bind(1, "w", "f32")}${bind(2, "ids", "i32")}${bind(3, "memory", "f32")}${bind(4, "keep", "u32")}${bind(5, "y", "f32")}${main}
    if (i >= u.B * u.T * ${WIDTH}u) { return; }
    let p = i / ${WIDTH}u; let b = p / u.T;
    var sum = 0.0;
    for (var s = 0u; s < u.S; s++) { sum += memory[b * u.S + s] * f32(keep[b * u.S + s]); }
    let liked = (u32(ids[p]) + u32(sum)) % ${WIDTH}u;
    y[i] = select(0.0, 1.0, i % ${WIDTH}u == liked);
  }`;
  const source = [product(1, "B"), product(1, "S")], target = [product(1, "B"), product(1, "T")];
  const logits = [...target, constant(WIDTH)];
  return {
    ...tinyProgram,
    sizes: ["B", "T", "S"],
    uniform: ["B", "T", "S"].map((name) => ({ kind: "size", name })),
    kernels: [
      { name: "copy", wgsl: copy, workgroupSize: 64, features: [], bindings: 2 },
      { name: "decode", wgsl: decode, workgroupSize: 64, features: [], bindings: 5 },
    ],
    entries: [
      {
        ...forward, name: "encode", requires: [], tables: [],
        inputs: [{ name: "source", type: "i32", shape: source }],
        outputs: [{ name: "memory", type: "f32", shape: source, at: { kind: "temporary", at: 0 } }],
        temporaries: [{ name: "memory", type: "f32", shape: source, first: 0, last: 0 }],
        steps: [{ kernel: 0, groups: over(product(1, "B", "S"), 64), bindings: [{ kind: "input", at: 0 }, { kind: "temporary", at: 0 }], label: "memory" }],
      },
      {
        ...forward, name: "decode", requires: [], tables: [],
        inputs: [
          { name: "target", type: "i32", shape: target, range: constant(WIDTH) },
          { name: "memory", type: "f32", shape: source },
          { name: "keep", type: "u32", shape: source },
        ],
        outputs: [{ name: "logits", type: "f32", shape: logits, at: { kind: "temporary", at: 0 } }],
        temporaries: [{ name: "logits", type: "f32", shape: logits, first: 0, last: 0 }],
        steps: [
          {
            kernel: 1,
            groups: over(product(WIDTH, "B", "T"), 64),
            bindings: [
              { kind: "state", state: 0, offset: 0, length: 20 },
              { kind: "input", at: 0 },
              { kind: "input", at: 1 },
              { kind: "input", at: 2 },
              { kind: "temporary", at: 0 },
            ],
            label: "logits",
          },
        ],
      },
    ],
  };
}

describeGpu("a session's logits", () => {
  it("of one entry that computes all anew", async () => {
    const session = await createSession(tinyProgram, { device: await gpuDevice(), bounds: { B: 3, T: 6 }, entries: ["forward"], seed: 3 });
    const model = sessionLogits(session, { kind: "forward", entry: "forward", target: "ids" });
    expect(model.limits).toEqual({ rows: 3, length: 6 });
    const reference = new TinyReference(await session.readState("embed.table"));
    const prefixes = [[0], [1], [2], [3], [2, 1], [1, 1, 0]];
    const answers = await greedy(model, prefixes.map((prefix) => ({ prefix })), { end: -1, maxLength: 3 });
    const expected = prefixes.map((prefix) => {
      const ids = [...prefix];
      for (let k = 0; k < 3; k++) {
        const logits = reference.forward(ids, ids.length).slice(-WIDTH);
        ids.push(logits.indexOf(Math.max(...logits)));
      }
      return ids.slice(prefix.length);
    });
    expect(answers).toEqual(expected);
    session.dispose();
  });

  it("of an encoder run once and a decoder, with rows that end leaving the batch", async () => {
    const session = await createSession(encodeDecodeProgram(), { device: await gpuDevice(), bounds: { B: 4, T: 12, S: 5 } });
    const ran: string[] = [];
    const run = session.run.bind(session);
    session.run = (entries, feed) => {
      ran.push(String(entries));
      run(entries, feed);
    };
    const model = sessionLogits(session, {
      kind: "encode-decode", encode: "encode", source: "source", decode: "decode", target: "target", memory: [{ input: "memory", output: "memory" }], keep: "keep",
    }, 9);
    // The next id is (id + sum of the source) mod 4; 3 ends.
    const sources = [[1], [1, 1, 1], [2, 2, 1], [4, 1], [8, 8, 1, 4]];
    const answers = await greedy(model, sources.map((source) => ({ source, prefix: [0] })), { end: 3, maxLength: 6, pad: 9 });
    expect(answers).toEqual([[1, 2], [], [1, 2], [1, 2], [1, 2]]);
    expect(ran.filter((entry) => entry === "encode")).toHaveLength(2);
    session.dispose();
  });
});
