/**
 * Every family of examples/, small, with the weights and batches of its PyTorch script (gpt.py, …): the loss, the gradient of every
 * parameter, running statistics, and what a function of the model returns. Recipes that draw numbers are given a loss that does not.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import type { EntryInput } from "../../compiler/check/model.ts";
import type { TokenizerFacts } from "../../compiler/check/tokenizer.ts";
import { interpret } from "../../compiler/ir/interpret.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { LOSS } from "../../compiler/plan/layout.ts";
import { sourceFile } from "../../grammar/source.ts";
import { createSession } from "../../runtime/create-session.ts";
import type { Sizes } from "../../runtime/size.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, type ReferenceCase, referenceCase, relativeError, SMALL_TOKENIZER, SMALL_TRANSLATION } from "../support/reference.ts";

interface Case {
  /** Of the file with the numbers. */
  readonly name: string;
  readonly family: string;
  /** Of the recipe; model.tfm by default. */
  readonly file?: string;
  readonly recipe: string;
  /** A recipe to stand behind the model's own. */
  readonly also?: string;
  readonly set: Readonly<Record<string, string>>;
  readonly tokenizer?: TokenizerFacts;
  /** Of the batch. */
  readonly sizes: Sizes;
  /** The model's function whose result is compared. */
  readonly entry: string;
  /** For its arguments that are fields of another name. */
  readonly fields?: Readonly<Record<string, string>>;
  /** If other than the batch's. */
  readonly entrySizes?: Sizes;
  /** Which of the script's results is the state at which path after the step. */
  readonly running?: Readonly<Record<string, string>>;
}

const BERT = { family: "bert", set: { layers: "1", d: "16", heads: "2", length: "12", p: "0", rotary: "false" }, tokenizer: { size: 29 }, sizes: { B: 4, T: 10 } };

const TAG4 = { recipe: "tag4", also: 'train tag4 like tag { data = tagged("a.tsv", tags: 4, tokenizer: tokenizer); model.classes = 4 }', entry: "tagging" };

const TRANSLATION = { family: "translation", recipe: "translate", tokenizer: SMALL_TOKENIZER, sizes: { B: 3, S: 7, T: 6 }, entry: "forward" };

