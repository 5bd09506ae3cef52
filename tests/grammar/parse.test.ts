import { expect, test } from "vitest";
import { parse, positionAt, sourceFile } from "../../grammar/index.ts";
import { ItemParser } from "../../grammar/parser.ts";
import { newLexer } from "../../grammar/tokens.ts";
import type { Assign, Decl, Expr, Item } from "../../grammar/index.ts";

function items(body: string): readonly Item[] {
  const { ast, diagnostics } = parse(sourceFile("model.tfm", `layer A(d) {\n${body}\n}\n`));
  expect(diagnostics.map((d) => d.title)).toEqual([]);
  return (ast.tops[0] as Decl).body.items;
}

/** An expression with all its parentheses, to show how it was read. */
function shape(e: Expr): string {
  switch (e.kind) {
    case "number":
    case "name":
      return e.text;
    case "bool":
      return String(e.value);
    case "string":
      return JSON.stringify(e.value);
    case "conditional":
      return `(if ${shape(e.condition)} then ${shape(e.then)} else ${shape(e.otherwise)})`;
    case "binary":
      return `(${shape(e.left)} ${e.op} ${shape(e.right)})`;
    case "unary":
      return `(${e.op} ${shape(e.operand)})`;
    case "relation":
      return `(${e.operands.map((x, i) => (i === 0 ? shape(x) : `${e.operators[i - 1]?.op} ${shape(x)}`)).join(" ")})`;
    case "access":
      return `${shape(e.base)}[${e.slots.items.map((x) => (x.kind === "ellipsis" ? "..." : shape(x))).join()}${e.slots.where ? `|${shape(e.slots.where)}` : ""}${e.slots.fill ? `!${shape(e.slots.fill)}` : ""}]`;
    case "member":
      return `${shape(e.object)}.${e.name.text}`;
    case "call":
      return `${shape(e.callee)}(${e.args.map((a) => (a.name ? `${a.name.text}=` : "") + shape(a.value)).join()})`;
    case "apply":
      return `{${shape(e.head)} ${shape(e.operand)}}`;
    default:
      return e satisfies never;
  }
}

function read(expression: string): string {
  return shape((items(`  y = ${expression}`)[0] as Assign).values[0] as Expr);
}

test.each([
  ["sum[i] a * b + c", "({sum[i] (a * b)} + c)"],
  ["sum[i] a[i] * sum[j] b[j] / n - 1", "({sum[i] (a[i] * {sum[j] (b[j] / n)})} - 1)"],
  ["scale * sum[e] q[e] * k[e]", "(scale * {sum[e] (q[e] * k[e])})"],
  ["mean[i] (x[i] - mu)^2", "{mean[i] ((x[i] - mu) ^ 2)}"],
  ["sum[i] -x[i]", "(sum[i] - x[i])"],
  ["x[i]^2 * y", "((x[i] ^ 2) * y)"],
  ["stack(n) Block(d, heads)", "{stack(n) Block(d,heads)}"],
  ["stack(l < n) Block(d)", "{stack((l < n)) Block(d)}"],
  ["softmax[s where keep[b,s] and s <= t] score[t,s]", "{softmax[s|(keep[b,s] and (s <= t))] score[t,s]}"],
  ["x[b, t - 1 else 0]", "x[b,(t - 1)!0]"],
  ["mean[...] x[..., i]", "{mean[...] x[...,i]}"],
  ["-2^-x", "(- (2 ^ (- x)))"],
  ["2^3^4", "(2 ^ (3 ^ 4))"],
  ["a - b - c", "((a - b) - c)"],
  ["a / b * c % d", "(((a / b) * c) % d)"],
  ["not a and b or c", "(((not a) and b) or c)"],
  ["0 <= i < n and 2 divides n", "((0 <= i < n) and (2 divides n))"],
  ["if a then b else if c then d else e + 1", "(if a then b else (if c then d else (e + 1)))"],
  ["f(x, p: 0.1)(y)", "{f(x,p=0.1) y}"],
  ["model.encode(x).size", "model.encode(x).size"],
  ["words.logits(x)[b,t,v] + bias[v]", "(words.logits(x)[b,t,v] + bias[v])"],
  ['"h.{l}"[i, 2 * d]', '"h.{l}"[i,(2 * d)]'],
  ["near + (if a then b else 0)", "(near + (if a then b else 0))"],
  ["y[ids[b,t],i] * 2^sum[k] x[k] * 3", "(y[ids[b,t],i] * (2 ^ {sum[k] (x[k] * 3)}))"],
])("%s is read as %s", (text, expected) => {
  expect(read(text)).toBe(expected);
});

