import { EOF } from "chevrotain";
import type { IRecognitionException, IToken } from "chevrotain";
import type { Diagnostic } from "./diagnostic.ts";
import * as errors from "./errors.ts";
import { FOREIGN_WORDS } from "./foreign-words.ts";
import type { SourceFile, Span } from "./source.ts";
import { endOf, isOneOf, tokenSpan } from "./structure.ts";
import type { Piece } from "./structure.ts";
import { distance } from "./suggest.ts";
import * as t from "./tokens.ts";

/** What went wrong in an item that the parser refused, as the message that helps most. `inBlock`: it stands in braces. */
export function explain(file: SourceFile, piece: Piece, exception: IRecognitionException, inBlock: boolean): Diagnostic {
  const [first] = piece.tokens;
  if (inBlock && first !== undefined && lacksEquals(piece.tokens)) return errors.missingEquals(tokenSpan(file, first), first.image);
  return new Explainer(file, piece, exception).diagnostic();
}

/** Rules in which a value may begin. */
const VALUE_RULES = ["exprs", "expr", "dim", "negation", "factor", "primary", "disjunction", "relation", "sum", "term", "product", "applied", "power", "postfix"];
/** Names that people write without their index. */
const BINDERS: ReadonlySet<string> = new Set(["sum", "mean", "max", "min", "any", "all", "argmax", "softmax", "logsumexp", "log_softmax"]);

/** `batch 8`, `optimizer AdamW(lr: 1e-3)`: in a block a name and its value, without the `=`. */
export function lacksEquals(tokens: readonly IToken[]): boolean {
  const [first, second, third] = tokens;
  if (!isOneOf(first, [t.Name]) || FOREIGN_WORDS.has(first!.image) || BINDERS.has(first!.image) || tokens.some((token) => isOneOf(token, [t.Block, t.Equal, t.Tilde, t.Arrow]))) return false;
  if (isOneOf(second, [t.Numeral, t.Text, t.Bool])) return true;
  return isOneOf(second, [t.Name]) && isOneOf(third, [t.LeftParen]) && (isOneOf(first, [t.Kind]) || nearestBeginning(first!.image) === undefined);
}

class Explainer {
  readonly file: SourceFile;
  readonly piece: Piece;
  readonly tokens: readonly IToken[];
  /** Where the parser stopped; tokens.length at the end. */
  readonly at: number;
  readonly found: IToken | undefined;
  readonly before: IToken | undefined;
  /** The name of the token type that was expected, or `alternative`, `repetition`, `end`. */
  readonly expected: string;
  /** The rules being read, innermost last. */
  readonly rules: readonly string[];

  constructor(file: SourceFile, piece: Piece, exception: IRecognitionException) {
    this.file = file;
    this.piece = piece;
    this.tokens = piece.tokens;
    const at = exception.token.tokenType === EOF ? -1 : piece.tokens.findIndex((x) => x.startOffset === exception.token.startOffset);
    this.at = at < 0 ? piece.tokens.length : at;
    this.found = piece.tokens[this.at];
    this.before = piece.tokens[this.at - 1];
    this.expected = exception.message;
    this.rules = exception.context.ruleStack;
  }

