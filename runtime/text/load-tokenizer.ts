import { isFields } from "../json.ts";
import type { Fields } from "../json.ts";
import { bpe } from "./bpe.ts";
import type { Merge } from "./bpe.ts";
import { tokenizerDamaged as damaged, tokenizerUnsupported as unsupported } from "./errors.ts";
import { BERT_WORDS, CONTINUES, SCHEMES, WORDS } from "./scheme.ts";
import type { Scheme } from "./scheme.ts";
import { BERT_TOKENS, SPECIAL_TOKENS, UNK } from "./tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { unigram } from "./unigram.ts";
import { LONGEST_WORD, wordPiece } from "./wordpiece.ts";

/**
 * The tokenizer in the text of a `tokenizer.json` written here. Everything that could make ids differ is checked; throws TfmError
 * `tokenizer-damaged` (not what we write) or `tokenizer-unsupported` (another program's, with parts that are not known here).
 */
export function loadTokenizer(json: string): Tokenizer {
  const file = fields(parse(json), "the file");
  const model = fields(file["model"], "model");
  const scheme = schemeOf(file);
  for (const key of ["truncation", "padding", "post_processor"]) {
    if (file[key] !== undefined && file[key] !== null) throw unsupported(key);
  }
  switch (model["type"]) {
    case "BPE": {
      checkSettings(model, BPE_SETTINGS);
      const vocabulary = vocabularyOf(fields(model["vocab"], "model.vocab"));
      const specials = specialsOf(SPECIAL_TOKENS, vocabulary, file["added_tokens"]);
      return bpe(scheme, vocabulary, mergesOf(model["merges"], vocabulary, specials.length), specials);
    }
    case "WordPiece": {
      if (scheme !== BERT_WORDS) throw unsupported("normalizer or pre_tokenizer");
      checkSettings(model, { unk_token: BERT_TOKENS[UNK], continuing_subword_prefix: CONTINUES, max_input_chars_per_word: LONGEST_WORD });
      const vocabulary = vocabularyOf(fields(model["vocab"], "model.vocab"));
      return wordPiece(vocabulary, specialsOf(BERT_TOKENS, vocabulary, file["added_tokens"]));
    }
    case "Unigram": {
      if (scheme !== WORDS) throw unsupported("normalizer or pre_tokenizer");
      checkSettings(model, { unk_id: UNK, byte_fallback: false });
      const [vocabulary, scores] = scoredVocabulary(model["vocab"]);
      return unigram(vocabulary, scores, specialsOf(SPECIAL_TOKENS, vocabulary, file["added_tokens"]));
    }
    default:
      throw unsupported(`model ${JSON.stringify(model["type"])}`);
  }
}

function checkSettings(model: Fields, settings: Fields): void {
  for (const [key, value] of Object.entries(settings)) {
    if (model[key] !== undefined && model[key] !== value) throw unsupported(`model.${key} = ${JSON.stringify(model[key])}`);
  }
}

function scoredVocabulary(vocab: unknown): readonly [vocabulary: readonly string[], scores: readonly number[]] {
  if (!Array.isArray(vocab)) throw damaged("model.vocab is not a list");
  const seen = new Set<string>();
  const scores = vocab.map((entry: unknown, id) => {
    const [token, score]: readonly unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof token !== "string" || token === "" || typeof score !== "number") throw damaged(`entry ${id} of model.vocab is not a token with its score`);
    if (seen.has(token)) throw damaged(`token ${JSON.stringify(token)} occurs twice`);
    seen.add(token);
    return score;
  });
  return [[...seen], scores];
}

/** Of byte-pair encoding as `bpe` writes it; others would encode differently. */
const BPE_SETTINGS = {
  dropout: null, unk_token: SPECIAL_TOKENS[UNK], continuing_subword_prefix: null, end_of_word_suffix: null,
  fuse_unk: false, byte_fallback: false, ignore_merges: false,
} as const;

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw damaged(`it is not JSON (${(error as Error).message})`);
  }
}

/** The scheme whose three parts stand in the file. */
function schemeOf(file: Fields): Scheme {
  const same = (a: unknown, b: unknown): boolean => canonical(a ?? null) === canonical(b);
  const found = SCHEMES.find((scheme) => same(file["pre_tokenizer"], scheme.preTokenizer) && same(file["normalizer"], scheme.normalizer));
  if (found === undefined) throw unsupported("normalizer or pre_tokenizer");
  if (!same(file["decoder"], found.decoder)) throw unsupported("decoder");
  return found;
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    isFields(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item);
}

function vocabularyOf(vocab: Fields): readonly string[] {
  const entries = Object.entries(vocab);
  const tokens = new Array<string | undefined>(entries.length).fill(undefined);
  for (const [token, id] of entries) {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= entries.length) {
      throw damaged(`token ${JSON.stringify(token)} has id ${JSON.stringify(id)}, but ids of ${entries.length} tokens are 0 to ${entries.length - 1}`);
    }
    if (tokens[id] !== undefined) throw damaged(`tokens ${JSON.stringify(tokens[id])} and ${JSON.stringify(token)} share id ${id}`);
    if (token === "") throw damaged(`the token of id ${id} is empty`);
    tokens[id] = token;
  }
  return tokens as string[];
}

/** The special tokens: those of the kind, and any that the training of it was asked for. */
function specialsOf(kind: readonly string[], vocabulary: readonly string[], added: unknown): readonly string[] {
  if (!Array.isArray(added)) throw damaged("added_tokens is not a list");
  for (const [id, token] of kind.entries()) {
    if (vocabulary[id] !== token) throw damaged(`id ${id} is ${JSON.stringify(vocabulary[id] ?? null)} and not ${token}`);
    const entry: unknown = added[id];
    if (!isFields(entry) || entry["id"] !== id || entry["content"] !== token) throw damaged(`added_tokens does not list ${token} with id ${id}`);
  }
  return added.map((entry: unknown, id) => {
    if (!isFields(entry) || entry["id"] !== id || entry["content"] !== vocabulary[id]) throw damaged(`entry ${id} of added_tokens is not the token of id ${id}, ${JSON.stringify(vocabulary[id] ?? null)}`);
    for (const flag of ["single_word", "lstrip", "rstrip", "normalized"]) if (entry[flag]) throw unsupported(`${String(entry["content"])} with ${flag}`);
    return vocabulary[id] as string;
  });
}

function mergesOf(merges: unknown, vocabulary: readonly string[], specials: number): readonly Merge[] {
  if (!Array.isArray(merges)) throw damaged("model.merges is not a list");
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const known = (token: unknown, index: number): number => {
    const id = typeof token === "string" ? idOf.get(token) : undefined;
    if (id === undefined || id < specials) throw damaged(`merge ${index} needs the token ${JSON.stringify(token)}, which is not in the vocabulary`);
    return id;
  };
  const seen = new Set<string>();
  return merges.map((merge: unknown, index): Merge => {
    const parts: readonly unknown[] = typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
    if (parts.length !== 2) throw damaged(`merge ${index} is not a pair of tokens`);
    const pair = [known(parts[0], index), known(parts[1], index)] as const;
    known(`${String(parts[0])}${String(parts[1])}`, index);
    if (seen.has(pair.join(" "))) throw damaged(`merge ${index} occurs twice`);
    seen.add(pair.join(" "));
    return pair;
  });
}

function fields(value: unknown, name: string): Fields {
  if (!isFields(value)) throw damaged(`${name} is not an object`);
  return value;
}