const CASES: readonly Case[] = [
  { ...TRANSLATION, name: "translation-post", set: { ...SMALL_TRANSLATION, pre: "false", tied: "true" } },
  { ...TRANSLATION, name: "translation-pre", set: { ...SMALL_TRANSLATION, pre: "true", tied: "true" } },
  { ...TRANSLATION, name: "translation-untied", set: { ...SMALL_TRANSLATION, pre: "true", tied: "false" } },
  { name: "gpt", family: "gpt", recipe: "shakespeare", set: { layers: "2", d: "16", heads: "2", length: "9" }, tokenizer: { size: 23 }, sizes: { B: 3, T: 7 }, entry: "forward" },
  { name: "llama", family: "llama", recipe: "shakespeare", set: { layers: "2", d: "16", ff: "20" }, tokenizer: { size: 23 }, sizes: { B: 3, T: 7 }, entry: "forward" },
  { name: "moe", family: "moe", recipe: "shakespeare", set: { layers: "2", d: "16", ff: "20" }, tokenizer: { size: 23 }, sizes: { B: 3, T: 7 }, entry: "forward" },
  {
    name: "moe-slack",
    family: "moe",
    recipe: "limited",
    also: `model Limited(vocab, d = 16) {
      embed = Embedding(vocab, d); feed = MoE(d, ff: 20, slack: 0.75); output = Linear(d, vocab, biased: false)

      scored(ids: index(vocab)[B, T]) -> [B, T, vocab], real {
        x = embed(ids)
        y, balance = feed(x)
        return output(x + y), balance
      }
      forward(ids: index(vocab)[B, T]) -> [B, T, vocab] {
        logits, balance = scored(ids)
        return logits
      }
    }
    train limited like shakespeare { model = Limited(vocab: tokenizer.size) }`,
    set: {},
    tokenizer: { size: 23 },
    sizes: { B: 3, T: 7 },
    entry: "forward",
  },
  {
    name: "vit-patches",
    family: "vit",
    recipe: "plain",
    also: `train plain like digits {
      data = images("images", side: 12, channels: 3, classes: 5)
      model = Vit(classes: 5, side: 12, patch: 4, channels: 3, d: 16, heads: 2, layers: 2, drop: 0, scale: 0.1)
      loss(image, label) = cross_entropy(model(image), label)
    }`,
    set: {},
    sizes: { B: 3 },
    entry: "forward",
  },
  {
    name: "vit-stem",
    family: "vit",
    recipe: "plain",
    also: `train plain like digits {
      data = images("images", side: 8, classes: 5)
      model = Vit(classes: 5, side: 8, patch: 4, d: 16, heads: 2, layers: 2, drop: 0, stem: true, grid2d: true)
      loss(image, label) = cross_entropy(model(image), label)
    }`,
    set: {},
    sizes: { B: 3 },
    entry: "forward",
    running: { centre: "between.centre", spread: "between.spread" },
  },
  {
    name: "mae-pretrain",
    family: "mae",
    recipe: "fixed",
    also: `train fixed like pretrain {
      data = images("images", side: 12, channels: 2, classes: 5); model = Mae(side: 12, channels: 2, d: 16, heads: 2, layers: 2, narrow: 8, depth: 1)
      loss(image) {
        order[b < B, t < 9] = (2 * t + b) % 9
        return model.missed(image, order)
      }
    }`,
    set: {},
    sizes: { B: 3 },
    entry: "rebuilt",
  },
  {
    name: "mae-finetune",
    family: "mae",
    recipe: "small",
    also: `train small like finetune {
      data = images("images", side: 12, channels: 2, classes: 5)
      model = Classify(classes: 5, side: 12, channels: 2, d: 16, heads: 2, layers: 2, drop: 0)
    }`,
    set: {},
    sizes: { B: 3 },
    entry: "forward",
  },
  {
    ...BERT,
    name: "bert-pretrain",
    recipe: "fixed",
    also: `train fixed like pretrain {
      loss(ids, segment, word, follows) {
        chosen[b,t] = ids[b,t] != tokenizer.pad and ((b + t) % 5 == 1 or (b + t) % 5 == 3)
        noisy[b,t]  = if not chosen[b,t] then ids[b,t] else if (b + t) % 5 == 1 then tokenizer.mask else tokenizer.specials
        x = model.encode(noisy, segment)
        require T >= 10
        place[b < B, k < 4] = 5 * floor(k / 2) + (1 + 2 * (k % 2) - b) % 5
        wanted[b,k] = ids[b,place[b,k]]
        kept[b,k]   = chosen[b,place[b,k]]
        return cross_entropy(model.guess(at(x, place)), wanted, keep: kept) + cross_entropy(model.follow(model.pooled(x)), follows)
      }
    }`,
    entry: "encode",
  },
  {
    ...BERT,
    name: "bert-sentence",
    recipe: "fixed",
    also: `train fixed like sentence {
      data = labelled("a.tsv", first: "a", classes: 3, tokenizer: tokenizer); model.classes = 3
      loss(ids, segment, label) {
        seen[b,t] = if t % 3 == 0 and ids[b,t] >= tokenizer.specials then tokenizer.mask else ids[b,t]
        return cross_entropy(model.sentence(seen, segment), label)
      }
    }`,
    entry: "sentence",
  },
  { ...BERT, name: "bert-pair", file: "dates.tfm", recipe: "pair3", also: 'train pair3 like pair { data = labelled("a.tsv", first: "a", classes: 3, tokenizer: tokenizer); model.classes = 3 }', entry: "pair" },
  { ...BERT, ...TAG4, name: "bert-tag" },
  { ...BERT, ...TAG4, name: "bert-rotary", set: { ...BERT.set, rotary: "true" } },
  { ...BERT, name: "bert-span", recipe: "span", entry: "span" },
  { ...BERT, name: "bert-choice", file: "dates.tfm", recipe: "choice", sizes: { B: 2, T: 10 }, entry: "choice", entrySizes: { N: 8, T: 10 } },
  { name: "t5", family: "t5", recipe: "corrupt", set: { layers: "1", d: "16", heads: "2", ff: "20", p: "0" }, tokenizer: { size: 29 }, sizes: { B: 3, S: 20, T: 19 }, entry: "forward" },
  { name: "rnn", family: "rnn", recipe: "dates", set: { d: "8", n: "6", p: "0" }, tokenizer: { size: 17, pad: 0, start: 1, end: 2 }, sizes: { B: 3, S: 5, T: 4 }, entry: "forward" },
  { name: "rnn-stacked", family: "rnn", recipe: "dates", set: { d: "8", n: "6", p: "0", layers: "3", cell: "GruCell", attention: "none" }, tokenizer: { size: 17, pad: 0, start: 1, end: 2 }, sizes: { B: 3, S: 5, T: 4 }, entry: "forward" },
  { name: "rnn-plain", family: "rnn", recipe: "dates", set: { d: "8", n: "6", p: "0", layers: "3", cell: "RnnCell", both: "false" }, tokenizer: { size: 17, pad: 0, start: 1, end: 2 }, sizes: { B: 3, S: 5, T: 4 }, entry: "forward" },
  {
    name: "clip",
    family: "clip",
    recipe: "small",
    also: `train small like digits {
      data = captions("digits", names: "names.txt", side: 8, classes: 3, tokenizer: tokenizer)
      model = Clip(vocab: tokenizer.size, length: 7, side: 8, patch: 4, d: 16, heads: 2, layers: 1, wide: 12, pad: tokenizer.pad)
    }`,
    set: {},
    tokenizer: { size: 19 },
    sizes: { B: 4, T: 6, L: 5 },
    entry: "forward",
    fields: { image: "image", ids: "prompts" },
    entrySizes: { N: 4, M: 3, T: 5 },
  },
];

