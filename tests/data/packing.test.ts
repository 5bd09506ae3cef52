import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { corruptedExamples, sentenceExamples, textExamples } from "../../runtime/data/index.ts";
import type { Batch } from "../../runtime/data/index.ts";
import { packedRows } from "../../runtime/data/packed.ts";
import { bytes, characters, MASK, trainWordPiece } from "../../runtime/text/index.ts";
import type { SourceRequest } from "../../src/data-sources/index.ts";
import { corruptedSource, sentencesSource, textSource } from "../../src/data-sources/text.ts";
import { valueOf } from "../../src/failure.ts";

const rowsOf = (batch: Batch, name: string): readonly (readonly number[])[] => {
  const values = [...(batch.fields[name] as Int32Array)], B = batch.sizes["B"] as number, width = values.length / B;
  return Array.from({ length: B }, (_, b) => values.slice(b * width, (b + 1) * width));
};

describe("rows packed with sentences", () => {
  const marks = { start: 1, end: 2 };
  it("are as by hand", () => {
    // Rows of 8: the second sentence fits (1 + 3 + 2 + end), the third does not; the second document follows behind an end.
    const documents = [[[11, 12, 13], [14, 15], [16, 17, 18]], [[21]], [[31, 32, 33, 34, 35, 36, 37, 38]]];
    expect(packedRows(documents, 8, marks)).toEqual([
      [1, 11, 12, 13, 14, 15, 2],
      [1, 16, 17, 18, 2, 21, 2],
      [1, 31, 32, 33, 34, 35, 36, 2],
    ]);
  });
  it("hold every sentence once, in order, whole, and never more than they can", () => {
    const sentence = fc.array(fc.integer({ min: 10, max: 99 }), { minLength: 1, maxLength: 12 });
    const documents = fc.array(fc.array(sentence, { minLength: 1, maxLength: 5 }), { maxLength: 6 });
    fc.assert(fc.property(documents, fc.integer({ min: 14, max: 30 }), (given, length) => {
      const rows = packedRows(given, length, marks);
      expect(rows.flat().filter((id) => id >= 10)).toEqual(given.flat(2));
      let next = 0;
      const all = given.flat();
      for (const row of rows) {
        expect(row.length).toBeLessThanOrEqual(length);
        expect([row[0], row.at(-1)]).toEqual([1, 2]);
        expect(row.slice(1)).not.toContain(1);
        row.slice(1).forEach((id, at) => expect(id === 2 && row[at] === 2).toBe(false));
        const content = row.filter((id) => id >= 10);
        let size = 0;
        while (size < content.length) size += all[next++]!.length;
        expect(size).toBe(content.length);
        if (next < all.length) expect(row.length + all[next]!.length + 1).toBeGreaterThan(length);
      }
    }));
  });
  it("are batches of the source, with the words' beginnings, and neither segments nor followers", () => {
    const documents = Array.from({ length: 5 }, (_, d) => Array.from({ length: 4 }, (_, s) => `document${"abcde"[d]} says ${"vwxyz"[s]}`));
    const tokenizer = trainWordPiece(documents.flat(), 60, { specials: [MASK] });
    const batches = sentenceExamples(documents, 24, true).encode({ tokenizer, batch: 2, seed: 1, limit: undefined });
    const epoch = Array.from({ length: batches.stepsPerEpoch }, (_, step) => batches.batch(step));
    expect(epoch).toEqual(Array.from({ length: batches.stepsPerEpoch }, (_, step) => batches.batch(step)));
    const text = (rows: readonly (readonly number[])[]): readonly string[] => rows.map((ids) => tokenizer.decode(ids)).sort();
    const inOrder = [...batches.inOrder()];
    expect(text(epoch.flatMap((batch) => rowsOf(batch, "ids")))).toEqual(text(inOrder.flatMap((batch) => rowsOf(batch, "ids"))));
    expect(inOrder.flatMap((batch) => rowsOf(batch, "ids")).map((ids) => tokenizer.decode(ids)).join(" ").split(" ").length).toBe(60);
    for (const batch of epoch) {
      expect([...(batch.fields["segment"] as Int32Array), ...(batch.fields["follows"] as Int32Array)].every((value) => value === 0)).toBe(true);
      rowsOf(batch, "ids").forEach((ids, b) => ids.forEach((id, at) => {
        const word = rowsOf(batch, "word")[b] as readonly number[];
        expect(word[at]).toBe(id === tokenizer.pad ? 0 : tokenizer.token(id).startsWith("##") ? word[at - 1] : at);
      }));
    }
  });
});

