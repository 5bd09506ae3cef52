import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** The printable symbols that stand for the bytes 0 to 255 in GPT-2's vocabulary and since: Latin-1 signs are themselves, the others follow from U+0100. */
export const BYTE_SYMBOLS: readonly string[] = byteAlphabet();
const byteOfSymbol = new Map(BYTE_SYMBOLS.map((symbol, byte) => [symbol, byte]));

function byteAlphabet(): readonly string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const visible = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(visible ? byte : next++);
  });
}

/** The bytes of a text's UTF-8, as symbols. Most are signs that stand for themselves. */
export function inSymbols(text: string): string {
  return text.replace(/[^!-~]/gu, (sign) => (sign < "\x80" ? (BYTE_SYMBOLS[sign.charCodeAt(0)] as string) : Array.from(encodeUtf8(sign), (byte) => BYTE_SYMBOLS[byte]).join("")));
}

/** The text whose bytes tokens spell one after the other. A token with other signs in it spells itself, as added ones do. */
export function ofSymbols(tokens: readonly string[]): string {
  const bytes: number[] = [];
  for (const token of tokens) {
    const known = Array.from(token, (symbol) => byteOfSymbol.get(symbol));
    for (const byte of known.includes(undefined) ? encodeUtf8(token) : (known as number[])) bytes.push(byte);
  }
  return decodeUtf8(Uint8Array.from(bytes));
}