const folder = new URL("../../examples/", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, folder), "utf8");

function modelOf({ family, file = "model.tfm", recipe, also = "", set, tokenizer }: Case): ReturnType<typeof checkedModel> {
  const use = (path: string): ReturnType<typeof sourceFile> => sourceFile(path, read(`${family}/${path}`));
  return checkedModel(`${family}/${file}`, `${read(`${family}/${file}`)}\n${also}\n`, { recipe, set, use, tokenizer });
}

/** The parameters whose gradient is further than `most` from PyTorch's, in the measure of the other reference tests. */
function wrong(gradients: ReadonlyMap<string, ArrayLike<number>>, expected: ReferenceCase, most: number): [string, number][] {
  expect([...gradients.keys()].sort()).toEqual([...expected.gradients.keys()].sort());
  const largest = Math.max(...[...expected.gradients.values()].flatMap((data) => Array.from(data, Math.abs)));
  const errors = [...gradients].map(([path, data]): [string, number] => [path, relativeError(data, expected.gradients.get(path)!, 1e-3 * largest)]);
  return errors.filter(([, error]) => !(error <= most));
}

const fieldOf = (one: Case, argument: string): string => one.fields?.[argument] ?? argument;

/** What the file's numbers lost when they were rounded to f32, and a little more: an epsilon of 1e-5 for 1e-6 would be seen. */
const ROUNDED = 2e-7;

