/** A folder as Hugging Face's libraries write it, of weights and a tokenizer, used as it is: no training, and nothing converted. */
import { Tokenizer as HuggingFace } from "@huggingface/tokenizers";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { draws } from "../../runtime/random/philox.ts";
import { renamed } from "../../runtime/training/weight-names.ts";
import { encodeSafetensors } from "../../runtime/training/safetensors.ts";
import type { Tensor } from "../../runtime/training/safetensors.ts";
import { packageRoot } from "../../src/package-root.ts";
import { checkedModel } from "../support/reference.ts";
import { describeGpu } from "../support/gpu.ts";
import { tfmc } from "../support/tfmc.ts";
import { FOREIGN } from "../text/foreign.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tfm-foreign-"));
afterAll(() => rmSync(folder, { recursive: true }));

const WIDTH = 16, LAYERS = 1, LENGTH = 24, HEADS = 2;

/** GPT-2's tensors with numbers that make it write something other with each place. */
function weights(vocab: number): Tensor[] {
  const random = draws(5);
  const tensor = (name: string, shape: readonly number[], scale: number, mean = 0): Tensor => ({
    name, shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => mean + scale * (2 * random.uniform() - 1)),
  });
  return [
    tensor("wte.weight", [vocab, WIDTH], 1), tensor("wpe.weight", [LENGTH, WIDTH], 1), tensor("ln_f.weight", [WIDTH], 0.2, 1), tensor("ln_f.bias", [WIDTH], 0.2),
    ...Array.from({ length: LAYERS }, (_, l) => [
      tensor(`h.${l}.ln_1.weight`, [WIDTH], 0.2, 1), tensor(`h.${l}.ln_1.bias`, [WIDTH], 0.2), tensor(`h.${l}.attn.c_attn.weight`, [WIDTH, 3 * WIDTH], 0.6), tensor(`h.${l}.attn.c_attn.bias`, [3 * WIDTH], 0.3),
      tensor(`h.${l}.attn.c_proj.weight`, [WIDTH, WIDTH], 0.6), tensor(`h.${l}.attn.c_proj.bias`, [WIDTH], 0.3), tensor(`h.${l}.ln_2.weight`, [WIDTH], 0.2, 1), tensor(`h.${l}.ln_2.bias`, [WIDTH], 0.2),
      tensor(`h.${l}.mlp.c_fc.weight`, [WIDTH, 4 * WIDTH], 0.6), tensor(`h.${l}.mlp.c_fc.bias`, [4 * WIDTH], 0.3), tensor(`h.${l}.mlp.c_proj.weight`, [4 * WIDTH, WIDTH], 0.6), tensor(`h.${l}.mlp.c_proj.bias`, [WIDTH], 0.3),
    ]).flat(),
  ];
}

describeGpu("GPT-2 as others wrote it", () => {
  it("goes on with a text as its weights and its tokenizer say", async () => {
    const file = FOREIGN["GPT-2"]!() as { readonly model: { readonly vocab: Readonly<Record<string, number>> } };
    const vocab = Object.keys(file.model.vocab).length;
    const tensors = weights(vocab);
    mkdirSync(path.join(folder, "gpt2"));
    writeFileSync(path.join(folder, "gpt2", "model.safetensors"), encodeSafetensors(tensors, new Map()));
    writeFileSync(path.join(folder, "gpt2", "tokenizer.json"), JSON.stringify(file));
    const source = readFileSync(path.join(packageRoot, "examples", "gpt", "model.tfm"), "utf8");
    writeFileSync(path.join(folder, "model.tfm"), `${source}train open like shakespeare {
  tokenizer = bpe(${vocab}); model = Gpt(vocab: tokenizer.size, length: ${LENGTH}, d: ${WIDTH}, heads: ${HEADS}, layers: ${LAYERS}); data = text("input.txt", tokenizer: tokenizer, length: ${LENGTH})
  generate = greedy(model)
}\n`);
    writeFileSync(path.join(folder, "input.txt"), "What is read besides, as data are always wanted.\n".repeat(20));

    const made = await tfmc(["train", "model.tfm", "--recipe", "open", "--init-from", "gpt2/model.safetensors", "--steps", "0", "--out", "run"], { cwd: folder });
    expect(made).toMatchObject({ code: 0 });
    expect(made.stderr).toMatch(/by the names of `huggingface`: (\d+) of \1 parameters/);
    expect(made.stderr).not.toContain("its tokenizer is another");
    expect(JSON.parse(readFileSync(path.join(folder, "run", "tokenizer.json"), "utf8"))).toEqual(file);

    // What should come out, without a line of ours but the interpreter: the port's ids, the largest logit again and again, the port's text.
    const port = new HuggingFace(file, {});
    const model = checkedModel("model.tfm", source, { set: { d: String(WIDTH), heads: String(HEADS), layers: String(LAYERS), length: String(LENGTH) }, tokenizer: { size: vocab } });
    const found = new Map(renamed(model.weights, model.parameters.map((parameter) => parameter.path), tensors)?.tensors.map((tensor) => [`parameter/${tensor.name}`, tensor.data as Float32Array]));
    const { graph } = model.entries.find((entry) => entry.name === "forward")!;
    const prompt = port.encode("I don't know, lundi 12", { add_special_tokens: false }).ids;
    const ids = [...prompt];
    while (ids.length < prompt.length + 8) {
      const { outputs } = interpret(graph, { sizes: { B: 1, T: ids.length }, inputs: { ids }, states: Object.fromEntries(found) });
      const last = Array.from(Object.values(outputs)[0]!.data).slice(-vocab);
      ids.push(last.indexOf(Math.max(...last)));
    }
    expect(new Set(ids.slice(prompt.length)).size).toBeGreaterThan(2);
    const { stdout } = await tfmc(["run", "run", "I don't know, lundi 12", "--max-length", "8"], { cwd: folder });
    expect(stdout).toBe(`${port.decode(ids.slice(prompt.length), { skip_special_tokens: true, clean_up_tokenization_spaces: false })}\n`);
    expect((await tfmc(["tokenize", "run", "I don't know", "--json"], { cwd: folder })).stdout).toContain(JSON.stringify(port.encode("I don't know", { add_special_tokens: false }).ids));
  });
});