  diagnostic(): Diagnostic {
    const foreign = FOREIGN_WORDS.get(this.tokens[0]?.image ?? "");
    if (foreign !== undefined && isOneOf(this.tokens[1], [t.LeftParen]) && this.looksLikeCall()) return errors.foreignWord(this.span(this.tokens[0] as IToken), (this.tokens[0] as IToken).image, foreign);
    const comma = this.commaAtLineEnd();
    if (comma !== undefined) return errors.commaBetweenItems(this.span(this.tokens[comma] as IToken), this.tokens[comma + 1]?.image ?? "");
    if (this.found?.image === "is" && isOneOf(this.found, [t.Name])) return this.identity();
    if (this.rules.length <= 1 && this.expected === "alternative") return this.itemError();
    if (this.isOperandStart(this.found) && this.startsItem(this.at)) return this.twoItems(this.at);
    if (this.expected === "end") return this.leftover();
    const rule = this.rules.at(-1) ?? "";
    if (this.expected === "Name") return this.nameExpected(rule);
    if (this.expected === "Block") return this.blockExpected();
    if (this.expected === ")" || this.expected === "]") return this.closingExpected();
    if (this.expected === "then" && this.is(t.Equal)) return errors.singleEquals(this.here());
    if (this.expected === "then") return this.is(t.Block) ? errors.twoIfs(this.here(), "value") : errors.missingThen(this.here(), this.foundText());
    if (this.expected === "else") return errors.missingElse(this.here(), this.foundText());
    if (this.expected === "~") return errors.missingInitialiser(this.here(), this.tokens[0]?.image ?? "param", this.foundText());
    if (this.expected === ":") return errors.missingType(this.here(), `\`${this.tokens[0]?.image} ${this.before?.image}\``, this.foundText());
    if (this.expected === "=") return this.equalExpected();
    if (this.expected === "alternative" || this.expected === "repetition") {
      const field = this.rules.includes("field") && isOneOf(this.tokens[1], [t.Colon]) && this.at === 2;
      if (field) return errors.colonForEquals(this.span(this.tokens[1] as IToken), (this.tokens[0] as IToken).image);
      if (rule === "type" || (rule === "method" && this.expected === "repetition")) return errors.missingType(this.here(), this.before === undefined ? "this" : `what follows \`${this.before.image}\``, this.foundText());
      if (rule === "method") return this.bodyExpected();
      if (VALUE_RULES.includes(rule)) return this.valueExpected();
    }
    return errors.unexpected(this.here(), this.foundText(), this.expectedText(rule));
  }

  /** `x is none`, `x is not none` */
  identity(): Diagnostic {
    const negated = isOneOf(this.tokens[this.at + 1], [t.Not]);
    const span = negated ? { ...this.here(), end: this.span(this.tokens[this.at + 1] as IToken).end } : this.here();
    return errors.foreignOperator(span, negated ? "is not" : "is", negated ? "!=" : "==");
  }

  /** `norm = LayerNorm(d),` and another item on the next line, which the comma makes a part of this one. */
  commaAtLineEnd(): number | undefined {
    if (!isOneOf(this.tokens[1], [t.Equal])) return undefined;
    const [found] = this.outermost(0, this.at, [t.Comma]).filter((at) => this.onNewLine(at + 1) && isOneOf(this.tokens[at + 1], [t.Name]));
    return found;
  }

  /** No item begins with the first two tokens. */
  itemError(): Diagnostic {
    const [first, second] = this.tokens;
    if (first === undefined) return errors.noWord(this.here(), this.foundText(), undefined);
    const span = this.span(first);
    const whole: Span = { ...span, end: this.span(this.tokens.at(-1) as IToken).end };
    const line: Span = this.tokens.some((x) => x.tokenType === t.Block) ? span : whole;
    if (isOneOf(first, [t.Name])) {
      const name = first.image;
      const foreign = FOREIGN_WORDS.get(name);
      if (foreign !== undefined && !isOneOf(second, [t.RelationOp, t.SumOp, t.TermOp, t.Caret])) return errors.foreignWord(span, name, foreign);
      if (isOneOf(first, [t.Kind]) && (second === undefined || isOneOf(second, [t.Block]))) {
        return errors.missingName(second === undefined ? endOf(this.file, first) : this.span(second), `a \`${name}\``, second === undefined ? this.piece.ending : "`{`");
      }
      if (second?.tokenType === t.EqualEqual) return errors.doubleEquals(this.span(second));
      if (second?.tokenType === t.Block) return errors.missingBody(this.span(second), name, "a block without `( )` before it");
      if (isOneOf(second, [t.Name, t.Text])) return errors.unknownWord(span, name, nearestBeginning(name));
      if (second !== undefined && t.RESERVED.has(second.image) && !isOneOf(second, [t.And, t.Or, t.Divides])) return errors.noItem(line, "a name alone", undefined);
      return errors.noItem(line, second === undefined ? `\`${name}\` alone` : "an expression", `if it is the result, write \`return\` before it; if it is a step, give it a name: \`y = …\``);
    }
    if (isOneOf(first, [t.LeftParen]) && this.tokens.some((x, at) => x.tokenType === t.RightParen && this.tokens[at + 1]?.tokenType === t.Equal)) return errors.namesInParentheses(span);
    if (isOneOf(first, [t.Numeral, t.Text, t.Bool, t.Not, t.LeftParen, t.Minus])) return errors.noItem(line, "an expression", "if it is the result, write `return` before it; if it is a step, give it a name: `y = …`");
    if (first.tokenType === t.Block) return errors.noWord({ ...span, end: span.start + 1 }, "`{`", "a block belongs to a declaration, a function, `if`, `for` or `scan`; these stand before it");
    if (first.tokenType === t.Else) return errors.noWord(span, "`else`", ELSE);
    return errors.noWord(span, `\`${first.image}\``, undefined);
  }

