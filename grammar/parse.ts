import type { IToken } from "chevrotain";
import type * as ast from "./ast.ts";
import { build } from "./build.ts";
import type { Read, Surroundings } from "./build.ts";
import type { Diagnostic } from "./diagnostic.ts";
import * as errors from "./errors.ts";
import { explain, lacksEquals } from "./explain.ts";
import { mend } from "./mend.ts";
import { ItemParser, TooDeep } from "./parser.ts";
import { lineText, positionAt, sourceFile } from "./source.ts";
import type { SourceFile } from "./source.ts";
import { DEEPEST, isOneOf, structure, tokenSpan } from "./structure.ts";
import type { Piece } from "./structure.ts";
import { Block, Colon, Comma, Equal, Fn, Hold, Kind, LeftParen, LeftSquare, Let, lex, Name, Return, RightParen, RightSquare, Stray } from "./tokens.ts";

export interface Parsed {
  /** Holds every item that could be read; complete when there are no diagnostics. */
  readonly ast: ast.File;
  /** In the order of the text. All of them are errors. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a source file. Never throws: whatever the text, there is a tree and a list of messages. */
export function parse(source: SourceFile): Parsed {
  const file = source.text.startsWith("\ufeff") ? sourceFile(source.path, source.text.slice(1)) : source;
  const diagnostics: Diagnostic[] = [];
  const report = (d: Diagnostic): void => {
    diagnostics.push(d);
  };
  const { reader, comments, pieces, unbalanced } = open(file, report);
  const tops: ast.Top[] = [];
  const lost: ast.Name[] = [];
  let blockMissing = unbalanced; // what should stand in it is told once
  for (const piece of pieces) {
    const before = diagnostics.length;
    const item = reader.piece(piece);
    if (item === undefined) {
      blockMissing ||= diagnostics.slice(before).some((d) => d.code === "missing-block");
      lost.push(...declaredBy(file, piece));
    }
    else if (item.kind === "use" || item.kind === "decl" || item.kind === "fn") {
      tops.push(item);
      blockMissing = unbalanced;
    } else if (!blockMissing) report(errors.itemMisplaced(headOf(item), describe(item), item.kind === "method" ? "at the top of a file a function begins with `fn`" : "move it into a block"));
  }
  diagnostics.sort((a, b) => a.span.start - b.span.start);
  const span = { file, start: 0, end: file.text.length };
  return { ast: { kind: "file", source: file, tops, lost, comments, span }, diagnostics };
}

/** What is known of an item that could not be read; undefined for nothing. */
function lostItem(file: SourceFile, { tokens }: Piece, isLast: boolean): ast.Lost | undefined {
  const [first, second, third] = tokens;
  if (first === undefined) return undefined;
  // An expression alone in the place of the result is taken for it.
  // Two items without a `;` between them are one that could not be read.
  const returns = tokens.some((token) => isOneOf(token, [Return])) || (isLast && isOneOf(first, [Name]) && !tokens.some((token) => isOneOf(token, [Equal, Colon, Block])));
  // `buffer mean: …`, `def forward(…`: behind a word that the language does not have.
  const isSecond = isOneOf(second, [Name]) && (isOneOf(first, [Hold, Let]) || (isOneOf(first, [Name]) && isOneOf(third, [Equal, Colon, LeftParen])));
  const names = lacksEquals(tokens) ? [first.image] : isSecond ? [second!.image] : [...targetsOf(tokens), ...furtherTargets(tokens)];
  return returns || names.length > 0 ? { kind: "lost", names, returns, span: tokenSpan(file, first) } : undefined;
}

/** `a`, `y[b,t]`: the names that stand before the first `=` or `:`, or are those of a function. */
function targetsOf(tokens: readonly IToken[]): readonly string[] {
  const names: string[] = [];
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    if (depth === 0 && isOneOf(token, [Equal, LeftParen, Colon])) return names;
    depth += isOneOf(token, [LeftSquare]) ? 1 : isOneOf(token, [RightSquare]) ? -1 : 0;
    if (depth === 0 && isOneOf(token, [Name]) && (at === 0 || isOneOf(tokens[at - 1], [Comma]))) names.push(token.image);
  }
  return [];
}

/** `batch = 8, steps = 30`: what else is set where two items were read as one. */
function furtherTargets(tokens: readonly IToken[]): readonly string[] {
  let depth = 0;
  return tokens.flatMap((token, at) => {
    depth += isOneOf(token, [LeftParen, LeftSquare]) ? 1 : isOneOf(token, [RightParen, RightSquare]) ? -1 : 0;
    return at > 0 && depth === 0 && isOneOf(token, [Name]) && isOneOf(tokens[at + 1], [Equal]) ? [token.image] : [];
  });
}

/** The name behind the word that begins a declaration. */
function declaredBy(file: SourceFile, { tokens: [word, name] }: Piece): ast.Name[] {
  return isOneOf(word, [Kind, Fn]) && isOneOf(name, [Name]) ? [{ text: name!.image, span: tokenSpan(file, name!) }] : [];
}

