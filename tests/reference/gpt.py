"""GPT-2 (Radford et al. 2019) out of PyTorch's layers: what examples/gpt/model.tfm must compute."""
import torch
from torch.nn import functional as F

from families import block, block_shapes, gelu_tanh, layer_norm, norm_shapes, record, under

VOCAB, LENGTH, D, HEADS, LAYERS = 23, 9, 16, 2, 2

SHAPES = {"embed.table": (VOCAB, D), "place.table": (LENGTH, D), **under("norm", norm_shapes(D))}
for layer in range(LAYERS):
    SHAPES.update(under(f"blocks.{layer}", block_shapes(D, HEADS, 4 * D)))


def compute(w, batch):
    ids = batch["ids"]
    x = F.embedding(ids, w["embed.table"]) + F.embedding(torch.arange(ids.shape[1]), w["place.table"])
    for layer in range(LAYERS):
        x = block(w, f"blocks.{layer}", x, gelu_tanh, causal=True)
    logits = F.linear(layer_norm(w, "norm", x), w["embed.table"])
    return {"loss": F.cross_entropy(logits.flatten(0, 1), batch["next"].flatten()), "forward": logits}


def text(rng, examples=3, length=7):
    ids = rng.integers(0, VOCAB, (examples, length + 1))
    return {"ids": torch.tensor(ids[:, :-1]), "next": torch.tensor(ids[:, 1:])}


if __name__ == "__main__":
    record("gpt", SHAPES, 2, text, compute, vocab=VOCAB, length=LENGTH, d=D, heads=HEADS, layers=LAYERS)
