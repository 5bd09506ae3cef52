/** The examples' data makers: the same seed gives the same files, and nothing held out stands among what is trained on. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { files as bertFiles } from "../../examples/bert/data.ts";
import { files as clipFiles } from "../../examples/clip/data.ts";
import type { DataRequest } from "../../examples/files.ts";
import { files as rnnFiles } from "../../examples/rnn/data.ts";
import { files as t5Files } from "../../examples/t5/data.ts";
import { idxPictures } from "../../runtime/data/images.ts";

type Files = ReadonlyMap<string, string | Uint8Array>;
const text = (files: Files, name: string): string => files.get(name) as string;
const rows = (files: Files, name: string): string[][] => text(files, name).trimEnd().split("\n").map((line) => line.split("\t"));
const column = (of: readonly (readonly string[])[], at: number): Set<string> => new Set(of.map((row) => row[at] ?? ""));

/** What other people's files hold, as little as will do. */
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
const idx = (shape: readonly number[], values: readonly number[]): Uint8Array =>
  gzipSync(Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((extent) => [0, 0, extent >> 8, extent & 255]), ...values]));
/** Two pictures of each digit; a picture's ink is 10 times its digit in training and one more in the others, everywhere. */
const mnist = (more: number): readonly [Uint8Array, Uint8Array] => {
  const labels = Array.from({ length: 20 }, (_, at) => at % 10);
  return [idx([20, 28, 28], labels.flatMap((digit) => Array<number>(784).fill(10 * digit + 1 + more))), idx([20], labels)];
};
const [trainImages, labels] = mnist(0), [valImages] = mnist(1);
const FROM: Readonly<Record<string, Uint8Array>> = {
  "sst2/train.tsv": bytes("a stirring , funny film\t1\none long string of cliches that goes on , and on , and on again\t0\n"),
  "sst2/dev.tsv": bytes("dull\t0\n"),
  "multi30k-fr-en/train.tsv": bytes("Un chat.\tA cat.\n"),
  "tinyshakespeare/input.txt": bytes("First Citizen"),
  "mnist/train-images-idx3-ubyte.gz": trainImages,
  "mnist/train-labels-idx1-ubyte.gz": labels,
  "mnist/val-images-idx3-ubyte.gz": valImages,
  "mnist/val-labels-idx1-ubyte.gz": labels,
};
const request = (seed: number): DataRequest => ({
  seed,
  read: (file) => {
    const found = FROM[file];
    if (found === undefined) throw new Error(`no ${file}`);
    return found;
  },
});

const MAKERS = { rnn: rnnFiles, t5: t5Files, clip: clipFiles, bert: bertFiles };

describe.each(Object.entries(MAKERS))("%s", (_, make) => {
  it("gives the same files for the same seed, and others for another", () => {
    const [one, again, other] = [0, 0, 1].map((seed) => make(request(seed)).map(([name, content]) => [name, createHash("sha256").update(content).digest("hex")]));
    expect(again).toEqual(one);
    expect(other?.map(([name]) => name)).toEqual(one?.map(([name]) => name));
    expect(other).not.toEqual(one);
  });
});

describe("rnn", () => {
  const files = new Map(rnnFiles(request(0)));
  it("holds out phrases that are not trained on, and names the longest third of them", () => {
    const [train, heldOut, longest] = ["dates.tsv", "heldout.tsv", "longest.tsv"].map((name) => rows(files, name)) as [string[][], string[][], string[][]];
    expect([train.length, heldOut.length, longest.length]).toEqual([20_000, 2_000, 667]);
    const known = column(train, 0);
    expect(heldOut.filter(([french = ""]) => known.has(french))).toEqual([]);
    const third = Math.min(...longest.map(([french = ""]) => french.length));
    const others = heldOut.map(([french = ""]) => french).filter((french) => !column(longest, 0).has(french));
    expect(others.filter((french) => french.length > third)).toEqual([]);
    expect(heldOut.every((row) => row.length === 2)).toBe(true);
  });
});

describe("t5", () => {
  const files = new Map(t5Files(request(0)));
  const DAYS = { French: /^(\S+ )?\d{1,2} \S+ \d{4}$/, English: /^(\S+, )?\S+ \d{1,2}, \d{4}$/, digits: /^\d{4}-\d\d-\d\d$/ };
  it("asks for each of three forms, by how the source begins", () => {
    for (const [name, form] of Object.entries(DAYS)) {
      const held = rows(files, `heldout-${name.toLowerCase()}.tsv`);
      expect(held).toHaveLength(500);
      expect(held.filter(([source = "", target = ""]) => !(source.startsWith(`in ${name}: `) && form.test(target)))).toEqual([]);
    }
  });
  it("has one answer for a source, and days held out in every form", () => {
    const train = rows(files, "tasks.tsv");
    expect(column(train, 0).size).toBe(20_000);
    const held = rows(files, "heldout.tsv");
    const known = column(train, 0);
    expect(held.filter(([source = ""]) => known.has(source))).toEqual([]);
    const days = column(train.filter(([source = ""]) => source.startsWith("in digits")), 1);
    expect(held.filter(([, target = ""]) => days.has(target))).toEqual([]);
  });
  it("means the same day on both sides", () => {
    for (const [source = "", target = ""] of rows(files, "heldout-digits.tsv").filter(([source = ""]) => /[A-Z]/.test(source.slice(11)))) {
      expect(new Date(`${source.slice(11)} UTC`).toISOString().slice(0, 10)).toBe(target);
    }
  });
  it("takes along the text to corrupt where there is one", () => {
    expect(files.get("input.txt")).toEqual(bytes("First Citizen"));
    const without: DataRequest = { seed: 0, read: () => { throw new Error("nothing there"); } };
    expect(new Map(t5Files(without)).has("input.txt")).toBe(false);
  });
});

