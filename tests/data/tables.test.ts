import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { ColumnSource } from "hyparquet-writer";
import { afterAll, describe, expect, it } from "vitest";
import { labelledSource } from "../../src/data-sources/labelled.ts";
import { classOf } from "../../src/data-sources/classes.ts";
import { readLists, readRows } from "../../src/data-sources/rows.ts";
import type { Row } from "../../src/data-sources/rows.ts";
import type { Source, SourceRequest } from "../../src/data-sources/index.ts";
import { spansSource } from "../../src/data-sources/spans.ts";
import { taggedSource } from "../../src/data-sources/tagged.ts";
import { sentencesSource } from "../../src/data-sources/text.ts";
import { pairsSource } from "../../src/data-sources/tsv.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-tables-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
};
const parquet = (name: string, columnData: ColumnSource[], more: Partial<Parameters<typeof parquetWriteBuffer>[0]> = {}): string =>
  file(name, new Uint8Array(parquetWriteBuffer({ columnData, ...more })));
const jsonl = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join("\n");

const rows = (at: string, columns: readonly string[], skip = false): ReturnType<typeof readRows<Row>> => readRows(at, columns, skip, (row) => row);

describe("a table", () => {
  const texts = ['plain, with "quotes"', "two\nlines\r\nand a third", "tab\tand 😀 – ünï"];
  const expected = texts.map((text, at) => [text, String(at)]);
  const quoted = texts.map((text, at) => `"${text.replaceAll('"', '""')}",${at}`);

  it("of CSV is read as RFC 4180 says, and counts the lines within quotes", async () => {
    const at = file("a.csv", `text,n\r\n${quoted.join("\r\n")}\r\n`);
    // The second row stands on lines 3 to 5.
    expect(await rows(at, ["text", "n"])).toEqual({ ok: true, value: { badRows: 0, items: expected.map((values, k) => ({ line: [2, 3, 6][k], values })) } });
  });
  it("of CSV counts as a line within quotes what ends one outside", async () => {
    const at = file("cr.csv", 'text,n\r"a\rb\r\nc",1\rd,2\r');
    expect(await rows(at, ["text", "n"])).toEqual({ ok: true, value: { badRows: 0, items: [[2, ["a\rb\r\nc", "1"]], [5, ["d", "2"]]].map(([line, values]) => ({ line, values })) } });
  });
  it("of CSV with a quote that nobody closes loses that line, and no other", async () => {
    const at = file("open.csv", 'text,n\na,1\n"open,2\nb,3\nd,5');
    expect(await rows(at, ["text", "n"], true)).toEqual({ ok: true, value: { badRows: 1, items: [[2, ["a", "1"]], [4, ["b", "3"]], [5, ["d", "5"]]].map(([line, values]) => ({ line, values })) } });
    expect(await rows(at, ["text", "n"])).toMatchObject({ ok: false, failure: { code: "data-quotes", message: expect.stringContaining("open.csv:3: ") as string } });
  });
  it("of JSONL and of Parquet holds the same", async () => {
    const items = expected.map((values, k) => ({ line: k + 1, values }));
    expect(await rows(file("a.jsonl", jsonl(texts.map((text, n) => ({ n, text, other: null })))), ["text", "n"])).toEqual({ ok: true, value: { badRows: 0, items } });
    expect(await rows(parquet("a.parquet", [{ name: "n", data: [0, 1, 2], type: "INT32" }, { name: "text", data: texts, type: "STRING" }]), ["text", "n"])).toEqual({ ok: true, value: { badRows: 0, items } });
  });
  it.each([
    ["UNCOMPRESSED", {}], ["SNAPPY", {}], ["GZIP", { GZIP: (bytes: Uint8Array) => gzipSync(bytes) }], ["BROTLI", { BROTLI: (bytes: Uint8Array) => brotliCompressSync(bytes) }],
  ] as const)("of Parquet may be packed: %s, in groups of rows, with whole numbers of 64 bits", async (codec, compressors) => {
    const count = 1000;
    const many = Array.from({ length: count }, (_, at) => `row ${at % 7}`);
    const at = parquet(`${codec}.parquet`, [{ name: "text", data: many, type: "STRING" }, { name: "n", data: many.map((_, k) => BigInt(k)), type: "INT64" }], { codec, compressors, rowGroupSize: 300 });
    const read = await rows(at, ["text", "n"]);
    expect(read.ok && read.value.items.map(({ values }) => values)).toEqual(many.map((text, k) => [text, String(k)]));
  });
  it("of Parquet without a column, or that is none, is refused as a whole", async () => {
    const at = parquet("b.parquet", [{ name: "sentence", data: ["a"], type: "STRING" }]);
    expect(await rows(at, ["text"], true)).toMatchObject({ ok: false, failure: { code: "data-columns", exit: 1, message: `${at} has no column \`text\`; it has sentence` } });
    expect(await rows(file("c.parquet", "no such thing"), ["text"])).toMatchObject({ ok: false, failure: { code: "data-not-parquet", message: expect.stringContaining("c.parquet") as string } });
    expect(await rows(path.join(folder, "none.parquet"), ["text"])).toMatchObject({ ok: false, failure: { code: "file-missing" } });
  });
});

