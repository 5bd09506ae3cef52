/** Sources that a model's file declares itself: what cells may hold, how rows become batches, what is refused. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, describe, expect, it } from "vitest";
import { bytes } from "../../runtime/text/index.ts";
import { recipeOf, checkedModel } from "../../src/experiment/check.ts";
import { openData } from "../../src/experiment/data.ts";
import type { Data, DataOptions } from "../../src/experiment/data.ts";
import { prepare } from "../../src/experiment/prepare.ts";
import { readModel } from "../../src/experiment/source.ts";
import { valueOf } from "../../src/failure.ts";
import type { Result } from "../../src/failure.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-table-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
};

/** A model of no meaning, for the sake of its data. */
const model = (fields: string, file: string, more = "", limit = ""): string => write(`${file}.tfm`, `data mine(path: text${fields.includes("tokenizer") ? ", tokenizer: tokenizer" : ""}) { ${fields} }
model M(d = 2) { out = Linear(d, 1); forward(x: [N, d]) -> [N, 1] = out(x) }
train t {
  tokenizer = bytes(); data = mine("${file}"${fields.includes("tokenizer") ? ", tokenizer: tokenizer" : ""}); model = M()
  loss(${limit === "" ? "" : "x"}) { ${limit} z[n < 4, i < 2] = 1.0; y = model(z); return mean[n, c] y[n,c] }
  optimizer = Adam(lr: 1e-3); batch = 2; steps = 10; ${more}
}
`);

function opened(fields: string, name: string, content: string | Uint8Array, options: DataOptions = {}): Promise<Result<Data>> {
  write(name, content);
  const file = model(fields, name);
  return openData(recipeOf(checkedModel(valueOf(readModel(file)))).data, file, options);
}

const batchesOf = ({ whole }: Data, batch = 8) => [...whole.encode({ tokenizer: bytes(), batch, seed: 0, limit: undefined }).inOrder()];

const plain = (fields: Readonly<Record<string, Float32Array | Int32Array>>) => Object.fromEntries(Object.entries(fields).map(([name, data]) => [name, [data.constructor.name, ...data]]));

