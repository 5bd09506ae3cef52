/** Files with the names and axes of other programs (foreign.py), read by `weights` blocks: PyTorch's logits come out. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { interpret } from "../../compiler/ir/interpret.ts";
import { renamed } from "../../runtime/training/weight-names.ts";
import { checkedModel, referenceTensors, relativeError } from "../support/reference.ts";

const text = (file: string): string => readFileSync(new URL(file, import.meta.url), "utf8");
const example = (family: string): string => text(`../../examples/${family}/model.tfm`);

const MIXTRAL = `weights huggingface {
    embed.table = "model.embed_tokens.weight"
    blocks[l].norm1.gain       = "model.layers.{l}.input_layernorm.weight"
    blocks[l].attend.wq[i,h,e] = "model.layers.{l}.self_attn.q_proj.weight"[h*(d/heads) + e, i]
    blocks[l].attend.wk[i,g,e] = "model.layers.{l}.self_attn.k_proj.weight"[g*(d/heads) + e, i]
    blocks[l].attend.wv[i,g,e] = "model.layers.{l}.self_attn.v_proj.weight"[g*(d/heads) + e, i]
    blocks[l].attend.wo[h,e,i] = "model.layers.{l}.self_attn.o_proj.weight"[i, h*(d/heads) + e]
    blocks[l].norm2.gain       = "model.layers.{l}.post_attention_layernorm.weight"
    blocks[l].feed.gate[i,x]   = "model.layers.{l}.block_sparse_moe.gate.weight"[x,i]
    blocks[l].feed.side[x,i,f] = "model.layers.{l}.block_sparse_moe.experts.{x}.w1.weight"[f,i]
    blocks[l].feed.up[x,i,f]   = "model.layers.{l}.block_sparse_moe.experts.{x}.w3.weight"[f,i]
    blocks[l].feed.down[x,f,i] = "model.layers.{l}.block_sparse_moe.experts.{x}.w2.weight"[i,f]
    norm.gain = "model.norm.weight"
    output.weight[i,o] = "lm_head.weight"[o,i]
  }`;

const VIT = `weights huggingface {
    start[i]       = "vit.embeddings.cls_token"[0,0,i] + "vit.embeddings.position_embeddings"[0,0,i]
    place.table[n,i] = "vit.embeddings.position_embeddings"[0, n + 1, i]
    patches.weight[p,q,c,i] = "vit.embeddings.patch_embeddings.projection.weight"[i,c,p,q]
    patches.bias   = "vit.embeddings.patch_embeddings.projection.bias"
    blocks[l].norm1.gain         = "vit.encoder.layer.{l}.layernorm_before.weight"
    blocks[l].norm1.bias         = "vit.encoder.layer.{l}.layernorm_before.bias"
    blocks[l].attend.wq[i,h,e]   = "vit.encoder.layer.{l}.attention.attention.query.weight"[h*(d/heads) + e, i]
    blocks[l].attend.bias_q[h,e] = "vit.encoder.layer.{l}.attention.attention.query.bias"[h*(d/heads) + e]
    blocks[l].attend.wk[i,h,e]   = "vit.encoder.layer.{l}.attention.attention.key.weight"[h*(d/heads) + e, i]
    blocks[l].attend.bias_k[h,e] = "vit.encoder.layer.{l}.attention.attention.key.bias"[h*(d/heads) + e]
    blocks[l].attend.wv[i,h,e]   = "vit.encoder.layer.{l}.attention.attention.value.weight"[h*(d/heads) + e, i]
    blocks[l].attend.bias_v[h,e] = "vit.encoder.layer.{l}.attention.attention.value.bias"[h*(d/heads) + e]
    blocks[l].attend.wo[h,e,i]   = "vit.encoder.layer.{l}.attention.output.dense.weight"[i, h*(d/heads) + e]
    blocks[l].attend.bias_o      = "vit.encoder.layer.{l}.attention.output.dense.bias"
    blocks[l].norm2.gain         = "vit.encoder.layer.{l}.layernorm_after.weight"
    blocks[l].norm2.bias         = "vit.encoder.layer.{l}.layernorm_after.bias"
    blocks[l].feed.up.weight[i,o]   = "vit.encoder.layer.{l}.intermediate.dense.weight"[o,i]
    blocks[l].feed.up.bias          = "vit.encoder.layer.{l}.intermediate.dense.bias"
    blocks[l].feed.down.weight[i,o] = "vit.encoder.layer.{l}.output.dense.weight"[o,i]
    blocks[l].feed.down.bias        = "vit.encoder.layer.{l}.output.dense.bias"
    norm.gain = "vit.layernorm.weight"
    norm.bias = "vit.layernorm.bias"
    head.weight[i,o] = "classifier.weight"[o,i]
    head.bias = "classifier.bias"
  }`;

const LLAMA = { layers: "2", d: "16", heads: "4", kv_heads: "2", ff: "20" };

it.each([
  ["gpt2", example("gpt"), { layers: "2", d: "12", heads: "3", length: "8" }],
  ["llama", example("llama"), LLAMA],
  ["mixtral", example("moe").replace(/(?=\n {2}scored\()/, `\n  ${MIXTRAL}\n`), { ...LLAMA, experts: "3" }],
  ["bert", text("foreign-bert.tfm"), { vocab: "19" }],
  ["vit", example("vit").split("\n\ntrain ")[0]!.replaceAll("LayerNorm(d)", "LayerNorm(d, 1e-12)").replace("\n\n  forward(image", `\n\n  ${VIT}$&`), { classes: "5", side: "8", patch: "4", channels: "3", d: "12", heads: "3", layers: "2" }],
] as const)("a file of %s", (name, source, set) => {
  const file = referenceTensors(`foreign-${name}`);
  const model = checkedModel("model.tfm", source, { set, tokenizer: { size: 19 } });
  const read = renamed(model.weights, model.parameters.map(({ path }) => path), [...file.values()]);
  const found = new Map(read?.tensors.map((tensor) => [tensor.name, tensor]));
  expect(read?.names).toBe("huggingface");
  expect(model.parameters.map(({ path }) => [path, found.get(path)?.shape])).toEqual(model.parameters.map(({ path, shape }) => [path, shape]));

  const { graph } = model.entries.find((entry) => entry.name === "forward")!;
  const states = Object.fromEntries(model.parameters.map(({ path }) => [`parameter/${path}`, found.get(path)!.data]));
  const inputs = Object.fromEntries(["ids", "image"].flatMap((name) => (file.has(name) ? [[name, file.get(name)!.data]] : [])));
  const { outputs } = interpret(graph, { sizes: { B: 2, T: 7 }, inputs, states });
  expect(relativeError(Object.values(outputs)[0]!.data, file.get("logits")!.data, 1e-9)).toBeLessThan(1e-6);
});
