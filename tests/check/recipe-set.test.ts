/** `--set recipe.NAME=…` is what the file would be with that in it. */
import { describe, expect, test } from "vitest";
import { check } from "../../compiler/check/check.ts";
import { compile } from "../../compiler/compile.ts";
import { sourceFile } from "../../grammar/source.ts";
import { checkedModel, library } from "../support/reference.ts";

const SOURCE = `model Net(vocab, d = 8) {
  words = Embedding(vocab, d); out = Linear(d, vocab)
  forward(ids: index(vocab)[B, T]) -> [B, T, vocab] = out(words(ids))
}
train base {
  tokenizer = characters(); data = text("a.txt", tokenizer: tokenizer, length: 8); model = Net(vocab: tokenizer.size)
  let lr = 1e-3; let smooth = false
  loss(ids, next) = cross_entropy(model(ids), next, smoothing: if smooth then 0.1 else 0)
  optimizer = Adam(lr: lr * warmup(step, 10)); batch = 4; steps = 20; seed = 1
}
train like_it like base { let lr = 2e-3 }
`;

const programOf = (source: string, set: Readonly<Record<string, string>> = {}, recipe = "base"): string =>
  JSON.stringify(compile(checkedModel("net.tfm", source, { recipe, set }), { profile: { kind: "cpu" }, training: true, entries: [] }).program);
const messagesOf = (set: Readonly<Record<string, string>>) => check(sourceFile("net.tfm", SOURCE), { std: library(), recipe: "base", set }).diagnostics;

describe("--set of a recipe", () => {
  const cases: readonly { readonly set: Readonly<Record<string, string>>; readonly written: readonly [string, string] }[] = [
    { set: { "recipe.lr": "3e-4" }, written: ["let lr = 1e-3", "let lr = 3e-4"] },
    { set: { "recipe.lr": "2 * 5e-4 / 7" }, written: ["let lr = 1e-3", "let lr = 2 * 5e-4 / 7"] },
    { set: { "recipe.smooth": "true" }, written: ["let smooth = false", "let smooth = true"] },
    { set: { "recipe.optimizer": "Sgd(lr: lr, momentum: 0.5)" }, written: ["Adam(lr: lr * warmup(step, 10))", "Sgd(lr: lr, momentum: 0.5)"] },
    { set: { "recipe.tokenizer": "bytes()" }, written: ["characters()", "bytes()"] },
    { set: { "recipe.model": "Net(vocab: tokenizer.size, d: 12)" }, written: ["model = Net(vocab: tokenizer.size)", "model = Net(vocab: tokenizer.size, d: 12)"] },
  ];
  test.each(cases)("$set", ({ set, written: [before, after] }) => {
    const rewritten = SOURCE.replace(before, after);
    expect(programOf(SOURCE, set)).toBe(programOf(rewritten));
    expect(programOf(SOURCE, set)).not.toBe(programOf(SOURCE));
  });

  test("a `let` that a recipe takes over is set for both", () => {
    expect(programOf(SOURCE, { "recipe.lr": "1e-3" }, "like_it")).toBe(programOf(SOURCE));
  });

  const wrong: readonly { readonly set: Readonly<Record<string, string>>; readonly code: string; readonly says: string }[] = [
    { set: { "recipe.lrr": "3" }, code: "setting-unknown", says: "did you mean `lr`?" },
    { set: { lr: "3e-4" }, code: "setting-unknown", says: "did you mean `recipe.lr`?" },
    { set: { weight_decay: "0.1" }, code: "setting-unknown", says: "the decay stands in `optimizer`" },
    { set: { "recipe.lr": "1; b = 2" }, code: "setting-value", says: "one expression" },
    { set: { "recipe.lr": "(1" }, code: "missing-bracket", says: "put the `)`" },
    { set: { "recipe.lr": "fast" }, code: "name-unknown", says: "fast" },
    { set: { "recipe.seed": "-1" }, code: "setting-value", says: "`seed` is an integer of at least 0" },
    { set: { "recipe.seed": "1.5" }, code: "setting-value", says: "`seed` is an integer of at least 0" },
    { set: { "recipe.seed": "4294967296" }, code: "setting-value", says: "`seed` is an integer of at most 4294967295" },
    { set: { "recipe.steps": "1e12" }, code: "setting-value", says: "`steps` is an integer of at most 4294967295" },
    { set: { "recipe.seed": "99999999999999999999" }, code: "setting-value", says: "`seed` is an integer of at most 4294967295" },
    { set: { "recipe.optimizer": "Adm(lr: 1)" }, code: "value-unknown", says: "did you mean `Adam`?" },
  ];
  test.each(wrong)("$set is told on the command line's text", ({ set, code, says }) => {
    const [message] = messagesOf(set);
    expect(message).toMatchObject({ code, span: { file: { path: "--set" } } });
    expect(JSON.stringify(message, (key, value: unknown) => (key === "file" ? undefined : value))).toContain(says);
  });

  test("a file without a recipe has none of its settings, whatever its model is called with", () => {
    const bare = SOURCE.slice(0, SOURCE.indexOf("train base"));
    const { diagnostics } = check(sourceFile("net.tfm", bare), { std: library(), set: { "recipe.steps": "0", vocab: "9" } });
    expect(diagnostics.map(({ code, title, fix }) => [code, title, fix?.text.startsWith("add one: `train")])).toEqual([["setting-unknown", "net.tfm has no recipe", true]]);
  });

  test("a seed is a number of 32 bits", () => {
    expect(messagesOf({ "recipe.seed": "4294967295" })).toEqual([]);
  });

  test("a setting is no name for a `let`, which would stand between it and the command line", () => {
    const { diagnostics } = check(sourceFile("net.tfm", SOURCE.replace("let lr = 1e-3", "let seed = 3; let lr = 1e-3")), { std: library(), recipe: "base" });
    expect(diagnostics.map(({ code, fix }) => [code, fix?.text])).toEqual([["hides-name", "leave out `let`, or take another name"]]);
  });
});