describe("what a row holds", () => {
  const FIELDS = "x: [B, 2]; y: [B]; n: int[B]; kind: index(3)[B]; even: bool[B]";
  const WANTED = { x: ["Float32Array", 1, 2.5, -3, 4000], y: ["Float32Array", 0.5, 7], n: ["Int32Array", -4, 12], kind: ["Int32Array", 2, 0], even: ["Int32Array", 1, 0] };
  it.each([
    ["a.csv", 'even,x,kind,y,n\ntrue,"1, 2.5",2,.5,-4\nfalse,"[-3 4e3]",0,7,12\n'],
    ["headless.csv", '1 2.5,.5,-4,2,true\n-3 4e3,7,12,0,0\n'],
    ["a.tsv", "x\ty\tn\tkind\teven\tother\n1 2.5\t.5\t-4\t2\t1\tz\n-3 4000\t7\t12\t0\t0\tz\n"],
    ["a.jsonl", '{"x":[1,2.5],"y":0.5,"n":-4,"kind":2,"even":true}\n\n{"x":["-3","4e3"],"y":"7","n":12.0,"kind":0,"even":0}\n'],
    ["a.parquet", new Uint8Array(parquetWriteBuffer({ columnData: [
      { name: "x", data: [[1, 2.5], [-3, 4000]], type: "JSON" }, { name: "y", data: [0.5, 7], type: "DOUBLE" }, { name: "n", data: [-4n, 12n], type: "INT64" },
      { name: "kind", data: [2, 0], type: "INT32" }, { name: "even", data: [true, false], type: "BOOLEAN" },
    ] }))],
  ])("is the same in %s", async (name, content) => {
    const [batch] = batchesOf(valueOf(await opened(FIELDS, name, content)));
    expect(batch!.sizes).toEqual({ B: 2 });
    expect(plain(batch!.fields)).toEqual(WANTED);
  });

  it("of several axes is a list of lists or all of them in a row", async () => {
    const data = valueOf(await opened("x: [B, 2, 2]", "grid.jsonl", '{"x":[[1,2],[3,4]]}\n{"x":[5,6,7,8]}\n'));
    const [batch] = batchesOf(data);
    expect([...batch!.fields["x"]!]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([batch!.tokens, data.whole.unit]).toEqual([2, "rows"]);
  });

  it("of a length of its own is filled up with 0 behind its end, on whatever axis", async () => {
    const data = valueOf(await opened("x: [B, T, 2]; y: [B, 2, T]; seen: bool[B, T]; none: [B, S]", "long.jsonl", '{"x":[[1,2]],"y":[[1],[2]],"seen":[1],"none":[]}\n{"x":[[1,2],[3,4],[5,6]],"y":[[1,2,3],[4,5,6]],"seen":[1,1,1],"none":[]}\n'));
    const [batch] = batchesOf(data);
    expect(batch!.sizes).toEqual({ B: 2, T: 3, S: 1 });
    expect([...batch!.fields["x"]!]).toEqual([1, 2, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
    expect([...batch!.fields["y"]!]).toEqual([1, 0, 0, 2, 0, 0, 1, 2, 3, 4, 5, 6]);
    expect([...batch!.fields["seen"]!]).toEqual([1, 0, 0, 1, 1, 1]);
    expect([...batch!.fields["none"]!]).toEqual([0, 0]);
  });

  it("of texts are ids between start and end, each column of its own length", async () => {
    const data = valueOf(await opened("a: index(tokenizer.size)[B, S]; b: index(tokenizer.size)[B, T]; n: [B]", "texts.csv", 'a,b,n\nhi,"a, b",1\n"x",y,2\n'));
    const { pad, start, end, encode } = bytes();
    const [batch] = batchesOf(data);
    expect(batch!.sizes).toEqual({ B: 2, S: 4, T: 6 });
    expect([...batch!.fields["a"]!]).toEqual([start, ...encode("hi"), end, start, ...encode("x"), end, pad]);
    expect([...batch!.fields["b"]!]).toEqual([start, ...encode("a, b"), end, start, ...encode("y"), end, pad, pad, pad]);
    expect([...data.whole.text!.lines()]).toEqual(["hi", "a, b", "x", "y"]);
  });
});

describe("classes", () => {
  it.each([["named.csv", "x,kind\n1,setosa\n2, very good\n3,virginica\n4,very good\n"], ["unnamed.tsv", "1\tsetosa\n2\tvery good\n3\tvirginica\n4\tvery good\n"]])("may be words, in %s", async (name, content) => {
    const data = valueOf(await opened("x: [B]; kind: index(3)[B]", name, content, { validation: 0.25 }));
    expect(data.classes).toEqual(["setosa", "very good", "virginica"]);
    expect([...batchesOf(data)[0]!.fields["kind"]!]).toEqual([0, 1, 2, 1]);
    expect([data.training.count, data.validation!.count]).toEqual([3, 1]);
    expect(await opened("x: [B]; kind: index(3)[B]", "other.csv", "x,kind\n1,rose\n", { classes: data.classes })).toMatchObject({ ok: false, failure: { code: "label-range", message: expect.stringContaining('`kind` is "rose" and no class') as string } });
  });
  it("of each place may be words", async () => {
    const data = valueOf(await opened("x: [B, T]; tag: index(2)[B, T]", "tags.jsonl", '{"x":[1,2],"tag":["O","B-PER"]}\n{"x":[3],"tag":["O"]}\n'));
    expect([...batchesOf(data)[0]!.fields["tag"]!]).toEqual([1, 0, 1, 0]);
  });
  it("are as many as are declared", async () => {
    expect(await opened("x: [B]; kind: index(3)[B]", "two.csv", "x,kind\n1,a\n2,b\n")).toMatchObject({ ok: false, failure: { code: "classes-count", message: expect.stringContaining("has 2 classes of `kind` (0 a, 1 b); the recipe says 3") as string, remedy: "write index(2) for `kind` in data mine" } });
  });
  it("of two columns are numbers", async () => {
    expect(await opened("a: index(2)[B]; b: index(2)[B]", "both.csv", "a,b\nx,y\n")).toMatchObject({ ok: false, failure: { code: "data-columns", message: expect.stringContaining('`a` has "x", which is no number') as string } });
  });
});

const ROW = '"x":[1,2],"t":[[1,2],[3,4]],"n":1,"kind":1,"even":true,"at":1';
const changed = (part: string): string => `{${ROW}}\n{${ROW.replace(new RegExp(`${part.split(":")[0]}:[^a-z]*(true)?(?=,"|$)`), part)}}\n`;
describe("a row that cannot be used", () => {
  const FIELDS = "x: [B, 2]; t: [B, T, 2]; n: int[B]; kind: index(2)[B]; even: bool[B]; at: index(T)[B]";
  it.each([
    ['"x":[1,2,3]', "`x` has 3 numbers", "give each row 2, as the field is declared"],
    ['"x":[1]', "`x` has one number", "give each row 2"],
    ['"x":[]', "`x` has no number", "give each row 2"],
    ['"x":[1,"b"]', '`x` has "b", which is no number', "write numbers"],
    ['"x":[1,null]', '`x` has "null", which is no number', "write numbers"],
    ['"x":[1,1e39]', "`x` is 1e+39, more than a number of 32 bits holds", "scale them"],
    ['"t":[[1,2],[3]]', "`t` has lists of several lengths", "give each row T × 2"],
    ['"t":[[1,2,3],[4,5,6]]', "`t` has 2 × 3 numbers", "give each row T × 2"],
    ['"t":[1,2,3]', "`t` has 3 numbers", "give each row T × 2"],
    ['"t":[[[1],[2]]]', "`t` has 1 × 2 × 1 numbers", "give each row T × 2"],
    ['"n":1.5', "`n` is 1.5 and not a whole number of 32 bits", "without `index` and `int`"],
    ['"n":2147483648', "`n` is 2147483648 and not a whole number of 32 bits", "whole numbers"],
    ['"n":{}', '`n` has "{}", which is no number', "write numbers"],
    ['"kind":2', '`kind` is "2" and not a class from 0 to 1', "numbers from 0"],
    ['"even":2', '`even` has "2", neither true nor false', "true or false, 1 or 0"],
    ['"at":2', "`at` is 2, and the row has 2 along T", "count from 0"],
    ['"at":-1', "`at` is -1 and not 0 or more", "count from 0"],
  ])("%s", async (part, message, remedy) => {
    const content = changed(part);
    expect(content.split("\n")[1]).toContain(part);
    expect(await opened(FIELDS, "bad.jsonl", content)).toMatchObject({ ok: false, failure: { message: `${path.join(folder, "bad.jsonl")}:2: ${message}`, remedy: expect.stringContaining(remedy) as string } });
    expect(valueOf(await opened(FIELDS, "bad.jsonl", content, { skipBadRows: true }))).toMatchObject({ badRows: 1, training: { count: 1 } });
  });

  it("has lists of several lengths where their sizes are one", async () => {
    expect(await opened("x: [B, T]; y: [B, T, 2]", "differ.jsonl", '{"x":[1,2],"y":[[1,2]]}\n')).toMatchObject({ ok: false, failure: { message: expect.stringContaining("`y` has 1 along T, `x` 2") as string } });
  });
  it("lacks a column, or what stands in it", async () => {
    expect(await opened("x: [B]; y: [B]", "lacks.jsonl", '{"x":1}\n')).toMatchObject({ ok: false, failure: { message: expect.stringContaining("lacks.jsonl:1: no `y`") as string } });
    expect(await opened("x: [B]; y: [B]", "lacks.csv", "x,z\n1,2\n")).toMatchObject({ ok: false, failure: { message: expect.stringContaining("names no column `y`; it has x, z") as string } });
    expect(await opened("a: index(tokenizer.size)[B, T]; n: [B]", "empty.csv", 'a,n\n" ",1\n')).toMatchObject({ ok: false, failure: { message: expect.stringContaining("`a` is empty") as string } });
  });
  it("is longer than the model takes", async () => {
    write("over.jsonl", '{"x":[1,2]}\n{"x":[1,2,3,4]}\n{"x":[5]}\n');
    const source = valueOf(readModel(model("x: [B, T]", "over.jsonl", "", "w = x; require T <= 3;")));
    await expect(prepare({ source })).rejects.toMatchObject({ failure: { code: "sequence-over-limit", message: expect.stringContaining("over.jsonl:2: the x has 4 places; the limit is 3") as string } });
    const { data, bounds } = await prepare({ source, skipBadRows: true });
    expect([data.training.count, data.badRows, bounds]).toEqual([2, 1, { B: 2, T: 2 }]);
  });
});

it("puts each row into one batch of every pass, rows of like length together, the same for the same step", async () => {
  write("many.jsonl", Array.from({ length: 23 }, (_, at) => JSON.stringify({ x: Array<number>(1 + (at % 5)).fill(at) })).join("\n"));
  const source = valueOf(readModel(model("x: [B, T]", "many.jsonl", "", "w = x;")));
  const run = await prepare({ source }), again = await prepare({ source });
  expect(run.stepsPerEpoch).toBe(12);
  for (let pass = 0; pass < 2; pass++) {
    const batches = Array.from({ length: run.stepsPerEpoch }, (_, at) => run.batches(1 + pass * run.stepsPerEpoch + at)[0]!);
    expect(batches).toEqual(Array.from({ length: run.stepsPerEpoch }, (_, at) => again.batches(1 + pass * run.stepsPerEpoch + at)[0]!));
    const rows = batches.flatMap(({ sizes, fields }) => Array.from({ length: sizes["B"]! }, (_, b) => (fields["x"] as Float32Array)[b * sizes["T"]!]!));
    expect(rows.sort((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, at) => at));
  }
});
