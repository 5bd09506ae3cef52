import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { beam } from "../../runtime/decode/beam.ts";
import { byLastPlace, entriesOf, generatingEntries } from "../../runtime/decode/entries.ts";
import type { NextLogits } from "../../runtime/decode/next-logits.ts";
import { sessionLogits } from "../../runtime/decode/session-logits.ts";
import { requestOf } from "../../runtime/decode/text.ts";
import { loadModel } from "../../runtime/embedded/load-model.ts";
import type { Program } from "../../runtime/program.ts";
import { createSession } from "../../runtime/create-session.ts";
import { loadWeights } from "../../runtime/weights.ts";
import { meaning, tiny, tokenizer, translation, weightsFile } from "../embed/tiny.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel } from "../support/reference.ts";

const program: Program = compile(tiny, { profile: { kind: "cpu" }, training: false, entries: ["forward", "encode", "decode", "last.forward", "last.decode"] }).program;

/** A model in the place of a recurrent one: what it encodes are two values. */
function twoValued(decode: string, encode = "encode(source: index(vocab)[B, S]) -> [B, S, d], [B, d]"): Program {
  const source = `
model Two(vocab, d = 4) {
  embed = Embedding(vocab, d)
  ${encode} {
    x = embed(source)
    h[b,i] = mean[s] x[b,s,i]
    return ${encode.includes("[B, d]") ? "x, h" : "x"}
  }
  ${decode}
  forward(target: index(vocab)[B, T], source: index(vocab)[B, S]) -> [B, T, vocab] {
    x = embed(target)
    y = embed(source)
    m[b,i] = mean[s] y[b,s,i]
    z[b,t,i] = x[b,t,i] + m[b,i]
    return embed.logits(z)
  }
}
train it {
  tokenizer = bpe(60)
  data      = pairs("train.tsv", from: "fr", to: "en", tokenizer: tokenizer)
  model     = Two(vocab: tokenizer.size)
  loss(source, target, next) = cross_entropy(model(target, source), next)
  optimizer = Sgd(lr: 0.1)
  batch = 4; steps = 10; seed = 0
}
`;
  const model = checkedModel("two.tfm", source, { tokenizer: { size: tokenizer.size, pad: tokenizer.pad, start: tokenizer.start, end: tokenizer.end, unk: tokenizer.unk } });
  return compile(model, { profile: { kind: "cpu" }, training: false, entries: model.entries.map(({ name }) => name) }).program;
}

/** Of inputs that nothing comes of a program has none, so each is used. */
const body = (...parts: readonly string[]): string => `{
    x = embed(target)
    z[b,t,i] = x[b,t,i] + ${parts.join(" + ")}
    return embed.logits(z)
  }`;
const [START, MEMORY, KEEP, BIAS] = ["start[b,i]", "sum[s] memory[b,s,i]", "sum[s] (if keep[b,s] then 1.0 else 0.0)", "sum[s] bias[b,s]"] as const;
const forward = { kind: "forward", entry: "forward", target: "target", source: "source" };

describe("how a model's entries generate", () => {
  it("once encoded, where encode and decode make up what generates", () => {
    expect(generatingEntries(program, "forward")).toEqual({
      kind: "encode-decode", encode: "encode", source: "source", decode: "decode", target: "target", memory: [{ input: "memory", output: "encode" }], keep: "keep",
    });
    expect(entriesOf({ kind: "forward", entry: "forward", target: "t" })).toEqual(["forward"]);
  });

  it("with several values encoded, with and without a mask", () => {
    const masked = generatingEntries(twoValued(`decode(target: index(vocab)[B, T], memory: [B, S, d], start: [B, d], keep: bool[B, S]) -> [B, T, vocab] ${body(START, MEMORY, KEEP)}`), "forward");
    expect(masked).toMatchObject({ kind: "encode-decode", keep: "keep" });
    const found = generatingEntries(twoValued(`decode(target: index(vocab)[B, T], memory: [B, S, d], start: [B, d]) -> [B, T, vocab] ${body(START, MEMORY)}`), "forward");
    expect(found).toMatchObject({ kind: "encode-decode" });
    expect(found).not.toHaveProperty("keep");
    const memory = found?.kind === "encode-decode" ? found.memory : [];
    expect(memory.map(({ input }) => input)).toEqual(["memory", "start"]);
    expect(new Set(memory.map(({ output }) => output)).size).toBe(2);
  });

  it.each([
    ["decode takes less than was encoded", twoValued(`decode(target: index(vocab)[B, T], start: [B, d]) -> [B, T, vocab] ${body(START)}`)],
    ["decode takes another shape", twoValued(`decode(target: index(vocab)[B, T], memory: [B, d, S], start: [B, d]) -> [B, T, vocab] ${body(START, "sum[s] memory[b,i,s]")}`)],
    ["decode takes something else beside", twoValued(`decode(target: index(vocab)[B, T], memory: [B, S, d], start: [B, d], bias: [B, S]) -> [B, T, vocab] ${body(START, MEMORY, BIAS)}`)],
    ["there is no decode", { ...program, entries: program.entries.filter(({ name }) => name !== "decode") }],
    ["there is no encode", { ...program, entries: program.entries.filter(({ name }) => name !== "encode") }],
  ])("anew for each prefix, where %s", (_, other) => {
    expect(generatingEntries(other, "forward")).toEqual(forward);
  });

  it("by the ids whose places the logits have, in either order", () => {
    const entries = program.entries.map((entry) => (entry.name === "forward" ? { ...entry, inputs: [...entry.inputs].reverse() } : entry));
    expect(generatingEntries({ ...program, entries }, "forward")).toEqual(generatingEntries(program, "forward"));
    expect(generatingEntries({ ...program, entries: entries.filter(({ name }) => name !== "decode") }, "forward")).toEqual(forward);
  });

  it("not at all, where the entry takes something else", () => {
    expect(generatingEntries(program, "decode")).toBeUndefined();
    expect(generatingEntries(program, "nothing")).toBeUndefined();
    expect(generatingEntries(program, "encode")).toEqual({ kind: "forward", entry: "encode", target: "source" });
  });
});

