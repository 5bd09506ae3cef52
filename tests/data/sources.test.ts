import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Examples } from "../../runtime/data/index.ts";
import { SOURCES } from "../../src/data-sources/index.ts";
import { openData } from "../../src/experiment/data.ts";
import { shownData, validationData } from "../../src/experiment/measured-data.ts";
import { fittingExamples } from "../../src/experiment/fitting.ts";
import { encoded, prepare } from "../../src/experiment/prepare.ts";
import type { Prepared } from "../../src/experiment/prepare.ts";
import { readModel } from "../../src/experiment/source.ts";
import { valueOf } from "../../src/failure.ts";
import { evaluateSize } from "../../runtime/size.ts";
import { packageRoot } from "../../src/package-root.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-sources-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
};

const idx = (shape: readonly number[], values: readonly number[]): Uint8Array => {
  const head = [0, 0, 8, shape.length, ...shape.flatMap((extent) => [0, 0, extent >> 8, extent & 255])];
  return Uint8Array.from([...head, ...values]);
};

/** A recipe that asks for all fields of a source. */
const recipe = (source: string, fields: string, tokenizer: string, batch = 3): string => `
model Nothing(d = 2) {
  param w: [d] ~ ones
  forward() -> real = mean[i] w[i] * w[i]
}
train nothing {
  ${tokenizer === "" ? "" : `tokenizer = ${tokenizer}`}
  data = ${source}
  model = Nothing()
  loss(${fields}) = model()
  optimizer = Sgd(lr: 0.1)
  batch = ${batch}; steps = 5; seed = 4
}`;

const SPECIMENS: ReadonlyMap<string, readonly [source: string, fields: string, tokenizer: string]> = new Map([
  ["text", ['text("text.txt", tokenizer: tokenizer, length: 8)', "ids, next", "characters()"]],
  ["pairs", ['pairs("pairs.tsv", from: "a", to: "b", tokenizer: tokenizer)', "source, target, next", "unigram(60)"]],
  ["corrupted", ['corrupted("text.txt", tokenizer: tokenizer, length: 20)', "source, target, next", "bytes()"]],
  ["sentences", ['sentences("text.txt", tokenizer: tokenizer, length: 16)', "ids, segment, word, follows", "wordpiece(60)"]],
  ["labelled", ['labelled("labels.tsv", first: "sentence", classes: 3, tokenizer: tokenizer)', "ids, segment, label", "bpe(60)"]],
  ["tagged", ['tagged("tags.tsv", tags: 3, tokenizer: tokenizer)', "ids, segment, tag, scored", "bpe(60)"]],
  ["spans", ['spans("spans.jsonl", tokenizer: tokenizer)', "ids, segment, first, last", "wordpiece(60)"]],
  ["choices", ['choices("choices.tsv", choices: 2, tokenizer: tokenizer)', "ids, segment, label", "bpe(60)"]],
  ["images", ['images(".", side: 2)', "image, label", ""]],
  ["captions", ['captions(".", names: "names.txt", side: 2, classes: 3, tokenizer: tokenizer)', "image, caption, label, prompts", "characters()"]],
]);

beforeAll(() => {
  file("text.txt", Array.from({ length: 40 }, (_, at) => `line ${at} of words\n${at % 5 === 0 ? "\n" : ""}`).join(""));
  file("pairs.tsv", "un deux\tone two\ndeux\ttwo\nun\tone\ntrois un\tthree one\n");
  file("labels.tsv", "good\t1\nbad film\t0\nneither good nor bad\t2\nvery good\t1\n");
  file("tags.tsv", "mars\t1\n2019\t2\n\nle\t0\n3\t2\navril\t1\n");
  file("spans.jsonl", '{"question":"when","context":"it was in march 2019","answer":"march 2019"}\n{"question":"who","context":"anna came","answer":"anna"}\n');
  file("choices.tsv", "good or bad\tgood\tbad\t0\none or two\tone\ttwo and more\t1\nlast\ta\tb\t1\n");
  file("train-images-idx3-ubyte.gz", gzipSync(idx([5, 2, 2], Array.from({ length: 20 }, (_, at) => at * 12))));
  file("train-labels-idx1-ubyte.gz", gzipSync(idx([5], [0, 1, 2, 0, 1])));
  file("val-images-idx3-ubyte", idx([2, 2, 2], [255, 0, 0, 0, 0, 0, 0, 255]));
  file("val-labels-idx1-ubyte", idx([2], [2, 1]));
  file("names.txt", "zero\none\ntwo\n");
});

