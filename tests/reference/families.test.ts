/**
 * Every family of examples/, small, with the weights and batches of its PyTorch script (gpt.py, …): the loss, the gradient of every
 * parameter, and what its functions return. Recipes that draw numbers are given a loss that does not.
 */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import type { TokenizerFacts } from "../../compiler/check/tokenizer.ts";
import { LOSS } from "../../compiler/plan/layout.ts";
import { sourceFile } from "../../grammar/source.ts";
import { createSession, type Session } from "../../runtime/session.ts";
import type { Sizes } from "../../runtime/size.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, referenceTensors, relativeError } from "../support/reference.ts";

interface Case {
  /** Of the file with the numbers. */
  readonly name: string;
  readonly family: string;
  readonly recipe: string;
  /** A recipe to stand behind the model's own. */
  readonly also?: string;
  readonly set: Readonly<Record<string, string>>;
  readonly tokenizer?: TokenizerFacts;
  /** Of the batch. */
  readonly sizes: Sizes;
  /** The model's function whose result is compared, and which field each of its arguments is. */
  readonly entry: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly entrySizes?: Sizes;
  /** Which of the script's results is the state at which path after the step. */
  readonly running?: Readonly<Record<string, string>>;
}

const BERT = { family: "bert", set: { layers: "1", d: "16", heads: "2", length: "12", classes: "3", p: "0" }, tokenizer: { size: 29 }, sizes: { B: 4, T: 10 } };

const CASES: readonly Case[] = [
  { name: "gpt", family: "gpt", recipe: "shakespeare", set: { layers: "2", d: "16", heads: "2", length: "9" }, tokenizer: { size: 23 }, sizes: { B: 3, T: 7 }, entry: "forward" },
  { name: "llama", family: "llama", recipe: "shakespeare", set: { layers: "2", d: "16", ff: "20" }, tokenizer: { size: 23 }, sizes: { B: 3, T: 7 }, entry: "forward" },
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
    ...BERT,
    name: "bert-pretrain",
    recipe: "fixed",
    also: `train fixed like pretrain {
      loss(ids, segment, word, follows) {
        chosen[b,t] = ids[b,t] != tokenizer.pad and ((b + t) % 5 == 1 or (b + t) % 5 == 3)
        noisy[b,t]  = if not chosen[b,t] then ids[b,t] else if (b + t) % 5 == 1 then tokenizer.mask else tokenizer.specials
        x = model.encode(noisy, segment)
        return cross_entropy(model.guess(x), ids, keep: chosen) + cross_entropy(model.follow(model.pooled(x)), follows)
      }
    }`,
    entry: "encode",
  },
  { ...BERT, name: "bert-sentence", recipe: "sentence3", also: 'train sentence3 like sentence { data = labelled("a.tsv", first: "a", classes: 3, tokenizer: tokenizer) }', entry: "sentence" },
  { ...BERT, name: "bert-tag", recipe: "tag4", also: 'train tag4 like tag { data = tagged("a.tsv", tags: 4, tokenizer: tokenizer); model.tags = 4 }', entry: "tagging" },
  { ...BERT, name: "bert-span", recipe: "span", entry: "span" },
  { name: "t5", family: "t5", recipe: "corrupt", set: { layers: "1", d: "16", heads: "2", ff: "20", p: "0" }, tokenizer: { size: 29 }, sizes: { B: 3, S: 20, T: 19 }, entry: "forward" },
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

function modelOf({ family, recipe, also = "", set, tokenizer }: Case): ReturnType<typeof checkedModel> {
  const use = (path: string): ReturnType<typeof sourceFile> => sourceFile(path, read(`${family}/${path}`));
  return checkedModel(`${family}/model.tfm`, `${read(`${family}/model.tfm`)}\n${also}\n`, { recipe, set, use, tokenizer });
}

/** Of each size the greater. */
function largest(a: Sizes, b: Sizes): Sizes {
  return Object.fromEntries(Object.keys({ ...a, ...b }).map((name) => [name, Math.max(a[name] ?? 0, b[name] ?? 0)]));
}

describeGpu("equal to PyTorch", () => {
  for (const one of CASES)
    it(one.name, async () => {
      const expected = referenceTensors(one.name);
      const under = (kind: string) => [...expected].flatMap(([name, { data }]) => (name.startsWith(`${kind}.`) ? [[name.slice(kind.length + 1), data] as const] : []));
      const model = modelOf(one);
      const weights = under("weight");
      expect(weights.map(([path]) => path).sort()).toEqual(model.parameters.map(({ path }) => path).sort());

      const { program } = compile(model, { profile: { kind: "cpu" }, training: true, entries: [one.entry] });
      const bounds = largest(one.sizes, one.entrySizes ?? {});
      const session = await createSession(program, { device: await gpuDevice(), bounds, entries: ["grad", one.entry], debug: true });
      try {
        for (const [path, data] of weights) session.writeState(path, Float32Array.from(data));
        const batch = new Map(under("batch"));
        const fed = (name: string, type: string): Float32Array | Int32Array => (type === "f32" ? Float32Array : Int32Array).from(batch.get(name)!);

        session.run("grad", { sizes: one.sizes, fields: Object.fromEntries(model.recipe!.loss.inputs.map(({ name, type }) => [name, fed(name, type)])) });
        await compareStep(session, expected.get("loss")!.data, under("grad"));
        for (const [name, path] of Object.entries(one.running ?? {}))
          expect(relativeError(await session.readState(path, "running"), expected.get(`out.${name}`)!.data, 1e-6), path).toBeLessThan(1e-5);

        const entry = model.entries.find(({ name }) => name === one.entry)!;
        session.run(one.entry, { sizes: one.entrySizes ?? one.sizes, fields: Object.fromEntries(entry.inputs.map(({ name, type }) => [name, fed(one.fields?.[name] ?? name, type)])) });
        const { shape, data } = await session.read(session.output(one.entry));
        expect(shape).toEqual(expected.get(`out.${one.entry}`)!.shape);
        expect(relativeError(data, expected.get(`out.${one.entry}`)!.data, 1e-6), one.entry).toBeLessThan(1e-5);
      } finally {
        session.dispose();
      }
    });
});

async function compareStep(session: Session, loss: ArrayLike<number>, gradients: readonly (readonly [string, ArrayLike<number>])[]): Promise<void> {
  expect(relativeError(await session.readState(LOSS.path, LOSS.kind), loss, 1e-6), "loss").toBeLessThan(1e-5);
  const largest = Math.max(...gradients.flatMap(([, data]) => Array.from(data, Math.abs)));
  const errors = new Map<string, number>();
  for (const [path, data] of gradients) errors.set(path, relativeError(await session.readState(path, "gradient"), data, 1e-3 * largest));
  expect([...errors].filter(([, error]) => !(error <= 1e-4))).toEqual([]);
}
