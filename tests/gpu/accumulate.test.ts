/** Gradient accumulation is exact: micro-batches, each with its own padding, make the step that one batch of all rows makes. */
import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { createSession } from "../../runtime/create-session.ts";
import type { Session } from "../../runtime/session.ts";
import { REPORT } from "../../runtime/training/report.ts";
import { stepJobs, type TrainingBatch } from "../../runtime/training/trainer.ts";
import { draws } from "../../runtime/random/philox.ts";
import { describeGpu, gpuDevice } from "../support/gpu.ts";
import { checkedModel, relativeError } from "../support/reference.ts";
import { HostGradient } from "./host-training.ts";

const VOCABULARY = 11, PAD = 0;
const OPTIMIZER = `optimizer = AdamW(lr: 0.01, eps: 0.05, decay: 0.1)
  batch = 6; steps = 10; clip = 0.5; seed = 5`;

/** Predicts ids from those before; positions that hold padding count nowhere. */
const TEXT = `model Words(vocab, d = 8) {
  embed  = Embedding(vocab, d, init: normal(0.5))
  attend = Attention(d, heads: 2, causal: true)
  norm   = LayerNorm(d)
  head   = Linear(d, vocab)
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] {
    x = embed(ids)
    return head(norm(x + attend(x, keep: ids != ${PAD})))
  }
}

train whole {
  data = text("words.txt", tokenizer: tokenizer)
  tokenizer = bpe(${VOCABULARY})
  model = Words(vocab: tokenizer.size)
  loss(ids, next) = cross_entropy(model(ids), next, smoothing: 0.1, keep: next != ${PAD})
  ${OPTIMIZER}
}
`;

const IMAGES = `model Net(side, classes, ff = 9) {
  param weight: [side, side, ff] ~ xavier(side * side, ff)
  down = Linear(ff, classes)
  back = Linear(ff, side)
  hidden(image: [B, side, side, 1]) -> [B, ff] {
    h[b,j] = sum[p,q] image[b,p,q,0] * weight[p,q,j]
    return gelu(h)
  }
  forward(image: [B, side, side, 1]) -> [B, classes] = down(hidden(image))
  penalty() -> real = 0.01 * sum[p,q,j] weight[p,q,j]^2
  edges(image: [B, side, side, 1]) -> [B, side] = back(hidden(image))
}

train base {
  data = images("digits", side: 4, classes: 3)
  model = Net(side: 4, classes: 3)
  loss(image, label) {
    edge[b,p] = image[b,p,0,0]
    return LOSS
  }
  ${OPTIMIZER}
}
`;

/** Rows of words, of these lengths; the rest is padding. */
function words(seed: number, lengths: readonly number[], ignored = false): TrainingBatch[] {
  const random = draws(seed, 0);
  const rows = lengths.map((length) => Array.from({ length: length + 1 }, () => 1 + random.below(VOCABULARY - 1)));
  return rows.map((row) => ({
    sizes: { B: 1, T: row.length - 1 },
    fields: { ids: Int32Array.from(row.slice(0, -1)), next: ignored ? new Int32Array(row.length - 1).fill(PAD) : Int32Array.from(row.slice(1)) },
    tokens: row.length - 1,
  }));
}

/** Rows as one batch, padded to the longest of them. */
function together(rows: readonly TrainingBatch[]): TrainingBatch {
  const T = Math.max(...rows.map(({ sizes }) => sizes["T"]!));
  const padded = (field: "ids" | "next"): Int32Array<ArrayBuffer> => {
    const into = new Int32Array(rows.length * T).fill(PAD);
    for (const [at, { fields }] of rows.entries()) into.set(fields[field] as Int32Array, at * T);
    return into;
  };
  return { sizes: { B: rows.length, T }, fields: { ids: padded("ids"), next: padded("next") }, tokens: 1 };
}

function images(from: number, B: number): TrainingBatch {
  const pixels: number[] = [], labels: number[] = [];
  for (let row = from; row < from + B; row++) {
    const random = draws(9, row);
    for (let at = 0; at < 16; at++) pixels.push(random.normal());
    labels.push(random.below(3));
  }
  return { sizes: { B }, fields: { image: Float32Array.from(pixels), label: Int32Array.from(labels) }, tokens: B };
}

