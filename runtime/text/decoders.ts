/** How tokens become text again: the parts that `decoder` of `tokenizer.json` may have. */
import { ofSymbols } from "./byte-symbols.ts";
import { meaningOf, oneOf, partsOfSequence, patternOf, textOf } from "./part.ts";
import type { Meanings } from "./part.ts";
import { prependsOf } from "./pre-tokenizers.ts";
import { decodeUtf8, firstInvalidUtf8 } from "./utf8.ts";

/** What tokens are the spellings of; the text is what comes out, joined. */
export type Decoder = (tokens: readonly string[]) => readonly string[];

export const DECODERS: Meanings<Decoder> = {
  Sequence: ({ decoders }, whole) => {
    const steps = partsOfSequence(decoders).map(whole);
    return (tokens) => steps.reduce((sofar, step) => step(sofar), tokens);
  },
  ByteLevel: () => (tokens) => [ofSymbols(tokens)],
  Metaspace: (part) => {
    const space = textOf(part, "replacement"), first = prependsOf(part) === "never" ? " " : "";
    return (tokens) => tokens.map((token, at) => token.replaceAll(space, at === 0 ? first : " "));
  },
  WordPiece: (part) => {
    const prefix = textOf(part, "prefix"), tidies = oneOf(part, "cleanup", [true, false]);
    return (tokens) => tokens.map((token, at) => {
      const spelt = at === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return tidies ? tidy(spelt) : spelt;
    });
  },
  Fuse: () => (tokens) => [tokens.join("")],
  Replace: (part) => {
    const pattern = patternOf(part), content = textOf(part, "content");
    return (tokens) => tokens.map((token) => token.replace(pattern, () => content));
  },
  Strip: (part) => {
    const sign = textOf(part, "content"), [left, right] = [Number(part["start"] ?? 0), Number(part["stop"] ?? 0)];
    return (tokens) => tokens.map((token) => {
      let from = 0, to = token.length;
      while (from < left && token[from] === sign) from++;
      while (token.length - to < right && to > from && token[to - 1] === sign) to--;
      return token.slice(from, to);
    });
  },
  ByteFallback: () => spelled,
};

/** Without a part tokens stand apart. Throws TfmError `tokenizer-unsupported`. */
export function decoderOf(part: unknown): Decoder {
  return part === null || part === undefined ? (tokens) => [tokens.join(" ")] : meaningOf("the decoder", part, DECODERS);
}

/** The spaces that stand before punctuation and within contractions when words are put side by side. */
function tidy(text: string): string {
  return text.replace(/ ([.?!,])/g, "$1").replaceAll(" ' ", "'").replaceAll(" do not", " don't").replace(/ (n't|'m|'s|'ve|'re)/g, "$1");
}

/** Tokens such as <0xE2> that follow each other are bytes; those that are no UTF-8 are U+FFFD, each. */
function spelled(tokens: readonly string[]): readonly string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    const spelt = Uint8Array.from(bytes);
    if (bytes.length > 0) texts.push(firstInvalidUtf8(spelt) < 0 ? decodeUtf8(spelt) : "\uFFFD".repeat(bytes.length));
    bytes = [];
  };
  for (const token of tokens) {
    const code = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
    if (code !== undefined) {
      bytes.push(parseInt(code, 16));
      continue;
    }
    flush();
    texts.push(token);
  }
  flush();
  return texts;
}