  /** The item was complete and something follows. */
  leftover(): Diagnostic {
    const found = this.found as IToken;
    const before = this.before as IToken;
    const here = this.here();
    if (found.tokenType === t.Equal) {
      const colon = isOneOf(this.tokens[0], [t.Name]) && isOneOf(this.tokens[1], [t.Colon]) ? (this.tokens[1] as IToken) : undefined;
      if (colon !== undefined) return errors.typedValue({ ...this.span(colon), end: this.span(before).end });
      const start = this.targetStart(this.at - 1);
      if (start !== undefined && start > 0) {
        const ahead = this.tokens[start - 1] as IToken;
        if (ahead.tokenType === t.Comma) return errors.commaBetweenItems(this.span(ahead), this.text(start, this.at));
        if (isOneOf(ahead, ENDS_VALUE)) return this.twoItems(start);
        if (ahead.tokenType !== t.Equal && this.onNewLine(start)) return errors.missingValue(endOf(this.file, ahead), "the end of the line", ahead.image);
      }
      return isOneOf(this.tokens[0], [t.Require, t.Return]) ? errors.singleEquals(here) : errors.chainedEquals(here);
    }
    if (found.tokenType === t.Where) return errors.whereOutside(here, "where");
    if (found.tokenType === t.Else && isOneOf(this.tokens[this.at + 1], [t.Block, t.If])) return errors.noWord(here, "`else`", ELSE);
    if (found.tokenType === t.Else) return errors.whereOutside(here, "else");
    if (found.tokenType === t.Comma && this.targetStart(this.at + 1) !== undefined) return errors.commaBetweenItems(here, this.tokens[this.at + 1]?.image ?? "");
    if (before.tokenType === t.Block) return this.isOperandStart(found) ? this.twoItems(this.at) : errors.unexpected(here, this.foundText(), "`;` or a new line");
    if (found.tokenType === t.If && !this.tokens.slice(this.at).some((x) => x.tokenType === t.Then)) return errors.conditionBehind(here);
    if (isOneOf(found, [t.If, t.Not])) return errors.needsParentheses(here, found.image);
    if (this.isOperandStart(found)) return this.sideBySide(false);
    if (found.tokenType === t.LeftParen && isOneOf(before, [t.RightParen, t.RightSquare])) return errors.calledAgain(here);
    return errors.unexpected(here, this.foundText(), "an operator, `;` or a new line");
  }

  nameExpected(rule: string): Diagnostic {
    if (this.found !== undefined && t.RESERVED.has(this.found.image)) return errors.reservedWord(this.here(), this.found.image);
    if (rule === "parameter" && this.looksLikeCall()) return this.callAlone();
    if (rule === "parameter" && this.before?.tokenType === t.Comma && (this.is(t.RightParen) || this.is(t.Comma))) return errors.emptyPlace(this.here(), this.foundText());
    if (rule === "targetStep" || rule === "step") return errors.missingName(this.here(), "what follows `.`", this.foundText());
    const what: Readonly<Record<string, string>> = { parameter: "a parameter", target: "what is set", carry: "a carried value", declaration: `\`${this.before?.image ?? ""}\``, method: "a function" };
    return errors.missingName(this.here(), what[rule] ?? `\`${this.before?.image ?? ""}\``, this.foundText());
  }

  blockExpected(): Diagnostic {
    const head = this.tokens[0]?.image ?? "";
    if (head === "if" && this.is(t.Then)) return errors.twoIfs(this.here(), "item");
    if (head === "if" && this.is(t.Equal)) return errors.singleEquals(this.here());
    if (this.isOperandStart(this.found) && !this.onNewLine(this.at)) return isOneOf(this.before, [t.RightParen, t.RightSquare, t.Name]) && head === "if" ? errors.missingBlock(this.here(), "`if`", this.foundText()) : this.sideBySide(false);
    return errors.missingBlock(this.here(), `\`${head}\``, this.foundText());
  }

