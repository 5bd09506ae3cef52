import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { emitModule } from "../../src/embed/module.ts";
import type { Model } from "../../compiler/check/model.ts";
import type { Generation } from "../../runtime/embedded/generation.ts";
import { tiny } from "./tiny.ts";

const program = compile(tiny, { profile: { kind: "any" }, training: false, entries: ["forward", "encode", "decode"] }).program;

function generating(generate: NonNullable<Model["recipe"]>["generate"], entries: readonly string[]): { readonly generation: Generation; readonly declared: string } {
  const model = { ...tiny, recipe: { ...tiny.recipe, generate } } as Model;
  const files = emitModule(model, { ...program, entries: program.entries.filter(({ name }) => entries.includes(name)) });
  const text = /const generation = (.*);\n/.exec(files.get("transformer.js") ?? "")?.[1] ?? "";
  return { generation: Function(`return ${text}`)() as Generation, declared: files.get("transformer.d.ts") ?? "" };
}

it("a module says how its recipe generates, and with which entries", () => {
  const beam = generating({ method: "beam", entry: "forward", options: { width: 3, length_penalty: 1, max_length: 9 } }, ["forward", "encode", "decode"]);
  expect(beam.generation).toEqual({
    use: { kind: "encode-decode", encode: "encode", source: "source", decode: "decode", target: "target", memory: [{ input: "memory", output: "encode" }], keep: "keep" },
    decoding: { method: "beam", width: 3, lengthPenalty: 1 },
    maxLength: 9,
  });
  expect(beam.declared).toContain("Writes what the model makes of a text, by beam search.");
  const sample = generating({ method: "sample", entry: "forward", options: { top_p: 0.5 } }, ["forward"]);
  expect(sample.generation).toEqual({ use: { kind: "forward", entry: "forward", target: "target", source: "source" }, decoding: { method: "sample", topP: 0.5 } });
  expect(sample.declared).toContain("by drawing each token.");
});
