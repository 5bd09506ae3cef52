import { textType, tokenOutsideVocabulary } from "./errors.ts";
import type { Scheme } from "./scheme.ts";
import { BERT_TOKENS, END, MASK, PAD, START, UNK } from "./tokenizer.ts";
import type { HuggingFaceTokenizer, Tokenizer, TokenizerModel } from "./tokenizer.ts";

/** What tells one kind of tokenizer from another: how a piece becomes ids, and what the file says of it. */
export interface Segmenter<M extends TokenizerModel = TokenizerModel> {
  /** The ids of a piece; each distinct piece is asked for about once. */
  readonly idsOf: (piece: string) => readonly number[];
  readonly model: M;
}

/** A tokenizer whose kind of model is known. */
export interface TokenizerWith<M extends TokenizerModel> extends Tokenizer {
  toJSON(): HuggingFaceTokenizer<M>;
}

/** Pieces that are remembered: words recur, and cutting them is the slow part. */
const REMEMBERED = 50_000;
/** UTF-16 units of the longest: where a scheme does not cut, a piece is a whole text. */
const LONGEST_REMEMBERED = 100;

/** The tokenizer of a vocabulary whose first tokens are `specials`. */
export function assemble<M extends TokenizerModel>(scheme: Scheme, vocabulary: readonly string[], specials: readonly string[], segmenter: Segmenter<M>): TokenizerWith<M> {
  const size = vocabulary.length;
  const mask = [MASK, BERT_TOKENS[4]].map((token) => specials.indexOf(token)).find((id) => id >= 0);
  const token = (id: number): string => {
    if (!Number.isInteger(id) || id < 0 || id >= size) throw tokenOutsideVocabulary(id, size);
    return vocabulary[id] as string;
  };
  return {
    size,
    pad: PAD,
    start: START,
    end: END,
    unk: UNK,
    ...(mask === undefined ? {} : { mask }),
    specials,
    encode: encoder(scheme, specials, remembering(segmenter.idsOf)),
    decode: decoder(scheme, specials, token),
    token,
    beginsWord: (id) => id < specials.length || scheme.begins(token(id)),
    toJSON: () => ({
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: specials.map((content, id) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })),
      normalizer: scheme.normalizer,
      pre_tokenizer: scheme.preTokenizer,
      post_processor: null,
      decoder: scheme.decoder,
      model: segmenter.model,
    }),
  };
}

function remembering(idsOf: Segmenter["idsOf"]): Segmenter["idsOf"] {
  const memory = new Map<string, readonly number[]>();
  return (piece) => {
    const known = memory.get(piece);
    if (known !== undefined) return known;
    const ids = idsOf(piece);
    if (piece.length > LONGEST_REMEMBERED) return ids;
    if (memory.size >= REMEMBERED) memory.clear();
    memory.set(piece, ids);
    return ids;
  };
}

function encoder(scheme: Scheme, specials: readonly string[], idsOf: Segmenter["idsOf"]): Tokenizer["encode"] {
  const specialIds = new Map(specials.map((token, id) => [token, id]));
  const expression = new RegExp(`(${specials.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|")})`);
  return (text) => {
    // Callers of a compiled module may be JavaScript.
    if (typeof text !== "string") throw textType(text);
    const ids: number[] = [];
    for (const [index, part] of text.split(expression).entries()) {
      if (index % 2 === 1) {
        ids.push(specialIds.get(part) as number);
        continue;
      }
      const plain = scheme.normalise(part);
      if (plain === "") continue;
      for (const piece of scheme.pieces(plain)) for (const id of idsOf(piece)) ids.push(id);
    }
    return ids;
  };
}

function decoder(scheme: Scheme, specials: readonly string[], token: (id: number) => string): Tokenizer["decode"] {
  return (ids) => {
    let text = "";
    let run: string[] = [];
    for (const id of ids) {
      const spelt = token(id);
      if (id !== UNK && id < specials.length) continue;
      if (id === UNK && scheme.inBytes) {
        text += `${scheme.join(run)}\uFFFD`;
        run = [];
      } else {
        run.push(id === UNK ? "\uFFFD" : spelt);
      }
    }
    return text + scheme.join(run);
  };
}

/** Ids by token, as files have them. */
export function idsByToken(vocabulary: readonly string[]): Record<string, number> {
  return Object.fromEntries(vocabulary.map((token, id) => [token, id]));
}