  closingExpected(): Diagnostic {
    const here = this.here();
    const within = this.rules.at(-1) ?? "";
    if (this.is(t.Equal)) return within === "args" && this.before !== undefined ? errors.namedArgument(here, this.before.image) : errors.singleEquals(here);
    if (this.is(t.Colon)) return within === "slots" || within === "dims" ? errors.slice(here) : errors.unexpected(here, "`:`", "`,` or `)`");
    if (this.is(t.Where)) return within === "slots" ? errors.unexpected(here, "`where`", "one `where`, before `else`,") : errors.whereOutside(here, "where");
    if (this.is(t.Else)) return errors.whereOutside(here, "else");
    if (this.is(t.Comma) && within === "slots") return this.notLast();
    if (this.is(t.If) || this.is(t.Not)) return errors.needsParentheses(here, this.found?.image ?? "");
    if (this.isOperandStart(this.found)) return this.sideBySide(true);
    if (this.is(t.LeftSquare) && isOneOf(this.before, [t.LeftParen, t.Comma])) return errors.listOfValues(here);
    if (this.is(t.Comma) && within === "primary") return this.severalInParentheses();
    return errors.unexpected(here, this.foundText(), within === "primary" ? "`)` or an operator" : `\`,\` or \`${this.expected}\``);
  }

  /** `(y, z)`, or the arguments of what is no name: `Linear(a, b)(x, y)`. */
  severalInParentheses(): Diagnostic {
    let open = this.at - 1;
    for (let depth = 0; open > 0 && (depth > 0 || this.tokens[open]?.tokenType !== t.LeftParen); open--) depth -= nesting(this.tokens[open]);
    if (isOneOf(this.tokens[open - 1], [t.RightParen, t.RightSquare])) return errors.calledAgain(this.span(this.tokens[open] as IToken));
    return errors.severalValues(this.here());
  }

  /** `x[b, t - 1 else 0, i]`: an index behind `where` or `else`. */
  notLast(): Diagnostic {
    let open = this.at - 1;
    for (let depth = 0; open > 0 && (depth > 0 || this.tokens[open]?.tokenType !== t.LeftSquare); open--) depth -= nesting(this.tokens[open]);
    const word = this.outermost(open + 1, this.at, [t.Where, t.Else])[0] ?? open + 1;
    const close = this.outermost(this.at, this.tokens.length, [t.RightSquare])[0] ?? this.tokens.length - 1;
    const [indices, moved, others] = [this.written(open + 1, word), this.written(word, this.at), this.written(this.at + 1, close)];
    const brackets = { ...this.span(this.tokens[open] as IToken), end: this.span(this.tokens[close] as IToken).end };
    // Where another one stands last, that is for all.
    const isMeant = this.outermost(this.at, close, [t.Where, t.Else]).length === 0;
    const token = this.tokens[word] as IToken;
    return errors.notLast(this.span(token), token.tokenType === t.Where ? "where" : "else", brackets, `[${indices}, ${others}${isMeant ? ` ${moved}` : ""}]`);
  }

  /** Tokens of these types that stand in no bracket that opens in between. */
  outermost(from: number, to: number, types: Parameters<typeof isOneOf>[1]): number[] {
    let depth = 0;
    const found: number[] = [];
    for (let index = from; index < to; index++) {
      if (depth === 0 && isOneOf(this.tokens[index], types)) found.push(index);
      depth += nesting(this.tokens[index]);
    }
    return found;
  }

  /** As it stands in the file, on one line. */
  written(from: number, to: number): string {
    const [first, last] = [this.tokens[from], this.tokens[to - 1]];
    return first === undefined || last === undefined || to <= from ? "" : this.file.text.slice(this.span(first).start, this.span(last).end).replace(/\s+/g, " ");
  }

