import { isFields } from "../json.ts";
import type { Fields, Json } from "../json.ts";
import { assemble } from "./assemble.ts";
import type { Segmenter } from "./assemble.ts";
import { bpeSegmenter } from "./bpe.ts";
import type { Merge } from "./bpe.ts";
import { tokenizerDamaged as damaged, tokenizerUnsupported as unsupported } from "./errors.ts";
import { withoutSpaceBehind } from "./normalizers.ts";
import { oneOf } from "./part.ts";
import { schemeOf } from "./scheme.ts";
import type { Scheme } from "./scheme.ts";
import type { AddedToken, HuggingFaceTokenizer, Tokenizer } from "./tokenizer.ts";
import { unigramSegmenter } from "./unigram.ts";
import { LONGEST_WORD, wordPieceSegmenter } from "./wordpiece.ts";

/**
 * The tokenizer in the text of a `tokenizer.json`, written here or by another program. What stands around a text (`post_processor`), its
 * cutting and filling up (`truncation`, `padding`) are not the tokenizer's here. Everything else that could make ids differ is checked; throws TfmError
 * `tokenizer-damaged` (what it says does not fit together) or `tokenizer-unsupported` (a part that is not known here).
 */
export function loadTokenizer(json: string): Tokenizer {
  const file = fields(parse(json), "the file");
  const model = fields(file["model"], "model");
  const part = (name: string): Json => (file[name] ?? null) as Json;
  const scheme = schemeOf({ normalizer: part("normalizer"), pre_tokenizer: part("pre_tokenizer"), decoder: part("decoder") });
  const added = addedTokens(file["added_tokens"]);
  const { vocabulary, unk, segment, suffix = "" } = modelOf(model, added);
  return assemble({ scheme: suffix === "" ? scheme : spaced(scheme, suffix), vocabulary, added, unk, segment }, file as unknown as HuggingFaceTokenizer);
}

/** Where words are known by their ends, as in CLIP's vocabulary, spaces between them are not spelt otherwise. */
function spaced(scheme: Scheme, suffix: string): Scheme {
  return { ...scheme, join: (tokens) => withoutSpaceBehind(scheme.join(tokens).replaceAll(suffix, " ")) };
}

interface Model {
  readonly vocabulary: readonly string[];
  readonly unk: number | undefined;
  readonly segment: Segmenter;
  /** Ends a word. */
  readonly suffix?: string;
}

function modelOf(model: Fields, added: readonly AddedToken[]): Model {
  switch (model["type"]) {
    case "BPE": {
      const vocabulary = vocabularyOf(fields(model["vocab"], "model.vocab"), added);
      const unk = unknownOf(model, vocabulary);
      oneOf(model, "dropout", [null, 0]);
      oneOf(model, "continuing_subword_prefix", [null, ""]);
      const suffix = typeof model["end_of_word_suffix"] === "string" ? model["end_of_word_suffix"] : "";
      const settings = { unk, fused: flag(model, "fuse_unk"), spelt: flag(model, "byte_fallback"), whole: flag(model, "ignore_merges"), suffix };
      return { vocabulary, unk, segment: bpeSegmenter(vocabulary, mergesOf(model["merges"], vocabulary), settings), suffix };
    }
    case "WordPiece": {
      const vocabulary = vocabularyOf(fields(model["vocab"], "model.vocab"), added);
      const unk = unknownOf(model, vocabulary);
      const prefix = model["continuing_subword_prefix"], longest = model["max_input_chars_per_word"] ?? LONGEST_WORD;
      if (unk === undefined || typeof prefix !== "string" || typeof longest !== "number") throw damaged("model lacks unk_token or continuing_subword_prefix");
      return { vocabulary, unk, segment: wordPieceSegmenter(vocabulary, { unk, prefix, longest }) };
    }
    case "Unigram": {
      oneOf(model, "byte_fallback", [false]);
      const [tokens, scores] = scoredVocabulary(model["vocab"]);
      const vocabulary = withAdded(tokens, added), unk = model["unk_id"];
      if (typeof unk !== "number" || vocabulary[unk] === undefined) throw damaged(`model.unk_id is ${JSON.stringify(unk ?? null)}`);
      const others = new Set(added.map(({ id }) => id));
      return { vocabulary, unk, segment: unigramSegmenter(tokens, scores, unk, (id) => !others.has(id)) };
    }
    default:
      throw unsupported(`model ${JSON.stringify(model["type"])}`);
  }
}

const flag = (model: Fields, name: string): boolean => oneOf(model, name, [false, true]);

function unknownOf({ unk_token: token }: Fields, vocabulary: readonly string[]): number | undefined {
  if (token === null || token === undefined) return undefined;
  const id = vocabulary.indexOf(token as string);
  if (id < 0) throw damaged(`model.unk_token is ${JSON.stringify(token)}, which is not in the vocabulary`);
  return id;
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

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw damaged(`it is not JSON (${(error as Error).message})`);
  }
}

/** The tokens by id, those of the model and added ones. */
function vocabularyOf(vocab: Fields, added: readonly AddedToken[]): readonly string[] {
  const entries = Object.entries(vocab);
  const size = entries.length + added.filter(({ content }) => !Object.hasOwn(vocab, content)).length;
  const tokens: string[] = [];
  for (const [token, id] of entries) {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= size) {
      throw damaged(`token ${JSON.stringify(token)} has id ${JSON.stringify(id)}, but ids of ${size} tokens are 0 to ${size - 1}`);
    }
    if (tokens[id] !== undefined) throw damaged(`tokens ${JSON.stringify(tokens[id])} and ${JSON.stringify(token)} share id ${id}`);
    if (token === "") throw damaged(`the token of id ${id} is empty`);
    tokens[id] = token;
  }
  return withAdded(tokens, added);
}

function withAdded(tokens: readonly string[], added: readonly AddedToken[]): readonly string[] {
  const all = [...tokens];
  for (const { id, content } of added) {
    const known = all[id];
    if (known !== undefined && known !== content) throw damaged(`id ${id} is ${JSON.stringify(known)} in model.vocab and ${JSON.stringify(content)} in added_tokens`);
    all[id] = content;
  }
  const gap = all.findIndex((token) => (token as string | undefined) === undefined);
  if (gap >= 0) throw damaged(`no token has id ${gap}, and there are higher ones`);
  return all;
}

/** An id that is far from all others would make a vocabulary as long. */
const HIGHEST = 2 ** 24;

function addedTokens(list: unknown): readonly AddedToken[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw damaged("added_tokens is not a list");
  return list.map((entry: unknown, at): AddedToken => {
    const token: Fields = isFields(entry) ? entry : {};
    const { id, content } = token;
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= HIGHEST || typeof content !== "string" || content === "") throw damaged(`entry ${at} of added_tokens is not a token with its id`);
    if (token["single_word"] === true) throw unsupported(`${content} with single_word`);
    return token as unknown as AddedToken;
  });
}

function mergesOf(merges: unknown, vocabulary: readonly string[]): readonly Merge[] {
  if (!Array.isArray(merges)) throw damaged("model.merges is not a list");
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const known = (token: unknown, index: number): number => {
    const id = typeof token === "string" ? idOf.get(token) : undefined;
    if (id === undefined) throw damaged(`merge ${index} needs the token ${JSON.stringify(token)}, which is not in the vocabulary`);
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
