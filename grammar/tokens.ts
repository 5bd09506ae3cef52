import { Lexer, createToken } from "chevrotain";
import type { IToken, TokenType } from "chevrotain";
import { CATEGORIES } from "./ast.ts";

/**
 * The tokens of the language, and those that it does not have but that people write: they get a message of their own,
 * and where there is a counterpart (`&&`: `and`) reading goes on with it.
 */

export const Name = createToken({ name: "Name", pattern: /[A-Za-z_]\w*/ });

/** The words that begin a declaration. They are names too: `model = …` is a setting. */
export const Kind = createToken({ name: "Kind", pattern: Lexer.NA, categories: [Name] });
const kinds = CATEGORIES.map((word) => createToken({ name: word, pattern: word, longer_alt: Name, categories: [Kind, Name] }));

function word(text: string, ...categories: TokenType[]): TokenType {
  return createToken({ name: text, pattern: text, longer_alt: Name, categories });
}

/** `param`, `state`, `draw` */
export const Hold = createToken({ name: "Hold", pattern: Lexer.NA });
/** `<` … and `divides` */
export const RelationOp = createToken({ name: "RelationOp", pattern: Lexer.NA });
/** `+ -` */
export const SumOp = createToken({ name: "SumOp", pattern: Lexer.NA });
/** `* / %` */
export const TermOp = createToken({ name: "TermOp", pattern: Lexer.NA });
/** `true`, `false` */
export const Bool = createToken({ name: "Bool", pattern: Lexer.NA });

export const Param = word("param", Hold);
export const State = word("state", Hold);
export const Draw = word("draw", Hold);
export const Use = word("use");
export const Fn = word("fn");
export const Let = word("let");
export const Require = word("require");
export const Return = word("return");
export const If = word("if");
export const Then = word("then");
export const Else = word("else");
export const For = word("for");
export const In = word("in");
export const Scan = word("scan");
export const With = word("with");
export const Where = word("where");
export const Like = word("like");
export const And = word("and");
export const Or = word("or");
export const Not = word("not");
export const Divides = word("divides", RelationOp);
export const True = word("true", Bool);
export const False = word("false", Bool);
const words = [Param, State, Draw, Use, Fn, Let, Require, Return, If, Then, Else, For, In, Scan, With, Where, Like, And, Or, Not, Divides, True, False];

/** The words that cannot be names. */
export const RESERVED: ReadonlySet<string> = new Set(words.map((w) => w.name));

function sign(text: string, ...categories: TokenType[]): TokenType {
  return createToken({ name: text, pattern: text, categories });
}

export const Arrow = sign("->");
export const LessEqual = sign("<=", RelationOp);
export const GreaterEqual = sign(">=", RelationOp);
export const EqualEqual = sign("==", RelationOp);
export const NotEqual = sign("!=", RelationOp);
export const Less = sign("<", RelationOp);
export const Greater = sign(">", RelationOp);
export const Equal = sign("=");
export const Tilde = sign("~");
export const Plus = sign("+", SumOp);
export const Minus = sign("-", SumOp);
export const Star = sign("*", TermOp);
export const Slash = sign("/", TermOp);
export const Percent = sign("%", TermOp);
export const Caret = sign("^");
export const Comma = sign(",");
export const Colon = sign(":");
export const Semicolon = sign(";");
export const Dots = sign("...");
export const Dot = sign(".");
export const LeftParen = sign("(");
export const RightParen = sign(")");
export const LeftSquare = sign("[");
export const RightSquare = sign("]");
export const LeftBrace = sign("{");
export const RightBrace = sign("}");
const signs = [
  Arrow, LessEqual, GreaterEqual, EqualEqual, NotEqual, Less, Greater, Equal, Tilde, Plus, Minus, Star, Slash, Percent, Caret,
  Comma, Colon, Semicolon, LeftParen, RightParen, LeftSquare, RightSquare, LeftBrace, RightBrace,
]; // prettier-ignore