const prepared = (name: string): Promise<Prepared> => {
  const [source, fields, tokenizer] = SPECIMENS.get(name) as readonly [string, string, string];
  return prepare({ source: valueOf(readModel(file(`${name}.tfm`, recipe(source, fields, tokenizer)))) });
};

it("reads every source that the library declares", () => {
  const declared = [...readFileSync(path.join(packageRoot, "std", "data.tfm"), "utf8").matchAll(/^data (\w+)\(/gm)].map(([, name]) => name);
  expect([...SOURCES.keys()].sort()).toEqual(declared.sort());
  expect([...SPECIMENS.keys()].sort()).toEqual(declared.sort());
});

describe.each([...SPECIMENS.keys()])("%s", (name) => {
  it("gives batches of the declared fields, within ranges and bounds, the same for the same step", async () => {
    const run = await prepared(name), again = await prepared(name);
    const declared = run.recipe.data.fields;
    expect(declared.map((field) => field.name)).toEqual((SPECIMENS.get(name)?.[1] ?? "").split(", "));
    const held = encoded(run.data.validation ?? run.data.whole, "data", run.recipe, run.tokenizer);
    const evaluated = [...held.inOrder()].map((batch) => ({ batch, bounds: held.bounds }));
    const trained = Array.from({ length: 2 * run.stepsPerEpoch + 3 }, (_, at) => run.batches(at + 1)).flat();
    expect(trained).toEqual(Array.from({ length: trained.length }, (_, at) => again.batches(at + 1)).flat());
    for (const { batch, bounds } of [...trained.map((one) => ({ batch: one, bounds: run.bounds })), ...evaluated]) {
      for (const [size, value] of Object.entries(batch.sizes)) expect(value, `${size} in ${JSON.stringify(batch.sizes)}`).toBeLessThanOrEqual(bounds[size] ?? 0);
      expect(batch.tokens).toBeGreaterThan(0);
      for (const { name: field, shape, range, type } of declared) {
        const values = batch.fields[field] as Int32Array | Float32Array;
        expect(values.length, field).toBe(shape.reduce((product, size) => product * evaluateSize(size, batch.sizes), 1));
        expect(values.constructor.name).toBe(type === "f32" ? "Float32Array" : "Int32Array");
        const most = range === undefined ? 2 : evaluateSize(range, batch.sizes);
        expect(values.every((value) => value >= 0 && (range === undefined ? value <= 1 : value < most)), `${field} below ${most}`).toBe(true);
      }
    }
    expect(evaluated.reduce((sum, { batch }) => sum + (batch.sizes["B"] ?? 0), 0)).toBeGreaterThan(0);
  });
});

describe("what is for validation", () => {
  it("is measured when the very files are named, all of others otherwise", async () => {
    const { recipe, data: { record } } = await prepared("text");
    const model = path.join(folder, "text.tfm");
    const all = valueOf(await openData(recipe.data, model)).whole.count;
    const last = valueOf(await validationData(recipe, model, record)).examples;
    expect(last.count).toBe(Math.ceil(all / 10));
    expect(valueOf(await validationData(recipe, model, record, { named: path.join(folder, "text.txt") })).examples.count).toBe(last.count);
    expect(valueOf(await validationData(recipe, model, record, { named: file("other.txt", "some other text") })).examples.count).toBe(15);
    const images = await prepared("images");
    expect([images.data.training.count, images.data.validation?.count]).toEqual([5, 2]);
  });

  it("is announced with its size where reading it takes long", async () => {
    const { recipe } = await prepared("text");
    const told: number[] = [];
    const open = (bytes: number): Promise<unknown> => openData(recipe.data, path.join(folder, "text.tfm"), { override: file("long.txt", "a".repeat(bytes)), onReading: (size) => told.push(size) });
    await open(2 ** 24 - 1);
    await open(2 ** 24);
    expect(told).toEqual([2 ** 24]);
  });

  it("is found from any folder, with what else belongs to it", async () => {
    const { recipe, data: { record } } = await prepared("captions");
    expect(record.folder).toBe(folder);
    expect(valueOf(await validationData(recipe, "elsewhere.tfm", record)).examples.count).toBe(2);
  });

  it("is missed where there is none", async () => {
    const { recipe, data: { record } } = await prepared("labelled");
    expect(await validationData(recipe, path.join(folder, "labelled.tfm"), record)).toMatchObject({ ok: false, failure: { code: "no-validation", exit: 2 } });
  });

  it("is what is looked at; where there is none, what was trained on", async () => {
    const text = await prepared("text"), labelled = await prepared("labelled");
    const measured = valueOf(await validationData(text.recipe, path.join(folder, "text.tfm"), text.data.record)).examples;
    for (const named of [undefined, path.join(folder, "text.txt")]) expect(valueOf(await shownData(text.recipe, path.join(folder, "text.tfm"), text.data.record, { named })).examples.count).toBe(measured.count);
    expect(valueOf(await shownData(labelled.recipe, path.join(folder, "labelled.tfm"), labelled.data.record)).examples.count).toBe(labelled.data.record.examples);
  });

  /** A recipe with a further setting, and its data. */
  const withSetting = async (name: string, validation: string): Promise<Prepared> => {
    const [source, fields, tokenizer] = SPECIMENS.get(name) as readonly [string, string, string];
    return prepare({ source: valueOf(readModel(file(`${name}-2.tfm`, recipe(source, fields, tokenizer).replace("  model =", `  validation = ${validation}\n  model =`)))) });
  };
  it("is all of a file that is named, however few its rows are", async () => {
    const { recipe, data } = await withSetting("labelled", "0.25");
    const named = file("one.tsv", `${readFileSync(data.file, "utf8").split("\n")[0]}\n`);
    expect(valueOf(await validationData(recipe, path.join(folder, "labelled.tfm"), data.record, { named })).examples.count).toBe(1);
    expect(valueOf(await validationData(recipe, path.join(folder, "labelled.tfm"), data.record, { named: data.file })).examples.count).toBe(data.validation?.count);
  });

  it("is the last share of the rows or characters, which nothing is learnt from", async () => {
    file("rows.tsv", Array.from({ length: 10 }, (_, at) => `${"abcdefghij"[at]}\t${at % 3}\n`).join(""));
    const [, fields] = SPECIMENS.get("labelled") as readonly [string, string, string];
    const source = recipe('labelled("rows.tsv", first: "sentence", classes: 3, tokenizer: tokenizer)', fields, "characters()").replace("  model =", "  validation = 0.3\n  model =");
    const run = await prepare({ source: valueOf(readModel(file("rows.tfm", source))) });
    expect([run.data.training.count, run.data.validation?.count, run.data.record.validation]).toEqual([7, 3, 3]);
    // The tokenizer was not trained on h, i, j: it does not know them.
    expect([..."abcdefghij"].map((letter) => run.tokenizer?.encode(letter)[0] === run.tokenizer?.unk)).toEqual([...Array<boolean>(7).fill(false), true, true, true]);
    const labels = (examples: Examples): readonly number[] => [...encoded(examples, "data", run.recipe, run.tokenizer).inOrder()].flatMap((batch) => [...(batch.fields["label"] as Int32Array)]);
    expect([labels(run.data.training), run.data.validation && labels(run.data.validation)]).toEqual([[0, 1, 2, 0, 1, 2, 0], [1, 2, 0]]);
    const trained = Array.from({ length: 3 * run.stepsPerEpoch }, (_, at) => run.batches(at + 1)).flat();
    const seen = new Set(trained.flatMap((batch) => [...(batch.fields["ids"] as Int32Array)]));
    expect(seen.has(run.tokenizer?.unk ?? -1)).toBe(false);

    const text = await withSetting("text", "0.25");
    const all = valueOf(await openData(text.recipe.data, path.join(folder, "text-2.tfm"), { validation: 0 }));
    expect(all.validation).toBeUndefined();
    expect(text.data.training.count).toBe(Math.floor(all.training.count * 0.75));
    expect(text.data.training.count + (text.data.validation?.count ?? 0)).toBe(all.training.count);
    const images = await withSetting("images", "0.4");
    expect([images.data.training.count, images.data.validation?.count]).toEqual([3, 2]);
  });

  it("is another file or folder where the recipe names one, relative to the model's folder", async () => {
    file("dev.tsv", "quatre\tfour\n");
    const run = await withSetting("pairs", '"dev.tsv"');
    expect([run.data.training.count, run.data.validation?.count]).toEqual([4, 1]);
    expect(run.data.validation?.pairs?.[0]).toMatchObject({ source: "quatre", target: "four" });
    expect(valueOf(await validationData(run.recipe, "elsewhere.tfm", run.data.record)).examples.count).toBe(1);
    expect(valueOf(await validationData(run.recipe, "elsewhere.tfm", run.data.record, { named: path.join(folder, "pairs.tsv") })).examples.count).toBe(4);
    expect((await withSetting("images", '"."')).data.validation?.count).toBe(2);
  });

  it("is refused where it is missing, trained on or no share", async () => {
    await expect(withSetting("pairs", '"none.tsv"')).rejects.toMatchObject({ failure: { code: "file-missing", remedy: expect.stringContaining("validation") as string } });
    await expect(withSetting("pairs", '"pairs.tsv"')).rejects.toMatchObject({ failure: { code: "validation-trained-on" } });
    await expect(withSetting("pairs", "1.5")).rejects.toMatchObject({ diagnostics: [{ code: "setting-value" }] });
  });
});

describe("bad rows", () => {
  const open = async (name: string, path_: string, skipBadRows = false): ReturnType<typeof openData> => openData((await prepared(name)).recipe.data, path.join(folder, `${name}.tfm`), { override: path_, skipBadRows });
  const cases: readonly (readonly [what: string, source: string, file: string, content: string, code: string, says: string, line: number, good: number])[] = [
    ["a class beyond", "labelled", "a.tsv", "good\t1\nbad\t3\n", "label-range", '"3" and not a class from 0 to 2', 2, 1],
    ["a class that is no number", "labelled", "b.tsv", "sentence\tlabel\ngood\tyes\nok\t1\n", "label-range", '"yes"', 2, 1],
    ["no text", "labelled", "c.csv", 'sentence,label\n" ",1\n"a, ""b""\nc",0\n', "data-empty-column", "`sentence` is empty", 2, 1],
    ["another number of columns", "labelled", "d.tsv", "good\t1\nbad\n", "data-columns", '1 column in "bad"', 2, 1],
    ["semicolons between columns", "labelled", "l.csv", "good,1\nbad;0\n", "data-columns", 'semicolons stand between the columns of "bad;0"', 2, 1],
    ["commas between columns", "labelled", "m.tsv", "good\t1\nbad,0\n", "data-columns", 'commas stand between the columns of "bad,0"', 2, 1],
    ["an open quote", "labelled", "e.csv", 'sentence,label\ngood,1\n"bad,0\n', "data-quotes", "not closed", 3, 1],
    ["no JSON", "labelled", "f.jsonl", '{"sentence":"good","label":1}\n\n{"sentence"\n', "data-not-json", "not JSON", 3, 1],
    ["no such key", "labelled", "g.jsonl", '{"sentence":"good","label":1}\n{"text":"x","label":0}\n', "data-columns", "no `sentence`", 2, 1],
    ["a line without a tab", "pairs", "h.tsv", "un\tone\ndeux\ntrois\tthree\n", "data-no-tab", 'no tab in "deux"', 2, 2],
    ["a tag beyond", "tagged", "i.tsv", "a\t0\n\nb\t1\nc\t7\nd\t0\n\ne\t2\n", "label-range", '"7"', 4, 2],
    ["tags for other words", "tagged", "j.jsonl", '{"words":["a","b"],"tags":[1]}\n{"words":["a"],"tags":[1]}\n', "data-columns", "2 words and 1 tags", 1, 1],
    ["an answer from elsewhere", "spans", "k.tsv", "question\tcontext\tanswer\nwho\tanna came\tberta\nwho\tanna came\tanna\n", "answer-not-found", '"berta"', 2, 1],
  ];
  it.each(cases)("%s stops with file and line, or is counted", async (_, source, name, content, code, says, line, good) => {
    const at = file(name, content);
    const failed = await open(source, at);
    expect(failed).toMatchObject({ ok: false, failure: { code, exit: 1 } });
    expect(failed.ok ? "" : failed.failure.message).toContain(`${at}:${line}: `);
    expect(failed.ok ? "" : failed.failure.message).toContain(says);
    const skipped = valueOf(await open(source, at, true));
    expect([skipped.badRows, skipped.training.count]).toEqual([1, good]);
    expect(skipped.record.badRows).toBe(1);
  });

  describe("pairs that are too long", () => {
    const words = "x".repeat(40);
    /** Lines 3 and 4 are too long, on one side each. */
    const overlong = `bad\nun\tone\n${words} ${"1 ".repeat(600)}\ttwo\ndeux\t${words} ${"2 ".repeat(600)}\ntrois\tthree\n`;
    const prepareOn = (data: string, skipBadRows?: boolean): Promise<Prepared> => prepare({ source: valueOf(readModel(path.join(folder, "pairs.tfm"))), data, skipBadRows });

    it("are bad rows: told with file and line, or left out and counted with the others", async () => {
      const { recipe: chosen, tokenizer } = await prepared("pairs");
      const at = file("long.tsv", overlong);
      const rest = valueOf(await open("pairs", at, true)).training;
      expect(fittingExamples(rest, at, { recipe: chosen, tokenizer })).toMatchObject({ ok: false, failure: {
        code: "sequence-over-limit", exit: 1, message: expect.stringMatching(/long\.tsv:3: the source has \d{3,} tokens; the limit is 512$/) as string, remedy: expect.stringContaining("--skip-bad-rows") as string,
      } });
      const { data: { training, badRows, record } } = await prepareOn(at, true);
      expect([badRows, record.badRows, record.examples, training.count]).toEqual([3, 3, 2, 2]);
      expect(training.pairs?.map(({ source }) => source)).toEqual(["un", "trois"]);
    });
    it("of Parquet are told by their row", async () => {
      const at = path.join(folder, "long.parquet");
      writeFileSync(at, new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "a", data: ["un", "1 ".repeat(700)], type: "STRING" }, { name: "b", data: ["one", "two"], type: "STRING" }] })));
      await expect(prepareOn(at)).rejects.toMatchObject({ failure: { message: expect.stringContaining("long.parquet: row 2: the source has") as string } });
    });
    it("for validation stop a run before it begins, and are not measured on where they are left out", async () => {
      file("long-dev.tsv", overlong.slice(4));
      // Relative to the model's folder, which is not the working directory: messages say where the file lies.
      const set = { "recipe.validation": "long-dev.tsv" }, named = path.join(folder, "long-dev.tsv");
      const source = valueOf(readModel(path.join(folder, "pairs.tfm")));
      await expect(prepare({ source, set })).rejects.toMatchObject({ failure: { code: "sequence-over-limit", message: expect.stringContaining(`${named}:2: the source has`) as string } });
      const { data, recipe: chosen, tokenizer } = await prepare({ source, set, skipBadRows: true });
      const { badRows, ...strict } = data.record;
      expect([badRows, data.badRows, data.training.count, data.validation?.count, data.record.validation]).toEqual([2, 2, 4, 2, 2]);
      expect(valueOf(await validationData(chosen, "elsewhere.tfm", data.record, { tokenizer }))).toMatchObject({ badRows: 2, examples: { count: 2 } });
      expect(await validationData(chosen, "elsewhere.tfm", strict, { tokenizer })).toMatchObject({ ok: false, failure: { message: expect.stringContaining(`${named}:2: the source has`) as string } });
      expect(await validationData(chosen, "elsewhere.tfm", data.record, { named, tokenizer })).toMatchObject({ ok: false, failure: { code: "sequence-over-limit" } });
      expect(valueOf(await validationData(chosen, "elsewhere.tfm", data.record, { named, tokenizer, skipBadRows: true }))).toMatchObject({ badRows: 2, examples: { count: 2 } });
    });
    it("that are all there is leave nothing to train on", async () => {
      await expect(prepareOn(file("only.tsv", `${"1 ".repeat(600)}\tone\n`), true)).rejects.toMatchObject({ failure: { code: "data-empty", message: expect.stringContaining("1 that are longer than 512 tokens") as string } });
    });
  });

  it("that are all there is leave nothing to train on", async () => {
    expect(await open("labelled", file("none.tsv", "good\t9\n"), true)).toMatchObject({ ok: false, failure: { code: "data-empty", message: expect.stringContaining("1 bad ones") as string } });
  });
});

