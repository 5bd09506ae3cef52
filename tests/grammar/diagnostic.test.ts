import { expect, test } from "vitest";
import { lineText, placeOf, positionAt, renderDiagnostic, sourceFile } from "../../grammar/index.ts";
import type { Diagnostic, SourceFile, Span } from "../../grammar/index.ts";

const MODEL = sourceFile("model.tfm", `${"\n".repeat(8)}  param w: [d*4, d] ~ zeros\n\n\n  forward(x: [B, T, d]) -> [B, T, d] {\n\n    h[b,t,o] = sum[i] x[b,t,i] * w[i,o]\n`);

function spanOf(file: SourceFile, text: string, from = 0): Span {
  const start = file.text.indexOf(text, from);
  return { file, start, end: start + text.length };
}

function at(file: SourceFile, context: string, text: string): Span {
  return spanOf(file, text, file.text.indexOf(context));
}

const X = { ...at(MODEL, "t,i]", "i"), text: "" };
const W = at(MODEL, "w[i,o]", "i");
const SIZES: Diagnostic = {
  code: "size-mismatch",
  severity: "error",
  title: "`i` has two sizes",
  span: X,
  labels: [
    { span: X, text: "d = 64, from `x: [B, T, d]` (line 12)" },
    { span: W, text: "d*4 = 256, from `w: [d*4, d]` (line 9)" },
  ],
  notes: ["`Mlp(d: 64)` was built at model.tfm:31:10"],
  fix: { text: "`w` has its axes the other way round; write `w[o,i]`" },
};

test("two labels on one line: the last beside its mark, the first below", () => {
  expect(renderDiagnostic(SIZES)).toBe(
    [
      "error[size-mismatch]: `i` has two sizes",
      "   ┌─ model.tfm:14:29",
      "14 │     h[b,t,o] = sum[i] x[b,t,i] * w[i,o]",
      "   │                             ^      ^ d*4 = 256, from `w: [d*4, d]` (line 9)",
      "   │                             d = 64, from `x: [B, T, d]` (line 12)",
      "   = `Mlp(d: 64)` was built at model.tfm:31:10",
      "   = fix: `w` has its axes the other way round; write `w[o,i]`",
    ].join("\n"),
  );
});

test("three labels on a line hang from bars; other lines and other files have frames of their own", () => {
  const other = sourceFile("std/linear.tfm", "layer Linear(n, m) {\n}\n");
  const d: Diagnostic = {
    ...SIZES,
    severity: "warning",
    labels: [
      ...SIZES.labels,
      { span: at(MODEL, "h[b,t,o]", "h"), text: "here", primary: false },
      { span: spanOf(MODEL, "w"), text: "declared", primary: false },
      { span: spanOf(other, "m"), text: "given as `m`", primary: false },
    ],
    notes: ["one\ntwo"],
    fix: undefined,
  };
  expect(renderDiagnostic(d)).toBe(
    [
      "warning[size-mismatch]: `i` has two sizes",
      "   ┌─ model.tfm:14:29",
      " 9 │   param w: [d*4, d] ~ zeros",
      "   │         - declared",
      "   ·",
      "14 │     h[b,t,o] = sum[i] x[b,t,i] * w[i,o]",
      "   │     -                       ^      ^ d*4 = 256, from `w: [d*4, d]` (line 9)",
      "   │     │                       d = 64, from `x: [B, T, d]` (line 12)",
      "   │     here",
      "   ┌─ std/linear.tfm:1:17",
      " 1 │ layer Linear(n, m) {",
      "   │                 - given as `m`",
      "   = one",
      "     two",
    ].join("\n"),
  );
});

test("a place without a label is underlined, tabs and wide characters keep the marks in place", () => {
  const file = sourceFile("t.tfm", "\tx = \"漢字\" + y\r\nz");
  const d: Diagnostic = { code: "c", severity: "error", title: "t", span: spanOf(file, "y"), labels: [], notes: [] };
  expect(renderDiagnostic(d)).toBe(["error[c]: t", "  ┌─ t.tfm:1:13", '1 │     x = "漢字" + y', "  │                  ^"].join("\n"));
});

test("the end of a file can be pointed at, also of an empty one", () => {
  for (const text of ["", "x", "x\n"]) {
    const file = sourceFile("e.tfm", text);
    const d: Diagnostic = { code: "c", severity: "error", title: "t", span: { file, start: text.length, end: text.length }, labels: [], notes: [] };
    expect(renderDiagnostic(d)).toContain("^");
  }
});

test("colour adds escapes and nothing else", () => {
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");
  const coloured = renderDiagnostic(SIZES, { color: true });
  expect(coloured).not.toBe(renderDiagnostic(SIZES));
  expect(coloured.replace(escapes, "")).toBe(renderDiagnostic(SIZES));
});

test("a source file cannot drive the terminal", () => {
  const file = sourceFile("e.tfm", "x\u001b[2Jy");
  const d: Diagnostic = { code: "c", severity: "error", title: "t", span: { file, start: 0, end: 1 }, labels: [], notes: [] };
  expect(renderDiagnostic(d)).not.toContain("\u001b");
});

test("positions count lines and columns from 1, for every kind of line end", () => {
  const file = sourceFile("p.tfm", "ab\r\nc\nd\re");
  expect(positionAt(file, 0)).toEqual({ line: 1, column: 1 });
  expect(positionAt(file, file.text.indexOf("c"))).toEqual({ line: 2, column: 1 });
  expect(positionAt(file, file.text.indexOf("d"))).toEqual({ line: 3, column: 1 });
  expect(positionAt(file, file.text.indexOf("e"))).toEqual({ line: 4, column: 1 });
  expect([1, 2, 3, 4, 5].map((n) => lineText(file, n))).toEqual(["ab", "c", "d", "e", ""]);
  expect(placeOf({ file, start: 1, end: 2 })).toBe("p.tfm:1:2");
});
