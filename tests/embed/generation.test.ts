import { expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { emitModule } from "../../src/embed/module.ts";
import type { Model } from "../../compiler/check/model.ts";
import type { Generation, GenerationOptions } from "../../runtime/embedded/generation.ts";
import { checkGeneration } from "../../runtime/embedded/generation-options.ts";
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
  expect(sample.generation).toEqual({ use: { kind: "forward", entry: "forward", target: "target", source: "source" }, decoding: { method: "sample", topP: 0.5, seed: tiny.recipe?.seed ?? 0 } });
  expect(sample.declared).toContain("by drawing each token.");
});

it.each([
  [3, {}, "generate() takes a text, or an array of texts; it was given 3."],
  [undefined, {}, "generate() takes a text, or an array of texts; it was given nothing."],
  [["a", 3], {}, "generate() takes a text, or an array of texts; it was given 3."],
  [["a", undefined], {}, "generate() takes a text, or an array of texts; it was given nothing."],
  [["a", , "b"], {}, "generate() takes a text, or an array of texts; it was given nothing."],
  ["a", { stop: ["e", , "f"] }, 'generate(): `stop` must be an array of texts that are not empty; it is ["e",null,"f"].'],
  ["a", { maxLength: 0 }, "generate(): `maxLength` must be an integer of at least 1; it is 0."],
  ["a", { maxLength: 1.5 }, "generate(): `maxLength` must be an integer of at least 1; it is 1.5."],
  ["a", { batch: -1 }, "generate(): `batch` must be an integer of at least 1; it is -1."],
  ["a", { seed: Number.NaN }, "generate(): `seed` must be an integer of at least 0; it is NaN."],
  ["a", { stop: "e" }, 'generate(): `stop` must be an array of texts that are not empty; it is "e".'],
  ["a", { stop: [""] }, 'generate(): `stop` must be an array of texts that are not empty; it is [""].'],
  ["a", null, "generate(): `options` must be an object; it is null."],
  ["a", { onText: 3 }, "generate(): `onText` must be a function; it is 3."],
  ["a", { maxLenght: 3 }, "There is no option maxLenght; there are maxLength, decoding, seed, stop, batch, signal, onText, onProgress."],
  ["a", { signal: true }, "generate(): `signal` must be an AbortSignal; it is true."],
  ["a", { signal: null }, "generate(): `signal` must be an AbortSignal; it is null."],
  ["a", { signal: new AbortController() }, "generate(): `signal` must be an AbortSignal; it is an AbortController."],
  ["a", { decoding: "greedy" }, 'generate(): `decoding` must be { method: "greedy" | "beam" | "sample", … }; it is "greedy".'],
  ["a", { decoding: { method: "nix" } }, 'generate(): `decoding` must be { method: "greedy" | "beam" | "sample", … }; it is {"method":"nix"}.'],
  ["a", { decoding: { method: "sample", tempeature: 0.5 } }, "There is no option decoding.tempeature; there are method, temperature, topK, topP, seed."],
  ["a", { decoding: { method: "beam", width: 2, lengthPenalty: 0, topK: 3 } }, "There is no option decoding.topK; there are method, width, lengthPenalty."],
  ["a", { decoding: { method: "greedy", seed: 3 } }, "There is no option decoding.seed; there is method."],
  ["a", { decoding: { method: "beam", width: 0, lengthPenalty: 0 } }, "generate(): `decoding.width` must be an integer of at least 1; it is 0."],
  ["a", { decoding: { method: "sample", temperature: -1 } }, "generate(): `decoding.temperature` must be a number of at least 0; it is -1."],
  ["a", { decoding: { method: "sample", topP: 0 } }, "generate(): `decoding.topP` must be a number above 0 and at most 1; it is 0."],
])("generate(%j, %j) is refused", (texts, options, message) => {
  expect(() => checkGeneration(texts, options as GenerationOptions)).toThrow(expect.objectContaining({ name: "TfmError", message }) as Error);
});

it("what generate is meant to take is taken", () => {
  for (const decoding of [undefined, { method: "greedy" }, { method: "beam", width: 2, lengthPenalty: 0 }, { method: "sample" }, { method: "sample", temperature: 0, topK: 3, topP: 1, seed: 0 }] as const) {
    expect(() => checkGeneration(["a", ""], { maxLength: 1, batch: 2, seed: 0, stop: ["."], ...(decoding && { decoding }) })).not.toThrow();
    expect(() => checkGeneration([], {})).not.toThrow();
  }
});
