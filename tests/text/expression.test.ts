import { describe, expect, it } from "vitest";
import { expressionOf, literally } from "../../runtime/text/expression.ts";

const found = (pattern: string, text: string): readonly string[] => text.match(expressionOf(pattern)) ?? [];

describe("an expression in Oniguruma's syntax", () => {
  // What Oniguruma's manual (doc/RE) says of each.
  it.each<readonly [pattern: string, text: string, matches: readonly string[]]>([
    ["\\s+", "a \u0085b\uFEFFc\u00a0", [" \u0085", "\u00a0"]],
    ["[^\\s]+", "a b\uFEFFc", ["a", "b\uFEFFc"]],
    ["\\S", " x", ["x"]],
    ["\\d+", "12٣ ²", ["12٣"]],
    ["\\w+", "été_2 q\u0323!", ["été_2", "q\u0323"]],
    ["[\\w-]+", "a-b c", ["a-b", "c"]],
    ["(?i:'s|'LL)", "'S 's 'ſ 'll 'Ll", ["'S", "'s", "'ſ", "'ll", "'Ll"]],
    ["(?i:[k\\-]b)x", "KBx \u212Abx kBX -bx", ["KBx", "\u212Abx", "-bx"]],
    ["(?i:a)b", "Ab AB", ["Ab"]],
    ["(a|b)+c", "abac", ["abac"]],
    ["(?<=a)b", "ab cb", ["b"]],
    ["(?<!a)b(?!c)(?=d)", "ab bc bd", ["b"]],
    ["a.c", "a\rc a\nc", ["a\rc"]],
    ["\\x41|\\u0042", "A B C", ["A", "B"]],
    ["\\p{Han}+|\\p{Lu}|\\P{L}", "漢字Ab1", ["漢字", "A", "1"]],
    ["\\'\\-\\#\\.", "'-#.", ["'-#."]],
    ["[.(*+&$^]+", "a.(*+&$^b", [".(*+&$^"]],
    ["a{2,3}|b?&&", "aaaa b&&", ["aaa", "b&&"]],
  ])("%s", (pattern, text, matches) => {
    expect(found(pattern, text)).toEqual(matches);
  });

  it.each(["(?>a)", "(?i)a", "(?m:a)", "(?<name>a)", "a++", "a?+", "a*+", "^a", "a$", "\\Ab", "\\b", "\\h", "[a[b]]", "[a&&b]", "[[:alpha:]]", "(?i:é)", "(?i:[a-c])", "(", "[a", "*", "\\p{NoSuch}", "\\1", "\\x{1F600}"])("%s is refused, as JavaScript has no equal or it means something other there", (pattern) => {
    expect(() => expressionOf(pattern)).toThrow();
  });
});

it("matches a text and nothing else", () => {
  expect("a.b|c a.b|c axb".match(literally("a.b|c"))).toEqual(["a.b|c", "a.b|c"]);
});
