import type { IToken, TokenType } from "chevrotain";
import type { Diagnostic } from "./diagnostic.ts";
import * as errors from "./errors.ts";
import { positionAt } from "./source.ts";
import type { SourceFile } from "./source.ts";
import { isOneOf, tokenSpan } from "./structure.ts";
import * as t from "./tokens.ts";

/**
 * Reports the tokens that the language does not have and puts in their place what was probably meant, so that reading goes
 * on: `a && b` becomes `a and b`, `'x'` a text, `#…` a comment, and a word of the language, or one that begins with a digit, where a name
 * must stand a name, told once for all its places. What has no counterpart stays Stray and spoils its item.
 */
export function mend(file: SourceFile, all: readonly IToken[], report: (d: Diagnostic) => void): IToken[] {
  const tokens = withoutPrefixes(file, all, report);
  const out: IToken[] = [];
  let reportedLine = 0;
  const reportedWords = new Set<string>();
  const digitsFirst = namesBeginningWithDigits(tokens);
  for (const [at, raw] of tokens.entries()) {
    const token = joined(out, raw);
    const span = tokenSpan(file, token);
    if (isMeantAsName(token, out.at(-1), tokens[at + 1])) {
      if (!reportedWords.has(token.image)) report(errors.reservedWord(span, token.image));
      reportedWords.add(token.image);
      out.push(as(token, t.Name));
      continue;
    }
    if (isOneOf(token, [t.Numeral]) && digitsFirst.has(token.image)) {
      if (!reportedWords.has(token.image)) report(errors.badName(span, token.image));
      reportedWords.add(token.image);
      out.push(as(token, t.Name));
      continue;
    }
    switch (token.tokenType) {
      case t.Foreign: {
        const meant = t.FOREIGN[token.image] as TokenType;
        report(errors.foreignOperator(span, token.image, meant.name));
        const target = out.at(-1);
        out.push({ ...as(token, meant), image: meant.name });
        // `x += 1` is read as `x = x + 1`, so that x keeps its shape.
        if (meant === t.Equal && token.image[0]! in OPERATION && target && isOneOf(target, [t.Name])) out.push(target, { ...as(token, OPERATION[token.image[0]!]!), image: token.image[0]! });
        break;
      }
      case t.At:
        report(errors.matrixProduct(span));
        out.push(as(token, t.Stray));
        break;
      case t.ForeignComment:
        report(errors.foreignComment(span, token.image));
        if (/[\r\n]/.test(token.image)) out.push(as(token, t.Newline));
        break;
      case t.SingleQuoted:
        report(errors.singleQuotes(span, token.image));
        out.push(as(token, t.Text));
        break;
      case t.UnclosedText:
        report(errors.unclosedString(span));
        out.push(as(token, t.Text));
        break;
      case t.Text:
        for (const escape of token.image.matchAll(/\\[^]/gu)) {
          if (/^\\["\\nt]$/.test(escape[0])) continue;
          const start = token.startOffset + escape.index;
          report(errors.badEscape({ file, start, end: start + escape[0].length }, escape[0]));
        }
        out.push(token);
        break;
      case t.Numeral:
        if (t.isNumber(token.image)) out.push(token);
        else {
          report(errors.badNumber(span, token.image));
          const product = errors.meantProduct(token.image);
          if (product !== undefined) out.push(...spread(token, product));
          else out.push({ ...token, image: errors.meantNumber(token.image) ?? token.image });
        }
        break;
      case t.Stray: {
        const { line } = positionAt(file, token.startOffset);
        const word = /^[\p{L}\p{N}\p{M}_]/u.test(token.image);
        if (line !== reportedLine || word) report(errors.strayCharacter(span, token.image));
        reportedLine = line;
        out.push(word ? as(token, t.Name) : token);
        break;
      }
      default:
        out.push(token);
    }
  }
  return out;
}

/** What stands before a point in Python: `self.norm`, `nn.Linear`, `torch.optim.Adam`. */
const PREFIXES: ReadonlySet<string> = new Set(["self", "this", "torch", "nn", "F", "optim", "functional", "np", "numpy", "math", "jnp", "jax", "tf", "keras"]);

/** Without them and their points, and without the parameter `self`. A name that stands anywhere else in the file is one of its own. */
function withoutPrefixes(file: SourceFile, all: readonly IToken[], report: (d: Diagnostic) => void): readonly IToken[] {
  const isPrefix = (at: number): boolean => PREFIXES.has(all[at]!.image) && isOneOf(all[at + 1], [t.Dot]) && isOneOf(all[at + 2], [t.Name]);
  const isSelf = (at: number): boolean => all[at]!.image === "self" && isOneOf(all[at - 1], [t.LeftParen]) && isOneOf(all[at + 1], [t.Comma, t.RightParen]);
  const isMember = (at: number): boolean => isOneOf(all[at - 1], [t.Dot]);
  if (!all.some((_, at) => isPrefix(at) || isSelf(at))) return all;
  const foreign = new Set(PREFIXES);
  for (const [at, { image }] of all.entries()) if (!isPrefix(at) && !isSelf(at) && !isMember(at)) foreign.delete(image);
  const out: IToken[] = [];
  const told = new Set<string>();
  for (let at = 0; at < all.length; at++) {
    const token = all[at]!;
    const span = { file, start: token.startOffset, end: all[at + 1]?.startOffset ?? token.startOffset };
    if (!foreign.has(token.image) || (!isPrefix(at) && !isSelf(at))) out.push(token);
    else if (isSelf(at)) {
      const comma = isOneOf(all[at + 1], [t.Comma]);
      report(errors.selfParameter(comma ? { ...span, end: all[at + 2]?.startOffset ?? span.end } : tokenSpan(file, token)));
      if (comma) at++;
    } else {
      if (!told.has(token.image)) report(errors.foreignPrefix({ ...span, end: span.end + 1 }, token.image));
      told.add(token.image);
      at++;
    }
  }
  return out;
}

/** Of `+=` and its like. */
const OPERATION: Readonly<Record<string, TokenType>> = { "+": t.Plus, "-": t.Minus, "*": t.Star, "/": t.Slash, "%": t.Percent };

/** The words that stand in no value, and those of them that a name follows. */
const WORDS = [t.Hold, t.Let, t.Fn, t.For, t.Scan, t.Use, t.Require, t.Return, t.In, t.With, t.Like];
const BEFORE_NAME = [t.Hold, t.Let, t.Fn, t.For, t.Scan];
const OPERATORS = [t.SumOp, t.TermOp, t.RelationOp, t.Caret];

function isMeantAsName(token: IToken, before: IToken | undefined, after: IToken | undefined): boolean {
  if (!t.RESERVED.has(token.image) || !isOneOf(token, WORDS)) return false;
  const isFirst = before === undefined || isOneOf(before, [t.Newline, t.Semicolon, t.LeftBrace]);
  if (isFirst && isOneOf(token, [t.Let]) && isOneOf(after, [t.Equal])) return false; // `let = 3` lacks a name
  if (isOneOf(token, [t.Fn]) && isOneOf(before, [t.Colon])) return false; // `act: fn = relu`
  if (isOneOf(after, [t.Equal, t.Comma, t.Colon, t.Dot, t.RightParen, t.RightSquare])) return true;
  if (isOneOf(before, BEFORE_NAME)) return !isOneOf(token, [t.Like, t.In]);
  if (isOneOf(after, OPERATORS)) return !isOneOf(after, [t.Minus]) || isOneOf(token, BEFORE_NAME);
  if (isOneOf(after, [t.LeftSquare])) return isOneOf(token, BEFORE_NAME);
  const isLast = after === undefined || isOneOf(after, [t.Newline, t.Semicolon, t.RightBrace]);
  return isLast && isOneOf(before, [...OPERATORS, t.Equal, t.Comma, t.LeftParen, t.LeftSquare]);
}

/** `2x` as the three tokens of `2 * x`, the sign where the name is. */
function spread(token: IToken, [number, name]: readonly [number: string, name: string]): readonly IToken[] {
  const at = token.startOffset + number.length;
  return [{ ...token, image: number, endOffset: at - 1 }, { ...as(token, t.Star), image: "*", startOffset: at }, { ...as(token, t.Name), image: name, startOffset: at }];
}

/** `2x` of `fn f(2x: real)`: what stands where a name must at some place is one at all of its places. */
function namesBeginningWithDigits(tokens: readonly IToken[]): ReadonlySet<string> {
  const stands = (at: number): boolean => isOneOf(tokens[at + 1], [t.Equal, t.Colon]) || isOneOf(tokens[at - 1], [...BEFORE_NAME, t.Kind]);
  return new Set(tokens.flatMap((token, at) => (isOneOf(token, [t.Numeral]) && /^\d+[A-Za-z_]\w*$/.test(token.image) && !t.isNumber(token.image) && stands(at) ? [token.image] : [])));
}

/** `caf` and `é` are one word: the second takes the first back. */
function joined(out: IToken[], token: IToken): IToken {
  const before = out.at(-1);
  if (before === undefined || token.tokenType !== t.Stray || !/^[\p{L}\p{N}\p{M}_]/u.test(token.image)) return token;
  const wordy = before.tokenType === t.Stray || before.tokenType === t.Name || t.RESERVED.has(before.image);
  if (!wordy || !/^\w+$/.test(before.image) || before.endOffset !== token.startOffset - 1) return token;
  out.pop();
  return { ...token, image: before.image + token.image, startOffset: before.startOffset };
}

function as(token: IToken, type: TokenType): IToken {
  return { ...token, tokenType: type, tokenTypeIdx: type.tokenTypeIdx as number };
}
