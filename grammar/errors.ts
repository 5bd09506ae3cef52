import type { Diagnostic, Fix, Label } from "./diagnostic.ts";
import { positionAt } from "./source.ts";
import type { Span } from "./source.ts";

/**
 * Every message about the form of a text, one function each. A message says in plain words what was expected, where, and
 * what to write; tests/errors/CODE.txt shows each at work.
 */
export const GRAMMAR_CODES = [
  "bad-escape", "bad-name", "bad-number", "chained-equals", "comma-between-items", "double-equals", "empty-place", "extra-brace", "extra-bracket",
  "foreign-comment", "foreign-operator", "foreign-word", "index-missing", "item-misplaced", "list-of-values", "matrix-product",
  "missing-bracket", "missing-block", "missing-body", "missing-brace", "missing-else", "missing-equals", "missing-initialiser", "missing-name", "missing-operator",
  "missing-separator", "missing-then", "missing-type", "missing-value", "mismatched-brackets", "named-argument", "needs-parentheses", "no-item",
  "no-word", "order-of-arguments", "reserved-word", "result-type", "single-equals", "single-quotes", "slice", "stray-character",
  "too-deep", "two-ifs", "unclosed-string", "unexpected", "unknown-word", "where-outside", "wrong-application",
] as const; // prettier-ignore
export type GrammarCode = (typeof GRAMMAR_CODES)[number];

interface Rest {
  readonly also?: readonly Label[];
  readonly notes?: readonly string[];
  readonly fix?: string | Fix | undefined;
}

function error(code: GrammarCode, title: string, span: Span, label: string, rest: Rest = {}): Diagnostic {
  const fix = typeof rest.fix === "string" ? { text: rest.fix } : rest.fix;
  const labels: Label[] = [{ span, text: label, primary: true }, ...(rest.also ?? [])];
  return { code, severity: "error", title, span, labels, notes: rest.notes ?? [], ...(fix === undefined ? {} : { fix }) };
}

function replace(span: Span, replacement: string, text = `write \`${replacement}\``): Fix {
  return { text, edit: { span, replacement } };
}

function insert(span: Span, replacement: string, text: string): Fix {
  return { text, edit: { span: { ...span, start: span.end }, replacement } };
}

// --- characters and words -------------------------------------------------------------------------------------------

export function unclosedString(span: Span): Diagnostic {
  return error("unclosed-string", "a text is not closed", span, 'there is no `"` before the end of the line', {
    fix: insert(span, '"', 'put a `"` where the text ends; a text stays on one line'),
  });
}

export function singleQuotes(span: Span, text: string): Diagnostic {
  return error("single-quotes", "a text stands in double quotes", span, "these are single ones", {
    fix: replace(span, `"${text.slice(1, -1).replace(/"/g, '\\"')}"`),
  });
}

export function badEscape(span: Span, text: string): Diagnostic {
  return error("bad-escape", `\`${text}\` means nothing in a text`, span, "only \\\" \\\\ \\n and \\t do", {
    fix: replace(span, `\\${text}`, `for a backslash write \`\\${text}\``),
  });
}

/** `.5`, `2.`, `1_000` as this language writes them. */
export function meantNumber(text: string): string | undefined {
  const tidy = text.replace(/_/g, "");
  return /^\.\d+$/.test(tidy) ? `0${tidy}` : /^\d+\.$/.test(tidy) ? `${tidy}0` : /^\d+$/.test(tidy) ? tidy : undefined;
}

/** The two factors of `2x`. */
export function meantProduct(text: string): readonly [number: string, name: string] | undefined {
  const [, number, name] = /^(\d+(?:\.\d+)?)([A-Za-z]\w*)$/.exec(text) ?? [];
  return number === undefined || name === undefined ? undefined : [number, name];
}

/** `2x` where a name stands. */
export function badName(span: Span, text: string): Diagnostic {
  const [, digits = "", letters = ""] = /^(\d+)_*(\w*)$/.exec(text) ?? [];
  return error("bad-name", `\`${text}\` is no name`, span, "a name does not begin with a digit", { fix: letters === "" ? undefined : replace(span, letters + digits) });
}

export function badNumber(span: Span, text: string): Diagnostic {
  const better = meantNumber(text);
  const product = meantProduct(text);
  return error("bad-number", `\`${text}\` is no number`, span, "numbers look like `12`, `0.5`, `1e-5`", {
    notes: text.includes("..") ? ["a range is written as a comparison: `i < n`"] : [],
    fix: better !== undefined ? replace(span, better) : product !== undefined ? `if a product is meant, write \`${product.join(" * ")}\`` : undefined,
  });
}

