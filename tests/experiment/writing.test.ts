import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Model } from "../../compiler/check/model.ts";
import type { Decoding } from "../../runtime/index.ts";
import { optionValues } from "../../src/commands/command.ts";
import { inOrder } from "../../src/commands/run.ts";
import { choiceOf, decodingOptions, measuringOptions, writingOf } from "../../src/experiment/decoding.ts";
import { tiny } from "../embed/tiny.ts";
import { describeGpu } from "../support/gpu.ts";
import { tfmc } from "../support/tfmc.ts";
import { tinyProject } from "./fixture.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz";

describeGpu("a model that goes on with texts", () => {
  let folder = "";
  const run = (...args: readonly string[]) => tfmc(args, { cwd: folder });
  const lines = async (...args: readonly string[]): Promise<readonly string[]> => {
    const { code, stdout, stderr } = await run("run", "runs/goes-on", ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.split("\n").slice(0, -1);
  };

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "tfm-writing-"));
    cpSync(path.join(import.meta.dirname, "files", "goes-on.tfm"), path.join(folder, "goes-on.tfm"));
    writeFileSync(path.join(folder, "letters.txt"), ALPHABET.repeat(40));
    expect(await run("train", "goes-on.tfm", "--quiet")).toMatchObject({ code: 0 });
  });

  it("writes on past the model's limit, from prompts longer than it, as far as the recipe says", async () => {
    const answers = await lines("ab", "mnopqrstuv", "zabcdefghijk");
    expect(answers).toEqual(["cdefghijklmn", "wxyzabcdefgh", "lmnopqrstuvw"]);
    expect(await lines("x", "--max-length", "30", "--decode", "greedy")).toEqual([`yz${ALPHABET}ab`]);
  });

  it("stops before a text, repeats itself by seed, and takes options in the recipe's place", async () => {
    expect(await lines("ab", "st", "--stop", "gh", "--stop", "yz")).toEqual(["cdef", "uvwx"]);
    const wild = ["ab", "ab", "--temperature", "50", "--top-k", "26", "--max-length", "20"];
    const [first, second] = await lines(...wild, "--seed", "5");
    expect(await lines(...wild, "--seed", "5")).toEqual([first, second]);
    expect(await lines(...wild, "--seed", "6")).not.toEqual([first, second]);
    expect(first).not.toBe(second);
    expect(await lines(...wild, "--top-p", "0.0001", "--max-length", "3")).toHaveLength(2);
    expect(await lines("cd", "--decode", "beam", "--width", "3", "--max-length", "4")).toEqual(["efgh"]);
  });
});

describeGpu("a model that goes on with texts of any length", () => {
  it("sees no more of them at a time than it was trained on", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "tfm-writing-"));
    cpSync(path.join(import.meta.dirname, "files", "goes-far.tfm"), path.join(folder, "goes-far.tfm"));
    writeFileSync(path.join(folder, "letters.txt"), ALPHABET.repeat(40));
    expect(await tfmc(["train", "goes-far.tfm", "--quiet"], { cwd: folder })).toMatchObject({ code: 0 });
    const { stdout } = await tfmc(["run", "runs/goes-far", "ab", "mnopqrstuv"], { cwd: folder });
    expect(stdout).toBe("cdefghijklmnopqrstuv\nwxyzabcdefghijklmnop\n");
    // In a program of one's own as well.
    expect(await tfmc(["compile", "runs/goes-far", "-o", "app"], { cwd: folder })).toMatchObject({ code: 0 });
    expect(readFileSync(path.join(folder, "app", "goes-far.js"), "utf8")).toMatch(/"?window"?:\s*6\b/);
  });
});

