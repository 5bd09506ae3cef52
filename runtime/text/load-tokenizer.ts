import { isFields } from "../json.ts";
import type { Fields, Json } from "../json.ts";
import { shown } from "../shown.ts";
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
 * cutting and filling up (`truncation`, `padding`) are not the tokenizer's here. Everything else that could make ids differ is checked;
 * throws TfmError `tokenizer-damaged` (what it says does not fit together) or `tokenizer-unsupported` (a part that is not known here).
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
  switch (kindOf(model)) {
    case "BPE": {
      const vocabulary = vocabularyOf(model, added), unk = unknownOf(model, vocabulary);
      oneOf(model, "dropout", [null, 0]);
      oneOf(model, "continuing_subword_prefix", [null, ""]);
      const suffix = typeof model["end_of_word_suffix"] === "string" ? model["end_of_word_suffix"] : "";
      const settings = { unk, fused: flag(model, "fuse_unk"), spelt: flag(model, "byte_fallback"), whole: flag(model, "ignore_merges"), suffix };
      return { vocabulary, unk, segment: bpeSegmenter(vocabulary, mergesOf(model["merges"], vocabulary), settings), suffix };
    }
    case "WordPiece": {
      const vocabulary = vocabularyOf(model, added), unk = unknownOf(model, vocabulary);
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

/** Older files, such as GPT-2's, do not say it. */
function kindOf({ type, merges, vocab }: Fields): unknown {
  return type ?? (merges !== undefined ? "BPE" : Array.isArray(vocab) ? "Unigram" : "WordPiece");
}

const flag = (model: Fields, name: string): boolean => oneOf(model, name, [false, true]);

function unknownOf({ unk_token: token }: Fields, vocabulary: readonly string[]): number | undefined {
  if (token === null || token === undefined) return undefined;
  const id = vocabulary.indexOf(token as string);
  if (id < 0) throw damaged(`model.unk_token ${JSON.stringify(token)} is no token`);
  return id;
}

function scoredVocabulary(vocab: unknown): readonly [vocabulary: readonly string[], scores: readonly number[]] {
  const entries = listOf(vocab, "model.vocab", (entry): entry is readonly [string, number] => Array.isArray(entry) && typeof entry[0] === "string" && entry[0] !== "" && typeof entry[1] === "number");
  return [entries.map(([token]) => token), entries.map(([, score]) => score)];
}

/** The entries of a list that are all as they should be. */
function listOf<T>(list: unknown, name: string, isEntry: (entry: unknown) => entry is T): readonly T[] {
  if (!Array.isArray(list)) throw damaged(`${name} is not a list`);
  const wrong = list.findIndex((entry) => !isEntry(entry));
  if (wrong >= 0) throw damaged(`entry ${wrong} of ${name} is ${shown(list[wrong])}`);
  return list as T[];
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw damaged(`it is not JSON (${(error as Error).message})`);
  }
}

/** The tokens by id, those of the model and added ones. */
function vocabularyOf(model: Fields, added: readonly AddedToken[]): readonly string[] {
  const vocab = fields(model["vocab"], "model.vocab");
  const entries = Object.entries(vocab);
  const size = entries.length + added.filter(({ content }) => !Object.hasOwn(vocab, content)).length;
  const tokens: string[] = [];
  for (const [token, id] of entries) {
    if (token === "" || !isId(id, size)) throw damaged(`token ${JSON.stringify(token)} has id ${JSON.stringify(id)} among ${size} tokens`);
    place(token, id, tokens);
  }
  return withAdded(tokens, added);
}

function withAdded(tokens: readonly string[], added: readonly AddedToken[]): readonly string[] {
  const all = [...tokens], most = all.length + added.length;
  for (const { id, content } of added) {
    // An id far from all others would make the list as long.
    if (id >= most) throw damaged(`no token has id ${most}`);
    place(content, id, all);
  }
  const gap = all.findIndex((token) => (token as string | undefined) === undefined);
  if (gap >= 0) throw damaged(`no token has id ${gap}`);
  return all;
}

function place(token: string, id: number, tokens: string[]): void {
  const known = tokens[id] ?? token;
  if (known !== token) throw damaged(`tokens ${JSON.stringify(known)} and ${JSON.stringify(token)} share id ${id}`);
  tokens[id] = token;
}

function isId(id: unknown, size: number): id is number {
  return Number.isInteger(id) && (id as number) >= 0 && (id as number) < size;
}

function addedTokens(list: unknown): readonly AddedToken[] {
  const tokens = listOf(list ?? [], "added_tokens", (entry): entry is AddedToken => {
    const { id, content }: Fields = isFields(entry) ? entry : {};
    return isId(id, Infinity) && typeof content === "string" && content !== "";
  });
  const alone = tokens.find(({ single_word: is }) => is);
  if (alone !== undefined) throw unsupported(`${alone.content} with single_word`);
  return tokens;
}

function mergesOf(merges: unknown, vocabulary: readonly string[]): readonly Merge[] {
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const known = (token: string, index: number): number => {
    const id = idOf.get(token);
    if (id === undefined) throw damaged(`merge ${index} needs ${JSON.stringify(token)}, which is no token`);
    return id;
  };
  const parted = (merge: unknown): unknown => (typeof merge === "string" ? merge.split(" ") : merge);
  const isPair = (merge: unknown): merge is string | readonly [string, string] => {
    const parts = parted(merge);
    return Array.isArray(parts) && parts.length === 2 && parts.every((part) => typeof part === "string");
  };
  return listOf(merges, "model.merges", isPair).map((merge, index): Merge => {
    const [left, right] = parted(merge) as readonly [string, string];
    known(left + right, index);
    return [known(left, index), known(right, index)];
  });
}

function fields(value: unknown, name: string): Fields {
  if (!isFields(value)) throw damaged(`${name} is not an object`);
  return value;
}
