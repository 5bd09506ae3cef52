import { extraction } from "./added-tokens.ts";
import { textType, tokenOutsideVocabulary } from "./errors.ts";
import { rolesOf } from "./roles.ts";
import type { Scheme } from "./scheme.ts";
import type { AddedToken, HuggingFaceTokenizer, Tokenizer, TokenizerModel } from "./tokenizer.ts";

/** The ids of a piece; each distinct piece is asked for about once. */
export type Segmenter = (piece: string) => readonly number[];

/** A tokenizer whose kind of model is known. */
export interface TokenizerWith<M extends TokenizerModel> extends Tokenizer {
  toJSON(): HuggingFaceTokenizer<M>;
}

/** What a tokenizer is made of. */
export interface Ingredients {
  readonly scheme: Scheme;
  /** How each id is spelt. */
  readonly vocabulary: readonly string[];
  /** The tokens that a text may spell without being cut there. */
  readonly added: readonly AddedToken[];
  /** For what has no token, where there can be any such. */
  readonly unk: number | undefined;
  readonly segment: Segmenter;
}

/** Pieces that are remembered: words recur, and cutting them is the slow part. */
const REMEMBERED = 50_000;
/** UTF-16 units of the longest: where a scheme does not cut, a piece is a whole text. */
const LONGEST_REMEMBERED = 100;

/** `file`: what `toJSON` returns. Throws TfmError `tokenizer-unsupported` where no token ends a text. */
export function assemble<M extends TokenizerModel>({ scheme, vocabulary, added, unk, segment }: Ingredients, file: HuggingFaceTokenizer<M>): TokenizerWith<M> {
  const size = vocabulary.length;
  const roles = rolesOf(added);
  const specials = added.filter(({ special }) => special);
  const token = (id: number): string => {
    if (!Number.isInteger(id) || id < 0 || id >= size) throw tokenOutsideVocabulary(id, size);
    return vocabulary[id] as string;
  };
  return {
    size,
    ...roles,
    unk: unk ?? roles.end,
    specials: new Map(specials.map(({ content, id }) => [content, id])),
    encode: encoder(scheme, added, remembering(segment)),
    decode: decoder(scheme, new Set(specials.map(({ id }) => id)), unk === roles.end ? undefined : unk, token),
    token,
    toJSON: () => file,
  };
}

function remembering(segment: Segmenter): Segmenter {
  const memory = new Map<string, readonly number[]>();
  return (piece) => {
    const known = memory.get(piece);
    if (known !== undefined) return known;
    const ids = segment(piece);
    if (piece.length > LONGEST_REMEMBERED) return ids;
    if (memory.size >= REMEMBERED) memory.clear();
    memory.set(piece, ids);
    return ids;
  };
}

/** Tokens are looked for in the text as it is and, those that are `normalized`, in the text as it was made. */
function encoder(scheme: Scheme, added: readonly AddedToken[], segment: Segmenter): Tokenizer["encode"] {
  const asGiven = extraction(added.filter(({ normalized }) => !normalized));
  const asMade = extraction(added.filter(({ normalized }) => normalized), scheme.normalise);
  return (text) => {
    // Callers of a compiled module may be JavaScript.
    if (typeof text !== "string") throw textType(text);
    const ids: number[] = [];
    for (const [index, part] of asGiven(text).entries()) {
      for (const [inner, plain] of (typeof part === "number" ? [part] : asMade(scheme.normalise(part))).entries()) {
        if (typeof plain === "number") ids.push(plain);
        else for (const piece of scheme.pieces(plain, index === 0 && inner === 0)) for (const id of segment(piece)) ids.push(id);
      }
    }
    return ids;
  };
}

function decoder(scheme: Scheme, specials: ReadonlySet<number>, unk: number | undefined, token: (id: number) => string): Tokenizer["decode"] {
  return (ids) => {
    let text = "";
    let run: string[] = [];
    for (const id of ids) {
      const spelt = token(id);
      if (id !== unk && specials.has(id)) continue;
      if (id === unk && scheme.inBytes) {
        text += `${scheme.join(run)}\uFFFD`;
        run = [];
      } else {
        run.push(id === unk ? "\uFFFD" : spelt);
      }
    }
    return text + scheme.join(run);
  };
}
