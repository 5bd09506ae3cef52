import type { IToken, TokenType } from "chevrotain";
import type { Diagnostic } from "./diagnostic.ts";
import * as errors from "./errors.ts";
import { positionAt } from "./source.ts";
import type { SourceFile, Span } from "./source.ts";
import * as t from "./tokens.ts";

/**
 * Between lexer and parser: the tokens are cut into items, and each `{ … }` becomes one Block token that holds its own items.
 *
 *     layer A(d,       ─▶  Piece [layer A ( d , n ) Block]
 *             n) {                                    └─▶ Piece [x = f ( y )], Piece [z = x + y]
 *       x = f(y)
 *       z = x            Newlines separate items unless they stand in ( ) or [ ], after a token that cannot end an
 *         + y            item, or before one that cannot begin one: no item begins with an operator or a bracket,
 *     }                  and no expression is an item.
 *
 * The parser reads one piece at a time. So a mistake in one item never reaches the next, and reading resumes at newlines.
 */
export interface Piece {
  readonly tokens: readonly IToken[];
  /** A mistake in it has been reported that no replacement mends: its blocks are read, the piece itself is not. */
  readonly broken: boolean;
  /** What ended it, in words. */
  readonly ending: string;
}

/** A Block token's `payload`. */
export interface BlockContent {
  readonly pieces: readonly Piece[];
}

export interface Structure {
  readonly pieces: readonly Piece[];
  /** A `}` without its `{` was found: what seems to lie outside of every block may not. */
  readonly unbalanced: boolean;
}

/** Parentheses, brackets and braces in each other; chevrotain's stack ends somewhere above 500. */
export const DEEPEST = 128;

export function structure(file: SourceFile, tokens: readonly IToken[], report: (d: Diagnostic) => void): Structure {
  return new Cutter(file, tokens, report).cut();
}

interface Frame {
  /** undefined for the file itself. */
  readonly open: IToken | undefined;
  /** Column of the first token of the item that opened it; 0 for the file. */
  readonly indent: number;
  readonly pieces: Piece[];
  /** The item being read when the block opened. */
  readonly before: IToken[];
  readonly beforeBroken: boolean;
}

class Cutter {
  readonly file: SourceFile;
  readonly all: readonly IToken[];
  readonly report: (d: Diagnostic) => void;
  /** More `{` than `}` (> 0) or fewer: only then is indentation asked where the mistake is. */
  readonly surplus: number;
  frames: Frame[];
  piece: IToken[] = [];
  broken = false;
  brackets: IToken[] = [];
  unbalanced = false;

  constructor(file: SourceFile, all: readonly IToken[], report: (d: Diagnostic) => void) {
    this.file = file;
    this.all = all;
    this.report = report;
    this.surplus = all.reduce((n, x) => n + (x.tokenType === t.LeftBrace ? 1 : x.tokenType === t.RightBrace ? -1 : 0), 0);
    this.frames = [{ open: undefined, indent: 0, pieces: [], before: [], beforeBroken: false }];
  }

  get frame(): Frame {
    return this.frames.at(-1) as Frame;
  }

  cut(): Structure {
    for (const [i, token] of this.all.entries()) {
      const type = token.tokenType;
      if (type === t.Newline) this.newline(i);
      else if (type === t.Semicolon) {
        this.closeBrackets();
        this.endPiece("`;`");
      } else {
        if (this.startsLine(i)) this.closeBlocksByIndent(token);
        if (type === t.LeftBrace) this.openBlock(token);
        else if (type === t.RightBrace) this.closeBlock(token, this.startsLine(i));
        else if (type === t.LeftParen || type === t.LeftSquare) this.openBracket(token);
        else if (type === t.RightParen || type === t.RightSquare) this.closeBracket(token);
        else this.piece.push(token);
      }
      if (this.frames.length + this.brackets.length - 1 > DEEPEST) {
        this.report(errors.tooDeep(this.span(token), DEEPEST));
        return { pieces: [], unbalanced: true };
      }
    }
    this.closeBrackets();
    this.endPiece("the end of the file");
    while (this.frames.length > 1) this.missingBrace(undefined);
    return { pieces: this.frame.pieces, unbalanced: this.unbalanced };
  }

  /** Ends the item unless the line goes on; of several newlines the last one does. */
  newline(i: number): void {
    const before = this.piece.at(-1);
    const next = this.all[i + 1];
    if (before === undefined || next?.tokenType === t.Newline) return;
    if (this.brackets.length > 0) {
      if (next !== undefined && !this.surelyNew(i + 1, next, before)) return;
      this.closeBrackets();
    } else if (next !== undefined && !isOneOf(next, ITEM_WORDS) && (isOneOf(before, CANNOT_END) || isOneOf(next, CANNOT_BEGIN))) return;
    this.endPiece("the end of the line");
  }

  /** Whether the token at `at` that begins a line must begin an item, so that a bracket still open above was forgotten. */
  surelyNew(at: number, next: IToken, before: IToken): boolean {
    if (isOneOf(next, ITEM_WORDS)) return true;
    if (isOneOf(before, CANNOT_END) || isOneOf(before, [t.LeftParen, t.LeftSquare])) return false;
    let after = at + 1;
    if (this.all[after]?.tokenType === t.LeftSquare) {
      while (after < this.all.length && !isOneOf(this.all[after], [t.RightSquare, t.Newline])) after++;
      after++;
    }
    return next.tokenType === t.Name && this.all[after]?.tokenType === t.Equal;
  }

