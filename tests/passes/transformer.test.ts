import { describe, expect, test } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { stateKey } from "../../compiler/ir/walk.ts";
import { differentiate } from "../../compiler/passes/differentiate.ts";
import { GRAPH_PASSES } from "../../compiler/pipeline.ts";
import { referenceCase, referenceModel, relativeError } from "../support/reference.ts";
import { transformer } from "../support/transformer.ts";

describe.each([true, false])("an encoder-decoder, norms before the branches: %s", (pre) => {
  const { loss, weights, gradients: wanted, batch, out } = referenceCase(`translation-${pre ? "pre" : "post"}`);
  const graph = transformer({ vocab: 37, d: 16, heads: 2, ff: 24, layers: 2, pre, smoothing: 0.1 });
  const states = Object.fromEntries([...weights].map(([path, data]) => [stateKey({ kind: "parameter", path }), data]));
  const bindings = { sizes: { B: 3, S: 7, T: 6 }, inputs: Object.fromEntries(batch), states };
  const gradient = differentiate(graph);
  const optimized = GRAPH_PASSES.reduce((before, pass) => pass.run(before), gradient);
  const checked = differentiate(referenceModel("plain", pre).recipe!.loss.graph);

  test.each([
    ["put together by hand", gradient],
    ["after all passes", optimized],
    ["as the checker lowers it", checked],
    ["so, after all passes", GRAPH_PASSES.reduce((before, pass) => pass.run(before), checked)],
  ])("has PyTorch's loss and gradients %s", (_, program) => {
    expect(verify(program)).toEqual([]);
    const { outputs } = interpret(program, bindings);
    expect(relativeError(outputs.loss!.data, loss, 0)).toBeLessThan(1e-6);
    if (outputs.logits) expect(relativeError(outputs.logits.data, out.get("forward")!.data, 0)).toBeLessThan(1e-6);
    const found = new Map(program.outputs.flatMap((output) => (output.state ? [[output.state.path, outputs[output.name]!.data] as const] : [])));
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
    const largest = Math.max(...[...wanted.values()].flatMap((data) => Array.from(data, Math.abs)));
    for (const [path, data] of wanted) expect(relativeError(found.get(path)!, data, 1e-3 * largest), path).toBeLessThan(1e-6);
  });
});
