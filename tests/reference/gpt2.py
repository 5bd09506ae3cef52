"""GPT-2 with OpenAI's names and axes, one product for queries, keys and values: what the `weights` block of examples/gpt/model.tfm must read.

Written after the paper's code (openai/gpt-2, model.py) as PyTorch has it: Conv1D is x W + b with W [in, out]; heads follow each other in the
columns of each third of c_attn. Weights are drawn anew, so nothing of the numbers is anybody's.
"""
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from tensors import to_disk

VOCAB, LENGTH, D, HEADS, LAYERS = 19, 8, 12, 3, 2


def draw(rng):
    normal = lambda *shape: torch.tensor(rng.standard_normal(shape).astype(np.float32) * 0.4).double()
    weights = {"wte.weight": normal(VOCAB, D), "wpe.weight": normal(LENGTH, D), "ln_f.weight": 1 + normal(D), "ln_f.bias": normal(D)}
    for layer in range(LAYERS):
        own = {"ln_1.weight": 1 + normal(D), "ln_1.bias": normal(D), "attn.c_attn.weight": normal(D, 3 * D), "attn.c_attn.bias": normal(3 * D),
               "attn.c_proj.weight": normal(D, D), "attn.c_proj.bias": normal(D), "ln_2.weight": 1 + normal(D), "ln_2.bias": normal(D),
               "mlp.c_fc.weight": normal(D, 4 * D), "mlp.c_fc.bias": normal(4 * D), "mlp.c_proj.weight": normal(4 * D, D), "mlp.c_proj.bias": normal(D)}
        weights.update({f"h.{layer}.{name}": value for name, value in own.items()})
    return {name: value.float().double() for name, value in weights.items()}


def logits(w, ids):
    batch, length = ids.shape
    x = w["wte.weight"][ids] + w["wpe.weight"][:length]
    norm = lambda name, value: F.layer_norm(value, (D,), w[f"{name}.weight"], w[f"{name}.bias"])
    dense = lambda name, value: value @ w[f"{name}.weight"] + w[f"{name}.bias"]
    split = lambda value: value.view(batch, length, HEADS, D // HEADS).transpose(1, 2)
    for layer in range(LAYERS):
        at = f"h.{layer}"
        q, k, v = map(split, dense(f"{at}.attn.c_attn", norm(f"{at}.ln_1", x)).split(D, dim=2))
        scores = (q @ k.transpose(-1, -2)) / (D // HEADS) ** 0.5
        scores = scores.masked_fill(torch.ones(length, length).triu(1).bool(), float("-inf"))
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, D)
        x = x + dense(f"{at}.attn.c_proj", mixed)
        x = x + dense(f"{at}.mlp.c_proj", F.gelu(dense(f"{at}.mlp.c_fc", norm(f"{at}.ln_2", x)), approximate="tanh"))
    return norm("ln_f", x) @ w["wte.weight"].T


if __name__ == "__main__":
    rng = np.random.default_rng(11)
    weights, ids = draw(rng), torch.tensor(rng.integers(0, VOCAB, (2, 7)))
    named = {f"transformer.{name}": value for name, value in weights.items()}
    to_disk(pathlib.Path(__file__).parent / "gpt2.safetensors", {**named, "ids": ids.int(), "logits": logits(weights, ids)})