export function foreignOperator(span: Span, written: string, meant: string): Diagnostic {
  const assigns = /^[-+*/%]=$/.test(written);
  const notes = written === "=>" ? ["`>=` compares, `->` stands before the type of a result"] : [];
  return error("foreign-operator", `there is no \`${written}\` in this language`, span, assigns ? "nothing changes a value in place" : "", {
    notes,
    fix: assigns ? `write it out: \`x = x ${written[0]} …\`` : replace(span, /^\w/.test(meant) ? spaced(span, meant) : meant, `write \`${meant}\``),
  });
}

/** With blanks where it would touch a word. */
function spaced({ file: { text }, start, end }: Span, word: string): string {
  return `${/\w$|[)\]]$/.test(text.slice(0, start)) ? " " : ""}${word}${/^[\w(]/.test(text.slice(end)) ? " " : ""}`;
}

/** `self.norm(x)`, `nn.Linear(…)`: the word and its point. */
export function foreignPrefix(span: Span, word: string): Diagnostic {
  const own = word === "self" || word === "this";
  return error("foreign-word", `there is no \`${word}\` in this language`, span, "", {
    notes: ["told once, for all its places"],
    fix: { text: own ? "members go by their names alone: `norm(x)`, `weight[i,j]`" : "there are no modules: what std/ holds goes by its name alone, such as `Linear(d, d)` or `gelu`", edit: { span, replacement: "" } },
  });
}

/** `forward(self, x: …)` */
export function selfParameter(span: Span): Diagnostic {
  return error("foreign-word", "there is no `self` in this language", span, "", { fix: { text: "leave it out: a function knows the members of its layer by their names", edit: { span, replacement: "" } } });
}

export function matrixProduct(span: Span): Diagnostic {
  return error("matrix-product", "there is no `@`", span, "which axes meet here is not said", {
    notes: ["a product of tensors is an equation that names its axes: `y[b,o] = sum[i] x[b,i] * w[i,o]`"],
    fix: "write an equation, or use `Linear`",
  });
}

export function foreignComment(span: Span, text: string): Diagnostic {
  return error("foreign-comment", "a comment begins with `//`", { ...span, end: span.start + (text.startsWith("#") ? 1 : text.startsWith("/*") ? 2 : 3) }, "", {
    fix: text.startsWith('"""') ? "write `///` before each line, above what it describes" : "write `//` before each line; `///` above a declaration describes it",
  });
}

export function strayCharacter(span: Span, text: string): Diagnostic {
  const shown = /^[\p{L}\p{N}\p{P}\p{S}]/u.test(text) ? `\`${text}\`` : `the character U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  const word = /^[\p{L}\p{N}\p{M}_]/u.test(text);
  const help: Readonly<Record<string, string>> = {
    "?": "a choice is written `if a then b else c`",
    "\\": "a line goes on by itself after an operator, after a comma and inside of brackets",
    ".": "write `...` for the axes that are not named, `model.d` for a member",
    "“": 'a text stands in plain quotes: `"…"`',
    "”": 'a text stands in plain quotes: `"…"`',
    "`": 'a text stands in double quotes: `"…"`',
  };
  return error("stray-character", word ? `${shown} cannot be a name` : `${shown} means nothing here`, span, word ? "names are made of a–z, A–Z, 0–9 and _" : "", {
    fix: word ? "spell it with these" : (help[text] ?? "remove it"),
  });
}

export function reservedWord(span: Span, word: string): Diagnostic {
  return error("reserved-word", `\`${word}\` is a word of the language and cannot be a name`, span, "a name is expected here", {
    fix: `choose another name, such as \`${word}_\``,
  });
}

// --- brackets and blocks --------------------------------------------------------------------------------------------

export function missingBrace(open: Span, end: Span): Diagnostic {
  const atEnd = end.start >= end.file.text.length;
  return error("missing-brace", "a `{` is never closed", open, "this block", {
    also: atEnd ? [] : [{ span: end, text: "seems to end before this", primary: false }],
    fix: atEnd ? "put a `}` where the block ends" : `put a \`}\` before line ${positionAt(end.file, end.start).line}`,
  });
}

export function extraBrace(span: Span): Diagnostic {
  return error("extra-brace", "a `}` closes nothing", span, "no block is open here", { fix: { text: "remove it, or add the `{` that it should close", edit: { span, replacement: "" } } });
}