describe("options of writing", () => {
  const given = (name: string, value: number) => () => choiceOf(optionValues(decodingOptions, new Map([[name, value]])), decodingOptions);

  it("must make sense", () => {
    for (const [name, value, wanted] of [["top-p", 0, "above 0"], ["top-p", 1.5, "at most 1"], ["top-k", 0, "at least 1"], ["temperature", -1, "at least 0"], ["width", 0, "at least 1"], ["length-penalty", -0.5, "at least 0"], ["seed", -1, "at least 0"], ["max-length", 0, "at least 1"]] as const) {
      expect(given(name, value), name).toThrow(wanted);
    }
    expect(given("top-p", 1)()).toMatchObject({ options: { top_p: 1 } });
  });

  /** A recipe that asks for a search, with options of its own. */
  const recipeOf = (method: string, options: Readonly<Record<string, number>> = {}): Model => ({ entries: tiny.entries, recipe: { seed: 3, generate: { method, entry: "forward", options } } }) as unknown as Model;
  const choice = (given: Readonly<Record<string, string | number>>, declared = decodingOptions) => choiceOf(optionValues(declared, new Map(Object.entries(given))), declared);
  it.each<[given: Readonly<Record<string, string | number>>, recipe: Model, decoding: Decoding]>([
    [{}, recipeOf("greedy"), { method: "greedy" }],
    [{ width: 4 }, recipeOf("greedy"), { method: "beam", width: 4, lengthPenalty: 0.6 }],
    [{ "length-penalty": 2 }, recipeOf("greedy"), { method: "beam", width: 4, lengthPenalty: 2 }],
    [{ width: 2 }, recipeOf("beam", { length_penalty: 1 }), { method: "beam", width: 2, lengthPenalty: 1 }],
    [{ width: 2 }, recipeOf("sample", { top_k: 5 }), { method: "beam", width: 2, lengthPenalty: 0.6 }],
    [{ temperature: 2 }, recipeOf("beam", { width: 8 }), { method: "sample", temperature: 2, seed: 3 }],
    [{ "top-k": 7, seed: 9 }, recipeOf("greedy"), { method: "sample", topK: 7, seed: 9 }],
    [{ seed: 9 }, recipeOf("sample", { top_k: 5 }), { method: "sample", topK: 5, seed: 9 }],
    [{ decode: "beam" }, recipeOf("sample", { top_k: 5 }), { method: "beam", width: 4, lengthPenalty: 0.6 }],
    [{ decode: "greedy", "max-length": 5 }, recipeOf("sample", { top_k: 5 }), { method: "greedy" }],
  ])("ask for the search that they belong to: %j", (given, model, decoding) => {
    expect(writingOf(model, choice(given)).decoding).toEqual(decoding);
  });

  it.each<[given: Readonly<Record<string, string | number>>, says: string]>([
    [{ decode: "greedy", temperature: 2 }, "--temperature has no effect on greedy decoding, which --decode asks for"],
    [{ decode: "beam", "top-p": 0.9 }, "--top-p has no effect on beam search, which --decode asks for"],
    [{ decode: "sample", "length-penalty": 1 }, "--length-penalty has no effect on sampling, which --decode asks for"],
    [{ width: 4, temperature: 2 }, "--temperature has no effect on beam search, which --width asks for"],
    [{ decode: "greedy", seed: 1 }, "--seed has no effect on greedy decoding"],
  ])("of another search are refused: %j", (given, says) => {
    const failure = { code: "options-exclude", exit: 2, message: expect.stringContaining(says) as string, remedy: "greedy has no options of its own; beam has --width and --length-penalty; sample has --temperature, --top-k, --top-p and --seed" };
    expect(() => choice(given)).toThrow(expect.objectContaining({ failure: expect.objectContaining(failure) as unknown }));
  });
  it("and a seed is, where the recipe draws nothing", () => {
    expect(() => writingOf(recipeOf("greedy"), choice({ seed: 1 }))).toThrow("--seed has no effect on greedy decoding, which the recipe asks for");
  });
  it("are told by name only where the command has them", () => {
    expect(() => choice({ decode: "greedy", width: 4 }, measuringOptions)).toThrow(expect.objectContaining({ failure: expect.objectContaining({ remedy: "greedy has no options of its own; beam has --width and --length-penalty; sample has no options of its own" }) as unknown }));
  });

  it("read a line break in a stop", () => {
    expect(choiceOf(optionValues(decodingOptions, new Map([["stop", ["\\n\\n", "."]]])), decodingOptions).stop).toEqual(["\n\n", "."]);
  });
});

describeGpu("a model that reads", () => {
  it("is measured by the way of decoding that is asked for", async () => {
    const folder = tinyProject();
    const run = (...args: readonly string[]) => tfmc(args, { cwd: folder });
    expect(await run("train", "tiny.tfm", "--quiet")).toMatchObject({ code: 0 });
    const answers = async (...args: readonly string[]): Promise<string> => (await run("eval", "runs/tiny", "pairs.tsv", "--answers", ...args)).stdout;
    const greedy = await answers();
    expect(greedy.split("\n")).toHaveLength(31);
    expect(await answers("--decode", "greedy")).toBe(greedy);
    expect(await answers("--decode", "beam", "--width", "1")).toBe(greedy);
    const beam = await answers("--decode", "beam", "--width", "4");
    expect(beam.split("\n")).toHaveLength(31);
    expect(await answers("--width", "4")).toBe(beam);
    expect(await run("run", "runs/tiny", "un", "--decode", "greedy", "--temperature", "2")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("error[options-exclude]") as string });
    const given = greedy.split("\n")[0]?.split("\t") ?? [];
    expect((await run("run", "runs/tiny", given[0] ?? "", "--decode", "greedy")).stdout).toBe(`${given[2]}\n`);
    expect((await run("run", "runs/tiny", given[0] ?? "", "--max-length", "1", "--json")).code).toBe(0);
  });
});

describe("texts on a terminal", () => {
  it("come one below another, the first that is not whole as it grows", () => {
    const written: string[] = [];
    const shown = inOrder(4, (piece) => piece !== "" && written.push(piece));
    shown.onText(1, "two");
    shown.onText(0, "on");
    shown.onText(0, "e");
    shown.onAnswer(1);
    shown.onAnswer(0);
    shown.onText(3, "fo");
    shown.onText(3, "ur");
    shown.onAnswer(3);
    expect(written).toEqual(["on", "e", "\n", "two", "\n"]);
    // Of the third text, which is empty, nothing is told.
    shown.finish();
    expect(written.join("")).toBe("one\ntwo\n\nfour\n");
  });
});
