"""Models with the names and axes of other programs' files: what the `weights` blocks of examples/gpt and examples/llama, and those of
foreign-bert.tfm and foreign.test.ts, must read.

Written after those programs' own code, with no layer of families.py. Weights are drawn anew, so nothing of the numbers is anybody's.
"""
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from tensors import to_disk

VOCAB, LENGTH, LAYERS, BATCH, TOKENS = 19, 8, 2, 2, 7


def normal(rng, *shape):
    return torch.tensor(rng.standard_normal(shape).astype(np.float32) * 0.4)


def attention(q, k, v):
    """Causal, [batch, heads, tokens, head]."""
    scores = (q @ k.transpose(-1, -2)) / q.shape[-1] ** 0.5
    future = torch.ones(q.shape[2], q.shape[2]).triu(1).bool()
    return (scores.masked_fill(future, float("-inf")).softmax(-1) @ v).transpose(1, 2).flatten(2)


class Gpt2:
    """openai/gpt-2, model.py: Conv1D is x W + b with W [in, out]; heads follow each other in the columns of each third of c_attn."""
    D, HEADS = 12, 3

    def draw(self, rng):
        d = self.D
        weights = {"wte.weight": normal(rng, VOCAB, d), "wpe.weight": normal(rng, LENGTH, d), "ln_f.weight": 1 + normal(rng, d), "ln_f.bias": normal(rng, d)}
        for layer in range(LAYERS):
            own = {"ln_1.weight": 1 + normal(rng, d), "ln_1.bias": normal(rng, d), "attn.c_attn.weight": normal(rng, d, 3 * d), "attn.c_attn.bias": normal(rng, 3 * d),
                   "attn.c_proj.weight": normal(rng, d, d), "attn.c_proj.bias": normal(rng, d), "ln_2.weight": 1 + normal(rng, d), "ln_2.bias": normal(rng, d),
                   "mlp.c_fc.weight": normal(rng, d, 4 * d), "mlp.c_fc.bias": normal(rng, 4 * d), "mlp.c_proj.weight": normal(rng, 4 * d, d), "mlp.c_proj.bias": normal(rng, d)}
            weights.update({f"h.{layer}.{name}": value for name, value in own.items()})
        return {f"transformer.{name}": value for name, value in weights.items()}

    def logits(self, weights, ids):
        w = lambda name: weights[f"transformer.{name}"]
        norm = lambda name, x: F.layer_norm(x, (self.D,), w(f"{name}.weight"), w(f"{name}.bias"))
        dense = lambda name, x: x @ w(f"{name}.weight") + w(f"{name}.bias")
        split = lambda x: x.view(*ids.shape, self.HEADS, -1).transpose(1, 2)
        x = w("wte.weight")[ids] + w("wpe.weight")[:ids.shape[1]]
        for layer in range(LAYERS):
            at = f"h.{layer}"
            q, k, v = map(split, dense(f"{at}.attn.c_attn", norm(f"{at}.ln_1", x)).split(self.D, dim=2))
            x = x + dense(f"{at}.attn.c_proj", attention(q, k, v))
            x = x + dense(f"{at}.mlp.c_proj", F.gelu(dense(f"{at}.mlp.c_fc", norm(f"{at}.ln_2", x)), approximate="tanh"))
        return norm("ln_f", x) @ w("wte.weight").T


