/**
 * SentencePiece's normalisation by a table (Kudo and Richardson 2018, §3.2): what is replaced is found in a trie of bytes, kept as a double
 * array (Aoe 1989) in the layout of the library darts-clone, and what takes its place follows as texts that end with 0.
 */
import { tokenizerDamaged } from "./errors.ts";
import type { Normalizer } from "./normalizers.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/**
 * A sign with the marks on it, which are replaced as one if they are short. As in the library `tokenizers`, where a table names the first
 * bytes of such a sign, all of it is replaced.
 */
const SIGN = /\r\n|(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|[^\p{M}\u200C\u200D]?[\p{M}\u200C\u200D]*/gsu;
/** Bytes of a sign that is replaced as one, at most: the library's limit, which SentencePiece itself does not have. */
const SHORT = 5;

/** `charsmap`: the table in base64. Throws TfmError `tokenizer-damaged`. */
export function precompiled(charsmap: string): Normalizer {
  const table = tableOf(charsmap);
  return (text) => text.replace(SIGN, (sign) => {
    const whole = encodeUtf8(sign);
    const replaced = whole.length <= SHORT ? table(whole) : undefined;
    return replaced ?? Array.from(sign, (character) => table(encodeUtf8(character)) ?? character).join("");
  });
}

/** What takes the place of a text that begins with an entry of the table, by the shortest such entry. */
type Table = (bytes: Uint8Array) => string | undefined;

function tableOf(charsmap: string): Table {
  const bytes = fromBase64(charsmap);
  const view = new DataView(bytes.buffer);
  const length = bytes.length < 4 ? Infinity : view.getUint32(0, true);
  if (!(length % 4 === 0 && 4 + length <= bytes.length)) throw tokenizerDamaged("its precompiled_charsmap is cut off");
  const unit = (at: number): number => (at * 4 < length ? view.getUint32(4 + at * 4, true) : 0);
  const texts = bytes.subarray(4 + length);
  const known = new Map<number, string>();
  const textAt = (at: number): string => {
    const found = known.get(at) ?? decodeUtf8(texts.subarray(at, Math.max(at, texts.indexOf(0, at))));
    known.set(at, found);
    return found;
  };
  return (key) => {
    let at = offsetOf(unit(0));
    for (const byte of key) {
      at ^= byte;
      const node = unit(at);
      if (byte === 0 || labelOf(node) !== byte) return undefined;
      at ^= offsetOf(node);
      if (((node >>> 8) & 1) === 1) return textAt(unit(at) & 0x7fffffff);
    }
    return undefined;
  };
}

/** A unit of the array: the byte that leads to it, whether a text ends here, and where the units of the bytes behind are. */
const labelOf = (unit: number): number => (unit & 0x800000ff) >>> 0;
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let bits = 0, held = 0, at = 0;
  for (const digit of digits) {
    const value = DIGITS.indexOf(digit);
    if (value < 0) throw tokenizerDamaged("its precompiled_charsmap is not base64");
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) bytes[at++] = (held >> (bits -= 8)) & 255;
  }
  return bytes;
}