const rows = [...words(1, [7, 3, 5]), ...words(2, [2, 1]), ...words(3, [9])];
const CASES = [
  { name: "cross-entropy over kept positions", text: TEXT, recipe: "whole", whole: together(rows), parts: [together(rows.slice(0, 3)), together(rows.slice(3, 5)), together(rows.slice(5))] },
  {
    name: "cross-entropy where one micro-batch keeps nothing", text: TEXT, recipe: "whole",
    whole: together([...words(1, [4, 2]), ...words(4, [6], true), ...words(5, [3])]),
    parts: [together(words(1, [4, 2])), together(words(4, [6], true)), together(words(5, [3]))],
  },
  ...[
    ["mean squares of all elements", "mse(model.edges(image), edge)"],
    ["a mean of the batch and one of what is kept", "cross_entropy(model(image), label, keep: label != 0) + 0.3 * mse(model.edges(image), edge)"],
    ["a penalty of the weights", "cross_entropy(model(image), label) + model.penalty()"],
    ["penalties within a difference", "0.5 * (cross_entropy(model(image), label, keep: label != 0) - 3 * model.penalty()) + 1 + mse(model.edges(image), edge) * (1 + model.penalty())"],
    ["a mean over the rows, of a sum", "-0.5 * mean[b] sum[p] edge[b,p] * model.edges(image)[b,p]"],
    ["a mean over the rows first, then a sum", "sum[p] m[p]", "m[p] = mean[b] model.edges(image)[b,p]^2"],
    ["rows that are divided each by their number", "sum[b] l[b]", "l[b] = (sum[p] model.edges(image)[b,p]^2) / (sum[c < B] 1)"],
    ["weights divided by their sum before they are used", "sum[b] l[b]", "w[b] = label[b] + 1.0; n = sum[b] w[b]; l[b] = w[b] / n * sum[p] model.edges(image)[b,p]^2"],
    ["a count of integers, at least one", "(sum[b where label[b] > 0] e[b,0]^2) / max(1, n)", "e = model.edges(image); n = sum[b where label[b] > 0] 1"],
    ["a number of rows to the power -1", "(sum[b,p] model.edges(image)[b,p]^2) * (sum[c < B] 1)^-1"],
    ["a mean divided by a number that is no count of rows", "cross_entropy(model(image), label) / (sum[q < 7] 1)"],
    ["the part of the rows that are kept times a mean of them", "share * cross_entropy(model(image), label, keep: label != 0)", "share = (sum[b where label[b] != 0] 1) / (sum[c < B] 1)"],
    ["a mean times a function of the number of rows", "log(2.0 + sum[c < B] 1) * mse(model.edges(image), edge)"],
    ["terms that are used twice, again and again", "a24", `a0 = mse(model.edges(image), edge); ${Array.from({ length: 24 }, (_, at) => `a${at + 1} = 0.5 * a${at} + 0.5 * a${at}`).join("; ")}`],
    ["a row's place in a table", "mean[b] e[b, label[b]]^2", "e = model.edges(image)"],
  ].map(([name, loss, before = ""]) => ({ name: name!, text: IMAGES.replace("return LOSS", `${before}\n    return ${loss!}`), recipe: "base", whole: images(0, 6), parts: [images(0, 2), images(2, 1), images(3, 3)] })),
];

async function stepped(text: string, recipe: string, batches: readonly TrainingBatch[]): Promise<{ readonly session: Session; readonly before: Map<string, Float32Array>; readonly report: Float32Array }> {
  const accumulate = batches.length > 1 ? { "recipe.accumulate": String(batches.length) } : {};
  const model = checkedModel("model.tfm", text, { recipe, tokenizer: { size: VOCABULARY, pad: PAD, start: 1, end: 2, unk: 3 }, set: accumulate });
  const { program } = compile(model, { profile: { kind: "cpu" }, training: true, entries: [] });
  const session = await createSession(program, { device: await gpuDevice(), bounds: { B: 6, T: 9 }, seed: 5, debug: true, batches: batches.length });
  const before = new Map((await session.readStates(["parameter"])).map(({ path, data }) => [path, data]));
  return { session, before, report: await session.runWithReport(stepJobs(session, batches, 1)) };
}

