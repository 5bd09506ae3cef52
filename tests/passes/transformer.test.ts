import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { stateKey } from "../../compiler/ir/walk.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { decodeSafetensors } from "../../runtime/training/safetensors.ts";
import { transformer } from "../support/transformer.ts";

function tensors(name: string): Map<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }> {
  const file = decodeSafetensors(new Uint8Array(readFileSync(new URL(`../reference/${name}.safetensors`, import.meta.url))), "if present");
  return new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
}

describe.each([true, false])("an encoder-decoder, norms before the branches: %s", (pre) => {
  const name = `translation-${pre ? "pre" : "post"}`;
  const weights = tensors(`${name}-weights`), wanted = tensors(`${name}-gradients`), expected = tensors(`${name}-expected`);
  const graph = transformer({ vocab: 37, d: 16, heads: 2, ff: 24, layers: 2, pre, smoothing: 0.1 });
  const inputs = Object.fromEntries(["source", "target", "next"].map((field) => [field, expected.get(`batch.${field}`)!.data]));
  const states = Object.fromEntries([...weights].map(([path, tensor]) => [stateKey({ kind: "parameter", path }), tensor.data]));
  const bindings = { sizes: { B: 3, S: 7, T: 6 }, inputs, states };
  const gradient = differentiate(graph);
  const optimized = GRAPH_PASSES.reduce((before, pass) => pass.run(before), gradient);

  /** max|a-b| / max(max|b|, floor) */
  function distance(a: ArrayLike<number>, b: ArrayLike<number>, floor = 0): number {
    expect(a.length).toBe(b.length);
    const apart = Array.from(a, (value, k) => Math.abs(value - b[k]!));
    return Math.max(...apart) / Math.max(...Array.from(b, Math.abs), floor);
  }

  test.each([["as differentiated", gradient], ["after all passes", optimized]])("has PyTorch's loss, logits and gradients %s", (_, program) => {
    expect(verify(program)).toEqual([]);
    const { outputs } = interpret(program, bindings);
    expect(distance(outputs.loss!.data, expected.get("loss")!.data)).toBeLessThan(1e-6);
    expect(distance(outputs.logits!.data, expected.get("logits")!.data)).toBeLessThan(1e-6);
    const found = new Map(program.outputs.flatMap((output) => (output.state ? [[output.state.path, outputs[output.name]!.data] as const] : [])));
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
    const largest = Math.max(...[...wanted.values()].flatMap((tensor) => Array.from(tensor.data, Math.abs)));
    for (const [path, tensor] of wanted) expect(distance(found.get(path)!, tensor.data, 1e-3 * largest), path).toBeLessThan(1e-6);
  });
});