/** More than the language's numbers (`.5`, `2d`, `1_000`), so that a wrong one is one token; checked by isNumber. */
export const Numeral = createToken({ name: "Numeral", pattern: /\.?\d(?:[eE][+-]\d|[\w.])*/ });
export const Text = createToken({ name: "Text", pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*"/ });

/** A whole `{ … }` after the blocks have been found (structure.ts): the parser of items sees it as one token. */
export const Block = createToken({ name: "Block", pattern: Lexer.NA });

export const Newline = createToken({ name: "Newline", pattern: /\r\n|\n|\r/ });
const Blank = createToken({ name: "Blank", pattern: /[ \t\f\v\u00a0\u202f\ufeff]+/, group: Lexer.SKIPPED });
const LineComment = createToken({ name: "LineComment", pattern: /\/\/[^\r\n]*/, group: "comments" });

/** What other languages write; FOREIGN says what stands for it here. */
export const Foreign = createToken({
  name: "Foreign",
  pattern: /&&?|\|\|?|\*\*|===|!==|!(?!=)|:=|=>|<>|[-+*/%]=|[≤≥≠≔→×·−∧∨¬]/,
  start_chars_hint: ["&", "|", "*", "=", "!", ":", "<", "-", "+", "/", "%", "≤", "≥", "≠", "≔", "→", "×", "·", "−", "∧", "∨", "¬"],
});
export const FOREIGN: Readonly<Record<string, TokenType>> = {
  "&&": And, "&": And, "∧": And, "||": Or, "|": Or, "∨": Or, "!": Not, "¬": Not, "**": Caret, "===": EqualEqual, "!==": NotEqual,
  "<>": NotEqual, "≠": NotEqual, "≤": LessEqual, "≥": GreaterEqual, ":=": Equal, "≔": Equal, "=>": Arrow, "→": Arrow, "×": Star, "·": Star,
  "−": Minus, "+=": Equal, "-=": Equal, "*=": Equal, "/=": Equal, "%=": Equal,
}; // prettier-ignore

export const At = createToken({ name: "At", pattern: "@" });
export const ForeignComment = createToken({ name: "ForeignComment", pattern: /#[^\r\n]*|\/\*(?:[^]*?\*\/|[^]*)|"""(?:[^]*?"""|[^]*)/, line_breaks: true, start_chars_hint: ["#", "/", '"'] });
export const SingleQuoted = createToken({ name: "SingleQuoted", pattern: /'(?:[^'\\\r\n]|\\[^\r\n])*'/ });
export const UnclosedText = createToken({ name: "UnclosedText", pattern: /["'](?:[^\\\r\n]|\\[^\r\n])*\\?/ });
/** A word with letters from outside of ASCII, or any single character that nothing else takes. */
export const Stray = createToken({
  name: "Stray",
  pattern: (text, offset) => {
    const pattern = /[\p{L}\p{N}\p{M}_]+|[^]/uy; // chevrotain would drop the flag `u` of a plain pattern
    pattern.lastIndex = offset;
    return pattern.exec(text);
  },
  line_breaks: true,
  start_chars_hint: everyBucket(),
});

/** One character code for each bucket of chevrotain's table of first characters: 0–255, then 255 codes in each. */
function everyBucket(): number[] {
  return Array.from({ length: 256 + 258 }, (_, i) => (i < 256 ? i : Math.min(Math.max(256, (i - 256) * 255), 65535)));
}

export function isNumber(text: string): boolean {
  return /^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text);
}

/** In the order in which the lexer tries them. */
const PATTERNS: readonly TokenType[] = [
  Blank, Newline, LineComment, ForeignComment, Text, SingleQuoted, UnclosedText, Foreign, Dots, Numeral, ...signs, Dot, At, ...kinds, ...words, Name,
  Kind, Hold, RelationOp, SumOp, TermOp, Bool, Stray,
]; // prettier-ignore
export const VOCABULARY: readonly TokenType[] = [...PATTERNS, Block];

export interface Tokens {
  readonly tokens: readonly IToken[];
  readonly comments: readonly IToken[];
}

/** Every text has tokens: what no other pattern takes is Stray. */
export function lex(text: string): Tokens {
  lexer ??= newLexer(false);
  const { tokens, groups, errors } = lexer.tokenize(text);
  if (errors.length > 0) throw new Error(`internal: the lexer left out ${JSON.stringify(errors[0])}`);
  const comments = groups["comments"] ?? [];
  // With offsets only, chevrotain leaves out where a token ends.
  for (const token of [...tokens, ...comments]) token.endOffset = token.startOffset + token.image.length - 1;
  return { tokens, comments };
}
let lexer: Lexer | undefined;

/** With `validate`, chevrotain looks for patterns that can never match, which a test does once and for all. */
export function newLexer(validate: boolean): Lexer {
  return new Lexer([...PATTERNS], { positionTracking: "onlyOffset", recoveryEnabled: true, skipValidations: !validate });
}
