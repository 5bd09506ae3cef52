import { expect, test } from "vitest";
import { parse, sourceFile } from "../../grammar/index.ts";
import { namesIn, visitNodes } from "../../grammar/walk.ts";

const TEXT = "fn f(x: real, y: real) -> real {\n  a = x + y * 2\n  b = if x < y and y < 3 then a else -a\n  return b\n}\n";

test("a walk sees every node below, in the order of the text", () => {
  const { ast } = parse(sourceFile("a.tfm", TEXT));
  const kinds: string[] = [];
  visitNodes(ast.tops, ({ kind }) => kinds.push(kind));
  expect(kinds[0]).toBe("fn");
  expect(kinds.filter((kind) => kind === "assign")).toHaveLength(2);
  expect([...namesIn(ast.tops)].sort()).toEqual(["a", "b", "x", "y"]);
});

test("a walk leaves the file's table of lines alone: it is long, and every node leads to it", () => {
  let isWalking = false;
  let looks = 0;
  const source = sourceFile("a.tfm", TEXT);
  const watched = new Proxy(source, { get: (file, name) => (isWalking && looks++, Reflect.get(file, name)) });
  const { ast } = parse(watched);
  isWalking = true;
  visitNodes(ast.tops, () => undefined);
  expect(looks).toBe(0);
});
