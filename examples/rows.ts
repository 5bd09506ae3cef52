/** What `npm run train:all` trains on real data, and the figures that must come out. */
import { metric } from "../src/results/row.ts";
import type { Figure, Measured, Row, TrainedRun } from "../src/results/row.ts";

const SEEDS = [0, 1, 2];
/** Enough seeds for an average of three for each of `SEEDS`. */
const EACH = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const SHAKESPEARE = "--data DATA/tinyshakespeare/input.txt";

const SENTENCE = "examples/bert/model.tfm --recipe sentence";
const SST2 = { held: "eval examples/bert/sst2-dev.tsv" };

/** BERT's other heads: recipe, its file and the run it starts from, data, metric, what it is. */
const HEADS = [
  ["pair", "dates.tfm", "none", "pairs", "accuracy", "pairs of phrases: the same day or not"],
  ["tag", "model.tfm", "RUNS/pretrain", "tags", "accuracy", "tags: words of a date"],
  ["span", "model.tfm", "RUNS/pretrain", "questions", "exact", "spans: the part that is asked for, both ends"],
  ["choice", "dates.tfm", "RUNS/pair", "choices", "accuracy", "multiple choice: which of four is the same day"],
] as const;

export const rows: readonly Row[] = [
  {
    name: "translation",
    runs: { captions: { train: "examples/translation/model.tfm --recipe captions --data DATA/multi30k-fr-en/train.tsv", measure: { beam: "eval DATA/multi30k-fr-en/val.tsv", greedy: "eval DATA/multi30k-fr-en/val.tsv --decode greedy" } } },
    figures: [
      { title: "BLEU on Multi30k's validation set, beam of 4", of: (all) => metric(all, "captions", "beam", "bleu"), mark: { atLeast: 30 }, digits: 1 },
      { title: "BLEU above greedy", of: (all) => metric(all, "captions", "beam", "bleu") - metric(all, "captions", "greedy", "bleu"), mark: { atLeast: 0.5 }, digits: 2 },
    ],
  },
  {
    name: "rnn",
    makesData: true,
    runs: {
      attention: { train: "examples/rnn/model.tfm", measure: { held: "eval examples/rnn/heldout.tsv", longest: "eval examples/rnn/longest.tsv" } },
      none: { train: "examples/rnn/model.tfm --set attention=none", measure: { longest: "eval examples/rnn/longest.tsv" } },
    },
    figures: [
      { title: "exact match on 2,000 held-out dates", of: (all) => metric(all, "attention", "held", "exact_match"), mark: { atLeast: 0.9 }, digits: 3 },
      { title: "points above `attention=none` on the longest third", of: (all) => 100 * (metric(all, "attention", "longest", "exact_match") - metric(all, "none", "longest", "exact_match")), mark: { atLeast: 10 }, digits: 1 },
    ],
  },
  {
    name: "gpt",
    runs: {
      gpt: { train: `examples/gpt/model.tfm ${SHAKESPEARE}`, measure: { held: "eval" } },
      half_hour: { train: `examples/gpt/half-hour.tfm ${SHAKESPEARE}`, measure: { held: "eval" } },
    },
    figures: [
      { title: "nats per character of the last 10 %, in windows of 64", of: (all) => nats(all, "gpt"), mark: { atMost: 1.9 }, digits: 3 },
      { title: "the same after half an hour, by `half-hour.tfm`", of: (all) => nats(all, "half_hour"), mark: { atMost: 1.75 }, digits: 3 },
    ],
  },
  {
    name: "llama",
    runs: { llama: { train: `examples/llama/model.tfm ${SHAKESPEARE}`, measure: { held: "eval" } } },
    figures: belowGpt("llama"),
  },
  {
    name: "moe",
    runs: { moe: { train: `examples/moe/model.tfm ${SHAKESPEARE}`, measure: { held: "eval", experts: "inspect --at blocks.*.feed.used --rows 100" } } },
    figures: [
      ...belowGpt("moe"),
      { title: "the least share of the tokens that an expert of any layer gets", of: (all) => metric(all, "moe", "experts", "min"), mark: { atLeast: 0.1 }, digits: 3 },
    ],
  },
  {
    name: "bert",
    makesData: true,
    runs: {
      pretrain: { train: "examples/bert/model.tfm --recipe pretrain", measure: {} },
      ...Object.fromEntries(HEADS.map(([recipe, file, from, data]) => [recipe, { train: `examples/bert/${file} --recipe ${recipe} --init-from ${from}`, measure: { held: `eval examples/bert/${data}-heldout.tsv` } }])),
      ...averaged("tuned", "RUNS/pretrain"),
      drawn: { train: `${SENTENCE} --init-from none --steps 0`, measure: {} },
      ...averaged("scratch", "RUNS/drawn"),
    },
    figures: [
      { title: "accuracy on SST-2's development set, mean of nine seeds", of: (all) => mean(all, EACH.map((seed) => `tuned-${seed}`), "accuracy"), mark: { atLeast: 0.8 }, digits: 3 },
      { title: "the same of the average of three seeds' weights, mean of three", of: (all) => meanOfSeeds(all, "tuned-average", "accuracy"), mark: { atLeast: 0.8 }, digits: 3 },
      { title: "points that such averages are above those without pre-training", of: (all) => 100 * (meanOfSeeds(all, "tuned-average", "accuracy") - meanOfSeeds(all, "scratch-average", "accuracy")), mark: { atLeast: 1 }, digits: 1 },
      ...HEADS.map(([recipe, , , , of, title]): Figure => ({ title, of: (all) => metric(all, recipe, "held", of), mark: { atLeast: 0.9 }, digits: 3 })),
    ],
  },
  {
    name: "t5",
    makesData: true,
    runs: {
      tasks: { train: "examples/t5/model.tfm --recipe tasks", measure: Object.fromEntries(["french", "english", "digits"].map((task) => [task, `eval examples/t5/heldout-${task}.tsv`])) },
      corrupt: { train: "examples/t5/model.tfm --recipe corrupt", measure: { held: "eval" } },
    },
    figures: [
      { title: "nats per character of the spans taken out of Shakespeare", of: (all) => metric(all, "corrupt", "held", "nats_per_character"), mark: { atMost: 2.2 }, digits: 3 },
      ...["french", "english", "digits"].map((task): Figure => ({ title: `exact match, dates in ${task}`, of: (all) => metric(all, "tasks", task, "exact_match"), mark: { atLeast: 0.9 }, digits: 3 })),
    ],
  },
  {
    name: "vit",
    runs: { vit: { train: "examples/vit/model.tfm --data DATA/mnist", measure: { held: "eval" } } },
    figures: [{ title: "accuracy on 1,000 digits", of: (all) => metric(all, "vit", "held", "accuracy"), mark: { atLeast: 0.965 }, digits: 3 }],
  },
  {
    name: "mae",
    makesData: true,
    runs: {
      pretrain: { train: "examples/mae/model.tfm --recipe pretrain --data DATA/mnist", measure: {} },
      ...perSeed("tuned", (seed) => ({ train: `examples/mae/model.tfm --recipe finetune --init-from RUNS/pretrain --seed ${seed}`, measure: { held: "eval" } })),
      ...perSeed("scratch", (seed) => ({ train: `examples/vit/model.tfm --data examples/mae/mnist-500 --set recipe.mixup=false --set recipe.batch=32 --steps 400 --seed ${seed}`, measure: { held: "eval" } })),
    },
    figures: [
      { title: "points of accuracy above `vit` from scratch, 500 labels, means of 3 seeds", of: (all) => 100 * (meanOfSeeds(all, "tuned", "accuracy") - meanOfSeeds(all, "scratch", "accuracy")), mark: { atLeast: 8 }, digits: 1 },
    ],
  },
  {
    name: "clip",
    makesData: true,
    runs: { clip: { train: "examples/clip/model.tfm", measure: { unseen: "eval" } } },
    figures: [{ title: "accuracy among 100 captions, on the 20 pairs never seen", of: (all) => metric(all, "clip", "unseen", "zero_shot"), mark: { atLeast: 0.8 }, digits: 3 }],
  },
];