export function missingBracket(open: Span, sign: string, end: Span): Diagnostic {
  const close = sign === "(" ? ")" : "]";
  const divides = /^[ \t]*\/\//.test(end.file.text.slice(end.end));
  return error("missing-bracket", `a \`${sign}\` is never closed`, open, "opened here", {
    ...(divides ? { notes: ["`//` begins a comment; to divide write `/`, or `floor(a / b)` where it may not come out even"] } : {}),
    also: [{ span: end, text: `\`${close}\` is missing at the latest here`, primary: false }],
    fix: insert(end, close, `put the \`${close}\` where it belongs`),
  });
}

export function extraBracket(span: Span, sign: string): Diagnostic {
  return error("extra-bracket", `a \`${sign}\` closes nothing`, span, `no \`${sign === ")" ? "(" : "["}\` is open here`, { fix: { text: "remove it", edit: { span, replacement: "" } } });
}

export function mismatchedBrackets(open: Span, openSign: string, close: Span, closeSign: string): Diagnostic {
  const right = openSign === "(" ? ")" : "]";
  return error("mismatched-brackets", `\`${openSign}\` is closed by \`${closeSign}\``, close, `should be \`${right}\``, {
    also: [{ span: open, text: "opened here", primary: false }],
    notes: ["`( )` hold arguments, `[ ]` hold indices and axes"],
    fix: replace(close, right),
  });
}

export function tooDeep(span: Span, limit: number): Diagnostic {
  return error("too-deep", `nested more than ${limit} deep`, span, "too deep from here on", { fix: "give a part a name on a line of its own" });
}

// --- items ----------------------------------------------------------------------------------------------------------

export function noItem(span: Span, what: string, fix: string | undefined): Diagnostic {
  return error("no-item", `${what} is no item`, span, "nothing is done with it", {
    notes: ["an item sets something (`y = …`), declares, or is `return`, `require`, `if`, `for`, `scan`"],
    fix,
  });
}

/** `(h, c) = cell(x, h, c)` */
export function namesInParentheses(open: Span): Diagnostic {
  return error("no-item", "what is set stands without parentheses", open, "a name is expected here", { fix: "write `h, c = …`" });
}

export function noWord(span: Span, found: string, fix: string | undefined): Diagnostic {
  return error("no-word", `${found} begins no item`, span, "an item is expected here", {
    notes: ["an item begins with a name or with `param state draw let require return if for scan`"],
    fix,
  });
}

export function unknownWord(span: Span, word: string, near: string | undefined): Diagnostic {
  return error("unknown-word", `\`${word}\` begins no item`, span, near === undefined ? "is followed by another name" : `did you mean \`${near}\`?`, {
    notes: near === undefined ? ["declarations begin with `layer model optimizer train data weights fn`, items with `param state draw let require return if for scan`"] : [],
    fix: near === undefined ? undefined : replace(span, near),
  });
}

export function foreignWord(span: Span, word: string, remedy: string): Diagnostic {
  return error("foreign-word", `there is no \`${word}\` in this language`, span, "", { fix: remedy });
}

export function itemMisplaced(span: Span, what: string, where: string): Diagnostic {
  return error("item-misplaced", `${what} cannot stand here`, span, "", { fix: where });
}

export function missingSeparator(before: Span, next: Span, word: string): Diagnostic {
  return error("missing-separator", "two items on one line need a `;` between them", next, `\`${word}\` begins another item`, {
    fix: insert(before, ";", "put a `;` or a new line before it"),
  });
}

export function commaBetweenItems(comma: Span, name: string): Diagnostic {
  return error("comma-between-items", "items are separated by `;` or a new line, not by `,`", comma, `\`${name} = …\` is another item`, { fix: replace(comma, ";") });
}

export function missingName(span: Span, what: string, found: string): Diagnostic {
  return error("missing-name", `${what} needs a name`, span, `a name is expected, not ${found}`);
}

export function missingBlock(span: Span, what: string, found: string): Diagnostic {
  const colon = found === "`:`";
  return error("missing-block", `${what} needs a block \`{ … }\``, span, `\`{\` is expected, not ${found}`, {
    notes: colon ? ["blocks stand in braces; indentation means nothing"] : [],
    fix: colon ? replace(span, " {", "write `{` here and `}` at the end of the block") : "write `{`, its items, `}`",
  });
}

