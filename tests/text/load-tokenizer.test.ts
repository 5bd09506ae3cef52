import { describe, expect, it } from "vitest";
import { loadTokenizer, trainBpe, trainUnigram, trainWordPiece } from "../../runtime/text/index.ts";
import { refusedOrRead } from "./damaged.ts";
import { madeUpLines } from "./lines.ts";

type Editable = { [key: string]: Editable } & Editable[] & (string | number | boolean | null);
const text = JSON.stringify(trainBpe(madeUpLines(200, 1), 120));

function edited(edit: (file: Editable) => void): string {
  const file = JSON.parse(text) as Editable;
  edit(file);
  return JSON.stringify(file);
}
const set = (path: string, value: unknown) => (file: Editable): void => {
  const keys = path.split("/");
  const last = keys.pop() as string;
  (keys.reduce((at, key) => at[key] as Editable, file) as Record<string, unknown>)[last] = value;
};

describe("loadTokenizer refuses", () => {
  it.each<readonly [string, (file: Editable) => void, string, string]>([
    ["another model", set("model/type", "WordLevel"), "tokenizer-unsupported", 'has model "WordLevel"'],
    ["a model of another type", set("model/type", "WordPiece"), "tokenizer-damaged", "continuing_subword_prefix"],
    ["another setting", set("model/continuing_subword_prefix", "@@"), "tokenizer-unsupported", 'BPE with continuing_subword_prefix = "@@"'],
    ["another normaliser", set("normalizer/normalizers/1", { type: "Nmt" }), "tokenizer-unsupported", 'the normalizer "Nmt"'],
    ["another pre-tokenizer", set("pre_tokenizer", { type: "UnicodeScripts" }), "tokenizer-unsupported", 'the pre_tokenizer "UnicodeScripts"'],
    ["another decoder", set("decoder", { type: "CTC" }), "tokenizer-unsupported", 'the decoder "CTC"'],
    ["a part without a type", set("decoder", {}), "tokenizer-unsupported", "the decoder {}"],
    ["a setting of a part", set("pre_tokenizer/pretokenizers/1/behavior", "Sideways"), "tokenizer-unsupported", 'Split with behavior = "Sideways"'],
    ["an expression that JavaScript has no equal of", set("pre_tokenizer/pretokenizers/1/pattern", { Regex: "(?>a+)b" }), "tokenizer-unsupported", 'the pattern {"Regex":"(?>a+)b"}'],
    ["no vocabulary", set("model/vocab", 5), "tokenizer-damaged", "model.vocab is not an object"],
    ["an id above", set("model/vocab/a", 9999), "tokenizer-damaged", 'token "a" has id 9999 among 120 tokens'],
    ["an id twice", set("model/vocab/a", 0), "tokenizer-damaged", "share id 0"],
    ["no special tokens", set("added_tokens", []), "tokenizer-unsupported", "no token that ends a text (<end>, [SEP], </s>"],
    ["a renamed special", set("added_tokens/2/content", "</s>"), "tokenizer-damaged", 'tokens "<end>" and "</s>" share id 2'],
    ["a special for whole words", set("added_tokens/2/single_word", true), "tokenizer-unsupported", "<end> with single_word"],
    ["further specials", (file) => void file["added_tokens"]?.push({ id: 4, content: "<mask>" } as never), "tokenizer-damaged", 'tokens "%" and "<mask>" share id 4'],
    ["a special far behind", (file) => void file["added_tokens"]?.push({ id: 4000, content: "<mask>" } as never), "tokenizer-damaged", "no token has id"],
    ["an unknown token that is none", set("model/unk_token", "<what>"), "tokenizer-damaged", 'model.unk_token "<what>" is no token'],
    ["a merge of strangers", set("model/merges/3", ["zz", "qq"]), "tokenizer-damaged", 'merge 3 needs "zzqq", which is no token'],
    ["half a merge", set("model/merges/3", ["a"]), "tokenizer-damaged", 'entry 3 of model.merges is ["a"]'],
    ["no merges", set("model/merges", null), "tokenizer-damaged", "model.merges is not a list"],
  ])("%s", (_, edit, code, message) => {
    expect(() => loadTokenizer(edited(edit))).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) as string }));
  });

  it.each(["", "null", "[]", "5", "{}", '{"model":null}', "not json"])("the file %j", (file) => {
    expect(() => loadTokenizer(file)).toThrow(expect.objectContaining({ name: "TfmError" }));
  });

  it("every truncation, with an error of ours", () => {
    for (let length = 0; length < text.length; length += 7) {
      expect(() => loadTokenizer(text.slice(0, length))).toThrow(expect.objectContaining({ code: "tokenizer-damaged" }));
    }
  });

  it("changed characters with an error of ours, or reads a tokenizer", () => {
    refusedOrRead(text, 500);
  });
});

it.each([
  ["BPE", text], ["WordPiece", JSON.stringify(trainWordPiece(madeUpLines(200, 1), 150))], ["Unigram", JSON.stringify(trainUnigram(madeUpLines(200, 1), 150))],
])("knows a model of type %s in a file that does not say it, as older ones", (_, said) => {
  const file = JSON.parse(said) as { model: { type?: string } };
  delete file.model.type;
  for (const line of madeUpLines(50, 2)) expect(loadTokenizer(JSON.stringify(file)).encode(line)).toEqual(loadTokenizer(said).encode(line));
});

it("accepts merges in the older form, as texts", () => {
  const older = edited((file) => set("model/merges", (file["model"]?.["merges"] as unknown as string[][]).map((merge) => merge.join(" ")))(file));
  for (const line of madeUpLines(100, 2)) expect(loadTokenizer(older).encode(line)).toEqual(loadTokenizer(text).encode(line));
});

describe.each([
  ["word pieces", JSON.stringify(trainWordPiece(madeUpLines(200, 1), 150))],
  ["likely pieces", JSON.stringify(trainUnigram(madeUpLines(200, 1), 150, { specials: ["<mask>"] }))],
])("a tokenizer of %s", (kind, whole) => {
  const changed = (edit: (file: Editable) => void): string => {
    const file = JSON.parse(whole) as Editable;
    edit(file);
    return JSON.stringify(file);
  };

  it("comes back as it was", () => {
    expect(JSON.stringify(loadTokenizer(whole))).toBe(whole);
  });

  it("that is damaged is refused", () => {
    const vocab = kind === "likely pieces" ? set("model/vocab/7", ["x"]) : set("model/vocab/[CLS]", 77);
    const refusals: readonly (readonly [edit: (file: Editable) => void, code: string])[] = [
      [vocab, "tokenizer-damaged"],
      [set("model/vocab", 3), "tokenizer-damaged"],
      [set("added_tokens", []), "tokenizer-unsupported"],
      [set("added_tokens/4/content", "other"), "tokenizer-damaged"],
      [set("model/type", "BPE"), kind === "likely pieces" ? "tokenizer-damaged" : "tokenizer-unsupported"],
      [set("normalizer", { type: "Nmt" }), "tokenizer-unsupported"],
      [kind === "likely pieces" ? set("model/unk_id", 9999) : set("model/unk_token", "[WHAT]"), "tokenizer-damaged"],
    ];
    for (const [edit, code] of refusals) expect(() => loadTokenizer(changed(edit))).toThrow(expect.objectContaining({ code }));
    for (let length = 0; length < whole.length; length += 11) expect(() => loadTokenizer(whole.slice(0, length))).toThrow(expect.objectContaining({ code: "tokenizer-damaged" }));
  });

  it("with changed characters is refused with an error of ours, or reads", () => {
    refusedOrRead(whole, 500);
  });
});