describe("clip", () => {
  const files = new Map(clipFiles(request(0)));
  const pictures = (name: string): ReturnType<typeof idxPictures> => idxPictures(files.get(`pairs/${name}-images-idx3-ubyte`) as Uint8Array, files.get(`pairs/${name}-labels-idx1-ubyte`) as Uint8Array);
  const [train, val, seen] = ["train", "val", "seen"].map(pictures) as [ReturnType<typeof idxPictures>, ReturnType<typeof idxPictures>, ReturnType<typeof idxPictures>];
  it("has captions of all 100 pairs in their order", () => {
    const captions = text(files, "captions.txt").trimEnd().split("\n");
    expect(captions).toHaveLength(100);
    expect([captions[0], captions[73], captions[99]]).toEqual(["zero left of zero", "seven left of three", "nine left of nine"]);
  });
  it("trains on 80 pairs, each equally often, and holds out 20 with each digit twice on either side", () => {
    const held = new Set(val.labels);
    expect(held.size).toBe(20);
    for (let digit = 0; digit < 10; digit++) {
      expect([...held].filter((pair) => Math.floor(pair / 10) === digit)).toHaveLength(2);
      expect([...held].filter((pair) => pair % 10 === digit)).toHaveLength(2);
    }
    const counts = new Map<number, number>();
    for (const pair of train.labels) counts.set(pair, (counts.get(pair) ?? 0) + 1);
    expect([...counts.keys()].some((pair) => held.has(pair))).toBe(false);
    expect([counts.size, ...new Set(counts.values())]).toEqual([80, 750]);
    expect([...new Set(seen.labels)].toSorted((a, b) => a - b)).toEqual([...counts.keys()].toSorted((a, b) => a - b));
  });
  it("draws the left digit into the left half and the right one into the right, from pictures of its own for what is held out", () => {
    for (const [set, more] of [[train, 0], [val, 1], [seen, 1]] as const) {
      const pair = set.labels[5]!, row = set.pixels.subarray(5 * 784 + 14 * 28, 5 * 784 + 15 * 28);
      expect([row[7], row[21]]).toEqual([10 * Math.floor(pair / 10) + 1 + more, 10 * (pair % 10) + 1 + more]);
    }
  });
});

describe("bert", () => {
  const files = new Map(bertFiles(request(0)));
  const day = (phrase: string): number => Date.parse(`${phrase.replace(/^\w+, /, "").replace("Sept ", "Sep ")} UTC`);
  it("cuts long sentences in two, each a document of its own, and has the reviews four times", () => {
    const documents = text(files, "text.txt").trimEnd().split("\n\n").map((document) => document.split("\n"));
    const reviews = [["a stirring , funny film"], ["one long string of cliches that goes on ,", "and on , and on again"]];
    expect(documents.toSorted()).toEqual([["A cat."], ...[reviews, reviews, reviews, reviews].flat()].toSorted());
    expect(text(files, "sst2-dev.tsv")).toBe("sentence\tlabel\ndull\t0\n");
  });
  it("says of pairs whether they are the same day", () => {
    for (const name of ["pairs.tsv", "pairs-heldout.tsv"]) {
      const [header, ...pairs] = rows(files, name);
      expect(header).toEqual(["a", "b", "label"]);
      expect(pairs.filter(([first = "", second = "", label]) => (day(first) === day(second)) !== (label === "1"))).toEqual([]);
      expect(pairs.filter(([, , label]) => label === "1").length / pairs.length).toBeCloseTo(0.5, 1);
    }
  });
  it("has one right choice of four", () => {
    const [header, ...choices] = rows(files, "choices-heldout.tsv");
    expect(header).toEqual(["question", "choice1", "choice2", "choice3", "choice4", "label"]);
    for (const [question = "", ...rest] of choices) {
      const same = rest.slice(0, 4).map((choice) => day(choice) === day(question));
      expect([same.filter(Boolean).length, same.indexOf(true)]).toEqual([1, Number(rest[4])]);
    }
  });
  it("tags weekdays, days, months, years and hours", () => {
    const FORMS = [/^\D+$|^\d\d$/, /^\w+day$/, /^\d{1,2}$/, /^[A-Z][a-z]{2,8}$/, /^\d{4}$/, /^\d{1,2}$/];
    const words = text(files, "tags-heldout.tsv").trimEnd().split("\n").filter((line) => line !== "").map((line) => line.split("\t"));
    expect(words.filter(([word = "", tag = ""]) => !FORMS[Number(tag)]?.test(word))).toEqual([]);
    expect(column(words, 1)).toEqual(new Set(["0", "1", "2", "3", "4", "5"]));
  });
  it("asks for parts that stand in the phrase", () => {
    const [, ...questions] = rows(files, "questions.tsv");
    expect(questions.filter(([, context = "", answer = ""]) => !context.includes(answer))).toEqual([]);
    expect(column(questions, 0)).toEqual(new Set(["which weekday?", "which day?", "which month?", "which year?", "which hour?"]));
  });
  it("keeps the held-out days out of training", () => {
    const days = (name: string): Set<number> => new Set(rows(files, name).slice(1).flatMap(([first = "", second = ""]) => [day(first), day(second)]));
    const trained = new Set(rows(files, "pairs.tsv").slice(1).map(([first = ""]) => day(first)));
    expect([...new Set(rows(files, "pairs-heldout.tsv").slice(1).map(([first = ""]) => day(first)))].filter((one) => trained.has(one))).toEqual([]);
    expect(days("choices.tsv").has(Number.NaN)).toBe(false);
  });
});