export function missingBody(span: Span, name: string, found: string): Diagnostic {
  return error("missing-body", `\`${name}\` has no body`, span, `\`{\` or \`=\` is expected, not ${found}`, { fix: `write \`${name}(…) { … return … }\` or \`${name}(…) = …\`` });
}

export function resultType(span: Span): Diagnostic {
  return error("result-type", "the type of a result stands behind `->`", span, "not behind `:`", { fix: replace(span, " ->", "write `->`") });
}

export function resultWithoutArrow(dims: Span): Diagnostic {
  return error("result-type", "the type of a result stands behind `->`", dims, "`->` is missing before this", { fix: { text: "write `->` before it", edit: { span: { ...dims, end: dims.start }, replacement: "-> " } } });
}

export function missingType(span: Span, what: string, found: string): Diagnostic {
  return error("missing-type", `${what} needs a type`, span, `a type is expected, not ${found}`, {
    fix: found === "`=`" ? "its type stands behind `:`, as in `param w: [n, m] ~ zeros`" : `write its axes, as in \`[B, T, d]\`, or a name with axes, as in \`index(vocab)[B, T]\`${found === "`~`" ? "; of one number `: real`" : ""}`,
    notes: found === "`(`" ? ["axes stand in `[ ]`, not in `( )`"] : [],
  });
}

export function missingInitialiser(span: Span, keyword: string, found: string): Diagnostic {
  const draw = keyword === "draw";
  return error("missing-initialiser", `a \`${keyword}\` says after \`~\` ${draw ? "what it is drawn from" : "how it begins"}`, span, `\`~\` is expected, not ${found}`, {
    fix: found === "`=`" ? replace(span, "~") : draw ? "for example `~ uniform`" : "for example `~ zeros` or `~ normal(0.02)`",
  });
}

// --- expressions ----------------------------------------------------------------------------------------------------

export function missingValue(span: Span, found: string, after: string | undefined): Diagnostic {
  return error("missing-value", after === undefined ? "a value is missing" : `a value is missing after \`${after}\``, span, `a value is expected, not ${found}`, {
    fix: found === "`+`" ? { text: "remove the `+`", edit: { span, replacement: "" } } : found === "`*`" ? "a pattern stands in quotes: `\"*.bias\"`" : undefined,
  });
}

export function emptyPlace(span: Span, found: string): Diagnostic {
  return error("empty-place", "nothing stands between two separators", span, `a value is expected before ${found}`, { fix: "remove the `,` or add what belongs there" });
}

export function missingOperator(before: Span, next: Span, inBrackets: boolean): Diagnostic {
  return error("missing-operator", "two values stand side by side", next, inBrackets ? "`,` or an operator is expected before this" : "an operator is expected before this", {
    also: [{ span: before, text: "", primary: false }],
    fix: inBrackets ? "separate them by `,`, or write `*` for a product" : "write `*` for a product",
  });
}

/** `batch 8` */
export function missingEquals(name: Span, word: string): Diagnostic {
  return error("missing-equals", `\`=\` is missing after \`${word}\``, name, "its value follows at once", { fix: insert(name, " =", `write \`${word} = …\``) });
}

export function indexMissing(name: Span, word: string, next: Span): Diagnostic {
  return error("index-missing", `\`${word}\` does not say over which index`, name, "`[index]` is missing here", {
    also: [{ span: next, text: "its terms", primary: false }],
    fix: insert(name, "[i]", `write \`${word}[i] …\` with the index to take`),
  });
}

export function wrongApplication(head: Span, operand: Span): Diagnostic {
  return error("wrong-application", "only `f[…]` and `f(…)` apply to what follows them", operand, "an operator is expected before this", {
    also: [{ span: head, text: "this is a value", primary: false }],
    fix: "write `*` for a product",
  });
}

export function singleEquals(span: Span): Diagnostic {
  return error("single-equals", "`=` sets, `==` compares", span, "a comparison is expected here", { fix: replace(span, "==") });
}

export function doubleEquals(span: Span): Diagnostic {
  return error("double-equals", "`==` compares, `=` sets", span, "an item sets something", { fix: replace(span, "=") });
}

/** `batch: 12` in a recipe. */
export function colonForEquals(colon: Span, name: string): Diagnostic {
  return error("unexpected", `\`${name}\` is set with \`=\``, colon, "not with `:`, behind which a type stands", { fix: replace(colon, " =", `write \`${name} = …\``) });
}