describe("a first line of a table", () => {
  it("that names all columns is no row; others may stand beside them, in any order", async () => {
    expect(await rows(file("named.csv", "id,n,text\n7,0,a\n"), ["text", "n"])).toEqual({ ok: true, value: { badRows: 0, items: [{ line: 2, values: ["a", "0"] }] } });
  });
  it.each([false, true])("that names some of them and not all is refused as a whole (bad rows left out: %s)", async (skip) => {
    const at = file("half.csv", "review,label\ngood,1\n");
    expect(await rows(at, ["text", "label"], skip)).toMatchObject({ ok: false, failure: { code: "data-columns", message: `${at}:1: the first line names no column \`text\`; it has review, label` } });
  });
  it("that names them in other capitals is refused as well", async () => {
    const at = file("capitals.csv", "Text, Label\ngood,1\n");
    expect(await rows(at, ["text", "label"])).toMatchObject({ ok: false, failure: { code: "data-columns", message: `${at}:1: the first line names no column \`text\`; it has Text,  Label` } });
  });
  it("that is a bad row is told that it might have been names", async () => {
    const read = await labelledSource({ path: file("other.csv", "review,sentiment\ngood,1\n"), arguments: { first: "text", second: "", label: "label", classes: 2 }, skipBadRows: false, resolve: (one) => one });
    expect(read).toMatchObject({ ok: false, failure: { code: "label-range", remedy: expect.stringContaining("a first line of names has text, label") as string } });
  });
});

describe("a cell", () => {
  it("has U+FFFD in the place of half a surrogate pair, which JSON alone can spell", async () => {
    const at = file("halves.jsonl", '{"text": "a\\ud83d b\\ude00 \\ud83d\\ude00", "words": ["\\ude00\\ud83d", "c"]}');
    const whole = "a\ufffd b\ufffd \u{1f600}";
    expect(await rows(at, ["text"])).toMatchObject({ value: { items: [{ values: [whole] }] } });
    expect(await readLists(at, ["words", "text"], false, ({ values }) => values)).toMatchObject({ value: { items: [[["\ufffd\ufffd", "c"], whole.split(" ")]] } });
  });
  it("that is a list is no text", async () => {
    expect(await rows(file("list.jsonl", jsonl([{ text: ["a", "b"], n: 1 }])), ["text", "n"])).toMatchObject({ ok: false, failure: { code: "data-columns", message: expect.stringContaining("`text` is not a text or a number") as string } });
  });
  it.each([["1", 1], [" 1 ", 1], ["1.0", 1], ["0x1", undefined], ["1e0", undefined], ["+1", undefined], ["-1", undefined], ["1.5", undefined], ["", undefined], ["3", undefined]])("%j is class %s of 3", (text, expected) => {
    const found = classOf(text, { count: 3 }, "label");
    if (expected === undefined) expect(found).toMatchObject({ code: "label-range" });
    else expect(found).toBe(expected);
  });
});

