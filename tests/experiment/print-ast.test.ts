import { expect, it } from "vitest";
import { parse, sourceFile } from "../../grammar/index.ts";
import { printAst } from "../../src/experiment/print-ast.ts";

it("prints a node a line, with its place, the field that holds it, and what it says itself", () => {
  const source = "fn twice(x: real) -> real = 2 * x\nlayer Ends(d = 4) {\n  require 0 < d\n}\n";
  expect(printAst(parse(sourceFile("a.tfm", source)).ast)).toBe(`\
1:1     fn name=twice
1:10      params: parameter name=x
1:13        type: type name=real
1:22      results: type name=real
1:29      body.values: binary op="*"
1:29        left: number text="2"
1:33        right: name text="x"
2:1     decl category="layer" name=Ends
2:12      params: parameter name=d
2:16        initial: number text="4"
3:3       body.items: require
3:11        conditions: relation operators=<
3:11          operands: number text="0"
3:15          operands: name text="d"
`);
});
