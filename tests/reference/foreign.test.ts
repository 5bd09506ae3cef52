/** Files with the names and axes of other programs (foreign.py), read by the `weights` blocks of examples/: PyTorch's logits come out. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { renamed } from "../../runtime/training/weight-names.ts";
import { checkedModel, referenceTensors, relativeError } from "../support/reference.ts";

it.each([
  ["gpt2", "gpt", { layers: "2", d: "12", heads: "3", length: "8" }],
  ["llama", "llama", { layers: "2", d: "16", heads: "4", kv_heads: "2", ff: "20" }],
] as const)("a file of %s", (name, family, set) => {
  const file = referenceTensors(`foreign-${name}`);
  const model = checkedModel("model.tfm", readFileSync(new URL(`../../examples/${family}/model.tfm`, import.meta.url), "utf8"), { set, tokenizer: { size: 19 } });
  const read = renamed(model.weights, model.parameters.map(({ path }) => path), [...file.values()]);
  const found = new Map(read?.tensors.map((tensor) => [tensor.name, tensor]));
  expect(read?.names).toBe("huggingface");
  expect(model.parameters.map(({ path }) => [path, found.get(path)?.shape])).toEqual(model.parameters.map(({ path, shape }) => [path, shape]));

  const { graph } = model.entries.find((entry) => entry.name === "forward")!;
  const states = Object.fromEntries(model.parameters.map(({ path }) => [`parameter/${path}`, found.get(path)!.data]));
  const { outputs } = interpret(graph, { sizes: { B: 2, T: 7 }, inputs: { ids: file.get("ids")!.data }, states });
  expect(relativeError(Object.values(outputs)[0]!.data, file.get("logits")!.data, 1e-9)).toBeLessThan(1e-6);
});