describeGpu("accumulated gradients are those of one batch", () => {
  for (const { name, text, recipe, whole, parts } of CASES)
    it(name, async () => {
      const one = await stepped(text, recipe, [whole]);
      const many = await stepped(text, recipe, parts);
      expect(many.before).toEqual(one.before);
      expect(many.session.has("count")).toBe(true);
      const model = checkedModel("model.tfm", text, { recipe, tokenizer: { size: VOCABULARY, pad: PAD, start: 1, end: 2, unk: 3 } });
      const wanted = new HostGradient(model).at(one.before, whole);
      const scale = Math.max(...[...wanted.raw.values()].flatMap((data) => Array.from(data, Math.abs)));
      for (const { session, report, before } of [one, many]) {
        expect(relativeError([report[REPORT.loss]!, report[REPORT.gradNorm]!], [wanted.loss, wanted.norm], 0)).toBeLessThan(1e-5);
        expect(report[REPORT.badStep]).toBe(0);
        for (const [path, data] of wanted.raw) {
          expect(relativeError(await session.readState(path, "gradient"), data, scale), `gradient of ${path}`).toBeLessThan(1e-5);
          const weights = await session.readState(path);
          expect(relativeError(weights, await one.session.readState(path), 1e-2), path).toBeLessThan(1e-5);
          expect(weights.every((value, at) => value === before.get(path)![at])).toBe(data.every((value) => value === 0) && path.endsWith("bias"));
        }
      }
      // Nothing of a step is left in the next, in which the micro-batches come in another order, nor in one of a single micro-batch.
      for (const [step, batches] of [[2, parts.toReversed()], [3, [whole]]] as const) {
        const [a, b] = [await one.session.runWithReport(stepJobs(one.session, [whole], step)), await many.session.runWithReport(stepJobs(many.session, batches, step))];
        expect(relativeError(b.slice(0, 2), a.slice(0, 2), 0)).toBeLessThan(1e-5);
      }
      one.session.dispose();
      many.session.dispose();
    });
});

/** Terms that no sum of the micro-batches gives, beside one that has its own denominators. */
const SHARED = [
  ["a root of a mean", "sqrt(mean[b,p] e[b,p]^2)"],
  ["a square of a mean", "sum[p] (mean[b] e[b,p])^2"],
  ["the largest of the batch", "max[b,p] e[b,p]"],
  ["a product of two means", "(mean[b,p] e[b,p]^2) * (mean[b] e[b,0])"],
  ["distances to a mean of the rows, over a count", "(sum[b where label[b] > 0] (e[b,0] - (mean[c] e[c,0]))^2) / (1 + sum[b where label[b] > 0] 1)"],
  ["rows by their part of a sum", "sum[b] e[b,0]^2 * exp(e[b,1]) / (sum[c] exp(e[c,1]))"],
  ["rows by their place", "sum[b where b < 2] e[b,0]^2"],
  ["a count of distances to a mean", "(sum[b,p] e[b,p]^2) / (1 + sum[b] (edge[b,0] - (mean[c] edge[c,0]))^2)"],
];

describeGpu("what does not add up counts by a micro-batch's share of the rows", () => {
  it.each(SHARED)("%s", async (_, term) => {
    const text = (loss: string): string => IMAGES.replace("return LOSS", `e = model.edges(image)\n    return ${loss}`);
    const [whole, ...parts] = [images(0, 6), images(0, 1), images(1, 2), images(3, 3)];
    const both = text(`cross_entropy(model(image), label) + 0.3 * ${term}`);
    const { session, report, before } = await stepped(both, "base", parts);
    const exact = new HostGradient(checkedModel("model.tfm", text("cross_entropy(model(image), label)"))).at(before, whole);
    const other = new HostGradient(checkedModel("model.tfm", text(`0.3 * ${term}`)));
    const shared = parts.map((part) => ({ share: part.sizes["B"]! / 6, ...other.at(before, part) }));
    expect(report[REPORT.loss]).toBeCloseTo(exact.loss + shared.reduce((sum, { share, loss }) => sum + share * loss, 0), 5);
    for (const [path, data] of before) {
      const wanted = Float64Array.from(data, (_value, at) => (exact.raw.get(path)?.[at] ?? 0) + shared.reduce((sum, { share, raw }) => sum + share * (raw.get(path)?.[at] ?? 0), 0));
      expect(relativeError(await session.readState(path, "gradient"), wanted, 0.1), path).toBeLessThan(1e-5);
    }
    session.dispose();
  });
});