/** Reads a text that is to be one assignment of one value, `recipe.lr = 3e-4`; undefined where it is anything else. Never throws. */
export function parseAssignment(file: SourceFile): { readonly assignment: ast.Assign | undefined; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const { reader, pieces } = open(file, (d) => diagnostics.push(d));
  const [item, ...more] = reader.items(pieces);
  return { assignment: item?.kind === "assign" && item.values.length === 1 && more.length === 0 ? item : undefined, diagnostics };
}

/** The text's pieces, and who reads them. */
function open(file: SourceFile, report: (d: Diagnostic) => void) {
  const lexed = lex(file.text);
  const comments = lexed.comments.map((c) => commentOf(file, c));
  const { pieces, unbalanced } = structure(file, mend(file, lexed.tokens, report), report);
  return { reader: new Reader(file, comments, report), comments, pieces, unbalanced };
}

/** Made when the first file is read: chevrotain's analysis of the grammar takes some 20 ms. */
let parser: ItemParser | undefined;

class Reader {
  readonly around: Surroundings;
  /** Of the blocks that are being read. */
  private depth = 0;

  constructor(file: SourceFile, comments: readonly ast.Comment[], report: (d: Diagnostic) => void) {
    const lines = new Map(comments.filter((c) => c.alone).map((c) => [positionAt(file, c.span.start).line, c]));
    this.around = { file, report, block: (content) => this.block(content.pieces), doc: (start) => docAbove(file, lines, start) };
  }

  items(pieces: readonly Piece[]): Read[] {
    return pieces.map((piece) => this.piece(piece)).filter((item) => item !== undefined);
  }

  block(pieces: readonly Piece[]): ast.Item[] {
    const items: ast.Item[] = [];
    this.depth++;
    for (const piece of pieces) {
      const item = this.piece(piece) ?? lostItem(this.around.file, piece, piece === pieces.at(-1));
      if (item === undefined) continue;
      if (item.kind === "use" || item.kind === "fn") {
        const remedy = item.kind === "fn" ? "inside of a block a function is written without `fn`" : "move it to the top of the file";
        this.around.report(errors.itemMisplaced(headOf(item), describe(item), remedy));
      }
      if (item.kind === "fn") items.push({ ...item, kind: "method" });
      else if (item.kind !== "use") items.push(item);
    }
    this.depth--;
    return items;
  }

  piece(piece: Piece): Read | undefined {
    const { tokens } = piece;
    const { file, report } = this.around;
    if (piece.broken || tokens.some((x) => x.tokenType === Stray)) return this.blocksOnly(tokens);
    parser ??= new ItemParser();
    let cst;
    try {
      cst = parser.read(tokens);
    } catch (e) {
      if (!(e instanceof TooDeep)) throw e;
      report(errors.tooDeep(tokenSpan(file, e.token), DEEPEST));
      return this.blocksOnly(tokens);
    }
    const exception = parser.errors[0];
    if (exception === undefined) return build(this.around, cst);
    const diagnostic = explain(file, piece, exception, this.depth > 0);
    report(diagnostic);
    if (diagnostic.code === "named-argument") return this.piece({ ...piece, tokens: withColon(tokens, diagnostic.span.start) });
    // In `y = if a { b } else { c }` the braces hold values, not items.
    return diagnostic.code === "two-ifs" ? undefined : this.blocksOnly(tokens);
  }

  /** An item that cannot be read yields nothing, but the mistakes in its blocks are told as well. */
  blocksOnly(tokens: readonly IToken[]): undefined {
    for (const token of tokens) if (token.payload !== undefined) this.around.block(token.payload);
    return undefined;
  }
}

/** `f(p = 1)` as it is meant: `f(p: 1)`. */
function withColon(tokens: readonly IToken[], at: number): IToken[] {
  return tokens.map((token) => (token.startOffset === at ? { ...token, image: ":", tokenType: Colon, tokenTypeIdx: Colon.tokenTypeIdx as number } : token));
}

function commentOf(file: SourceFile, token: IToken): ast.Comment {
  const span = tokenSpan(file, token);
  const { line, column } = positionAt(file, span.start);
  return { text: token.image.trimEnd(), alone: lineText(file, line).slice(0, column - 1).trim() === "", span };
}

/** The `///` lines among the comments that end directly above the line of `start`; undefined without any. */
function docAbove(file: SourceFile, alone: ReadonlyMap<number, ast.Comment>, start: number): string | undefined {
  const { line, column } = positionAt(file, start);
  if (lineText(file, line).slice(0, column - 1).trim() !== "") return undefined;
  const found: string[] = [];
  for (let above = line - 1; ; above--) {
    const comment = alone.get(above);
    if (comment === undefined) break;
    if (comment.text.startsWith("///")) found.unshift(comment.text.slice(3).trim());
  }
  return found.length === 0 ? undefined : found.join("\n");
}

function describe(item: Read): string {
  return item.kind === "assign" ? "a setting" : item.kind === "method" ? "a function" : item.kind === "field" ? "a field" : `\`${item.kind}\``;
}

/** The first word of an item, enough to underline. */
function headOf(item: Read): ast.Name["span"] {
  const word = /^\w+/.exec(item.span.file.text.slice(item.span.start, item.span.start + 80))?.[0] ?? "";
  return { ...item.span, end: item.span.start + Math.max(1, word.length) };
}