function perSeed(name: string, run: (seed: number) => TrainedRun, seeds: readonly number[] = SEEDS): Readonly<Record<string, TrainedRun>> {
  return Object.fromEntries(seeds.map((seed) => [`${name}-${seed}`, run(seed)]));
}

/** SST-2 learnt from the same weights by each seed, and the averages of three seeds' weights each, for which nothing more is trained. */
function averaged(name: string, from: string): Readonly<Record<string, TrainedRun>> {
  const three = (at: number): readonly number[] => EACH.slice(at * SEEDS.length, (at + 1) * SEEDS.length);
  return {
    ...perSeed(name, (seed) => ({ train: `${SENTENCE} --init-from ${from} --seed ${seed}`, measure: SST2 }), EACH),
    ...perSeed(`${name}-average`, (at) => ({ train: `${SENTENCE} ${three(at).map((seed) => `--init-from RUNS/${name}-${seed}`).join(" ")} --steps 0`, measure: SST2 })),
  };
}

function meanOfSeeds(all: Measured, name: string, of: string): number {
  return mean(all, SEEDS.map((seed) => `${name}-${seed}`), of);
}

function mean(all: Measured, names: readonly string[], of: string): number {
  return names.reduce((sum, name) => sum + metric(all, name, "held", of), 0) / names.length;
}

function nats(all: Measured, run: string): number {
  return Math.log(metric(all, run, "held", "perplexity"));
}

function belowGpt(run: string): readonly Figure[] {
  return [
    { title: "nats per character, as for gpt", of: (all) => nats(all, run), mark: { atMost: 1.9 }, digits: 3 },
    { title: "nats below gpt's", of: (all, rows) => nats(rows["gpt"] ?? {}, "gpt") - nats(all, run), mark: { atLeast: 0 }, digits: 3 },
  ];
}
