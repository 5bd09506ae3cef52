/** Which ids are text, and which of them begin a word. */
import { has } from "./scheme.ts";
import type { Tokenizer } from "./tokenizer.ts";

const UNUSED = /^(\[unused\d+\]|<unused\d+>)$/;

/** How many tokens stand before those that are text: special ones, and in BERT's vocabulary unused ones between them. */
export function firstOfText({ specials, size, token }: Tokenizer): number {
  const others = new Set(specials.values());
  let id = 0;
  while (id < size && (others.has(id) || UNUSED.test(token(id)))) id++;
  return id;
}

/**
 * Tells of an id of the tokenizer whether it begins a word rather than going on with one. Special tokens do, and tokens of texts that are
 * not cut into words.
 */
export function wordBeginnings(tokenizer: Tokenizer): (id: number) => boolean {
  const specials = new Set(tokenizer.specials.values());
  const begins = beginningOf(tokenizer);
  return (id) => specials.has(id) || begins(tokenizer.token(id));
}

/** A word begins with a space, however that is written, or where nothing says that it goes on. */
function beginningOf(tokenizer: Tokenizer): (token: string) => boolean {
  const { normalizer, pre_tokenizer: cut, decoder } = tokenizer.toJSON();
  if (has(decoder, "WordPiece")) return (token) => !token.startsWith("##");
  if (has(cut, "Metaspace") || has(normalizer, "Prepend")) return (token) => token.startsWith("▁");
  if (has(cut, "ByteLevel") && (has(cut, "Split") || !JSON.stringify(cut).includes('"use_regex":false'))) return (token) => /^[ĠĊĉ]/.test(token);
  return () => true;
}