describe("texts packed", () => {
  const tokenizer = characters(["abcdefgh"]);
  it("stand one after the other with `end` between, and every token but the first is predicted once", () => {
    const batches = textExamples(["abc", "d", "efgh"], 4).encode({ tokenizer, batch: 2, seed: 3, limit: undefined });
    const spelt = (ids: readonly number[]): string => ids.map((id) => (id === tokenizer.end ? "|" : tokenizer.token(id))).join("");
    expect([...batches.inOrder()].flatMap((batch) => rowsOf(batch, "next").map(spelt)).join("")).toBe("bc|d|efgh");
    for (let step = 0; step < 20; step++) for (const ids of rowsOf(batches.batch(step), "ids")) expect("abc|d|efgh").toContain(spelt(ids));
  });
  it("are corrupted in windows that may hold several", () => {
    const examples = corruptedExamples(["abcdefgh", "abcdefgh", "abcdefgh"], { length: 13, p: 0.2, span: 2 });
    const pieces = bytes({ specials: examples.text?.specials ?? [] });
    const batches = examples.encode({ tokenizer: pieces, batch: 2, seed: 3, limit: undefined });
    const all = [...batches.inOrder()];
    const ends = all.flatMap((batch) => [...rowsOf(batch, "source").flat(), ...rowsOf(batch, "next").map((ids) => ids.filter((id) => id !== pieces.pad).slice(0, -1)).flat()]).filter((id) => id === pieces.end);
    expect(ends).toHaveLength(2);
  });
});

describe("the sources of text", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tfm-packing-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const request = (name: string, content: string, more: Partial<SourceRequest> = {}): SourceRequest => {
    writeFileSync(path.join(folder, name), content);
    return { path: path.join(folder, name), arguments: { length: 8, p: 0.15, span: 3, column: "text" }, skipBadRows: false, resolve: (one) => one, ...more };
  };
  const documents = Array.from({ length: 20 }, (_, at) => `document ${at}\nwith lines`);
  it.each([["text", textSource], ["corrupted", corruptedSource]] as const)("%s: a table has a document in each row, the last tenth of them for validation", async (_, source) => {
    const jsonl = documents.map((text, at) => JSON.stringify({ id: at, text })).join("\n");
    const { training, validation, whole } = valueOf(await source(request("a.jsonl", jsonl)));
    expect([...(training.text?.lines() ?? [])]).toEqual(documents.slice(0, 18));
    expect([...(validation?.text?.lines() ?? [])]).toEqual(documents.slice(18));
    expect(whole.count).toBe(documents.join("").length);
    expect(valueOf(await source(request("a.jsonl", jsonl, { validation: 0 }))).validation).toBeUndefined();
    const csv = `body,id\n${documents.map((text, at) => `"${text}",${at}`).join("\n")}\n`;
    const named = valueOf(await source(request("a.csv", csv, { arguments: { length: 8, p: 0.15, span: 3, column: "body" } })));
    expect([...(named.training.text?.lines() ?? [])]).toEqual(documents.slice(0, 18));
  });
  it("sentences: a table has a document in each row and a sentence on each of its lines, and none follows one of another row", async () => {
    const lines = ["abcde", "fgh", "ij"].map((document) => [...document]);
    const jsonl = lines.map((document) => JSON.stringify({ text: document.join("\n\n") })).join("\n");
    const quoted = `n,text\n${lines.map((document, at) => `${at},"${document.join("\r\n")}"`).join("\n")}`;
    for (const at of [request("c.jsonl", jsonl), request("c.csv", quoted)]) {
      const { whole, training, validation } = valueOf(await sentencesSource({ ...at, arguments: { length: 8, packed: false } }));
      expect([...(whole.text?.lines() ?? [])]).toEqual(lines.flat());
      expect([training.count, validation?.count]).toEqual([8, 2]);
      const letters = characters(["abcdefghij"]);
      const batches = whole.encode({ tokenizer: letters, batch: 10, seed: 1, limit: undefined });
      const following = new Set<string>();
      for (let step = 0; step < 40; step++) {
        const batch = batches.batch(step), { follows } = batch.fields;
        rowsOf(batch, "ids").forEach(([, first, , second], b) => void (follows?.[b] === 1 && following.add(letters.token(first!) + letters.token(second!))));
      }
      expect([...following].sort()).toEqual(["ab", "bc", "cd", "de", "fg", "gh", "ij"]);
    }
  });
  it("an empty document is a bad row", async () => {
    const content = '{"text":"a b c"}\n{"text":" "}\n{"text":"d e f"}\n';
    expect(await textSource(request("b.jsonl", content))).toMatchObject({ ok: false, failure: { code: "data-empty-column", message: expect.stringContaining("b.jsonl:2: ") as string } });
    expect(valueOf(await textSource(request("b.jsonl", content, { skipBadRows: true }))).badRows).toBe(1);
  });
});
