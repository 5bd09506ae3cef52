/**
 * Files such as other programs write: the parts and special tokens of well-known tokenizers around vocabularies that were learnt here.
 * What differs from ours is where the special tokens stand, how they are spelt, and every part around the model.
 */
import { trainBpe, trainUnigram, trainWordPiece } from "../../runtime/text/index.ts";
import { madeUpLines } from "./lines.ts";

const lines = [...madeUpLines(1500, 21), ..."The quick brown foxes don't jump over 1234 lazy dogs, they've said. I'm   sure\n\nWE'LL see!".split(/(?<=\.)/)];

const added = (id: number, content: string, flags: object = {}): object => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...flags });
const byteLevel = (settings: object = {}): object => ({ type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true, ...settings });
const file = (parts: object): object => ({ version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...parts });
const special = (id: string): object => ({ SpecialToken: { id, type_id: 0 } });
const template = (single: readonly object[], ids: Readonly<Record<string, number>>): object => ({
  type: "TemplateProcessing", single, pair: single, special_tokens: Object.fromEntries(Object.entries(ids).map(([id, at]) => [id, { id, ids: [at], tokens: [id] }])),
});
const numbered = (tokens: readonly string[]): Record<string, number> => Object.fromEntries(tokens.map((token, id) => [token, id]));
const bpeModel = (tokens: readonly string[], merges: unknown, settings: object = {}): object => ({
  type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: "", end_of_word_suffix: "", fuse_unk: false, byte_fallback: false, vocab: numbered(tokens), merges, ...settings,
});

const inBytes = trainBpe(lines, 700, { spacing: "kept" }).toJSON().model;
const bytePieces = Object.keys(inBytes.vocab).sort((a, b) => (inBytes.vocab[a] as number) - (inBytes.vocab[b] as number)).slice(4);
const spelledMerges = inBytes.merges.map((pair) => pair.join(" "));

/** As of Radford et al. 2019: one special token, behind all others. */
function gpt2(): object {
  const tokens = [...bytePieces, "<|endoftext|>"];
  return file({ added_tokens: [added(tokens.length - 1, "<|endoftext|>")], pre_tokenizer: byteLevel(), post_processor: byteLevel(), decoder: byteLevel(), model: bpeModel(tokens, spelledMerges, { type: undefined }) });
}

/** As of Liu et al. 2019: special tokens at both ends, a mask that takes the space before it along. */
function roberta(): object {
  const tokens = ["<s>", "<pad>", "</s>", "<unk>", ...bytePieces, "<mask>"];
  const plain = { normalized: true };
  return file({
    added_tokens: [added(0, "<s>", plain), added(1, "<pad>", plain), added(2, "</s>", plain), added(3, "<unk>", plain), added(tokens.length - 1, "<mask>", { lstrip: true })],
    pre_tokenizer: byteLevel({ add_prefix_space: true }),
    post_processor: { type: "RobertaProcessing", sep: ["</s>", 2], cls: ["<s>", 0], trim_offsets: true, add_prefix_space: false },
    decoder: byteLevel(),
    model: bpeModel(tokens, spelledMerges, { unk_token: "<unk>" }),
  });
}

/** As of Llama 3: cut by an expression, tokens as they are before merges, special tokens behind that the model does not know. */
function llama3(): object {
  const cut = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const size = bytePieces.length;
  return file({
    added_tokens: [added(size, "<|begin_of_text|>"), added(size + 1, "<|end_of_text|>"), added(size + 2, "<|reserved_special_token_0|>")],
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Split", pattern: { Regex: cut }, behavior: "Isolated", invert: false }, byteLevel({ use_regex: false })] },
    post_processor: template([special("<|begin_of_text|>"), { Sequence: { id: "A", type_id: 0 } }], { "<|begin_of_text|>": size }),
    decoder: byteLevel(),
    model: bpeModel(bytePieces, spelledMerges, { ignore_merges: true }),
  });
}

/** As of SmolLM: each digit by itself, special tokens in front, one that is text. */
function smol(): object {
  const tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<file_sep>", ...bytePieces];
  return file({
    added_tokens: [added(0, "<|endoftext|>"), added(1, "<|im_start|>"), added(2, "<|im_end|>"), added(3, "<file_sep>", { special: false })],
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel()] },
    decoder: byteLevel(),
    model: bpeModel(tokens, spelledMerges),
  });
}