test("lines go on after operators, before operators and brackets, inside of brackets", () => {
  expect(items("  y = a +\n    b\n  z = a\n    + b\n  w = f(\n    a,\n    b\n  )\n  v\n  = 1").map((i) => i.kind)).toEqual(["assign", "assign", "assign", "assign"]);
  expect(items("  forward(x: [d])\n    -> [d]\n  {\n    return x\n  }").map((i) => i.kind)).toEqual(["method"]);
  expect(items("  if a { x = 1 }\n  else { x = 2 }").map((i) => i.kind)).toEqual(["if"]);
});

test("the words that begin declarations are names elsewhere", () => {
  expect(items("  model = Gpt(vocab: 3); data = 1\n  train.layer = 2\n  weights w { data.x = \"a\" }\n  data(x) = x\n  layer: real").map((i) => i.kind)).toEqual(["assign", "assign", "assign", "decl", "method", "field"]);
});

test("Windows line ends, tabs, a byte order mark and no line end at the end make no difference", () => {
  const plain = parse(sourceFile("m.tfm", "fn f(x) {\n  y = x; z = y\n  return z\n}"));
  const odd = parse(sourceFile("m.tfm", "\ufefffn f(x) {\r\n\ty = x;\tz = y\r\n\treturn z\r\n}"));
  expect(plain.diagnostics).toEqual([]);
  expect(odd.diagnostics).toEqual([]);
  expect(odd.ast.tops).toHaveLength(1);
});

test("doc comments belong to the declaration directly below", () => {
  const { ast } = parse(sourceFile("m.tfm", "/// far\n\n/// One\n// remark\n///  two\nfn f(x) = x // behind\nfn g(x) = x\n"));
  expect(ast.tops.map((top) => (top.kind === "fn" ? top.doc : "?"))).toEqual(["One\ntwo", undefined]);
  expect(ast.comments.map((c) => [c.text, c.alone])).toEqual([["/// far", true], ["/// One", true], ["// remark", true], ["///  two", true], ["// behind", false]]);
});

test("spans cover what was written, parentheses included", () => {
  const [item] = items("  y[b] = (a + b) * f(c)") as [Assign];
  const value = item.values[0] as Expr;
  expect(item.span.file.text.slice(item.span.start, item.span.end)).toBe("y[b] = (a + b) * f(c)");
  expect(value.kind === "binary" && value.span.file.text.slice(value.left.span.start, value.left.span.end)).toBe("(a + b)");
  expect(value.kind === "binary" && value.left.parenthesized).toBe(true);
});

test("several mistakes are told in one go, each once, and what is right is kept", () => {
  const text = `use 'a.tfm'
layer A(d,, e) {
  x = 1 +
  y = 2
  forward(x: [B, d]) -> [B, d] {
    a = max(x, 0
    b = a @ a
    return if a then b
  }
  let = 3
}
fn good(x) = x
train t { batch = 64 steps = 100 }
modle Gpt() { p = 1 ? 2 }
fn also(x) = x
`;
  const { ast, diagnostics } = parse(sourceFile("model.tfm", text));
  expect(diagnostics.map((d) => `${positionAt(d.span.file, d.span.start).line} ${d.code}`)).toEqual([
    "1 single-quotes",
    "2 empty-place",
    "3 missing-value",
    "6 missing-bracket",
    "7 matrix-product",
    "8 missing-else",
    "10 missing-name",
    "13 missing-separator",
    "14 unknown-word",
    "14 stray-character",
  ]);
  expect(ast.tops.map((top) => (top.kind === "use" ? top.path.value : top.name.text))).toEqual(["a.tfm", "good", "t", "also"]);
});

