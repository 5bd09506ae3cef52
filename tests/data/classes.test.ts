/** Classes and tags that are words: numbered as they are sorted, and other data by the same numbers. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { DataSpec } from "../../compiler/check/model.ts";
import type { Examples } from "../../runtime/data/index.ts";
import { bytes } from "../../runtime/text/index.ts";
import { openData } from "../../src/experiment/data.ts";
import type { Data, DataOptions } from "../../src/experiment/data.ts";
import { valueOf } from "../../src/failure.ts";
import type { Result } from "../../src/failure.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-classes-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, content: string): string => {
  writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
};

const labelled = (name: string, content: string, options: DataOptions = {}, classes = 2): Promise<Result<Data>> => {
  const spec: DataSpec = { source: "labelled", arguments: { path: write(name, content), first: "text", second: "", label: "label", classes }, fields: [] };
  return openData(spec, path.join(folder, "model.tfm"), options);
};
const tagged = (name: string, content: string, tags: number, options: DataOptions = {}): Promise<Result<Data>> =>
  openData({ source: "tagged", arguments: { path: write(name, content), tags }, fields: [] }, path.join(folder, "model.tfm"), options);

const fieldOf = (examples: Examples, name: string): readonly number[] =>
  [...examples.encode({ tokenizer: bytes(), batch: 1, seed: 0, limit: undefined }).inOrder()].flatMap(({ fields }) => [...(fields[name] as Int32Array)]);

const WORDS = "text,label\nfine,pos\nbad, neg\ndull,neg\ngood,pos\n";

describe("labels that are words", () => {
  it("are numbered as they are sorted, and kept", async () => {
    const { training, record, classes } = valueOf(await labelled("a.csv", WORDS));
    expect(fieldOf(training, "label")).toEqual([1, 0, 0, 1]);
    expect([classes, record.classes]).toEqual([["neg", "pos"], ["neg", "pos"]]);
  });
  it("are those of all rows, where the last are for validation", async () => {
    const { training, validation } = valueOf(await labelled("b.csv", "text,label\na,yes\nb,yes\nc,maybe\nd,no\n", { validation: 0.5 }, 3));
    expect([fieldOf(training, "label"), fieldOf(validation!, "label")]).toEqual([[2, 2], [0, 1]]);
  });
  it("of other data have the numbers of those that are trained on", async () => {
    write("other.csv", "text,label\nnice,pos\n");
    const { validation } = valueOf(await labelled("a.csv", WORDS, { validation: "other.csv" }));
    expect(fieldOf(validation!, "label")).toEqual([1]);
    const { training } = valueOf(await labelled("c.csv", "text,label\nnice,pos\n", { classes: ["neg", "pos"] }));
    expect(fieldOf(training, "label")).toEqual([1]);
  });
  it("that nothing is trained on are bad rows", async () => {
    const other = "text,label\nnice,pos\nso,neutral\nno,1\n";
    expect(await labelled("d.csv", other, { classes: ["neg", "pos"] })).toMatchObject({ ok: false, failure: { code: "label-range", message: `${path.join(folder, "d.csv")}:3: \`label\` is "neutral" and no class that is trained on`, remedy: "the classes are 0 neg, 1 pos; --skip-bad-rows leaves such rows out" } });
    expect(valueOf(await labelled("d.csv", other, { classes: ["neg", "pos"], skipBadRows: true }))).toMatchObject({ badRows: 2, training: { count: 1 } });
  });
  it("are refused of other data where those that are trained on have numbers", async () => {
    expect(await labelled("a.csv", WORDS, { classes: "numbers" })).toMatchObject({ ok: false, failure: { code: "label-range", message: expect.stringContaining('`label` is "pos" and not a class from 0 to 1') as string } });
    write("words.csv", WORDS);
    expect(await labelled("e.csv", "text,label\nfine,1\nbad,0\n", { validation: "words.csv" })).toMatchObject({ ok: false, failure: { code: "label-range" } });
  });
  it("are mistakes beside numbers", async () => {
    const mixed = "text,label\nfine,1\nbad,none\ndull,0\n";
    expect(await labelled("f.csv", mixed)).toMatchObject({ ok: false, failure: { code: "label-range", message: expect.stringContaining('f.csv:3: `label` is "none"') as string } });
    expect(valueOf(await labelled("f.csv", mixed, { skipBadRows: true })).training.count).toBe(2);
  });
  it("are as many as the recipe says", async () => {
    expect(await labelled("g.csv", "text,label\na,yes\nb,no\nc,maybe\n")).toMatchObject({ ok: false, failure: { code: "classes-count", message: `${path.join(folder, "g.csv")} has 3 classes (0 maybe, 1 no, 2 yes); the recipe says 2`, remedy: "write classes: 3 in the recipe's data" } });
  });
  it("may be missing in a row that is left out", async () => {
    const { badRows, training } = valueOf(await labelled("h.csv", "text,label\nfine,pos\nso,\n,neg\nbad,neg\n", { skipBadRows: true }));
    expect([badRows, fieldOf(training, "label")]).toEqual([2, [1, 0]]);
  });
});

describe("tags that are words", () => {
  it.each([
    ["in columns", "tags.tsv", "Anna\tB-PER\nsleeps\tO\n\nOslo\tB-LOC\n"],
    ["in lists", "tags.jsonl", '{"words":["Anna","sleeps"],"tags":["B-PER","O"]}\n{"words":["Oslo"],"tags":["B-LOC"]}\n'],
  ])("%s", async (_, name, content) => {
    const { training, classes } = valueOf(await tagged(name, content, 3));
    expect(classes).toEqual(["B-LOC", "B-PER", "O"]);
    const tags = fieldOf(training, "tag"), scored = fieldOf(training, "scored");
    expect(tags.filter((_tag, at) => scored[at] === 1)).toEqual([1, 2, 0]);
    expect(await tagged(name, content, 2)).toMatchObject({ failure: { code: "classes-count", remedy: "write tags: 3 in the recipe's data" } });
    expect(await tagged(name, content, 2, { classes: ["B-PER", "O"] })).toMatchObject({ failure: { code: "label-range", message: expect.stringContaining('"B-LOC"') as string } });
  });
});
