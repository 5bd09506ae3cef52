import { describe, expect, it } from "vitest";
import type { Program } from "../../runtime/program.ts";
import { moduleName, typeName, withSafeNames } from "../../src/embed/names.ts";
import { moduleFiles } from "./tiny.ts";
import { tinyProgram } from "../support/tiny-program.ts";

describe("names of a module", () => {
  it.each([
    ["Transformer", "transformer"],
    ["TinyGpt2", "tiny-gpt2"],
    ["T5", "t5"],
    ["my_model__", "my-model"],
    ["_", "model"],
    ["Con", "model-con"],
  ])("%s lies in %s.js", (model, file) => expect(moduleName(model)).toBe(file));

  it.each([
    ["Transformer", "Transformer"],
    ["Promise", "PromiseModel"],
    ["Tensor", "TensorModel"],
    ["function", "functionModel"],
    ["load", "loadModel"],
  ])("%s has the type %s", (model, type) => expect(typeName(model)).toBe(type));

  it("no type of the declarations is taken by a model", () => {
    const [declarations] = [...moduleFiles("any")].flatMap(([name, text]) => (name.endsWith(".d.ts") ? [text] : []));
    const declared = [...(declarations ?? "").matchAll(/^(?:export )?(?:declare )?(?:type|interface|class) (\w+)/gm)].map(([, name]) => name as string).filter((name) => !name.startsWith("Transformer"));
    expect(declared).toEqual(expect.arrayContaining(["Ready", "Tensor"]));
    for (const name of [...declared, "Reals", "Integers", "Booleans"]) expect(typeName(name)).toBe(`${name}Model`);
  });

  it("entries, inputs and outputs give way where JavaScript has another use for their name, and only there", () => {
    const [entry] = tinyProgram.entries.filter(({ name }) => name === "grad") as [Program["entries"][number]];
    const [ids, wanted] = entry.inputs as [Program["entries"][number]["inputs"][number], Program["entries"][number]["inputs"][number]];
    const named = (name: string) => ({ ...entry, name, inputs: [{ ...ids, name: "__proto__" }, { ...wanted, name: "class" }], indexLists: [{ of: "__proto__", rows: [] }] });
    const { program, entries } = withSafeNames({ ...tinyProgram, entries: ["dispose", "dispose_", "forward", "then", "toString"].map(named) });
    expect(program.entries.map(({ name }) => name)).toEqual(["dispose__", "dispose_", "forward", "then_", "toString"]);
    expect(entries.get("dispose")).toBe("dispose__");
    const last = withSafeNames({ ...tinyProgram, entries: ["forward", "then", "last.forward", "last.then"].map(named) });
    expect(last.program.entries.map(({ name }) => name)).toEqual(["forward", "then_", "last.forward", "last.then_"]);
    expect(program.entries[0]?.inputs.map(({ name }) => name)).toEqual(["__proto___", "class"]);
    expect(program.entries[0]?.indexLists[0]?.of).toBe("__proto___");
    expect(withSafeNames(tinyProgram).program).toEqual(tinyProgram);
  });
});