/** The model in f64, by the graph that the checker made. */
const exact: NextLogits = {
  limits: { rows: 64, length: 40 },
  begin: (sources) => ({
    async next(rows, prefixes, length) {
      const S = sources[0]?.length ?? 0;
      const source = rows.flatMap((row) => Array.from(sources[row] ?? []));
      const { data } = meaning("forward", { target: prefixes, source }, { B: rows.length, T: length, S })["forward"] as { readonly data: Float64Array };
      const last = rows.map((_, row) => Array.from(data.slice(((row + 1) * length - 1) * tokenizer.size, (row + 1) * length * tokenizer.size)));
      return Float32Array.from(last.flat());
    },
  }),
};

const TEXTS = ["trois chats noirs", "chats", "deux chiens"];
const SHAPE = { width: 2, lengthPenalty: 0.6 };
const LONGEST = 5;
let searched: ReturnType<typeof beam> | undefined;
const wantedOf = (): ReturnType<typeof beam> => (searched ??= beam(exact, TEXTS.map((text) => requestOf(tokenizer, text, true)), SHAPE, { end: tokenizer.end, pad: tokenizer.pad, maxLength: LONGEST }));

describeGpu("a model that encodes once", () => {
  it("decodes as the model that computes all anew, and as its meaning in f64", async () => {
    const options = { end: tokenizer.end, pad: tokenizer.pad, maxLength: LONGEST };
    const requests = TEXTS.map((text) => requestOf(tokenizer, text, true));
    const wanted = await wantedOf();
    const uses = [undefined, { encode: "none", decode: "none" }].flatMap((names) => {
      const use = generatingEntries(program, "forward", names);
      return use === undefined ? [] : [use, byLastPlace(use)];
    });
    expect(uses.map(entriesOf)).toEqual([["encode", "decode"], ["encode", "last.decode"], ["forward"], ["last.forward"]]);
    for (const use of uses) {
      const session = await createSession(program, { device: await gpuDevice(), bounds: { B: 8, S: 20, T: 12 }, entries: entriesOf(use) });
      loadWeights(session, weightsFile());
      const found = await beam(sessionLogits(session, use, tokenizer.pad), requests, SHAPE, options);
      expect(found.map(([best]) => best?.ids)).toEqual(wanted.map(([best]) => best?.ids));
      found.forEach(([best], at) => expect(Math.abs((best?.score ?? 0) - (wanted[at]?.[0]?.score ?? 1))).toBeLessThan(1e-3));
      session.dispose();
    }
  });

  it("as a loaded module obeys the recipe's method, or the caller's", async () => {
    const use = generatingEntries(program, "forward");
    if (use === undefined) throw new Error("no use");
    const generation = { use, decoding: { method: "beam", ...SHAPE }, maxLength: LONGEST } as const;
    const model = await loadModel({ program, generation }, weightsFile(), { device: await gpuDevice(), tokenizer: tokenizer.toJSON() });
    const generate = model["generate"] as (texts: readonly string[], options?: object) => Promise<readonly string[]>;
    expect(await generate(TEXTS)).toEqual((await wantedOf()).map(([best]) => tokenizer.decode(best?.ids ?? [])));
    const greedy = TEXTS.map((text) => translation(text, LONGEST));
    expect(await generate(TEXTS, { decoding: { method: "greedy" } })).toEqual(greedy);
    const drawn = (seed: number) => generate(TEXTS, { decoding: { method: "sample", temperature: 40 }, seed });
    expect(await drawn(1)).toEqual(await drawn(1));
    expect(await drawn(1)).not.toEqual(await drawn(2));
    const pieces = TEXTS.map(() => "");
    const stopped = await generate(TEXTS, { decoding: { method: "greedy" }, stop: [" "], onText: (at: number, piece: string) => (pieces[at] += piece) });
    expect(stopped).toEqual(greedy.map((text) => text.split(" ")[0]));
    expect(pieces).toEqual(stopped);
    model.dispose();
  });
});