/** `x: [B, T, d] = f(y)` */
export function typedValue(type: Span): Diagnostic {
  return error("unexpected", "what is set has no type of its own", type, "it is of the type of its value", { fix: { text: "leave the type out; only arguments, results, `param`, `state` and `draw` have one", edit: { span: type, replacement: "" } } });
}

export function chainedEquals(span: Span): Diagnostic {
  return error("chained-equals", "an item has one `=`", span, "this is the second", { fix: "write two items, or `==` to compare" });
}

export function namedArgument(span: Span, name: string): Diagnostic {
  return error("named-argument", "an argument is named with `:`", span, "not with `=`", { fix: replace(span, ":", `write \`${name}: …\``) });
}

export function orderOfArguments(span: Span, named: Span): Diagnostic {
  return error("order-of-arguments", "an argument without a name follows one with a name", span, "this one has none", {
    also: [{ span: named, text: "named", primary: false }],
    fix: "move it before the named ones, or name it",
  });
}

export function whereOutside(span: Span, word: "where" | "else"): Diagnostic {
  return word === "where"
    ? error("where-outside", "`where` stands in the brackets of what it restricts", span, "outside of brackets nothing says what it belongs to", {
        fix: "write `sum[i where …] x[i]`, or `if … then … else …`",
      })
    : error("where-outside", "`else` stands in the brackets of an access, or after `then`", span, "outside of brackets nothing says what it belongs to", {
        fix: "write `x[i else 0]`, or `if … then … else …`",
      });
}

/** `brackets`: all of them, and how they should be. */
export function notLast(span: Span, word: "where" | "else", brackets: Span, rewritten: string): Diagnostic {
  return error("where-outside", `\`${word}\` stands last in its brackets`, span, "it is for all of the indices, and one follows", { fix: replace(brackets, rewritten) });
}

export function slice(span: Span): Diagnostic {
  return error("slice", "there are no slices", span, "an index is expected", {
    notes: ["every axis has an index: `x[:, 0]` is `y[b] = x[b,0]`; `x[1:]` is `y[t < T - 1] = x[t + 1]`"],
    fix: "give the axis an index",
  });
}

export function listOfValues(span: Span): Diagnostic {
  return error("list-of-values", "a value cannot begin with `[`", span, "there are no lists of values", {
    fix: "for a tensor write an equation: `y[i < n] = …`; a setting takes several values without brackets: `a = 1, 2`",
  });
}

export function severalValues(comma: Span): Diagnostic {
  return error("list-of-values", "parentheses hold one value", comma, "there are no lists of values", {
    fix: "several stand without parentheses, `return y, z`; of one argument each has a name of its own, `beta1: 0.9, beta2: 0.99`",
  });
}

/** `Linear(a, b)(x, y)` */
export function calledAgain(open: Span): Diagnostic {
  return error("wrong-application", "what a call gives cannot be called", open, "only names can", {
    fix: "build the layer in the body of yours, `inner = Linear(a, b)`, and call it by its name, `inner(x)`",
  });
}

export function needsParentheses(span: Span, word: string): Diagnostic {
  return error("needs-parentheses", `\`${word}\` needs parentheses here`, span, "binds less than what stands before it", { fix: `write \`(${word} …)\`` });
}

export function conditionBehind(span: Span): Diagnostic {
  return error("missing-then", "the condition stands before the values that it chooses", span, "an operator is expected before this", { fix: "write `if a then b else c`" });
}

export function twoIfs(span: Span, place: "item" | "value"): Diagnostic {
  return place === "value"
    ? error("two-ifs", "an `if` that gives a value has no braces", span, "`then` is expected", { fix: "write `if a then b else c`; with braces the `if` itself begins the item" })
    : error("two-ifs", "an `if` that chooses items has braces", span, "`{` is expected", { fix: "write `if a { x = … } else { x = … }`, or `x = if a then … else …`" });
}

export function missingThen(span: Span, found: string): Diagnostic {
  return error("missing-then", "`if` has no `then`", span, `\`then\` is expected, not ${found}`, { fix: "write `if a then b else c`" });
}

export function missingElse(span: Span, found: string): Diagnostic {
  return error("missing-else", "`if … then …` has no `else`", span, `\`else\` is expected, not ${found}`, {
    notes: ["a value is needed in both cases"],
    fix: "write `if a then b else c`",
  });
}

export function unexpected(span: Span, found: string, expected: string): Diagnostic {
  return error("unexpected", `${found} is not expected here`, span, `${expected} is expected`);
}
