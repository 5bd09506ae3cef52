/** UTF-8 without TextEncoder and TextDecoder, which the language does not guarantee; strict where a file's bytes are judged. */

/** A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    let code = character.codePointAt(0) as number;
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return Uint8Array.from(bytes);
}

/** The text, where bytes that are not UTF-8 have become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  const parts: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { code, length } = codePointAt(bytes, at);
    parts.push(code < 0 ? "\uFFFD" : String.fromCodePoint(code));
    at += length;
  }
  return parts.join("");
}

/** The offset of the first byte that is not part of well-formed UTF-8 (Unicode, table 3-7), or -1. */
export function firstInvalidUtf8(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    if ((bytes[at] as number) < 0x80) {
      at++;
      continue;
    }
    const { code, length } = codePointAt(bytes, at);
    if (code < 0) return at;
    at += length;
  }
  return -1;
}

/** The code point at an offset and its length; -1 and 1 where there is none: truncated, overlong, a surrogate or above U+10FFFF. */
function codePointAt(bytes: Uint8Array, at: number): { code: number; length: number } {
  const first = bytes[at] as number;
  if (first < 0x80) return { code: first, length: 1 };
  const length = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return INVALID;
  let code = first & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i] as number;
    if (next >> 6 !== 2) return INVALID;
    code = (code << 6) | (next & 63);
  }
  const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
  return code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? INVALID : { code, length };
}

const INVALID = { code: -1, length: 1 } as const;
