"""Llama (Touvron et al. 2023) with grouped queries, by hand: what examples/llama/model.tfm must compute."""
import torch
from torch.nn import functional as F

from families import linear, record, rotated, under

VOCAB, D, HEADS, GROUPS, FF, LAYERS, BASE, EPS = 23, 16, 4, 2, 20, 2, 10000, 1e-6
HEAD = D // HEADS

SHAPES = {"embed.table": (VOCAB, D), "norm.gain": (D,), "output.weight": (D, VOCAB)}
for layer in range(LAYERS):
    SHAPES.update(under(f"blocks.{layer}", {
        "attend.wq": (D, HEADS, HEAD), "attend.wk": (D, GROUPS, HEAD), "attend.wv": (D, GROUPS, HEAD), "attend.wo": (HEADS, HEAD, D),
        "feed.up.weight": (D, FF), "feed.gate.weight": (D, FF), "feed.down.weight": (FF, D), "norm1.gain": (D,), "norm2.gain": (D,)}))


def rms_norm(w, prefix, x):
    return w[f"{prefix}.gain"] * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS)


def attention(w, prefix, x):
    split = lambda name, n: (x @ w[f"{prefix}.{name}"].reshape(D, n * HEAD)).unflatten(-1, (n, HEAD)).transpose(1, 2)
    q, k, v = rotated(split("wq", HEADS), BASE), rotated(split("wk", GROUPS), BASE), split("wv", GROUPS)
    k, v = (part.repeat_interleave(HEADS // GROUPS, dim=1) for part in (k, v))
    future = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    weight = (q @ k.transpose(2, 3) / HEAD ** 0.5).masked_fill(future, float("-inf")).softmax(-1)
    return (weight @ v).transpose(1, 2).flatten(2) @ w[f"{prefix}.wo"].reshape(D, D)


def compute(w, batch):
    x = F.embedding(batch["ids"], w["embed.table"])
    for layer in range(LAYERS):
        at = f"blocks.{layer}"
        x = x + attention(w, f"{at}.attend", rms_norm(w, f"{at}.norm1", x))
        y = rms_norm(w, f"{at}.norm2", x)
        x = x + linear(w, f"{at}.feed.down", F.silu(linear(w, f"{at}.feed.gate", y)) * linear(w, f"{at}.feed.up", y))
    logits = linear(w, "output", rms_norm(w, "norm", x))
    return {"loss": F.cross_entropy(logits.flatten(0, 1), batch["next"].flatten()), "forward": logits}


def text(rng, examples=3, length=7):
    ids = rng.integers(0, VOCAB, (examples, length + 1))
    return {"ids": torch.tensor(ids[:, :-1]), "next": torch.tensor(ids[:, 1:])}


if __name__ == "__main__":
    record("llama", SHAPES, 2, text, compute, vocab=VOCAB, d=D, heads=HEADS, kv_heads=GROUPS, ff=FF, layers=LAYERS, base=BASE)
