/** What people write who come from Python: one message, and where it has an edit, that makes it right. */
import { expect, test } from "vitest";
import { parse, sourceFile } from "../../grammar/index.ts";
import type { Diagnostic } from "../../grammar/index.ts";

const read = (text: string): readonly Diagnostic[] => parse(sourceFile("model.tfm", text)).diagnostics;
const inFunction = (item: string): string => `layer A(d) {\n  forward(x: [B, d]) -> [B, d] {\n    ${item}\n    return x\n  }\n}\n`;
const inLayer = (item: string): string => `layer A(d) {\n  ${item}\n\n  forward(x: [B, d]) -> [B, d] = x\n}\n`;

function edited(text: string): string {
  const edits = read(text).flatMap(({ fix }) => fix?.edit ?? []).sort((a, b) => b.span.start - a.span.start);
  return edits.reduce((made, { span, replacement }) => made.slice(0, span.start) + replacement + made.slice(span.end), text);
}

test.each([
  [inFunction("y = self.norm(x)"), "there is no `self` in this language"],
  [inFunction("y = F.gelu(x)"), "there is no `F` in this language"],
  [inLayer("norm = nn.LayerNorm(d)"), "there is no `nn` in this language"],
  [inLayer("norm = LayerNorm(d),"), "items are separated by `;` or a new line, not by `,`"],
  [inLayer("batch: 12"), "`batch` is set with `=`"],
  [inFunction("y: [B, d] = 2 * x"), "what is set has no type of its own"],
  [inFunction("if norm is not none { y = x }"), "there is no `is not` in this language"],
  [inFunction("if norm is none { y = x }"), "there is no `is` in this language"],
  [inFunction("if !deep { y = x }"), "there is no `!` in this language"],
  [inFunction("if deep&&wide { y = x }"), "there is no `&&` in this language"],
  [inFunction("y = f(x, p=1)"), "an argument is named with `:`"],
  ["layer A(d) {\n  forward(self, x: [B, d]) -> [B, d] = x\n}\n", "there is no `self` in this language"],
  ["layer A(d) {\n  forward(x: [B, d]) [B, d] = x\n}\n", "the type of a result stands behind `->`"],
  ["layer A(d) {\n  forward(x: [B, d) -> [B, d] = x\n}\n", "a `[` is never closed"],
])("%s", (text, title) => {
  expect(read(text).map((diagnostic) => diagnostic.title)).toEqual([title]);
  expect(read(edited(text))).toEqual([]);
});

test.each([
  [inFunction("print(x.shape)"), "there is no `print` in this language"],
  [inFunction("if deep { y = x } elif wide { y = x }"), "there is no `elif` in this language"],
  [inFunction("y = map(lambda z: z, x)"), "there is no `lambda` in this language"],
  [inFunction("y = Linear(d, d)(x, x)"), "what a call gives cannot be called"],
  [inFunction("y = f((x, x))"), "parentheses hold one value"],
  [inFunction("(y, z) = f(x)"), "what is set stands without parentheses"],
  [inLayer("blocks = ModuleList([A(d)])"), "a value cannot begin with `[`"],
  [inLayer("buffer mean: [d] ~ zeros"), "there is no `buffer` in this language"],
  [inLayer("wide = Linear(d // 2, d)"), "a `(` is never closed"],
  ["layer A(d) {\n  forward(x: [B, d]) -> [B, d]:\n}\n", "`forward` needs a block `{ … }`"],
  ["layer A(d) {\n  def forward(x: [B, d]) -> [B, d] { return x }\n}\n", "there is no `def` in this language"],
  ["layer A(d) {\n  fn forward(x: [B, d]) -> [B, d] = x\n}\n", "`fn` cannot stand here"],
])("%s", (text, title) => {
  expect(read(text).map((diagnostic) => diagnostic.title)).toEqual([title]);
});

test("a name of one's own is none of Python's", () => {
  const text = inFunction("nn = 2 * x; y = nn.size");
  expect(read(text)).toEqual([]);
});

test("a number that is written otherwise counts as what is meant", () => {
  const { ast, diagnostics } = parse(sourceFile("model.tfm", "train t { steps = 2_000 }\n"));
  expect(diagnostics.map(({ title }) => title)).toEqual(["`2_000` is no number"]);
  const [recipe] = ast.tops;
  expect(recipe?.kind === "decl" && recipe.body.items[0]).toMatchObject({ kind: "assign", values: [{ kind: "number", text: "2000" }] });
});