test("a word of the language as a name is told once, and reading goes on as if it were one", () => {
  const text = `layer Mamba(d, state, let = 2 * d) {
  param mix: [d, state] ~ zeros
  param state: [d] ~ zeros
  forward(x: [B, d], scan: [B, state]) -> [B, d] {
    for[b, n < state] = scan[b,n] + state
    in, y = split(x, n: state)
    return y * state^2
  }
}
`;
  const { ast, diagnostics } = parse(sourceFile("model.tfm", text));
  expect(diagnostics.map((d) => `${positionAt(d.span.file, d.span.start).line} ${d.code} ${d.span.file.text.slice(d.span.start, d.span.end)}`)).toEqual([
    "1 reserved-word state",
    "1 reserved-word let",
    "4 reserved-word scan",
    "5 reserved-word for",
    "6 reserved-word in",
  ]);
  expect(ast.tops).toMatchObject([{ name: { text: "Mamba" }, body: { items: [{ kind: "param" }, { kind: "param", name: { text: "state" } }, { kind: "method", body: { items: [{}, {}, {}] } }] } }]);
});

test("a missing brace is told where indentation shows it, and costs nothing else", () => {
  const { ast, diagnostics } = parse(sourceFile("m.tfm", "layer A(d) {\n  f(x) {\n    if x {\n      y = 1\n    return y\n  }\n  g(x) = x\n}\nlayer B(d) {\n  h(x) = x\n}\n"));
  expect(diagnostics.map((d) => `${positionAt(d.span.file, d.span.start).line} ${d.code}`)).toEqual(["3 missing-brace"]);
  expect(ast.tops.map((top) => top.kind === "decl" && top.name.text)).toEqual(["A", "B"]);
});

test("a block that is missing is told once", () => {
  const { diagnostics } = parse(sourceFile("m.tfm", "layer A(d)\n  x = 1\n  param w: [d] ~ zeros\nfn f(x) = x if a else b\nlayer B(d) {\n  y = x +\n  let z = 1\n}\n"));
  expect(diagnostics.map((d) => `${positionAt(d.span.file, d.span.start).line} ${d.code}`)).toEqual(["1 missing-block", "4 missing-then", "6 missing-value"]);
});

test("a brace too many costs nothing else", () => {
  const { diagnostics } = parse(sourceFile("m.tfm", "layer A(d) {\n  f(x) {\n    return x\n    }\n  }\n  g(x) = x\n}\nfn h(x) = x\n"));
  expect(diagnostics.map((d) => `${positionAt(d.span.file, d.span.start).line} ${d.code}`)).toEqual(["4 extra-brace"]);
});

test.each([
  ["parentheses", "x = " + "(".repeat(400) + "1" + ")".repeat(400)],
  ["brackets", "x = " + "a[".repeat(400) + "1" + "]".repeat(400)],
  ["signs", "x = " + "-".repeat(3000) + "1"],
  ["not", "x = " + "not ".repeat(3000) + "1"],
  ["powers", "x = " + "2^".repeat(3000) + "1"],
  ["binders", "x = " + "sum[i] ".repeat(3000) + "1"],
  ["choices", "x = " + "if a then ".repeat(500) + "b" + " else c".repeat(500)],
  ["else if", "if a { }" + " else if b { }".repeat(3000)],
  ["terms", "x = 1" + " + 1".repeat(3000)],
  ["members", "x = a" + ".b".repeat(3000)],
  ["blocks", "if a { ".repeat(400) + "}".repeat(400)],
])("too many %s in each other are one message", (_, item) => {
  const { diagnostics } = parse(sourceFile("m.tfm", `layer A(d) {\n  ${item}\n}\n`));
  expect(diagnostics.map((d) => d.code)).toEqual(["too-deep"]);
});

test("a hundred brackets in each other are read", () => {
  expect(items(`  x = ${"(".repeat(100)}1${")".repeat(100)}`)).toHaveLength(1);
});

test("chevrotain finds no ambiguity in the grammar and no pattern that cannot match", () => {
  expect(() => new ItemParser(true)).not.toThrow();
  expect(newLexer(true).lexerDefinitionErrors).toEqual([]);
});

test.each([["lt", "let"], ["fr", "for"], ["modle", "model"], ["sctae", "state"], ["xyz", undefined]])("`%s` where an item begins suggests %s", (word, meant) => {
  const [found] = parse(sourceFile("m.tfm", `layer A(d) {\n  ${word} x = 1\n}\n`)).diagnostics;
  expect(found?.code).toBe("unknown-word");
  expect(JSON.stringify(found).includes("did you mean")).toBe(meant !== undefined);
  if (meant !== undefined) expect(JSON.stringify(found)).toContain(`did you mean \`${meant}\`?`);
});