  equalExpected(): Diagnostic {
    const rule = this.rules.at(-1) ?? "";
    if (this.is(t.EqualEqual)) return errors.doubleEquals(this.here());
    if (rule === "assignment") {
      const first = this.tokens[0] as IToken;
      const last = this.tokens.at(-1) as IToken;
      const whole: Span = { ...this.span(first), end: this.span(last.tokenType === t.Block ? first : last).end };
      if (this.is(t.LeftParen)) return errors.noItem(whole, "a call", "write `return` before it, or give its result a name: `y = …`");
      if (this.found === undefined || isOneOf(this.found, [t.RelationOp, t.SumOp, t.TermOp, t.Caret, t.And, t.Or])) {
        return errors.noItem(whole, "an expression", "if it is the result, write `return` before it; if it is a step, give it a name: `y = …`");
      }
    }
    return errors.unexpected(this.here(), this.foundText(), "`=`");
  }

  bodyExpected(): Diagnostic {
    const name = this.tokens.find((x) => isOneOf(x, [t.Name]))?.image ?? "";
    const typed = this.tokens.some((x) => x.tokenType === t.Arrow);
    if (this.is(t.Colon) && (typed || this.at === this.tokens.length - 1)) return errors.missingBlock(this.here(), `\`${name}\``, "`:`");
    if (this.is(t.Colon)) return errors.resultType(this.here());
    if (this.is(t.LeftSquare) && this.before?.tokenType === t.RightParen) return errors.resultWithoutArrow(this.here());
    if (this.looksLikeCall() && !this.tokens.some((x) => x.tokenType === t.Colon)) return this.callAlone();
    return errors.missingBody(this.here(), name, this.foundText());
  }

  valueExpected(): Diagnostic {
    const here = this.here();
    const inBrackets = this.rules.includes("slots") || this.rules.includes("dims");
    if (this.is(t.Colon) && inBrackets) return errors.slice(here);
    if (this.is(t.LeftSquare)) return errors.listOfValues(here);
    if (this.is(t.If) || this.is(t.Not)) return errors.needsParentheses(here, this.found?.image ?? "");
    if (this.before?.tokenType === t.Comma && (this.found === undefined || isOneOf(this.found, [t.Comma, t.RightParen, t.RightSquare]))) {
      return errors.emptyPlace(this.found === undefined ? this.span(this.before) : here, this.foundText());
    }
    if (this.is(t.Comma) && isOneOf(this.before, [t.LeftParen, t.LeftSquare])) return errors.emptyPlace(here, "`,`");
    if (this.is(t.Equal) && isOneOf(this.before, [t.Equal, t.Less, t.Greater])) return errors.singleEquals(here);
    return errors.missingValue(here, this.foundText(), this.before?.tokenType === t.Block ? undefined : this.before?.image);
  }

  /** `f(x, 0.1)` by itself is read as the beginning of a function. */
  looksLikeCall(): boolean {
    let depth = 0;
    for (const token of this.tokens) {
      depth += nesting(token);
      if (depth === 0 && isOneOf(token, [t.Equal, t.Arrow, t.Block])) return false;
    }
    return this.tokens[0]?.tokenType === t.Name;
  }

  callAlone(): Diagnostic {
    const first = this.tokens[0] as IToken;
    const whole = { ...this.span(first), end: this.span(this.tokens.at(-1) as IToken).end };
    return errors.noItem(whole, "a call", `write \`return\` before it, or give its result a name: \`y = ${first.image}(…)\``);
  }

  sideBySide(inBrackets: boolean): Diagnostic {
    const before = this.before as IToken;
    const foreign = FOREIGN_WORDS.get(before.image);
    if (foreign !== undefined && isOneOf(before, [t.Name]) && isOneOf(this.found, [t.Name])) return errors.foreignWord(this.span(before), before.image, foreign);
    if (isOneOf(before, [t.Name]) && BINDERS.has(before.image)) return errors.indexMissing(this.span(before), before.image, this.here());
    return errors.missingOperator(this.span(before), this.here(), inBrackets);
  }

  twoItems(index: number): Diagnostic {
    const before = this.tokens[index - 1] as IToken;
    const next = this.tokens[index] as IToken;
    const foreign = before.tokenType === t.Block ? FOREIGN_WORDS.get(next.image) : undefined;
    if (foreign !== undefined) return errors.foreignWord(this.span(next), next.image, foreign);
    return errors.missingSeparator(this.span(before), this.span(next), next.image);
  }