class Llama:
    """transformers, modeling_llama.py: Linear is x Wᵀ with W [out, in]; RoPE turns the first half of a head against the second; groups of heads share keys and values."""
    D, HEADS, KV_HEADS, FF = 16, 4, 2, 20

    def draw(self, rng):
        d, kv = self.D, self.D // self.HEADS * self.KV_HEADS
        weights = {"model.embed_tokens.weight": normal(rng, VOCAB, d), "model.norm.weight": 1 + normal(rng, d), "lm_head.weight": normal(rng, VOCAB, d)}
        for layer in range(LAYERS):
            own = {"input_layernorm.weight": 1 + normal(rng, d), "post_attention_layernorm.weight": 1 + normal(rng, d),
                   "self_attn.q_proj.weight": normal(rng, d, d), "self_attn.k_proj.weight": normal(rng, kv, d), "self_attn.v_proj.weight": normal(rng, kv, d),
                   "self_attn.o_proj.weight": normal(rng, d, d), "mlp.gate_proj.weight": normal(rng, self.FF, d), "mlp.up_proj.weight": normal(rng, self.FF, d),
                   "mlp.down_proj.weight": normal(rng, d, self.FF)}
            weights.update({f"model.layers.{layer}.{name}": value for name, value in own.items()})
        return weights

    def logits(self, w, ids):
        head = self.D // self.HEADS
        angles = torch.outer(torch.arange(ids.shape[1]).double(), 10000.0 ** (-torch.arange(0, head, 2).double() / head))
        cos, sin = torch.cat((angles, angles), -1).cos(), torch.cat((angles, angles), -1).sin()
        half = lambda x: torch.cat((-x[..., head // 2:], x[..., :head // 2]), -1)
        turned = lambda x: x * cos + half(x) * sin
        norm = lambda name, x: x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * w[f"{name}.weight"]
        dense = lambda name, x: F.linear(x, w[f"{name}.weight"])
        split = lambda x: x.view(*ids.shape, -1, head).transpose(1, 2)
        shared = lambda x: x.repeat_interleave(self.HEADS // self.KV_HEADS, dim=1)
        x = w["model.embed_tokens.weight"][ids]
        for layer in range(LAYERS):
            at = f"model.layers.{layer}"
            h = norm(f"{at}.input_layernorm", x)
            q, k, v = (split(dense(f"{at}.self_attn.{name}_proj", h)) for name in "qkv")
            x = x + dense(f"{at}.self_attn.o_proj", attention(turned(q), shared(turned(k)), shared(v)))
            h = norm(f"{at}.post_attention_layernorm", x)
            x = x + self.feed(w, at, h)
        return dense("lm_head", norm("model.norm", x))

    def feed(self, w, at, h):
        dense = lambda name, x: F.linear(x, w[f"{at}.mlp.{name}_proj.weight"])
        return dense("down", F.silu(dense("gate", h)) * dense("up", h))


class Mixtral(Llama):
    """transformers, modeling_mixtral.py: each expert's matrices by themselves, w2(silu(w1 x) * w3 x); the two best share by their renormed softmax."""
    EXPERTS = 3

    def draw(self, rng):
        weights = {name: value for name, value in super().draw(rng).items() if ".mlp." not in name}
        for layer in range(LAYERS):
            at = f"model.layers.{layer}.block_sparse_moe"
            weights[f"{at}.gate.weight"] = normal(rng, self.EXPERTS, self.D)
            for expert in range(self.EXPERTS):
                weights.update({f"{at}.experts.{expert}.w{n}.weight": normal(rng, *((self.D, self.FF) if n == 2 else (self.FF, self.D))) for n in (1, 2, 3)})
        return weights

    def feed(self, w, at, h):
        at = f"{at}.block_sparse_moe"
        dense = lambda name, x: F.linear(x, w[f"{at}.{name}.weight"])
        best, choice = dense("gate", h).softmax(-1).topk(2, -1)
        share = torch.zeros(*h.shape[:2], self.EXPERTS, dtype=h.dtype).scatter(-1, choice, best / best.sum(-1, keepdim=True))
        return sum(share[..., e, None] * dense(f"experts.{e}.w2", F.silu(dense(f"experts.{e}.w1", h)) * dense(f"experts.{e}.w3", h)) for e in range(self.EXPERTS))


class Bert:
    """transformers, modeling_bert.py: BertForMaskedLM of one kind of segment; norms after the branches, with an epsilon of 1e-12."""
    D, HEADS, FF = 12, 3, 20

    def draw(self, rng):
        d, weights = self.D, {}

        def linear(name, n, m):
            weights.update({f"{name}.weight": normal(rng, m, n), f"{name}.bias": normal(rng, m)})

        def norm(name):
            weights.update({f"{name}.weight": 1 + normal(rng, d), f"{name}.bias": normal(rng, d)})

        for name, rows in (("word", VOCAB), ("position", LENGTH), ("token_type", 2)):
            weights[f"bert.embeddings.{name}_embeddings.weight"] = normal(rng, rows, d)
        norm("bert.embeddings.LayerNorm")
        for layer in range(LAYERS):
            at = f"bert.encoder.layer.{layer}"
            for name in ("self.query", "self.key", "self.value", "output.dense"):
                linear(f"{at}.attention.{name}", d, d)
            linear(f"{at}.intermediate.dense", d, self.FF)
            linear(f"{at}.output.dense", self.FF, d)
            norm(f"{at}.attention.output.LayerNorm")
            norm(f"{at}.output.LayerNorm")
        linear("cls.predictions.transform.dense", d, d)
        norm("cls.predictions.transform.LayerNorm")
        return {**weights, "cls.predictions.bias": normal(rng, VOCAB)}

    def logits(self, w, ids):
        norm = lambda name, x: F.layer_norm(x, (self.D,), w[f"{name}.LayerNorm.weight"], w[f"{name}.LayerNorm.bias"], 1e-12)
        dense = lambda name, x: F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])
        split = lambda x: x.view(*ids.shape, self.HEADS, -1).transpose(1, 2)
        table = lambda name: w[f"bert.embeddings.{name}_embeddings.weight"]
        x = norm("bert.embeddings", table("word")[ids] + table("position")[:ids.shape[1]] + table("token_type")[0])
        for layer in range(LAYERS):
            at = f"bert.encoder.layer.{layer}"
            q, k, v = (split(dense(f"{at}.attention.self.{name}", x)) for name in ("query", "key", "value"))
            mixed = ((q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1) @ v).transpose(1, 2).flatten(2)
            x = norm(f"{at}.attention.output", x + dense(f"{at}.attention.output.dense", mixed))
            x = norm(f"{at}.output", x + dense(f"{at}.output.dense", F.gelu(dense(f"{at}.intermediate.dense", x))))
        return norm("cls.predictions.transform", F.gelu(dense("cls.predictions.transform.dense", x))) @ table("word").T + w["cls.predictions.bias"]


class Vit:
    """transformers, modeling_vit.py: ViTForImageClassification; a class token before the patches, one position for each of both, an epsilon of 1e-12."""
    D, HEADS, SIDE, PATCH, CHANNELS, CLASSES = 12, 3, 8, 4, 3, 5

    def draw(self, rng):
        d, weights = self.D, {}

        def linear(name, n, m):
            weights.update({f"{name}.weight": normal(rng, m, n), f"{name}.bias": normal(rng, m)})

        def norm(name):
            weights.update({f"{name}.weight": 1 + normal(rng, d), f"{name}.bias": normal(rng, d)})

        at = "vit.embeddings"
        weights.update({f"{at}.cls_token": normal(rng, 1, 1, d), f"{at}.position_embeddings": normal(rng, 1, (self.SIDE // self.PATCH) ** 2 + 1, d),
                        f"{at}.patch_embeddings.projection.weight": normal(rng, d, self.CHANNELS, self.PATCH, self.PATCH), f"{at}.patch_embeddings.projection.bias": normal(rng, d)})
        for layer in range(LAYERS):
            at = f"vit.encoder.layer.{layer}"
            for name in ("attention.query", "attention.key", "attention.value", "output.dense"):
                linear(f"{at}.attention.{name}", d, d)
            linear(f"{at}.intermediate.dense", d, 4 * d)
            linear(f"{at}.output.dense", 4 * d, d)
            norm(f"{at}.layernorm_before")
            norm(f"{at}.layernorm_after")
        norm("vit.layernorm")
        linear("classifier", d, self.CLASSES)
        return weights

    def logits(self, w, image):
        norm = lambda name, x: F.layer_norm(x, (self.D,), w[f"{name}.weight"], w[f"{name}.bias"], 1e-12)
        dense = lambda name, x: F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])
        split = lambda x: x.view(*x.shape[:2], self.HEADS, -1).transpose(1, 2)
        at = "vit.embeddings"
        patches = F.conv2d(image.permute(0, 3, 1, 2), w[f"{at}.patch_embeddings.projection.weight"], w[f"{at}.patch_embeddings.projection.bias"], stride=self.PATCH)
        x = torch.cat((w[f"{at}.cls_token"].expand(len(image), -1, -1), patches.flatten(2).transpose(1, 2)), 1) + w[f"{at}.position_embeddings"]
        for layer in range(LAYERS):
            at = f"vit.encoder.layer.{layer}"
            q, k, v = (split(dense(f"{at}.attention.attention.{name}", norm(f"{at}.layernorm_before", x))) for name in ("query", "key", "value"))
            mixed = ((q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1) @ v).transpose(1, 2).flatten(2)
            x = x + dense(f"{at}.attention.output.dense", mixed)
            x = x + dense(f"{at}.output.dense", F.gelu(dense(f"{at}.intermediate.dense", norm(f"{at}.layernorm_after", x))))
        return dense("classifier", norm("vit.layernorm", x)[:, 0])


def ids(rng):
    return {"ids": torch.tensor(rng.integers(0, VOCAB, (BATCH, TOKENS)))}


def image(rng):
    return {"image": normal(rng, BATCH, Vit.SIDE, Vit.SIDE, Vit.CHANNELS).double()}


if __name__ == "__main__":
    for name, model, given in (("gpt2", Gpt2(), ids), ("llama", Llama(), ids), ("mixtral", Mixtral(), ids), ("bert", Bert(), ids), ("vit", Vit(), image)):
        rng = np.random.default_rng(11)
        weights, inputs = model.draw(rng), given(rng)
        logits = model.logits({path: value.double() for path, value in weights.items()}, *inputs.values())
        to_disk(pathlib.Path(__file__).parent / f"foreign-{name}.safetensors", {**weights, **{field: value if value.is_floating_point() else value.int() for field, value in inputs.items()}, "logits": logits})