describe("equal to PyTorch, by the interpreter", () => {
  for (const one of CASES)
    it(one.name, () => {
      const model = modelOf(one);
      const expected = referenceCase(one.name);
      const start = new Map(model.running.map(({ path, shape, init }) => [path, Array<number>(shape.reduce((a, b) => a * b, 1)).fill(init.kind === "constant" ? init.value : Number.NaN)]));
      const states = (running: ReadonlyMap<string, ArrayLike<number>>) =>
        Object.fromEntries([...[...expected.weights].map(([path, data]) => [`parameter/${path}`, data] as const), ...[...running].map(([path, data]) => [`running/${path}`, data] as const)]);

      const step = interpret(differentiate(model.recipe!.loss.graph), { sizes: one.sizes, inputs: Object.fromEntries(expected.batch), states: states(start), step: 1, micro: 0 });
      expect(relativeError(step.outputs["loss"]!.data, expected.loss, 1e-6), "loss").toBeLessThan(ROUNDED);
      const outputs = differentiate(model.recipe!.loss.graph).outputs;
      const gradients = new Map(outputs.flatMap(({ name, state }) => (state?.kind === "gradient" ? [[state.path, step.outputs[name]!.data]] : [])));
      expect(wrong(gradients, expected, ROUNDED)).toEqual([]);
      const running = new Map(outputs.flatMap(({ name, state }) => (state?.kind === "running" ? [[state.path, step.outputs[name]!.data]] : [])));
      for (const [name, path] of Object.entries(one.running ?? {})) expect(relativeError(running.get(path)!, expected.out.get(name)!.data, 1e-6), path).toBeLessThan(ROUNDED);

      const entry = model.entries.find(({ name }) => name === one.entry)!;
      const inputs = Object.fromEntries(entry.inputs.map(({ name }) => [name, expected.batch.get(fieldOf(one, name))!]));
      const { outputs: results } = interpret(entry.graph, { sizes: one.entrySizes ?? one.sizes, inputs, states: states(running) });
      expect(relativeError(results[entry.outputs[0]!.name]!.data, expected.out.get(one.entry)!.data, 1e-6), one.entry).toBeLessThan(ROUNDED);
    });
});

/** Of each size the greater. */
function largest(a: Sizes, b: Sizes): Sizes {
  return Object.fromEntries(Object.keys({ ...a, ...b }).map((name) => [name, Math.max(a[name] ?? 0, b[name] ?? 0)]));
}

describeGpu("equal to PyTorch, on the adapter", () => {
  for (const one of CASES)
    it(one.name, { timeout: 600_000 }, async () => {
      const model = modelOf(one);
      const expected = referenceCase(one.name);
      expect([...expected.weights.keys()].sort()).toEqual(model.parameters.map(({ path }) => path).sort());

      const { program } = compile(model, { profile: { kind: "cpu" }, training: true, entries: [one.entry] });
      const session = await createSession(program, { device: await gpuDevice(), bounds: largest(one.sizes, one.entrySizes ?? {}), entries: ["grad", ...(one.running ? ["update"] : []), one.entry], debug: true });
      try {
        const writeWeights = (): void => {
          for (const { path, kind } of session.tensors(["parameter", "average"])) session.writeState(path, Float32Array.from(expected.weights.get(path)!), kind);
        };
        writeWeights();
        const fed = (inputs: readonly EntryInput[]): Record<string, Float32Array | Int32Array> =>
          Object.fromEntries(inputs.map(({ name, type }) => [name, (type === "f32" ? Float32Array : Int32Array).from(expected.batch.get(fieldOf(one, name))!)]));

        const feed = { sizes: one.sizes, fields: fed(model.recipe!.loss.inputs) };
        session.run("grad", feed);
        expect(relativeError(await session.readState(LOSS.path, LOSS.kind), expected.loss, 1e-6), "loss").toBeLessThan(1e-5);
        const gradients = new Map<string, ArrayLike<number>>();
        for (const path of expected.gradients.keys()) gradients.set(path, await session.readState(path, "gradient"));
        expect(wrong(gradients, expected, 1e-4)).toEqual([]);
        if (one.running) session.run("update", feed);
        writeWeights();
        for (const [name, path] of Object.entries(one.running ?? {}))
          expect(relativeError(await session.readState(path, "running"), expected.out.get(name)!.data, 1e-6), path).toBeLessThan(1e-5);

        session.run(one.entry, { sizes: one.entrySizes ?? one.sizes, fields: fed(model.entries.find(({ name }) => name === one.entry)!.inputs) });
        const { shape, data } = await session.read(session.output(one.entry));
        expect(shape).toEqual(expected.out.get(one.entry)!.shape);
        expect(relativeError(data, expected.out.get(one.entry)!.data, 1e-6), one.entry).toBeLessThan(1e-5);
      } finally {
        session.dispose();
      }
    });
});