describe("images", () => {
  const open = async (): ReturnType<typeof openData> => openData((await prepared("images")).recipe.data, path.join(folder, "images.tfm"), { override: path.join(folder, "x-images-idx3-ubyte") });
  const images = (bytes: Uint8Array, labels = idx([1], [1])): ReturnType<typeof openData> => {
    file("x-images-idx3-ubyte", bytes);
    file("x-labels-idx1-ubyte", labels);
    return open();
  };
  it.each([
    ["no IDX", Uint8Array.from([1, 2, 3, 4, 5]), undefined, "images-damaged", "does not begin"],
    ["cut off", idx([1, 2, 2], [1, 2, 3]), undefined, "images-damaged", "3 values where its header says 1 × 2 × 2"],
    ["cut off within the pack", gzipSync(idx([1, 2, 2], [1, 2, 3, 4])).subarray(0, 20), undefined, "images-damaged", "unpacked"],
    ["of other numbers", Uint8Array.from([0, 0, 13, 1, 0, 0, 0, 0]), undefined, "images-damaged", "0xd"],
    ["of another form", idx([1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]), undefined, "images-form", "3 × 3"],
    ["without a label each", idx([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), undefined, "images-damaged", "2 images"],
    ["of a class beyond", idx([1, 2, 2], [1, 2, 3, 4]), idx([1], [10]), "label-range", "class 10"],
  ])("%s are refused", async (_, bytes, labels, code, says) => {
    const made = await images(bytes, labels);
    expect(made).toMatchObject({ ok: false, failure: { code, exit: 1, message: expect.stringContaining(says) as string } });
    expect(made.ok ? "" : made.failure.message).toContain("x-");
  });

  it("in IDX files need a file of names to be captioned", async () => {
    const { recipe: { data } } = await prepared("captions");
    expect(await openData({ ...data, arguments: { ...data.arguments, names: "" } }, path.join(folder, "captions.tfm"))).toMatchObject({ ok: false, failure: { code: "names-missing" } });
  });

  it("are told to be missing", async () => {
    expect(await openData((await prepared("images")).recipe.data, "x.tfm", { override: path.join(folder, "nowhere") })).toMatchObject({ ok: false, failure: { code: "file-missing" } });
  });
});
