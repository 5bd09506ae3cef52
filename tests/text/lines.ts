import { draws } from "../../runtime/random/philox.ts";
import type { Draws } from "../../runtime/random/philox.ts";

const WORDS = ("le la un une de mars avril lundi mardi dollars canadiens euros kilomètres février août États-Unis l'Inde d'euros Côte Île Norvège "
  + "Pérou Thursday March between ten hundred in days weeks ago million Guinea-Bissau & São Tomé €12.50 12:30 ¥5 30% a b").split(" ");

/** Lines of made-up text, seeded: words, numbers, punctuation. */
export function madeUpLines(count: number, seed: number): string[] {
  const random = draws(seed);
  return Array.from({ length: count }, () => Array.from({ length: 1 + random.below(9) }, () => madeUpWord(random)).join(" "));
}

function madeUpWord(random: Draws): string {
  const roll = random.below(10);
  if (roll < 6) return WORDS[Math.floor(random.uniform() ** 2 * WORDS.length)] as string;
  if (roll < 8) return String(random.below(10 ** (1 + random.below(6))));
  if (roll < 9) return `${random.below(100)},${random.below(100)}`;
  return `${WORDS[random.below(WORDS.length)]},`;
}

/** Texts at which tokenizers part company. */
export const AWKWARD: readonly string[] = [
  "", " ", "   \t\n ", " leading", "trailing ", "  two  spaces  ", "tab\tand\nline\r\nbreak", "non\u00a0breaking\u202fand\u2009thin\u3000ideographic",
  "l\u2019\u00e9t\u00e9 d\u2018E\u0301lodie pa\u02bbanga", "e\u0301 is one sign when composed, q\u0301 is not", "😀", "a😀b 👩‍👩‍👧‍👦 🇫🇷", "漢字かな交じり文", "العربية ١٢٣", "Ωμέγα Ž",
  "\ufeffbyte order mark", "\u200bzero\u200dwidth", "▁ the mark ▁▁ itself", "1234567890", "1 234 567,89", "12345abc678", "²³½Ⅳ", "-", "...", "!?", "&amp;",
  "\u0000\u0001control\u007f", "\ud800 lone \udc00 surrogates", "constructor __proto__ toString hasOwnProperty", "İstanbul ıß ﬁ", "x".repeat(300), "12 ".repeat(200), "éèê".repeat(100),
  "a-b'c d.e,f;g", "<pad>", "x<end>y", " <start> a <unk> <end> ", "<pad", "<<pad>>", "<PAD>",
];

/** What follows in a line of anything, by kind: words of several scripts, emoji with their joins and tones, control characters, spaces, marks, specials. */
const KINDS: readonly (readonly string[])[] = [
  WORDS,
  "Straße naïve Ωμέγα Привет мир שָׁלוֹם مرحبا नमस्ते 你好 世界 東京 こんにちは カタカナ ｶﾀ 한국어 ไทย İstanbul ǅ ﬁ ²³ Ⅳ ½ №".split(" "),
  ["😀", "👍🏽", "👩‍👩‍👧‍👦", "🇫🇷", "🏳️‍🌈", "❤️", "1️⃣", "👁️‍🗨️", "\ud83d", "\ude00"],
  ["\u0000", "\u0007", "\u001b[0m", "\u007f", "\u0085", "\u009f", "\u00ad", "\ufeff", "\ufffd", "\ufffe", "\u2028", "\u2029", "\u{10ffff}"],
  [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u202f", "\u3000", "\u200b", "\u200d", "\v", "\f"],
  ["e\u0301", "q\u0301\u0323", "\u0301", "A\u030a", "ﷺ", "\u1100\u1161\u11a8", "a\u0338"],
  ["<pad>", "<start>", "<end>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "<mask>", "<extra_id_0>", "<0x41>", "▁", "##", "Ġ", "Ċ", "@@", "</w>", "<", "]"],
  ["'s", "'ll", "don't", "l\u2019an", "—", "…", "«", "»", "!?", "&amp;", "$", "€", "^", "\\", '"', "`", "~", "¨", "¸", "。", "、"],
];

/** Lines in which such pieces stand side by side, with a space between or without, seeded. */
export function anythingLines(count: number, seed: number): string[] {
  const random = draws(seed);
  return Array.from({ length: count }, () => Array.from({ length: 1 + random.below(12) }, () => {
    const roll = random.below(12);
    const kind = roll < 4 ? 0 : Math.min(roll - 4, KINDS.length - 1);
    const piece = roll === 11 ? randomCodePoint(random) : pick(KINDS[kind] as readonly string[], random);
    return random.below(2) === 0 ? piece : `${piece} `;
  }).join(""));
}

function pick(list: readonly string[], random: Draws): string {
  return list[random.below(list.length)] as string;
}

function randomCodePoint(random: Draws): string {
  return String.fromCodePoint(random.below(random.below(4) === 0 ? 0x110000 : 0x3000));
}
