import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { choiceExamples } from "../../runtime/data/index.ts";
import { characters } from "../../runtime/text/index.ts";
import { choicesSource } from "../../src/data-sources/choices.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-choices-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
};
const open = (at: string, skipBadRows = false): ReturnType<typeof choicesSource> => choicesSource({ path: at, arguments: { choices: 2 }, skipBadRows, resolve: (one) => one });

describe("choices", () => {
  it("have a row for each answer behind its question, those of a question together", () => {
    const tokenizer = characters(["abcxyz?"]);
    const questions = [{ question: "a?", answers: ["x", "yz"], label: 1 }, { question: "b?", answers: ["z", "x"], label: 0 }];
    const [batch] = [...choiceExamples(questions).encode({ tokenizer, batch: 2, seed: 0, limit: undefined }).inOrder()];
    const T = batch!.sizes["T"]!;
    expect(batch!.sizes).toEqual({ B: 2, T: 7 });
    const row = (name: string, at: number): number[] => [...batch!.fields[name]!.slice(at * T, (at + 1) * T)];
    const spelt = (at: number): string => row("ids", at).filter((id) => id !== tokenizer.pad).map((id) => tokenizer.token(id)).join("");
    expect([0, 1, 2, 3].map(spelt)).toEqual(["<start>a?<end>x<end>", "<start>a?<end>yz<end>", "<start>b?<end>z<end>", "<start>b?<end>x<end>"]);
    expect(row("segment", 1)).toEqual([0, 0, 0, 0, 1, 1, 1]);
    expect([...batch!.fields["label"]!]).toEqual([1, 0]);
  });

  it("are cut to what the model takes", () => {
    const tokenizer = characters(["abcxyz?"]);
    const examples = choiceExamples([{ question: "abcabc?", answers: ["xyz", "x"], label: 0 }]);
    expect(examples.encode({ tokenizer, batch: 1, seed: 0, limit: 8 }).bounds).toEqual({ B: 1, T: 8 });
  });

  it("are read by their columns' names, wherever these stand", async () => {
    const found = await open(file("a.tsv", "label\tchoice2\tchoice1\tquestion\n1\tgood\tbad\twhich?\n"));
    expect(found.ok && [...found.value.training.text!.lines()]).toEqual(["which?", "bad", "good"]);
  });

  it.each([
    ["an empty choice", "q\ta\tb\t0\nq\t\tb\t0\n", "data-empty-column", "`choice1` is empty"],
    ["a label beyond the choices", "q\ta\tb\t1\nq\ta\tb\t2\n", "label-range", '"2"'],
    ["a choice too few", "q\ta\tb\t1\nq\ta\t0\n", "data-columns", "3 columns"],
  ])("%s stops with file and line, or is counted", async (name, content, code, says) => {
    const at = file(`${name}.tsv`, content);
    const failed = await open(at);
    expect(failed).toMatchObject({ ok: false, failure: { code } });
    expect(failed.ok ? "" : failed.failure.message).toContain(`${at}:2: `);
    expect(failed.ok ? "" : failed.failure.message).toContain(says);
    expect(await open(at, true)).toMatchObject({ ok: true, value: { badRows: 1, training: { count: 1 } } });
  });
});