  endPiece(ending: string): void {
    if (this.piece.length > 0 || this.broken) this.frame.pieces.push({ tokens: this.piece, broken: this.broken, ending });
    this.piece = [];
    this.broken = false;
  }

  openBlock(token: IToken): void {
    this.closeBrackets();
    const first = this.piece[0] ?? token;
    const indent = positionAt(this.file, first.startOffset).column;
    this.frames.push({ open: token, indent, pieces: [], before: this.piece, beforeBroken: this.broken });
    this.piece = [];
    this.broken = false;
  }

  closeBlock(token: IToken, startsLine: boolean): void {
    this.closeBrackets();
    this.endPiece("`}`");
    const column = positionAt(this.file, token.startOffset).column;
    if (this.surplus > 0 && startsLine) {
      while (this.frames.length > 2 && column < this.frame.indent) this.missingBrace(token);
    }
    const { open } = this.frame;
    if (open === undefined || (this.surplus < 0 && startsLine && column !== this.frame.indent && !this.unbalanced)) {
      if (!this.unbalanced) this.report(errors.extraBrace(this.span(token)));
      this.unbalanced = true;
      return;
    }
    this.popBlock(open, token.endOffset ?? token.startOffset);
  }

  /** The block becomes one token of the item that opened it. */
  popBlock(open: IToken, end: number): void {
    const frame = this.frames.pop() as Frame;
    const content: BlockContent = { pieces: frame.pieces };
    const token: IToken = { ...open, image: "{", endOffset: end, tokenType: t.Block, tokenTypeIdx: t.Block.tokenTypeIdx as number, payload: content };
    this.piece = [...frame.before, token];
    this.broken = frame.beforeBroken;
  }

  /** With more `{` than `}`, a declaration that begins no further right than its block's own first line tells where one is missing. */
  closeBlocksByIndent(token: IToken): void {
    if (this.surplus <= 0 || token.tokenType === t.RightBrace || this.piece.length > 0 || this.brackets.length > 0) return;
    const column = positionAt(this.file, token.startOffset).column;
    while (this.frames.length > 1 && column <= this.frame.indent) this.missingBrace(token);
  }

  missingBrace(found: IToken | undefined): void {
    const open = this.frame.open as IToken;
    const end = found === undefined ? this.file.text.length : found.startOffset;
    if (!this.unbalanced || found !== undefined) this.report(errors.missingBrace(this.span(open), { file: this.file, start: end, end }));
    this.unbalanced = this.unbalanced || found === undefined;
    this.popBlock(open, Math.max(open.startOffset, end - 1));
    this.endPiece("the end of the block");
  }

  openBracket(token: IToken): void {
    this.brackets.push(token);
    this.piece.push(token);
  }

  closeBracket(token: IToken): void {
    const open = this.brackets.pop();
    if (open === undefined) {
      this.report(errors.extraBracket(this.span(token), token.image));
      return;
    }
    const closes = (one: IToken | undefined): boolean => one !== undefined && (one.tokenType === t.LeftParen) === (token.tokenType === t.RightParen);
    if (!closes(open) && closes(this.brackets.at(-1))) {
      // `f(x[b, t)`: it closes the bracket around the one that was forgotten.
      this.report(errors.missingBracket(this.span(open), open.image, endOf(this.file, this.piece.at(-1) ?? open)));
      this.brackets.pop();
      this.broken = true;
    } else if (!closes(open)) {
      this.report(errors.mismatchedBrackets(this.span(open), open.image, this.span(token), token.image));
      this.broken = true;
    }
    this.piece.push(token);
  }

  closeBrackets(): void {
    const open = this.brackets.at(-1);
    if (open === undefined) return;
    const last = this.piece.at(-1) ?? open;
    this.report(errors.missingBracket(this.span(open), open.image, endOf(this.file, last)));
    this.brackets = [];
    this.broken = true;
  }

  startsLine(i: number): boolean {
    return i === 0 || this.all[i - 1]?.tokenType === t.Newline;
  }

  span(token: IToken): Span {
    return tokenSpan(this.file, token);
  }
}

export function tokenSpan(file: SourceFile, token: IToken): Span {
  return { file, start: token.startOffset, end: (token.endOffset ?? token.startOffset) + 1 };
}

/** The empty place right behind a token. */
export function endOf(file: SourceFile, token: IToken): Span {
  const { end } = tokenSpan(file, token);
  return { file, start: end, end };
}

export function isOneOf(token: IToken | undefined, types: readonly TokenType[]): boolean {
  return token !== undefined && types.some((type) => token.tokenType === type || (token.tokenType.CATEGORIES?.includes(type) ?? false));
}

const OPERATORS = [t.RelationOp, t.SumOp, t.TermOp, t.Caret, t.Equal, t.Tilde, t.Arrow, t.Comma, t.Colon, t.Dot, t.And, t.Or, t.Then, t.Else, t.With, t.In];
/** A newline behind these does not end the item. */
const CANNOT_END: readonly TokenType[] = [...OPERATORS, t.Not, t.Where, t.Like];
/** A newline before these does not end the item. */
const CANNOT_BEGIN: readonly TokenType[] = [...OPERATORS, t.Where, t.Like, t.LeftBrace, t.LeftParen, t.LeftSquare, t.RightParen, t.RightSquare];
const ITEM_WORDS: readonly TokenType[] = [t.Hold, t.Let, t.Require, t.Return, t.For, t.Scan, t.Use, t.Fn, t.RightBrace];