  /** Whether the token can only be the first of another item, with one complete before it on the line. */
  startsItem(index: number): boolean {
    const token = this.tokens[index];
    if (token === undefined || index === 0 || !isOneOf(this.tokens[index - 1], ENDS_VALUE)) return false;
    const depth = this.tokens.slice(0, index).reduce((n, x) => n + nesting(x), 0);
    if (depth !== 0) return false;
    if (isOneOf(token, [t.Hold, t.Let, t.Require, t.Return, t.For, t.Scan])) return true;
    let after = index + 1;
    if (this.tokens[after]?.tokenType === t.LeftSquare) {
      while (after < this.tokens.length && this.tokens[after]?.tokenType !== t.RightSquare) after++;
      after++;
    }
    return this.tokens[0] !== undefined && isOneOf(token, [t.Name]) && this.tokens[after]?.tokenType === t.Equal && this.tokens.slice(0, index).some((x) => x.tokenType === t.Equal);
  }

  /** The index of the name that begins the target ending at `end` (`h`, `y[b,t]`, `model.tags`); undefined where none ends there. */
  targetStart(end: number): number | undefined {
    let i = end;
    for (;;) {
      const token = this.tokens[i];
      if (token === undefined) return undefined;
      if (token.tokenType === t.RightSquare) {
        let depth = 0;
        for (; i >= 0; i--) {
          if (this.tokens[i]?.tokenType === t.RightSquare) depth++;
          if (this.tokens[i]?.tokenType === t.LeftSquare && --depth === 0) break;
        }
        i--;
      } else if (isOneOf(token, [t.Name])) {
        if (this.tokens[i - 1]?.tokenType !== t.Dot) return i;
        i -= 2;
      } else return undefined;
    }
  }

  isOperandStart(token: IToken | undefined): boolean {
    return isOneOf(token, [t.Name, t.Numeral, t.Text, t.Bool, t.LeftParen, t.If, t.Not, t.Hold, t.Let, t.Require, t.Return, t.For, t.Scan]);
  }

  onNewLine(index: number): boolean {
    const token = this.tokens[index];
    const before = this.tokens[index - 1];
    return token !== undefined && before !== undefined && /[\r\n]/.test(this.file.text.slice(before.endOffset ?? 0, token.startOffset));
  }

  is(type: (typeof t)["Name"]): boolean {
    return isOneOf(this.found, [type]);
  }

  span(token: IToken): Span {
    const span = tokenSpan(this.file, token);
    return token.tokenType === t.Block ? { ...span, end: span.start + 1 } : span;
  }

  text(from: number, to: number): string {
    return this.tokens.slice(from, to).map((x) => x.image).join("");
  }

  here(): Span {
    if (this.found !== undefined) return this.span(this.found);
    const last = this.tokens.at(-1);
    return last === undefined ? { file: this.file, start: 0, end: 0 } : endOf(this.file, last);
  }

  foundText(): string {
    if (this.found === undefined) return this.piece.ending;
    return this.found.tokenType === t.Text ? "a text" : `\`${this.found.image}\``;
  }

  expectedText(rule: string): string {
    if (rule === "forItem") return "`<` or `in`";
    if (this.expected === "with") return "`with` and what is carried from step to step";
    if (this.expected === "Text") return "a file in quotes";
    if (/^[A-Z]/.test(this.expected) || this.expected === "alternative" || this.expected === "repetition") return "something else";
    return `\`${this.expected}\``;
  }
}

/** 1 where a bracket opens, -1 where one closes. */
function nesting(token: IToken | undefined): number {
  return isOneOf(token, [t.LeftParen, t.LeftSquare]) ? 1 : isOneOf(token, [t.RightParen, t.RightSquare]) ? -1 : 0;
}

const ELSE = "an `else` follows the `}` of its `if`";
/** What may stand at the end of a value. */
const ENDS_VALUE = [t.Name, t.Numeral, t.Text, t.Bool, t.RightParen, t.RightSquare, t.Block];

/** The word that begins an item and is one or two letters away. */
function nearestBeginning(word: string): string | undefined {
  const words = ["layer", "model", "optimizer", "train", "data", "weights", "param", "state", "draw", "let", "require", "return", "for", "scan", "use", "fn"];
  const scored = words.map((w) => ({ w, d: distance(word.toLowerCase(), w) })).sort((a, b) => a.d - b.d);
  const best = scored[0];
  return best !== undefined && best.d <= Math.min(2, best.w.length - 2) ? best.w : undefined;
}