const inWords = trainBpe(lines, 500).toJSON().model;
const wordTokens = Object.keys(inWords.vocab).sort((a, b) => (inWords.vocab[a] as number) - (inWords.vocab[b] as number)).slice(4);
const hexadecimal = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);

/** As of Llama 2 (SentencePiece's): spaces are signs, nothing is cut, what has no token is spelt in bytes. */
function llama2(): object {
  const tokens = ["<unk>", "<s>", "</s>", ...hexadecimal, ...wordTokens];
  return file({
    added_tokens: [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")],
    normalizer: { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }, { type: "Replace", pattern: { String: " " }, content: "▁" }] },
    decoder: { type: "Sequence", decoders: [{ type: "Replace", pattern: { String: "▁" }, content: " " }, { type: "ByteFallback" }, { type: "Fuse" }, { type: "Strip", content: " ", start: 1, stop: 0 }] },
    model: bpeModel(tokens, inWords.merges, { unk_token: "<unk>", fuse_unk: true, byte_fallback: true, continuing_subword_prefix: null, end_of_word_suffix: null }),
  });
}

/** As of CLIP (Radford et al. 2021): small letters, and a sign for the end of a word. */
function clip(): object {
  const signs = bytePieces.filter((token) => token.length === 1);
  const ends = signs.map((token) => `${token}</w>`);
  const pairs = [["t", "h"], ["th", "e</w>"], ["d", "i</w>"], ["u", "n</w>"], ["e", "s</w>"], ["a", "r"], ["e", "r"], ["i", "n"], ["in", "g</w>"]] as const;
  const tokens = [...signs, ...ends, ...pairs.map((pair) => pair.join("")), "<|startoftext|>", "<|endoftext|>"];
  const cut = "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
  return file({
    added_tokens: [added(tokens.length - 2, "<|startoftext|>", { normalized: true }), added(tokens.length - 1, "<|endoftext|>")],
    normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Replace", pattern: { Regex: "\\s+" }, content: " " }, { type: "Lowercase" }] },
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Split", pattern: { Regex: cut }, behavior: "Removed", invert: true }, byteLevel()] },
    decoder: byteLevel(),
    model: bpeModel(tokens, pairs, { unk_token: "<|endoftext|>", end_of_word_suffix: "</w>" }),
  });
}

/** As of Devlin et al. 2019: unused ids in front; `cased` keeps capitals and accents. */
function bert(cased: boolean): object {
  const { vocab } = trainWordPiece(lines, 500).toJSON().model;
  const learnt = Object.keys(vocab).sort((a, b) => (vocab[a] as number) - (vocab[b] as number)).slice(5);
  const capitals = cased ? ["A", "L", "##A", "É", "É"] : [];
  const tokens = [...new Set(["[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...learnt, ...capitals])];
  return file({
    truncation: { direction: "Right", max_length: 128, strategy: "LongestFirst", stride: 0 },
    added_tokens: [added(0, "[PAD]"), ...["[UNK]", "[CLS]", "[SEP]", "[MASK]"].map((content, at) => added(3 + at, content))],
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: !cased },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: template([special("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, special("[SEP]")], { "[CLS]": 4, "[SEP]": 5 }),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab: numbered(tokens) },
  });
}

/** As of T5 (Raffel et al. 2020), but for SentencePiece's own table for normalisation. */
function t5(): object {
  const learnt = trainUnigram(lines, 500).toJSON().model.vocab.slice(4);
  return file({
    added_tokens: [added(0, "<pad>"), added(1, "</s>"), added(2, "<unk>"), added(3 + learnt.length, "<extra_id_0>")],
    normalizer: { type: "NFKC" },
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, { type: "Metaspace", replacement: "▁", add_prefix_space: true, prepend_scheme: "always", split: true }] },
    decoder: { type: "Metaspace", replacement: "▁", add_prefix_space: true, prepend_scheme: "always", split: true },
    model: { type: "Unigram", unk_id: 2, byte_fallback: false, vocab: [["<pad>", 0], ["</s>", 0], ["<unk>", 0], ...learnt] },
  });
}

/** By whose tokenizer each is made. */
export const FOREIGN: Readonly<Record<string, () => object>> = {
  "GPT-2": gpt2, RoBERTa: roberta, "Llama 3": llama3, SmolLM: smol, "Llama 2": llama2, CLIP: clip,
  BERT: () => bert(false), "BERT, cased": () => bert(true), T5: t5,
};
