import { expect, it } from "vitest";
import type { Program } from "../../runtime/program.ts";
import { programLiteral } from "../../src/embed/literal.ts";
import { emitModule } from "../../src/embed/module.ts";
import { tinyProgram } from "../support/tiny-program.ts";
import { moduleFiles, program as compiled, SOURCE, tiny, tokenizer } from "./tiny.ts";

/** The program as JavaScript reads it, in plain objects: `import` of a text. */
async function evaluated(program: Program): Promise<unknown> {
  const { declarations, text } = programLiteral(program);
  const source = `${declarations}\nexport const program = ${text};`;
  const { program: read } = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as { readonly program: unknown };
  return read;
}

it.each([
  ["a compiled model", () => compiled("cpu")],
  ["one with a state and lists of indices", () => tinyProgram],
])("the literal of %s is the program", async (_, program) => {
  expect(JSON.parse(JSON.stringify(await evaluated(program())))).toEqual(JSON.parse(JSON.stringify(program())));
});

it("texts stay what they are, whatever they hold", async () => {
  const odd = "a `b` ${c} \\n $x \u2028 </script>\r\n// second line\n";
  const [kernel, ...others] = tinyProgram.kernels;
  const program: Program = { ...tinyProgram, name: "one-line `${x}` \"</script>\" \u2029", kernels: [{ ...(kernel as Program["kernels"][number]), wgsl: odd }, ...others] };
  const { declarations, text } = programLiteral(program);
  expect(declarations + text).not.toContain("</script");
  expect(await evaluated(program)).toEqual(program);
});

it("numbers that JSON cannot say stay what they are", async () => {
  const [field] = tinyProgram.uniform.slice(0, 1);
  const body = (value: number) => ({ kind: "scalar", name: "s", body: { kind: "const", value } }) as const;
  const program: Program = { ...tinyProgram, uniform: [field as Program["uniform"][number], body(Infinity), body(-Infinity), body(-0), body(Number.NaN), body(1e-9)] };
  expect(((await evaluated(program)) as Program).uniform).toEqual(program.uniform);
});

it("a size stands there once, with its formula", () => {
  const { declarations } = programLiteral(tinyProgram);
  expect(declarations).toContain('const $B = [term(1, "B")];');
  expect(declarations).toMatch(/const \$e\d+ = \[term\(4, "B", "T"\)\]; \/\/ 4\*B\*T/);
  const definitions = declarations.match(/^const \$\S+ = .*?;/gm)?.map((line) => line.replace(/^const \S+/, "")) ?? [];
  expect(new Set(definitions).size).toBe(definitions.length);
});

it("the same model gives the same bytes, wherever it lies", () => {
  const files = [...moduleFiles("any")];
  expect(files.map(([name]) => name)).toEqual(["transformer.js", "transformer.d.ts"]);
  expect([...moduleFiles("any")]).toEqual(files);
  const moved = { ...tiny, file: { ...tiny.file, path: "/somewhere/else/tiny.tfm" } };
  expect([...emitModule(moved, compiled("any"))]).toEqual(files);
});

it("a module holds no source of the model, and its tokenizer only where it is given", () => {
  const body = SOURCE.split("\n").find((line) => line.includes("return embed.logits")) as string;
  const json = JSON.stringify(tokenizer.toJSON(), null, 2);
  const [bare, full] = [moduleFiles("any").get("transformer.js") as string, moduleFiles("any", { tokenizer: json }).get("transformer.js") as string];
  expect(bare).not.toContain(body.trim());
  expect(bare).not.toContain("Metaspace");
  expect(full).toContain("Metaspace");
  expect(full.length - bare.length).toBeLessThan(json.length);
});