describe("every source of rows reads every kind of table", () => {
  const given: Readonly<Record<string, SourceRequest["arguments"]>> = { pairs: { from: "fr", to: "en" }, labelled: { first: "text", second: "", label: "label", classes: 2 }, tagged: { tags: 3 }, sentences: { length: 16, packed: false }, spans: {} };
  const read = (source: Source, name: string, at: string, skipBadRows = false): ReturnType<Source> =>
    source({ path: at, arguments: given[name] ?? {}, skipBadRows, validation: 0, resolve: (one) => one });
  /** Three rows, the second of them bad, in columns. */
  const specimens: readonly (readonly [name: string, source: Source, columns: Readonly<Record<string, readonly (string | number | null | readonly (string | number)[])[]>>, says: string])[] = [
    ["pairs", pairsSource, { fr: ["un, deux", "\n ", "trois"], en: ["one", "two", "three"] }, "`fr` is empty"],
    ["sentences", sentencesSource, { text: ["one", " \n", "two"], n: [1, 2, 3] }, "`text` is empty"],
    ["labelled", labelledSource, { text: ["good", "bad", "a\nb"], label: [1, 2, 0] }, '`label` is "2"'],
    ["spans", spansSource, { question: ["who", "who", "who"], context: ["anna came", "anna came", "it was\nanna"], answer: ["anna", "berta", "anna"] }, '"berta"'],
    ["tagged", taggedSource, { words: [["a", "b"], ["a"], ["c"]], tags: [[0, 2], [1, 2], [1]] }, "1 words and 2 tags"],
  ];
  const written: readonly (readonly [kind: string, write: (name: string, columns: Readonly<Record<string, readonly unknown[]>>) => string, place: (at: string) => string])[] = [
    ["csv", (name, columns) => file(`${name}.csv`, [Object.keys(columns), ...[0, 1, 2].map((k) => Object.values(columns).map((column) => cell(column[k])))].map((row) => row.join(",")).join("\n")), (at) => `${at}:3: `],
    ["jsonl", (name, columns) => file(`${name}.jsonl`, jsonl([0, 1, 2].map((k) => Object.fromEntries(Object.entries(columns).map(([column, values]) => [column, values[k]]))))), (at) => `${at}:2: `],
    ["parquet", (name, columns) => parquet(`${name}.parquet`, Object.entries(columns).map(([column, data]) => columnOf(column, data)), listSchema(columns)), (at) => `${at}: row 2: `],
  ];
  const cell = (value: unknown): string => `"${(Array.isArray(value) ? value.join(" ") : String(value)).replaceAll('"', '""')}"`;
  const columnOf = (name: string, data: readonly unknown[]): ColumnSource => ({ name, data: [...data], ...(Array.isArray(data[0]) ? {} : { type: typeof data[0] === "string" ? "STRING" : "INT32" }) });
  const listSchema = (columns: Readonly<Record<string, readonly unknown[]>>): Partial<Parameters<typeof parquetWriteBuffer>[0]> => {
    const lists = Object.entries(columns).filter(([, data]) => Array.isArray(data[0]));
    if (lists.length === 0) return {};
    const elements = lists.flatMap(([name, data]) => [
      { name, repetition_type: "OPTIONAL" as const, num_children: 1, converted_type: "LIST" as const },
      { name: "list", repetition_type: "REPEATED" as const, num_children: 1 },
      typeof (data[0] as unknown[])[0] === "string" ? { name: "element", repetition_type: "OPTIONAL" as const, type: "BYTE_ARRAY" as const, converted_type: "UTF8" as const } : { name: "element", repetition_type: "OPTIONAL" as const, type: "INT32" as const },
    ]);
    return { schema: [{ name: "root", num_children: lists.length }, ...elements] };
  };
  for (const [name, source, columns, says] of specimens)
    it.each(written)(`${name} of %s, and tells the bad row`, async (_, write, place) => {
      const at = write(name, columns);
      const failed = await read(source, name, at);
      expect(failed).toMatchObject({ ok: false, failure: { message: expect.stringContaining(place(at)) as string } });
      expect(failed.ok ? "" : failed.failure.message).toContain(says);
      expect(await read(source, name, at, true)).toMatchObject({ ok: true, value: { badRows: 1, training: { count: 2 } } });
    });
});
